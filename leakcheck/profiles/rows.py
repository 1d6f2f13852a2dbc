"""From rows of text heap profiles to samples: one for each stack and test."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from leakcheck.attribution import attributed_test
from leakcheck.model import LeakKind
from leakcheck.profiles.profile import HEAP_TYPES, LEAK_TYPES, Sample

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from leakcheck.evidence import AgentReport, RowTest
    from leakcheck.heapprofile import HeapProfile, Row
    from leakcheck.model import Frame
    from leakcheck.procmaps import Mapping

    StackOf = Callable[[tuple[int, ...], tuple[Mapping, ...]], tuple[Frame, ...]]

__all__ = ["heap_samples", "leak_samples"]

Amounts = dict[tuple[tuple[int, ...], str | None], list[int]]

FIRST_LEAK_VALUE = len(HEAP_TYPES)


def heap_samples(
    profile: HeapProfile,
    stack_of: StackOf,
    tests: Iterable[RowTest] = (),
    *,
    package: str = "",
) -> tuple[Sample, ...]:
    """Make samples of HEAP_TYPES out of any text heap profile; `stack_of` names a stack."""
    known = {row.row: row.test for row in tests}
    amounts: Amounts = defaultdict(lambda: [0] * len(HEAP_TYPES))
    for number, row in enumerate(profile.rows):
        add(amounts[row.addresses, known.get(number)], heap_values(row))
    return labelled(amounts, lambda each: stack_of(each, profile.mappings), package=package)


def leak_samples(
    report: AgentReport, in_use: HeapProfile, stack_of: StackOf, *, package: str = ""
) -> tuple[Sample, ...]:
    """Make samples of LEAK_TYPES out of the files of one run.

    `in_use` has a row for every stack that ever allocated. What is lost is in use as well, and
    its rows have the same stacks.
    """
    tests = {(row.kind, row.row): row.test for row in report.tests}
    amounts: Amounts = defaultdict(lambda: [0] * len(LEAK_TYPES))
    for number, row in enumerate(in_use.rows):
        add(amounts[row.addresses, tests.get((None, number))], heap_values(row))
    for kind, profile in ((LeakKind.DIRECT, report.direct), (LeakKind.INDIRECT, report.indirect)):
        for number, row in enumerate(profile.rows):
            values = amounts[row.addresses, tests.get((kind, number))]
            add(values, (row.objects, row.bytes), at=FIRST_LEAK_VALUE)
    return labelled(amounts, lambda each: stack_of(each, in_use.mappings), package=package)


def heap_values(row: Row) -> tuple[int, ...]:
    """Put the numbers of a row into the order of HEAP_TYPES."""
    return (row.allocated_objects, row.allocated_bytes, row.objects, row.bytes)


def add(values: list[int], more: Iterable[int], *, at: int = 0) -> None:
    """Add `more` to `values` from place `at` on."""
    for index, number in enumerate(more, at):
        values[index] += number


def labelled(
    amounts: Amounts, stack_of: Callable[[tuple[int, ...]], tuple[Frame, ...]], *, package: str
) -> tuple[Sample, ...]:
    """Say whose each sample is: what the agent knows, else what the names of the stack tell."""
    return tuple(
        Sample(
            addresses=addresses,
            values=tuple(values),
            labels=labels(package, test or attributed_test(stack_of(addresses))),
        )
        for (addresses, test), values in amounts.items()
    )


def labels(package: str, test: str | None) -> tuple[tuple[str, str], ...]:
    """Write down what is known."""
    known = (("package", package), ("test", test))
    return tuple((key, value) for key, value in known if value)
