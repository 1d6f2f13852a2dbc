"""Faults of Go tests: each is found out or told as "not checked", never called clean."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from conftest import Notebook
from faults import FAULTS, Fault, assert_verdict, crashes, found, rows

from leakcheck.errors import ExitCode
from leakcheck.launch.argv import isolated_test
from leakcheck.launch.program import Options
from leakcheck.model import Check, Level
from leakcheck.model import Tests as Verdict
from leakcheck.pipeline import Request, check
from leakcheck.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from leakcheck.model import Run

pytestmark = pytest.mark.e2e


def row(case: str, tests: Verdict, check: Check, reason: str = "") -> tuple[Fault]:
    """A row that ends with 1, whatever was found."""
    code = ExitCode.FAILED
    return (
        Fault(program="go", case=case, tests=tests, check=check, exit_code=code, reason=reason),
    )


def vanishes(case: str) -> tuple[Fault]:
    """A row where the test binary is gone with exit code 0 before it said PASS."""
    return (
        Fault(
            program="go",
            case=case,
            tests=Verdict.NONE_RAN,
            check=Check.NOT_CHECKED,
            exit_code=ExitCode.NOT_CHECKED,
            reason="did not see the program end",
        ),
    )


ROWS = rows(
    found("go", "Nothing", "Fork", "Commands", "Itself"),
    found("go", "Handlers", lost=(21, 20_121)),
    row("LogFatal", Verdict.FAILED, Check.LEAKS),
    vanishes("ExitRaw"),
    vanishes("BecomeAnother"),
    row("Deadlock", Verdict.TIMED_OUT, Check.NOT_CHECKED, "ran out of time"),
    crashes("go", "ExitZero", "unexpected call to os.Exit(0)"),
    crashes("go", "ConcurrentMapWrites", "concurrent map writes"),
    crashes("go", "StackOverflow", "stack overflow"),
    crashes("go", "PanicInGoroutine", "in a goroutine"),
)
LEFT_THROUGH_C = {
    "TestExitInThread": Verdict.FAILED,
    "TestExitZeroInThread": Verdict.NONE_RAN,
}


@pytest.fixture(scope="module")
def runs(cache_dir: Path) -> Mapping[str | None, Run]:
    """Each test of the package in a process of its own, in one go."""
    request = Request(
        project=FAULTS / "gofaults", package=".", isolate=True, options=Options(timeout_s=5.0)
    )
    report = check(request, Settings(cache_dir=cache_dir), Notebook())
    return {isolated_test(run.argv): run for run in report.runs}


@pytest.mark.parametrize("fault", ROWS)
def test_a_fault_of_a_test(runs: Mapping[str | None, Run], fault: Fault) -> None:
    assert_verdict(fault, runs[f"Test{fault.case}"], Level.NORMAL, Notebook())


@pytest.mark.parametrize("test", LEFT_THROUGH_C)
def test_an_exit_in_c_is_never_clean(runs: Mapping[str | None, Run], test: str) -> None:
    """Go's dead memory, which nobody collected, holds the lost block or not, as it happens."""
    run = runs[test]

    assert run.tests is LEFT_THROUGH_C[test]
    assert [leak.leaked_bytes for leak in run.leaks] == [121] or "left through C" in run.reason


def test_every_test_of_the_package_has_its_row(runs: Mapping[str | None, Run]) -> None:
    told = {f"Test{row.values[0].case}" for row in ROWS}

    assert set(filter(None, runs)) == {*told, *LEFT_THROUGH_C}
