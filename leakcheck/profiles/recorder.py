"""Collects what the processes of one call leave, for one profile of them all."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from leakcheck.profiles.encoding import Encoder
from leakcheck.profiles.profile import LEAK_TYPES, Heading, Process
from leakcheck.profiles.rows import leak_samples

if TYPE_CHECKING:
    from leakcheck.evidence import AgentReport
    from leakcheck.heapprofile import HeapProfile
    from leakcheck.model import Frame, Run
    from leakcheck.symbolise import Symboliser

__all__ = ["ProfileRecorder"]

NS_PER_S = 1_000_000_000


@dataclass(slots=True)
class ProfileRecorder:
    """Gets each run that was checked; `encoded` is their profile."""

    started_ns: int = field(default_factory=time.time_ns)
    _runs: list[Run] = field(default_factory=list)
    _encoder: Encoder = field(default_factory=Encoder)
    _has_leaks: bool = False

    def record(
        self, run: Run, report: AgentReport, in_use: HeapProfile, symboliser: Symboliser
    ) -> None:
        """Take a run; all names are looked up now, for its program may be gone later."""

        def stack_of(addresses: tuple[int, ...]) -> tuple[Frame, ...]:
            return symboliser.stack(addresses, in_use.mappings)

        samples = leak_samples(report, in_use, stack_of, package=run.package)
        self._encoder.add(Process(samples=samples, mappings=in_use.mappings), symboliser)
        self._has_leaks |= any(sample.values[-1] for sample in samples)
        self._runs.append(run)

    @property
    def is_empty(self) -> bool:
        """Tell whether no run was checked, so that there is nothing to write."""
        return not self._runs

    def encoded(self) -> bytes:
        """Give the profile of all runs, which shows leaks first where there are any."""
        heading = Heading(
            types=LEAK_TYPES,
            shown="leaked_space" if self._has_leaks else "inuse_space",
            comments=tuple(map(verdict, self._runs)),
            time_ns=self.started_ns,
            duration_ns=round(sum(run.duration_s for run in self._runs) * NS_PER_S),
        )
        return self._encoder.finished(heading)


def verdict(run: Run) -> str:
    """Say in a line what the report says of a run: `example.com/m: tests passed, check clean`."""
    size = sum(leak.leaked_bytes for leak in run.leaks)
    objects = sum(leak.leaked_objects for leak in run.leaks)
    return (
        f"{run.package or run.binary}: tests {run.tests.value}, check {run.check.value},"
        f" {size} bytes in {objects} objects lost at level {run.evidence.text('level')}"
    )
