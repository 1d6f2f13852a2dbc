"""One run of the demo's tests out of thousands, and what was wrong with it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from leakcheck.demo import compare
from leakcheck.model import Check, Level, Tests

if TYPE_CHECKING:
    from collections.abc import Iterable

    from leakcheck.demo import Match, Planted
    from leakcheck.model import Run

__all__ = ["Outcome", "Tally", "level_of", "tallied", "wrong_with"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A run at a level; `wrong` is "" when it was as it must be."""

    level: Level
    wrong: str
    duration_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """All runs of one level: how many, how long the longest, and what was wrong how often."""

    level: Level
    runs: int
    longest_s: float
    wrong: tuple[tuple[str, int], ...] = field(default=())


def level_of(number: int) -> Level:
    """Take the levels in turn."""
    levels = tuple(Level)
    return levels[number % len(levels)]


def wrong_with(run: Run, level: Level, planted: Iterable[Planted]) -> str:
    """Say what is wrong with a run; at draconian what libraries keep may leak besides."""
    if run.tests is not Tests.PASSED:
        return f"the tests {run.tests.value}: {run.reason}"
    if run.check is not Check.LEAKS:
        return f"{run.check.value}: {run.reason}"
    if level is Level.DRACONIAN:
        return "" if all(map(_is_there, compare(planted, run.leaks))) else "too little was found"
    wrong = [match for match in compare(planted, run.leaks) if not match.is_right]
    return ", ".join(
        f"{match.planted.name if match.planted else 'extra'}:"
        f" {match.objects} objects, {match.bytes} bytes"
        for match in wrong
    )


def _is_there(match: Match) -> bool:
    planted = match.planted
    return planted is None or match.objects >= planted.objects


def tallied(outcomes: Iterable[Outcome]) -> tuple[Tally, ...]:
    """Sum up by level, in the order of the levels."""
    by_level: dict[Level, list[Outcome]] = {level: [] for level in Level}
    for outcome in outcomes:
        by_level[outcome.level].append(outcome)
    return tuple(
        Tally(
            level=level,
            runs=len(those),
            longest_s=max(outcome.duration_s for outcome in those),
            wrong=tuple(Counter(each.wrong for each in those if each.wrong).most_common()),
        )
        for level, those in by_level.items()
        if those
    )
