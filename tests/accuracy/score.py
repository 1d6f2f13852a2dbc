"""From single answers to the numbers of a line of the table."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from tests.accuracy.answer import OUT_OF_TIME, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tests.accuracy.answer import Record
    from tests.accuracy.contest import Line

__all__ = ["Score", "shortcomings", "tally"]

_RIGHT = frozenset({Outcome.EXACT, Outcome.CLEAN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Runs, not cases: of `leaks` runs with a leak `found` and `exact`, of `keeps` runs without
    one `false_alarms`, and `silent` of both without a verdict. `median_s` is that of all that
    took place.
    """

    leaks: int
    found: int
    exact: int
    keeps: int
    false_alarms: int
    silent: int
    median_s: float


def tally(records: Sequence[Record]) -> Score:
    """Count; there is at least one record."""
    outcomes = Counter(record.outcome for record in records)
    durations = [one.answer.duration_s for one in records if one.answer != OUT_OF_TIME]
    leaks = sum(record.has_leak for record in records)
    return Score(
        leaks=leaks,
        found=outcomes[Outcome.EXACT] + outcomes[Outcome.FOUND],
        exact=outcomes[Outcome.EXACT],
        keeps=len(records) - leaks,
        false_alarms=outcomes[Outcome.FALSE_ALARM],
        silent=outcomes[Outcome.SILENT],
        median_s=median(durations or [0.0]),
    )


def shortcomings(lines: Iterable[Line]) -> tuple[str, ...]:
    """What leakcheck itself got wrong, a line for each case and kind of error.

    `leakcheck --level normal: exits-big-exit missed 1 of 2 times, expected 121 bytes in 1
    objects`, with what it said the first time, if it said anything.
    """
    return tuple(text for line in lines if line.entry.is_own for text in _wrong_cases(line.records))


def _wrong_cases(records: Sequence[Record]) -> list[str]:
    wrong: dict[tuple[str, Outcome], list[Record]] = {}
    for record in records:
        if record.outcome not in _RIGHT:
            wrong.setdefault((record.case, record.outcome), []).append(record)
    times = Counter(record.case for record in records)
    return [_sentence(group, times[case]) for (case, _), group in wrong.items()]


def _sentence(group: Sequence[Record], times: int) -> str:
    first = group[0]
    what = "inexact" if first.outcome is Outcome.FOUND else first.outcome.value
    remark = f"; said: {first.answer.remark}" if first.answer.remark else ""
    return (
        f"{first.contender}: {first.case} {what} {len(group)} of {times} times, "
        f"expected {first.expected}{remark}"
    )
