"""What of the profile of an isolated test is that test's."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st
from profile_samples import heap, row
from report_samples import c_frame, go_frame
from test_profiles_recorder import REPORT, RUN

from leakcheck.attribution import collect_leaks
from leakcheck.evidence import AgentReport, RowTest
from leakcheck.launch.rundirectory import ProfilePlan
from leakcheck.model import Check, LeakKind, Run
from leakcheck.model import Tests as Verdict
from leakcheck.ownership import own_leaks
from leakcheck.ownprofile import NobodysRecorder, nobodys_amounts, own_share
from leakcheck.snapshots import Snapshot
from leakcheck.symbolise import Symboliser

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from leakcheck.heapprofile import HeapProfile, Row
    from leakcheck.model import Frame

INIT, THREAD, TEST = 0x10, 0x20, 0x30
STACKS = {
    INIT: (c_frame("set_up", "/p/init.c:3"),),
    THREAD: (c_frame("work", "/p/work.c:7"),),
    TEST: (go_frame("example.com/m.TestA", "/p/m_test.go:9"),),
}


def stack_of(addresses: tuple[int, ...]) -> tuple[Frame, ...]:
    return tuple(frame for address in addresses for frame in STACKS[address])


def process(
    *in_use: Row,
    direct: Sequence[Row] = (),
    indirect: Sequence[Row] = (),
    tests: tuple[RowTest, ...] = (),
) -> tuple[AgentReport, HeapProfile]:
    report = replace(REPORT, direct=heap(*direct), indirect=heap(*indirect), tests=tests)
    return report, heap(*in_use)


NO_TEST = process(row(1, 40, INIT, allocated=(3, 60)), direct=[row(1, 40, INIT)])
BUDGET = nobodys_amounts(*NO_TEST, stack_of)


def test_what_the_process_without_tests_allocates_too_is_left_out() -> None:
    report, in_use = own_share(*NO_TEST, "TestA", BUDGET, stack_of)

    assert report.direct.rows == in_use.rows == ()


def test_what_has_no_test_and_is_only_here_is_the_tests() -> None:
    lost = process(
        row(1, 40, INIT, allocated=(3, 60)), row(2, 8, THREAD), direct=[row(2, 8, THREAD)]
    )

    report, in_use = own_share(*lost, "TestA", BUDGET, stack_of)

    assert in_use.rows == report.direct.rows == (row(2, 8, THREAD),)
    assert report.tests == (
        RowTest(kind=None, row=0, test="TestA"),
        RowTest(kind=LeakKind.DIRECT, row=0, test="TestA"),
    )


def test_of_what_is_everywhere_the_test_has_what_is_more() -> None:
    more = process(row(4, 100, INIT, allocated=(9, 600)))

    _, in_use = own_share(*more, "TestA", BUDGET, stack_of)

    assert in_use.rows == (row(3, 60, INIT, allocated=(6, 540)),)


def test_a_test_that_is_known_stays_the_rows() -> None:
    known = (RowTest(kind=None, row=1, test="TestA/sub"),)
    named = process(row(1, 40, INIT, allocated=(3, 60)), row(1, 40, INIT), tests=known)

    report, in_use = own_share(*named, "TestA", BUDGET, stack_of)

    assert in_use.rows == (row(1, 40, INIT),)
    assert report.tests == (RowTest(kind=None, row=0, test="TestA/sub"),)


def test_a_test_on_the_stack_is_left_to_be_read_from_there() -> None:
    report, in_use = own_share(*process(row(1, 40, TEST)), "TestA", BUDGET, stack_of)

    assert in_use.rows == (row(1, 40, TEST),)
    assert report.tests == ()


def test_a_leak_of_another_kind_is_another_leak() -> None:
    report, _ = own_share(*process(indirect=[row(1, 40, INIT)]), "TestA", BUDGET, stack_of)

    assert report.indirect.rows == (row(1, 40, INIT),)


AMOUNTS = st.tuples(st.integers(1, 4), st.integers(1, 99), st.sampled_from((INIT, THREAD, TEST)))
ROWS = st.lists(AMOUNTS.map(lambda each: row(*each)), max_size=6)


@given(ROWS, ROWS, ROWS, ROWS)
def test_what_is_lost_in_the_profile_is_what_the_report_says(
    direct: list[Row], indirect: list[Row], other_direct: list[Row], other_indirect: list[Row]
) -> None:
    def leaky(report: AgentReport) -> Run:
        parts = report.direct.rows, report.indirect.rows
        return replace(RUN, leaks=collect_leaks(*parts, stack_of, report.tests))

    report, _ = process(direct=direct, indirect=indirect)
    without, _ = process(direct=other_direct, indirect=other_indirect)
    told = own_leaks(leaky(report), "TestA", leaky(without))
    share, _ = own_share(
        report, heap(), "TestA", nobodys_amounts(without, heap(), stack_of), stack_of
    )

    assert sizes(leaky(share)) == sizes(told)


def sizes(run: Run) -> Counter[tuple[LeakKind, str | None, tuple[Frame, ...]]]:
    """Bytes and objects by what tells leaks apart."""
    counts: Counter[tuple[LeakKind, str | None, tuple[Frame, ...]]] = Counter()
    for leak in run.leaks:
        counts[leak.kind, leak.test, leak.stack] += leak.leaked_bytes + 10**6 * leak.leaked_objects
    return counts


@dataclass
class Notes:
    """A recorder that writes everything down."""

    plan: ProfilePlan = field(default_factory=lambda: ProfilePlan(interval_ms=7))
    runs: list[tuple[Run, HeapProfile]] = field(default_factory=list)
    snapshots: list[Snapshot] = field(default_factory=list)

    def record_snapshots(
        self, _run: Run, snapshots: Sequence[Snapshot], _symboliser: Symboliser
    ) -> None:
        self.snapshots += snapshots

    def record(
        self, run: Run, _report: AgentReport, in_use: HeapProfile, _symboliser: Symboliser
    ) -> None:
        self.runs.append((run, in_use))


UNNAMED = process(row(1, 40, INIT), direct=[row(1, 40, INIT)])
"""Addresses that nobody knows: they are called by their numbers."""


def test_each_process_is_passed_on_less_what_no_test_allocates(tmp_path: Path) -> None:
    notes, symboliser = Notes(), Symboliser(tmp_path)
    nobodys = NobodysRecorder(notes)
    nobodys.record(RUN, *UNNAMED, symboliser)
    own = nobodys.of_test("TestA")

    own.record(RUN, *process(*UNNAMED[1].rows, row(2, 8, THREAD, THREAD)), symboliser)

    assert [in_use.rows for _, in_use in notes.runs] == [
        UNNAMED[1].rows,
        (row(2, 8, THREAD, THREAD),),
    ]
    assert [run.tests for run, _ in notes.runs] == [Verdict.NONE_RAN, Verdict.PASSED]


def test_the_run_has_the_leaks_of_the_report(tmp_path: Path) -> None:
    notes, symboliser = Notes(), Symboliser(tmp_path)
    nobodys = NobodysRecorder(notes)
    nobodys.record(RUN, *UNNAMED, symboliser)
    nobodys.of_test("TestA").record(RUN, *UNNAMED, symboliser)

    assert [run.check for run, _ in notes.runs] == [Check.LEAKS, Check.CLEAN]


def test_when_the_process_without_tests_was_not_checked_nothing_is_left_out(
    tmp_path: Path,
) -> None:
    notes = Notes()

    NobodysRecorder(notes).of_test("TestA").record(RUN, *UNNAMED, Symboliser(tmp_path))

    assert notes.runs == [(RUN, UNNAMED[1])]


def test_plan_and_snapshots_go_through(tmp_path: Path) -> None:
    notes, snapshot = Notes(), Snapshot(heap=UNNAMED[1])
    nobodys = NobodysRecorder(notes)

    for recorder in (nobodys, nobodys.of_test("TestA")):
        assert recorder.plan is notes.plan
        recorder.record_snapshots(RUN, [snapshot], Symboliser(tmp_path))

    assert notes.snapshots == [snapshot, snapshot]
