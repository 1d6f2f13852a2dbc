"""The classic engine: gperftools' own heap checker, through the whole pipeline."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import pytest
from conftest import PROJECTS

from leakcheck.errors import ExitCode
from leakcheck.heapprofile import parse_heap_profile
from leakcheck.model import Check, EngineName, LeakKind, Level
from leakcheck.model import Tests as Verdict
from leakcheck.toolchain.discovery import list_tcmallocs

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Checker, ConsoleScript

    from leakcheck.model import Report

pytestmark = pytest.mark.e2e

GO = str(PROJECTS / "gomodule")


@pytest.fixture
def classic(checker: Checker, tmp_path: Path) -> Checker:
    """Profiles are kept out of /tmp."""
    return replace(checker, settings=replace(checker.settings, heapprofile=str(tmp_path / "heap")))


def amounts(report: Report, function: str) -> list[tuple[int, int, LeakKind]]:
    """What was lost by `function`."""
    return [
        (leak.leaked_objects, leak.leaked_bytes, leak.kind)
        for run in report.runs
        for leak in run.leaks
        if any(frame.function == function for frame in leak.stack)
    ]


@pytest.mark.parametrize("level", list(Level))
def test_every_lost_block_of_c_is_counted_at_its_line(
    classic: Checker, compiled: Callable[..., Path], level: Level
) -> None:
    report = classic.binary(
        compiled("leak.c"), "3", "50", "7", level=level, engine=EngineName.HEAPCHECK
    )

    assert amounts(report, "lose") == [(3, 150, LeakKind.DIRECT)]
    (stack,) = (leak.stack for leak in report.runs[0].leaks if leak.leaked_bytes == 150)
    assert [(frame.function, frame.line) for frame in stack[:2]] == [("lose", 6), ("main", 16)]
    assert (report.tests, report.check) == (Verdict.FAILED, Check.LEAKS), "the program's own 7"
    assert report.engine is EngineName.HEAPCHECK


@pytest.mark.parametrize("level", list(Level))
def test_a_program_of_c_that_lost_nothing_is_clean(
    classic: Checker, compiled: Callable[..., Path], level: Level
) -> None:
    report = classic.binary(
        compiled("ending.c"), "return", level=level, engine=EngineName.HEAPCHECK
    )

    assert (report.check, report.exit_code) == (Check.CLEAN, ExitCode.OK)
    assert report.runs[0].evidence.text("canary") == "found"


@pytest.mark.parametrize("level", list(Level))
def test_a_leak_of_c_called_from_go_is_found_with_its_count(classic: Checker, level: Level) -> None:
    report = classic.go("./leaky", test="^TestBlocks$", level=level, engine=EngineName.HEAPCHECK)

    assert amounts(report, "lose_blocks") == [(3, 120, LeakKind.DIRECT)]
    assert (report.tests, report.check) == (Verdict.PASSED, Check.LEAKS)


@pytest.mark.parametrize("level", [Level.NORMAL, Level.STRICT])
def test_go_tests_that_lost_nothing_are_clean(classic: Checker, level: Level) -> None:
    tests = "^Test(Freed|KeptInC|RunsInItsFolder|SeesAPlainEnvironment)$"

    report = classic.go("./clean", test=tests, level=level, engine=EngineName.HEAPCHECK)

    assert (report.tests, report.check) == (Verdict.PASSED, Check.CLEAN)
    assert report.exit_code == ExitCode.OK


def test_what_only_go_s_heap_holds_counts_as_leaked_and_the_report_says_so(
    classic: Checker,
) -> None:
    test = "^TestKeptInGoHeap$"
    report = classic.go("./clean", test=test, engine=EngineName.HEAPCHECK)

    assert classic.go("./clean", test=test).check is Check.CLEAN
    assert (report.check, report.leaked_bytes) == (Check.LEAKS, 100)
    evidence = report.runs[0].evidence
    assert evidence.text("go_liveness") == "unknown: what only Go's heap holds counts as leaked"
    assert evidence.text("go_frames").startswith("no: ")


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ("abort", "SIGABRT"),
        ("fault", "SIGSEGV"),
        ("lie", "planted"),
        ("locked", "hold the locks"),
        ("locked once", "planted"),
    ],
)
def test_a_checker_that_fails_leaves_the_program_its_exit_code_and_no_verdict(
    classic: Checker, compiled: Callable[..., Path], tmp_path: Path, how: str, reason: str
) -> None:
    program = compiled("badchecker.c", "-rdynamic")

    report = classic.binary(program, how, str(tmp_path / "mark"), engine=EngineName.HEAPCHECK)

    assert (report.tests, report.check) == (Verdict.FAILED, Check.NOT_CHECKED)
    assert reason in report.reason
    assert (tmp_path / "mark").exists() is (how == "locked once"), "then the checker came to wait"


def test_threads_that_hold_locks_of_the_allocator_do_not_hang_the_check(
    classic: Checker, compiled: Callable[..., Path]
) -> None:
    program = compiled("busythreads.c", "-pthread")

    report = classic.binary(program, engine=EngineName.HEAPCHECK, timeout_s=60.0)

    assert amounts(report, "lose") == [(1, 77, LeakKind.DIRECT)]
    assert report.tests is Verdict.FAILED


def test_timers_of_the_program_go_on_while_the_checker_takes_stacks(
    classic: Checker, compiled: Callable[..., Path]
) -> None:
    report = classic.binary(compiled("timers.c"), engine=EngineName.HEAPCHECK)

    assert amounts(report, "lose") == [(1, 77, LeakKind.DIRECT)]
    assert report.tests is Verdict.PASSED


def test_profiles_of_gperftools_are_kept_and_numbered(
    leakcheck: ConsoleScript, compiled: Callable[..., Path]
) -> None:
    program = str(compiled("leak.c"))
    words = ("leak", "--engine", "heapcheck", "--binary", program)
    prefix = leakcheck.folder / "heap"

    ended = [leakcheck(*words, HEAPPROFILE=str(prefix), HEAPCHECK="strict") for _ in range(2)]

    for number, end in enumerate(ended, 1):
        kept = leakcheck.folder / f"heap.heapcheck.000{number}.heap"
        assert f"gperftools' heap profile: {kept}" in end.err
        assert end.exit_code == ExitCode.FAILED
        assert parse_heap_profile(kept.read_text(), source="kept").bytes == 1117 + 24


def test_a_library_without_the_checker_is_refused_with_the_way_out(
    leakcheck: ConsoleScript, compiled: Callable[..., Path]
) -> None:
    (minimal,) = (str(library.path) for library in list_tcmallocs() if library.is_minimal)
    words = ("leak", "--engine", "heapcheck")

    for target in (("--binary", str(compiled("leak.c"))), ("--project", GO)):
        ended = leakcheck(*words, *target, LEAKCHECK_TCMALLOC=minimal)

        assert ended.exit_code == ExitCode.NOT_CHECKED
        assert "no tcmalloc with a heap checker was found" in ended.err
        assert f"{minimal} (gperftools" in ended.err
        assert "--engine agent" in ended.err
        assert "no leaks" not in ended.out


def test_the_full_library_does_not_check_beside_the_agent(
    checker: Checker, compiled: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    (full,) = (library.path for library in list_tcmallocs() if library.has_checker)
    monkeypatch.setenv("HEAPCHECK", "strict")
    monkeypatch.setenv("HEAPPROFILE", "/nowhere/at/all")
    both = replace(checker, settings=replace(checker.settings, tcmalloc=full))

    report = both.binary(compiled("leak.c"), "1", "50")

    assert report.leaked_bytes == 50
    assert b"heap leak checker is active" not in checker.watcher.shown
    assert b"Starting tracking the heap" not in checker.watcher.shown


ENGINES = list(EngineName)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("language", ["c", "go"])
def test_mallocstats_prints_the_allocators_statistics_at_the_end(
    classic: Checker, compiled: Callable[..., Path], engine: EngineName, language: str
) -> None:
    shown = []
    for wanted in (0, 1, 2) if language == "c" else (1,):
        one = replace(classic, settings=replace(classic.settings, mallocstats=wanted))
        go = partial(one.go, "./clean", test="^TestFreed$")
        run = go if language == "go" else partial(one.binary, compiled("ending.c"), "return")
        one.watcher.shown = b""

        assert run(engine=engine).check is Check.CLEAN
        shown.append(one.watcher.shown)

    printed = [text.count(b"Bytes in use by application") for text in shown]
    assert printed == ([0, 1, 1] if language == "c" else [1])
    if language == "c":
        assert shown[2].count(b"\nclass ") > shown[1].count(b"\nclass ") == 0


def test_verbose_shows_what_the_classic_checker_says(
    leakcheck: ConsoleScript, compiled: Callable[..., Path]
) -> None:
    words = ("leak", "--engine", "heapcheck", "--binary", str(compiled("leak.c")))
    keys = {"HEAPPROFILE": str(leakcheck.folder / "heap")}

    loud, quiet = leakcheck(*words, TCMALLOC_VERBOSE="1", **keys), leakcheck(*words, **keys)

    for sentence in ("heap leak checker is active", "The 2 largest leaks:", "canary_bytes"):
        assert sentence in loud.out + loud.err
        assert sentence not in quiet.out + quiet.err


def test_verbose_shows_the_evidence_of_the_agent(
    leakcheck: ConsoleScript, compiled: Callable[..., Path]
) -> None:
    words = ("leak", "--binary", str(compiled("leak.c")))

    loud, quiet = leakcheck(*words, TCMALLOC_VERBOSE="1"), leakcheck(*words)

    assert "unwinder libunwind" in loud.err
    assert "unwinder" not in quiet.err
