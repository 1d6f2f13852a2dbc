"""The verdict: the only place that says CLEAN.

A run is CLEAN or LEAKS only when the agent's report is whole, belongs to this run, agrees with
itself and with how the program ended, and its canary was found. Everything else is NOT_CHECKED
with the reason. How the tests ended is judged apart from that.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from leakcheck.checkerdoubts import contradictions
from leakcheck.ending import (
    crash_cause,
    is_checkable,
    killed_by,
    verdict_of_tests,
    worst,
)
from leakcheck.errors import ExitCode
from leakcheck.evidence import AgentReport, NoReport, why_lost
from leakcheck.launch.argv import isolated_test
from leakcheck.model import Check, EngineName, Evidence, Leak, LeakKind, Level, Report, Run, Tests
from leakcheck.silence import as_it_left, why_no_report

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from leakcheck.checkerreport import CheckerReport
    from leakcheck.heapprofile import HeapProfile
    from leakcheck.process import Completed

__all__ = ["is_accepted", "judge", "judge_run", "judge_share", "title"]

AGENT_FORMAT = "1"
CONSERVATIVE = "conservative: "
COUNTS = (
    "allocations",
    "frees",
    "live_objects",
    "live_bytes",
    "lost",
    "direct_objects",
    "direct_bytes",
    "direct_rows",
    "indirect_objects",
    "indirect_bytes",
    "indirect_rows",
)
WHOLE_NUMBER = re.compile(r"-?[0-9]{1,20}")


def judge_run(  # noqa: PLR0913 - all facts of a run, all by name
    *,
    package: str,
    binary: str,
    level: Level,
    ended: Completed,
    is_go_test: bool,
    outcome: AgentReport | CheckerReport | NoReport,
    leaks: Sequence[Leak] = (),
) -> Run:
    """Judge one process. `leaks` are those of `outcome`, suppressions already marked."""
    ended = as_it_left(ended, outcome)
    tests = verdict_of_tests(ended, is_go_test=is_go_test)
    reason = why_not_checked(level, ended, tests, outcome, leaks)
    return Run(
        package=package,
        binary=binary,
        argv=ended.command.argv,
        tests=tests,
        check=Check.NOT_CHECKED if reason else found(leaks),
        reason=reason,
        duration_s=ended.duration_s,
        evidence=Evidence() if isinstance(outcome, NoReport) else outcome.evidence,
        leaks=() if reason else tuple(leaks),
        killed_by=killed_by(ended),
    )


def judge_share(run: Run, leaks: Sequence[Leak]) -> Run:
    """Judge a run anew for those of its leaks that are its own; the others are another run's.

    What was not checked stays so.
    """
    if run.check is Check.NOT_CHECKED:
        return run
    return replace(run, check=found(leaks), leaks=tuple(leaks))


def found(leaks: Sequence[Leak]) -> Check:
    """Say what a believable report found."""
    return Check.CLEAN if all(map(is_accepted, leaks)) else Check.LEAKS


def is_accepted(leak: Leak) -> bool:
    """Tell whether somebody accepted this leak: suppressed, or known in the baseline."""
    return leak.suppressed_by is not None or leak.in_baseline


def why_not_checked(
    level: Level,
    ended: Completed,
    tests: Tests,
    outcome: AgentReport | CheckerReport | NoReport,
    leaks: Sequence[Leak],
) -> str:
    """Give the first reason not to believe a run, or ""."""
    if tests is Tests.TIMED_OUT:
        return "the program ran out of time: leaks were not checked"
    killer = killed_by(ended)
    if killer:
        return f"the program was killed ({killer}): leaks were not checked"
    if not is_checkable(tests):
        return f"the program crashed ({crash_cause(ended)}): leaks were not checked"
    if isinstance(outcome, NoReport):
        return why_no_report(outcome, ended)
    return next(doubts(outcome, level, ended.returncode, leaks), "")


def doubts(
    report: AgentReport | CheckerReport, level: Level, returncode: int, leaks: Sequence[Leak]
) -> Iterator[str]:
    """Give every reason not to believe a report, the plainest first."""
    evidence = report.evidence
    if evidence.text("agent") != AGENT_FORMAT:
        yield f"the agent writes format {evidence.text('agent')!r}, not {AGENT_FORMAT!r}"
    if isinstance(report, AgentReport):
        yield from (f"the evidence has no number for {key}" for key in not_numbers(evidence))
    elif evidence.text("engine") != EngineName.HEAPCHECK.value:
        yield f"the agent ran the engine {evidence.text('engine')!r}, not 'heapcheck'"
    if evidence.text("canary") != "found":
        yield "the canary, a leak planted to prove that the check works, was not found"
    if isinstance(report, AgentReport) and evidence.number("lost", default=1):
        yield why_lost(evidence)
    if evidence.text("level") != level.value:
        yield f"the agent checked at level {evidence.text('level')!r}, not {level.value!r}"
    if left_with(evidence) != returncode:
        yield (
            f"the agent saw the program leave with {evidence.text('exit_code')!r},"
            f" but it ended with {returncode}: it went on after the check"
        )
    if level is not Level.DRACONIAN and found(leaks) is Check.CLEAN and is_without_dump(evidence):
        yield f"{why_no_dump(evidence)}, and dead memory may hide leaks"
    if isinstance(report, AgentReport):
        yield from disagreements(report, leaks)
    else:
        yield from contradictions(report, leaks)


def is_without_dump(evidence: Evidence) -> bool:
    """Tell whether a companion that should be in the binary left no usable dump."""
    return evidence.text("go_liveness").startswith(f"{CONSERVATIVE}the companion")


def why_no_dump(evidence: Evidence) -> str:
    """Tell how a program came to its end without one."""
    why = evidence.text("go_liveness").removeprefix(CONSERVATIVE)
    if why == "the companion left no heap dump" and evidence.text("moment") != "go_exit":
        return "the program left through C before Go could tell which of its memory is alive"
    return why


def not_numbers(evidence: Evidence) -> Iterator[str]:
    """Name the counts that are missing or not decimal numbers."""
    return (key for key in COUNTS if re.fullmatch("[0-9]{1,20}", evidence.text(key)) is None)


def left_with(evidence: Evidence) -> int | None:
    """Give the exit status the kernel makes of the code the program left with."""
    text = evidence.text("exit_code")
    return int(text) & 0xFF if WHOLE_NUMBER.fullmatch(text) else None


def disagreements(report: AgentReport, leaks: Sequence[Leak]) -> Iterator[str]:
    """Compare the evidence, the files and the leaks made of them: all must add up."""
    evidence = report.evidence
    for kind, profile in ((LeakKind.DIRECT, report.direct), (LeakKind.INDIRECT, report.indirect)):
        told = claimed(evidence, kind)
        if told != counted(profile):
            yield f"the report of {kind.value} leaks is cut: {told} told, {counted(profile)} there"
        if told[1:] != summed(leak for leak in leaks if leak.kind is kind):
            yield f"not all {kind.value} leaks of the report were understood"
    live = (evidence.number("live_objects"), evidence.number("live_bytes"))
    if any(lost > there for lost, there in zip(summed(leaks), live, strict=True)):
        yield f"more is reported lost than was in use: {live} objects and bytes"


def claimed(evidence: Evidence, kind: LeakKind) -> tuple[int, int, int]:
    """Rows, objects and bytes of a kind, as the evidence has them."""
    rows, objects, size = (
        evidence.number(f"{kind.value}_{key}") for key in ("rows", "objects", "bytes")
    )
    return rows, objects, size


def counted(profile: HeapProfile) -> tuple[int, int, int]:
    """Rows, objects and bytes of a file."""
    return len(profile.rows), profile.objects, profile.bytes


def summed(leaks: Iterable[Leak]) -> tuple[int, int]:
    """Objects and bytes of leaks."""
    sizes = [(leak.leaked_objects, leak.leaked_bytes) for leak in leaks]
    return sum(objects for objects, _ in sizes), sum(size for _, size in sizes)


def judge(
    runs: Sequence[Run],
    *,
    level: Level,
    engine: EngineName = EngineName.AGENT,
    skipped: Iterable[tuple[str, str]] = (),
) -> Report:
    """Sum up all runs. `skipped` are packages that were not run, each with the reason."""
    tests = worst(run.tests for run in runs)
    check = overall_check(runs, tests)
    leaks = [leak for run in runs for leak in run.leaks]
    leaked = summed(leak for leak in leaks if not is_accepted(leak))
    suppressed = summed(leak for leak in leaks if leak.suppressed_by is not None)
    return Report(
        exit_code=exit_code(runs, check),
        level=level,
        engine=engine,
        check=check,
        tests=tests,
        reason=overall_reason(runs, tests),
        leaked_objects=leaked[0],
        leaked_bytes=leaked[1],
        suppressed_objects=suppressed[0],
        suppressed_bytes=suppressed[1],
        runs=tuple(runs),
        skipped=tuple(skipped),
    )


def overall_check(runs: Sequence[Run], tests: Tests) -> Check:
    """LEAKS if any run leaks; CLEAN only if tests ran and every run is proven clean."""
    if any(run.check is Check.LEAKS for run in runs):
        return Check.LEAKS
    is_clean = tests is not Tests.NONE_RAN and all(map(is_proven_clean, runs))
    return Check.CLEAN if is_clean else Check.NOT_CHECKED


def is_proven_clean(run: Run) -> bool:
    """Look at the proof once more: whoever made the run, no canary means no verdict."""
    return (
        run.check is Check.CLEAN
        and is_checkable(run.tests)
        and run.evidence.text("canary") == "found"
        and run.evidence.text("lost", lost_nothing(run.evidence)) == "0"
        and found(run.leaks) is Check.CLEAN
    )


def lost_nothing(evidence: Evidence) -> str:
    """Only the agent counts blocks that were lost; gperftools' checker loses none, or crashes."""
    return "0" if evidence.text("engine") == EngineName.HEAPCHECK.value else ""


def exit_code(runs: Sequence[Run], check: Check) -> ExitCode:
    """1 for what the user must mend, else 2 where nothing can be said, else 0.

    A process that somebody else killed says nothing, not even that its tests fail.
    """
    failed = {Tests.FAILED, Tests.CRASHED, Tests.TIMED_OUT}
    if check is Check.LEAKS or any(r.tests in failed and r.killed_by is None for r in runs):
        return ExitCode.FAILED
    return ExitCode.OK if check is Check.CLEAN else ExitCode.NOT_CHECKED


def overall_reason(runs: Sequence[Run], tests: Tests) -> str:
    """Name the runs that were not checked and why; "" when all were."""
    if not runs:
        return "nothing ran"
    reasons = [(run, why_unproven(run)) for run in runs]
    unproven = [(run, reason) for run, reason in reasons if reason]
    if len(runs) == len(unproven) == 1:
        return unproven[0][1]
    told = "; ".join(f"{title(run)}: {reason}" for run, reason in unproven)
    return told or ("no tests ran" if tests is Tests.NONE_RAN else "")


def title(run: Run) -> str:
    """Name a run among several: its package or program, and the test if it ran alone."""
    return " ".join(filter(None, (run.package or run.binary, isolated_test(run.argv))))


def why_unproven(run: Run) -> str:
    """Give the reason of a run that was not checked, or that is clean by its own word only."""
    if run.check is Check.NOT_CHECKED:
        return run.reason or "not checked"
    if run.check is Check.CLEAN and not is_proven_clean(run):
        return "called clean without a proof"
    return ""
