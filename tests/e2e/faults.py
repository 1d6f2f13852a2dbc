"""Rows of the faults table: a program that loses 121 bytes, what befalls it, and the verdict."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from conftest import PROJECTS, Notebook

from leakcheck.errors import ExitCode
from leakcheck.judge import judge
from leakcheck.model import Check, Level
from leakcheck.model import Tests as Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _pytest.mark import ParameterSet

    from leakcheck.model import Run

__all__ = ["FAULTS", "LOST", "Fault", "assert_verdict", "crashes", "found", "rows", "unseen"]

FAULTS = PROJECTS / "faults"
LOST = (1, 121)
"""Objects and bytes that every program loses: "clean" is false in every row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What `program` is told to do, and what the report must say then.

    `lost` is what the whole run leaks; `reason` a part of the reason when leaks were not checked.
    """

    program: str
    case: str
    tests: Verdict
    check: Check
    exit_code: ExitCode
    reason: str = ""
    lost: tuple[int, int] = field(default=LOST)
    needs_root: bool = False

    def __str__(self) -> str:
        """The row's name in the table."""
        return f"{self.program}-{self.case}"


def found(program: str, *cases: str, lost: tuple[int, int] = LOST) -> tuple[Fault, ...]:
    """Rows where the leak is found all the same."""
    return tuple(
        Fault(
            program=program,
            case=case,
            tests=Verdict.PASSED,
            check=Check.LEAKS,
            exit_code=ExitCode.FAILED,
            lost=lost,
        )
        for case in cases
    )


def unseen(program: str, case: str, reason: str, *, needs_root: bool = False) -> tuple[Fault]:
    """A row where the program did well and nobody could look."""
    return (
        Fault(
            program=program,
            case=case,
            tests=Verdict.PASSED,
            check=Check.NOT_CHECKED,
            exit_code=ExitCode.NOT_CHECKED,
            reason=reason,
            needs_root=needs_root,
        ),
    )


def crashes(program: str, case: str, reason: str) -> tuple[Fault]:
    """A row where the program crashes by its own fault."""
    return (
        Fault(
            program=program,
            case=case,
            tests=Verdict.CRASHED,
            check=Check.NOT_CHECKED,
            exit_code=ExitCode.FAILED,
            reason=reason,
        ),
    )


def rows(*groups: Iterable[Fault]) -> tuple[ParameterSet, ...]:
    """The rows as parameters; those that only root can set up say so when they are left out."""
    not_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can set this up")
    return tuple(
        pytest.param(fault, id=str(fault), marks=not_root if fault.needs_root else ())
        for group in groups
        for fault in group
    )


def assert_verdict(fault: Fault, run: Run, level: Level, watcher: Notebook) -> None:
    """Compare one run with its row, all of it."""
    report = judge([run], level=level)
    shown = watcher.shown.decode(errors="replace")
    assert (report.tests, report.check) == (fault.tests, fault.check), (report.reason, shown)
    assert fault.reason in report.reason
    assert (report.reason == "") is (fault.check is Check.LEAKS)
    assert report.exit_code == fault.exit_code
    if fault.check is Check.LEAKS:
        assert (report.leaked_objects, report.leaked_bytes) == fault.lost
    else:
        assert run.leaks == ()
