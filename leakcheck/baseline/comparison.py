"""A report in the light of a baseline: what is known, what is new or more, what has gone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from leakcheck.baseline.entries import Baseline, Entry, Key, leaks_by_key, program_of
from leakcheck.errors import BadInput
from leakcheck.judge import judge, judge_share
from leakcheck.model import Check, Gone, Level, Tests

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    from leakcheck.baseline.entries import Conditions
    from leakcheck.model import Leak, Report, Run

__all__ = ["Circumstances", "covered_programs", "refuse_other_conditions", "with_baseline"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """When a check was made, and whether it ran all there is (no `--test`, no `--shard`)."""

    today: dt.date
    is_whole: bool


def with_baseline(report: Report, baseline: Baseline, circumstances: Circumstances) -> Report:
    """Judge a report anew, where known leaks that have not grown are accepted."""
    entries = {entry.key: entry for entry in baseline.entries}
    found = leaks_by_key(report.runs)
    counts = {key: sum(leak.leaked_objects for leak in leaks) for key, leaks in found.items()}
    runs = [
        judge_share(
            run, [_compared(leak, run, entries, counts, circumstances) for leak in run.leaks]
        )
        for run in report.runs
    ]
    judged = judge(runs, level=report.level, engine=report.engine, skipped=report.skipped)
    covered = covered_programs(report.runs, report.level, baseline.level, circumstances)
    return replace(
        judged,
        unused_suppressions=report.unused_suppressions,
        shard=report.shard,
        gone=tuple(
            Gone(program=entry.key.program, id=entry.key.id, where=entry.where, test=entry.test)
            for entry in baseline.entries
            if entry.key.program in covered and entry.key not in found
        ),
    )


def refuse_other_conditions(baseline: Baseline, conditions: Conditions) -> None:
    """Raise BadInput where the leaks were looked for in another way than now."""
    known = baseline.conditions
    for name in ("engine", "isolate", "repeat"):
        then, now = getattr(known, name), getattr(conditions, name)
        if then != now:
            raise BadInput(
                "the baseline was made in another way",
                why=f"with {_option(name, then)}, and this check is with {_option(name, now)}",
                hint="use the same options, or write it anew with leakcheck baseline",
            )


def covered_programs(
    runs: Sequence[Run], level: Level, known_level: Level, circumstances: Circumstances
) -> frozenset[str]:
    """Name the programs whose leaks, where they are not found now, have gone.

    All of their tests ran to the end, were checked, and as strictly as when they were recorded.
    """
    levels = list(Level)
    if not circumstances.is_whole or levels.index(level) < levels.index(known_level):
        return frozenset()
    unsure = {program_of(run) for run in runs if not _is_conclusive(run)}
    return frozenset(program_of(run) for run in runs) - unsure


def _compared(
    leak: Leak,
    run: Run,
    entries: Mapping[Key, Entry],
    counts: Mapping[Key, int],
    circumstances: Circumstances,
) -> Leak:
    key = Key(program_of(run), leak.id)
    entry = entries.get(key)
    if entry is None:
        return leak
    is_expired = entry.is_expired(circumstances.today)
    return replace(
        leak,
        in_baseline=not is_expired and counts[key] <= entry.objects,
        known_objects=entry.objects,
        expired_on=entry.expires.isoformat() if is_expired and entry.expires else None,
    )


def _is_conclusive(run: Run) -> bool:
    has_ended_well = run.tests in {Tests.PASSED, Tests.NONE_RAN}
    return run.check is not Check.NOT_CHECKED and has_ended_well


def _option(name: str, value: object) -> str:
    if isinstance(value, bool):
        return f"--{name}" if value else f"no --{name}"
    return f"--{name} {getattr(value, 'value', value)}"
