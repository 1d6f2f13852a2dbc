"""The verdict over what gperftools' own heap checker reports."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from checker_samples import captured_report, changed_report
from report_samples import ended

from leakcheck.attribution import collect_leaks
from leakcheck.judge import judge, judge_run
from leakcheck.model import Check, EngineName, Evidence, Frame, Level, Run
from leakcheck.model import Tests as Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from leakcheck.checkerreport import CheckerReport
    from leakcheck.model import Leak


def leaks_of(report: CheckerReport) -> tuple[Leak, ...]:
    return collect_leaks(
        report.leaked, (), lambda addresses: tuple(Frame(function=hex(a)) for a in addresses)
    )


def judged(
    report: CheckerReport,
    leaks: tuple[Leak, ...] | None = None,
    *,
    returncode: int = 0,
    level: Level = Level.DRACONIAN,
) -> Run:
    return judge_run(
        package="",
        binary="leaky",
        level=level,
        ended=ended(returncode),
        is_go_test=False,
        outcome=report,
        leaks=leaks_of(report) if leaks is None else leaks,
    )


def clean_report() -> CheckerReport:
    """The same run, had the program lost nothing."""
    report = captured_report()
    lost = 7, 528
    rows = tuple(row for row in report.profile.rows if row.addresses[-1] != 0x5646274AD071)
    total = replace(report.profile.total, objects=18 - lost[0], bytes=2280 - lost[1])
    return replace(
        report,
        told=(18 - lost[0], 2280 - lost[1]),
        profile=replace(report.profile, total=total, rows=rows),
        leaked=(),
    )


def test_a_believable_report_with_leaks_is_leaks() -> None:
    run = judged(captured_report())

    assert run.check is Check.LEAKS
    assert sum(leak.leaked_bytes for leak in run.leaks) == 528
    assert run.evidence.text("engine") == "heapcheck"


def test_a_checker_that_found_the_canary_alone_calls_the_run_clean() -> None:
    run = judged(clean_report())
    report = judge([run], level=Level.DRACONIAN, engine=EngineName.HEAPCHECK)

    assert (run.check, run.reason) == (Check.CLEAN, "")
    assert (report.check, report.exit_code) == (Check.CLEAN, 0)


def test_the_programs_own_exit_code_is_the_tests_result() -> None:
    report = changed_report({"evidence": ("exit_code 0", "exit_code 3")})

    run = judged(report, returncode=3)

    assert (run.tests, run.check) == (Verdict.FAILED, Check.LEAKS)


def without(report: CheckerReport, key: str) -> CheckerReport:
    fields = tuple(pair for pair in report.evidence.fields if pair[0] != key)
    return replace(report, evidence=Evidence(fields=fields))


def told_other(report: CheckerReport) -> CheckerReport:
    return replace(report, told=(17, 2280))


def lost_a_row(report: CheckerReport) -> CheckerReport:
    return replace(report, profile=replace(report.profile, rows=report.profile.rows[:-1]))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda report: without(report, "canary"), "canary"),
        (lambda report: without(report, "engine"), "ran the engine ''"),
        (lambda report: without(report, "level"), "checked at level ''"),
        (lambda report: without(report, "agent"), "writes format ''"),
        (lambda report: without(report, "exit_code"), "went on after the check"),
        (told_other, "is cut"),
        (lost_a_row, "is cut"),
        (lambda report: without(report, "own_objects"), "not all leaks"),
        (lambda report: without(report, "canary_bytes"), "not all leaks"),
    ],
)
def test_a_report_that_does_not_add_up_is_not_believed(
    change: Callable[[CheckerReport], CheckerReport], reason: str
) -> None:
    for report in (captured_report(), clean_report()):
        run = judged(change(report))

        assert run.check is Check.NOT_CHECKED
        assert reason in run.reason


def test_a_leak_that_was_not_understood_is_not_dropped() -> None:
    report = captured_report()

    assert judged(report, leaks_of(report)[1:]).check is Check.NOT_CHECKED


def test_another_level_is_not_believed() -> None:
    assert judged(captured_report(), level=Level.NORMAL).check is Check.NOT_CHECKED


def test_a_report_of_another_ending_is_not_believed() -> None:
    assert judged(captured_report(), returncode=1).check is Check.NOT_CHECKED


def test_a_run_that_calls_itself_heapchecks_still_needs_the_canary() -> None:
    run = judged(clean_report())
    forged = replace(run, evidence=Evidence(fields=(("engine", "heapcheck"),)))

    assert judge([forged], level=Level.NORMAL).check is Check.NOT_CHECKED


def test_a_run_without_the_count_of_lost_blocks_needs_to_be_heapchecks() -> None:
    run = judged(clean_report())
    forged = replace(run, evidence=Evidence(fields=(("canary", "found"),)))

    assert judge([forged], level=Level.NORMAL).check is Check.NOT_CHECKED
