"""Sharing one check out to several machines: which of them runs what.

A *unit* is what runs in a process of its own: a package, or with `--isolate` a test. Each machine
sees all units in the same order and with the same durations, so all come to the same partition
without a word between them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from leakcheck.errors import BadInput
from leakcheck.judge import title
from leakcheck.model import Part

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from leakcheck.model import Report

__all__ = ["WHOLE", "Dealer", "as_part", "durations_of", "parse_shard"]

WHOLE = Part(index=1, count=1)
"""The part of a single machine, which is all."""

_SHARD = re.compile(r"([0-9]{1,4})/([0-9]{1,4})")
_OVERHEAD_S = 0.3
"""What a process costs besides its tests: its start, the check, and reading its report."""


def parse_shard(text: str) -> Part:
    """Read `2/3`, the second of three. Raises BadInput."""
    match = _SHARD.fullmatch(text.strip())
    index, count = (int(match[1]), int(match[2])) if match else (0, 0)
    if not 1 <= index <= count:
        raise BadInput(
            f"--shard {text} is not I/N",
            why="I counts from 1, N is the number of shards",
            hint="--shard 1/3",
        )
    return Part(index=index, count=count)


def durations_of(report: Report) -> dict[str, float]:
    """Take how long each unit ran from the report of an earlier check."""
    return {title(run): run.duration_s for run in report.runs}


def as_part(report: Report, part: Part) -> Report:
    """Say in a report which part it is; where nothing fell to this machine, that is the reason."""
    if report.runs or not part.units:
        return replace(report, shard=part)
    reason = f"nothing fell to shard {part}: it shares out no more than {', '.join(part.units)}"
    return replace(report, shard=part, reason=reason)


@dataclass(slots=True)
class Dealer:
    """Deals units out, and remembers them all, for `leakcheck merge` to see what is missing.

    The longest unit goes first, each to the shard that has least to do. A unit without a known
    duration counts as the average of the known ones.
    """

    part: Part
    durations: Mapping[str, float]
    _average_s: float = field(init=False)
    _loads: list[float] = field(init=False)
    _units: dict[str, None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        known = self.durations.values()
        self._average_s = sum(known) / len(known) if known else 0.0
        self._loads = [0.0] * self.part.count

    def deal(self, units: Sequence[str]) -> frozenset[str]:
        """Deal these units out after all those before; returns the ones of this shard."""
        self.note(*units)
        own = set()
        for unit in sorted(units, key=self._duration_s, reverse=True):  # stable: equal ones in turn
            shard = min(range(len(self._loads)), key=self._loads.__getitem__)
            self._loads[shard] += self._duration_s(unit)
            if shard == self.part.index - 1:
                own.add(unit)
        return frozenset(own)

    def note(self, *units: str) -> None:
        """Remember units that are not dealt: more than one shard may run them."""
        self._units.update(dict.fromkeys(units))

    def dealt(self) -> Part:
        """Name this shard and all units there were, for the report."""
        return Part(index=self.part.index, count=self.part.count, units=tuple(self._units))

    def _duration_s(self, unit: str) -> float:
        return self.durations.get(unit, self._average_s) + _OVERHEAD_S
