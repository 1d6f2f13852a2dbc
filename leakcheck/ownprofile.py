"""Profiles of isolated tests: what of each process is its test's.

As with leaks (`leakcheck.ownership`), what the process that runs no test allocates comes up in
every process: it is counted once, there, and has no test. All else belongs to the only test.
"""

from __future__ import annotations

import functools
from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from leakcheck.attribution import attributed_test
from leakcheck.evidence import RowTest
from leakcheck.model import LeakKind, Tests
from leakcheck.ownership import origin_of, own_leaks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from leakcheck.evidence import AgentReport
    from leakcheck.heapprofile import HeapProfile, Row
    from leakcheck.launch.rundirectory import ProfilePlan
    from leakcheck.model import Frame, Run
    from leakcheck.ownership import Origin
    from leakcheck.recording import Recorder
    from leakcheck.snapshots import Snapshot
    from leakcheck.symbolise import Symboliser

    StackOf = Callable[[tuple[int, ...]], tuple[Frame, ...]]
    Budget = Mapping[Origin, "Amounts"]

__all__ = ["NobodysRecorder", "OwnRecorder", "nobodys_amounts", "own_share"]


class Amounts(NamedTuple):
    """The numbers of some rows: objects and bytes, there and since the start."""

    objects: int = 0
    bytes: int = 0
    allocated_objects: int = 0
    allocated_bytes: int = 0

    def plus(self, other: Amounts) -> Amounts:
        """Add."""
        return Amounts(*(ours + theirs for ours, theirs in zip(self, other, strict=True)))

    def less(self, other: Amounts) -> Amounts:
        """Subtract what is there; where no objects are left, no bytes are."""
        rest = Amounts(*(max(ours - theirs, 0) for ours, theirs in zip(self, other, strict=True)))
        return Amounts(
            rest.objects,
            rest.bytes if rest.objects else 0,
            rest.allocated_objects,
            rest.allocated_bytes if rest.allocated_objects else 0,
        )


@dataclass(slots=True)
class PassingRecorder:
    """Passes on snapshots as they are: they are of moments that no other process had."""

    recorder: Recorder

    @property
    def plan(self) -> ProfilePlan:
        """Ask of the agent what is asked of all."""
        return self.recorder.plan

    def record_snapshots(
        self, run: Run, snapshots: Sequence[Snapshot], symboliser: Symboliser
    ) -> None:
        """Pass them on."""
        self.recorder.record_snapshots(run, snapshots, symboliser)


@dataclass(slots=True)
class NobodysRecorder(PassingRecorder):
    """Passes on the process that runs no test, and keeps how much it allocated where."""

    run: Run | None = None
    amounts: dict[Origin, Amounts] = field(default_factory=dict)

    def record(
        self, run: Run, report: AgentReport, in_use: HeapProfile, symboliser: Symboliser
    ) -> None:
        """Take the run; of the process that has no test to run, none ran."""
        self.run = replace(run, tests=Tests.NONE_RAN)
        self.amounts = nobodys_amounts(report, in_use, _stack_of(symboliser, in_use))
        self.recorder.record(self.run, report, in_use, symboliser)

    def of_test(self, test: str) -> OwnRecorder:
        """Make the recorder of a test's process."""
        return OwnRecorder(self.recorder, test, self)


@dataclass(slots=True)
class OwnRecorder(PassingRecorder):
    """Passes on of the process of one test what is that test's."""

    test: str
    nobodys: NobodysRecorder

    def record(
        self, run: Run, report: AgentReport, in_use: HeapProfile, symboliser: Symboliser
    ) -> None:
        """Take the run; where the process without tests was not checked, as it is."""
        if self.nobodys.run is not None:
            run = own_leaks(run, self.test, self.nobodys.run)
            stack_of = _stack_of(symboliser, in_use)
            report, in_use = own_share(report, in_use, self.test, self.nobodys.amounts, stack_of)
        self.recorder.record(run, report, in_use, symboliser)


def nobodys_amounts(
    report: AgentReport, in_use: HeapProfile, stack_of: StackOf
) -> dict[Origin, Amounts]:
    """Add up by origin what has no test."""
    amounts: dict[Origin, Amounts] = {}
    for kind, profile in _parts(report, in_use):
        for _, origin, row in _nobodys_rows(kind, profile, report.tests, stack_of):
            amounts[origin] = amounts.get(origin, Amounts()).plus(_amounts(row))
    return amounts


def own_share(
    report: AgentReport, in_use: HeapProfile, test: str, nobodys: Budget, stack_of: StackOf
) -> tuple[AgentReport, HeapProfile]:
    """Leave out what `nobodys` says the process without tests has too; the rest is the test's."""
    rows, tests = {}, []
    for kind, profile in _parts(report, in_use):
        left = _left(_nobodys_rows(kind, profile, report.tests, stack_of), nobodys)
        known = {each.row: each.test for each in report.tests if each.kind is kind}
        own = [
            (left.get(number, row), test if number in left else known.get(number))
            for number, row in enumerate(profile.rows)
            if any(_amounts(left.get(number, row)))
        ]
        rows[kind] = tuple(row for row, _ in own)
        tests += [RowTest(kind=kind, row=i, test=name) for i, (_, name) in enumerate(own) if name]
    share = replace(
        report,
        direct=replace(report.direct, rows=rows[LeakKind.DIRECT]),
        indirect=replace(report.indirect, rows=rows[LeakKind.INDIRECT]),
        tests=tuple(tests),
    )
    return share, replace(in_use, rows=rows[None])


def _left(rows: Iterator[tuple[int, Origin, Row]], nobodys: Budget) -> dict[int, Row]:
    """Give, by its number, what is left of each of these rows, of an origin together."""
    alike: dict[Origin, list[tuple[int, Row]]] = defaultdict(list)
    for number, origin, row in rows:
        alike[origin].append((number, row))
    left: dict[int, Row] = {}
    for origin, members in alike.items():
        total = functools.reduce(Amounts.plus, (_amounts(row) for _, row in members))
        rest = total.less(nobodys.get(origin, Amounts()))
        for number, row in members:
            own = Amounts(*map(min, _amounts(row), rest))
            rest = Amounts(*(more - less for more, less in zip(rest, own, strict=True)))
            left[number] = replace(row, **own._asdict())
    return left


def _nobodys_rows(
    kind: LeakKind | None, profile: HeapProfile, tests: Sequence[RowTest], stack_of: StackOf
) -> Iterator[tuple[int, Origin, Row]]:
    """Find the rows that neither the agent nor the names of their stacks know a test of."""
    known = {each.row for each in tests if each.kind is kind}
    for number, row in enumerate(profile.rows):
        stack = () if number in known else stack_of(row.addresses)
        if number not in known and attributed_test(stack) is None:
            yield number, origin_of(kind, stack), row


def _parts(
    report: AgentReport, in_use: HeapProfile
) -> tuple[tuple[LeakKind | None, HeapProfile], ...]:
    return (None, in_use), (LeakKind.DIRECT, report.direct), (LeakKind.INDIRECT, report.indirect)


def _amounts(row: Row) -> Amounts:
    return Amounts(row.objects, row.bytes, row.allocated_objects, row.allocated_bytes)


def _stack_of(symboliser: Symboliser, in_use: HeapProfile) -> StackOf:
    """Name stacks as the profile does."""
    return lambda addresses: symboliser.stack(addresses, in_use.mappings)
