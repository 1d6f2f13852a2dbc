"""Runs every contender on every workload, by turns, and keeps all samples."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

from leakcheck.errors import LeakcheckError
from tests.bench.suites import Absent

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.bench.contenders import Sample
    from tests.bench.lineup import Entry
    from tests.bench.meter import Measurement
    from tests.bench.workloads import Workload

__all__ = ["Cell", "Contest", "median_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """All samples of one contender on one workload; without any, `absence` says why."""

    entry: Entry
    workload: Workload
    samples: tuple[Sample, ...] = ()
    absence: str = ""

    @property
    def remark(self) -> str:
        """What was wrong with a run, or why there was none."""
        return self.absence or next((one.remark for one in self.samples if one.remark), "")

    def median(self, of: Callable[[Measurement], float]) -> float | None:
        """The median of what the runs took; None if one did not end."""
        measured = [one.measurement for one in self.samples if one.measurement is not None]
        return median_of([of(one) for one in measured]) if measured else None

    def verdict_s(self) -> float | None:
        """The median time from the end of the tests to the verdict."""
        return median_of([one.verdict_s for one in self.samples if one.verdict_s is not None])


@dataclass(frozen=True, slots=True, kw_only=True)
class Contest:
    """How often each workload runs. Slow contenders have fewer rounds."""

    rounds: int
    rounds_slow: int
    is_short: bool

    def hold(
        self,
        entries: Sequence[Entry],
        workloads: Sequence[Workload],
        say: Callable[[str], None],
    ) -> tuple[Cell, ...]:
        """Take one workload after the other; in each round every contender has its turn."""
        return tuple(cell for workload in workloads for cell in self._on(workload, entries, say))

    def _on(
        self, workload: Workload, entries: Sequence[Entry], say: Callable[[str], None]
    ) -> list[Cell]:
        absences = {entry.name: self._prepared(entry, workload, say) for entry in entries}
        samples: dict[str, list[Sample]] = {entry.name: [] for entry in entries}
        count = workload.short if self.is_short else workload.count
        for number in range(max(self.rounds, self.rounds_slow)):
            for entry in entries:
                rounds = self.rounds_slow if entry.is_slow else self.rounds
                if entry.contender is None or absences[entry.name] or number >= rounds:
                    continue
                say(f"{workload.name}, round {number + 1}: {entry.name}")
                samples[entry.name].append(entry.contender.run(workload, count))
        return [
            Cell(
                entry=entry,
                workload=workload,
                samples=tuple(samples[entry.name]),
                absence=absences[entry.name],
            )
            for entry in entries
        ]

    def _prepared(self, entry: Entry, workload: Workload, say: Callable[[str], None]) -> str:
        if entry.contender is None:
            return entry.absence
        say(f"{workload.name}: building for {entry.name}")
        try:
            entry.contender.prepare(workload)
        except (Absent, LeakcheckError) as reason:
            return str(reason)
        return ""


def median_of(values: Sequence[float]) -> float | None:
    """The median, None of nothing."""
    return statistics.median(values) if values else None
