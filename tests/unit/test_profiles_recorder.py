"""One profile of several runs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from profile_samples import Opened, heap, row
from report_samples import c_frame

from leakcheck.evidence import AgentReport, RowTest
from leakcheck.launch.argv import isolated_argv
from leakcheck.model import Check, Evidence, Leak, LeakKind, Run
from leakcheck.model import Tests as Verdict
from leakcheck.profiles.recorder import ProfileRecorder
from leakcheck.snapshots import Snapshot
from leakcheck.symbolise import Symboliser

if TYPE_CHECKING:
    from pathlib import Path

LEAK = Leak(
    id="1",
    leaked_bytes=64,
    leaked_objects=2,
    kind=LeakKind.DIRECT,
    stack=(c_frame("make", "a.c:3"),),
)
EVIDENCE = Evidence(fields=(("level", "strict"),))
RUN = Run(
    package="example.com/m",
    binary="m.test",
    argv=("m.test",),
    tests=Verdict.PASSED,
    check=Check.LEAKS,
    duration_s=0.25,
    evidence=EVIDENCE,
    leaks=(LEAK,),
)
CLEAN = replace(RUN, package="example.com/n", check=Check.CLEAN, leaks=())
REPORT = AgentReport(evidence=EVIDENCE, direct=heap(row(2, 64, 0x10)), indirect=heap())
IN_USE = heap(row(3, 96, 0x10, allocated=(5, 160)))


def comments(opened: Opened) -> list[str]:
    return [opened.text(each) for each in opened.message.comment]


def test_a_new_recorder_has_nothing_to_write() -> None:
    assert ProfileRecorder().is_empty


def test_of_a_process_that_ran_no_test_alone_there_is_no_profile(tmp_path: Path) -> None:
    recorder = ProfileRecorder()
    recorder.record(replace(CLEAN, tests=Verdict.NONE_RAN), REPORT, IN_USE, Symboliser(tmp_path))

    assert recorder.is_empty, "it would say clean where the report says not checked"


def test_several_runs_are_one_profile(tmp_path: Path) -> None:
    recorder = ProfileRecorder(started_ns=42)
    recorder.record(RUN, REPORT, IN_USE, Symboliser(tmp_path))
    recorder.record(CLEAN, replace(REPORT, direct=heap()), IN_USE, Symboliser(tmp_path))

    opened = Opened.of(recorder.encoded())

    assert not recorder.is_empty
    assert opened.totals() == {
        "alloc_objects": 10,
        "alloc_space": 320,
        "inuse_objects": 6,
        "inuse_space": 192,
        "leaked_objects": 2,
        "leaked_space": 64,
    }
    assert [labels for _, _, labels in opened.samples()] == [
        {"package": "example.com/m"},
        {"package": "example.com/n"},
    ]
    assert opened.message.time_nanos == 42
    assert opened.message.duration_nanos == 500_000_000
    assert comments(opened) == [
        "example.com/m: tests passed, check leaks, 64 bytes in 2 objects lost at level strict",
        "example.com/n: tests passed, check clean, 0 bytes in 0 objects lost at level strict",
    ]


def test_isolated_tests_are_counted_in_one_comment(tmp_path: Path) -> None:
    recorder = ProfileRecorder()
    failed = replace(RUN, tests=Verdict.FAILED)
    for run in (replace(CLEAN, package=RUN.package, tests=Verdict.NONE_RAN), failed, RUN, RUN):
        recorder.record(run, REPORT, IN_USE, Symboliser(tmp_path))

    (comment,) = comments(Opened.of(recorder.encoded()))

    assert comment == (
        "example.com/m: tests none ran (1), failed (1), passed (2), check clean (1), leaks (3),"
        " 192 bytes in 6 objects lost at level strict"
    )


def test_a_snapshot_says_whose_it_is(tmp_path: Path) -> None:
    recorder = ProfileRecorder()
    alone = replace(RUN, argv=isolated_argv(("m.test", "-test.paniconexit0"), "^TestX$"))
    recorder.record_snapshots(alone, [Snapshot(heap=IN_USE)], Symboliser(tmp_path))

    assert comments(Opened.of(recorder.snapshots[0])) == [
        "example.com/m TestX: while it ran, before any check"
    ]


def test_a_snapshot_is_a_profile_that_says_nothing_of_leaks(tmp_path: Path) -> None:
    snapshot = Snapshot(heap=IN_USE, tests=(RowTest(kind=None, row=0, test="TestX"),), time_ns=77)
    recorder = ProfileRecorder()
    recorder.record_snapshots(RUN, [snapshot], Symboliser(tmp_path))

    (content,) = recorder.snapshots
    opened = Opened.of(content)

    assert recorder.is_empty
    assert opened.totals() == {
        "alloc_objects": 5,
        "alloc_space": 160,
        "inuse_objects": 3,
        "inuse_space": 96,
    }
    (sample,) = opened.samples()
    assert sample[2] == {"package": "example.com/m", "test": "TestX"}
    assert opened.message.time_nanos == 77


def test_leaks_are_shown_first_where_there_are_any(tmp_path: Path) -> None:
    for report, shown in (
        (REPORT, "leaked_space"),
        (replace(REPORT, direct=heap()), "inuse_space"),
    ):
        recorder = ProfileRecorder()
        recorder.record(RUN, report, IN_USE, Symboliser(tmp_path))
        opened = Opened.of(recorder.encoded())
        assert opened.text(opened.message.default_sample_type) == shown
