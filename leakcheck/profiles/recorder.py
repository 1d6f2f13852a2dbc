"""Collects what the processes of one call leave, for one profile of them all."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from leakcheck.judge import title
from leakcheck.launch.rundirectory import ProfilePlan
from leakcheck.model import Run, Tests
from leakcheck.profiles.encoding import Encoder
from leakcheck.profiles.profile import HEAP_TYPES, LEAK_TYPES, Heading, Process
from leakcheck.profiles.rows import heap_samples, leak_samples

if TYPE_CHECKING:
    from collections.abc import Sequence

    from leakcheck.evidence import AgentReport
    from leakcheck.heapprofile import HeapProfile
    from leakcheck.snapshots import Snapshot
    from leakcheck.symbolise import Symboliser

__all__ = ["ProfileRecorder"]

NS_PER_S = 1_000_000_000


@dataclass(slots=True)
class ProfileRecorder:
    """Gets each run that was checked; `encoded` is their profile.

    `snapshots` are profiles of moments before, each of one run, checked or not. All names are
    looked up when a run comes in, for its program may be gone later.
    """

    plan: ProfilePlan = field(default_factory=ProfilePlan)
    snapshots: list[bytes] = field(default_factory=list)
    started_ns: int = field(default_factory=time.time_ns)
    _runs: list[Run] = field(default_factory=list)
    _encoder: Encoder = field(default_factory=Encoder)
    _has_leaks: bool = False

    def record_snapshots(
        self, run: Run, snapshots: Sequence[Snapshot], symboliser: Symboliser
    ) -> None:
        """Take the snapshots of a run."""
        self.snapshots += [encode_snapshot(run, snapshot, symboliser) for snapshot in snapshots]

    def record(
        self, run: Run, report: AgentReport, in_use: HeapProfile, symboliser: Symboliser
    ) -> None:
        """Take a run that was checked."""
        samples = leak_samples(report, in_use, symboliser.stack, package=run.package)
        self._encoder.add(Process(samples=samples, mappings=in_use.mappings), symboliser)
        self._has_leaks |= any(sample.values[-1] for sample in samples)
        self._runs.append(run)

    @property
    def is_empty(self) -> bool:
        """Tell whether no run was checked, or none ran a test: there is nothing to write."""
        return all(run.tests is Tests.NONE_RAN for run in self._runs)

    def encoded(self) -> bytes:
        """Give the profile of all runs, which shows leaks first where there are any."""
        heading = Heading(
            types=LEAK_TYPES,
            shown="leaked_space" if self._has_leaks else "inuse_space",
            comments=verdicts(self._runs),
            time_ns=self.started_ns,
            duration_ns=round(sum(run.duration_s for run in self._runs) * NS_PER_S),
        )
        return self._encoder.finished(heading)


def encode_snapshot(run: Run, snapshot: Snapshot, symboliser: Symboliser) -> bytes:
    """Make a profile of a moment; what of it was lost nobody knew then."""
    heap = snapshot.heap
    samples = heap_samples(heap, symboliser.stack, snapshot.tests, package=run.package)
    encoder = Encoder()
    encoder.add(Process(samples=samples, mappings=heap.mappings), symboliser)
    heading = Heading(
        types=HEAP_TYPES,
        shown="inuse_space",
        comments=(f"{title(run)}: while it ran, before any check",),
        time_ns=snapshot.time_ns,
    )
    return encoder.finished(heading)


def verdicts(runs: Sequence[Run]) -> tuple[str, ...]:
    """Say in a line for each package what the report says of its runs.

    pprof prints them above every table, so isolated tests are counted: `tests passed (12), …`.
    """
    by_owner: dict[str, list[Run]] = defaultdict(list)
    for run in runs:
        by_owner[run.package or run.binary].append(run)
    return tuple(verdict(owner, each) for owner, each in by_owner.items())


def verdict(owner: str, runs: Sequence[Run]) -> str:
    """Say `example.com/m: tests passed, check clean, 0 bytes in 0 objects lost at level normal`."""
    leaks = [leak for run in runs for leak in run.leaks]
    return (
        f"{owner}: tests {counted([run.tests.value for run in runs])},"
        f" check {counted([run.check.value for run in runs])},"
        f" {sum(leak.leaked_bytes for leak in leaks)} bytes"
        f" in {sum(leak.leaked_objects for leak in leaks)} objects"
        f" lost at level {runs[0].evidence.text('level')}"
    )


def counted(values: Sequence[str]) -> str:
    """Write what one run is, and of several how many are what: `passed (11), failed (1)`."""
    counts = Counter(value.replace("_", " ") for value in values)
    return ", ".join(f"{value} ({n})" if len(values) > 1 else value for value, n in counts.items())
