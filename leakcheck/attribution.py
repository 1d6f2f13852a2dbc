"""From the agent's rows to leaks: one for each stack, kind and test."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from leakcheck.leakid import with_ids
from leakcheck.model import Leak, LeakKind
from leakcheck.symbolise import is_runtime, split_creator

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from leakcheck.evidence import Owner, RowTest
    from leakcheck.heapprofile import Row
    from leakcheck.model import Frame

__all__ = ["attributed_test", "collect_leaks", "size_order"]

RUNNERS = ("testing.tRunner", "testing.fRunner", "testing.(*B).runN", "testing.runExample")
TEST_FUNCTION = re.compile(
    r"(?:.*/)?[^/.()]+(?:\.v[0-9]+|\.go)?\.((?:Test|Benchmark|Fuzz|Example)(?![a-z])\w*)"
    r"(?:\.(?:(?:func|gowrap|deferwrap)?[0-9]+))*"
)

Lines = tuple[tuple[str, str | None, int | None], ...]


class _Group(NamedTuple):
    """What the blocks of one leak share."""

    kind: LeakKind
    test: str | None
    lines: Lines


def collect_leaks(
    direct: Sequence[Row],
    indirect: Sequence[Row],
    stack_of: Callable[[tuple[int, ...]], tuple[Frame, ...]],
    tests: Sequence[RowTest] = (),
    owners: Sequence[Owner] = (),
) -> tuple[Leak, ...]:
    """Name the stacks of all rows (`stack_of`), join rows that read the same, give ids.

    `tests` is what the agent itself knows of the test of a row, `owners` which rows hold which.
    Largest first, so that the same run gives the same report.
    """
    known = {(row.kind, row.row): row.test for row in tests}
    groups: dict[_Group, list[tuple[int, Row, tuple[Frame, ...]]]] = defaultdict(list)
    for kind, rows in ((LeakKind.DIRECT, direct), (LeakKind.INDIRECT, indirect)):
        for number, row in enumerate(rows):
            stack = stack_of(row.addresses)
            test = known.get((kind, number)) or attributed_test(stack)
            groups[_Group(kind, test, lines_of(stack))].append((number, row, stack))
    places = {
        (group.kind, number): str(index)
        for index, (group, members) in enumerate(groups.items())
        for number, *_ in members
    }
    holders = holding(owners, places)
    named = with_ids(
        joined(str(index), group, [member[1:] for member in members], holders)
        for index, (group, members) in enumerate(groups.items())
    )
    return tuple(sorted(named, key=size_order))


def holding(
    owners: Sequence[Owner], places: Mapping[tuple[LeakKind, int], str]
) -> dict[str, tuple[str, ...]]:
    """Tell of every leak which leaks hold it; `places` tells the leak of a row."""
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for owner in owners:
        held = places.get((LeakKind.INDIRECT, owner.indirect))
        holder = places.get((LeakKind.DIRECT, owner.direct))
        if held is not None and holder is not None:
            found[held][holder] = None
    return {held: tuple(holders) for held, holders in found.items()}


def lines_of(stack: Sequence[Frame]) -> Lines:
    """Keep what a person can tell apart of a stack."""
    return tuple((frame.function, frame.file, frame.line) for frame in stack)


def size_order(leak: Leak) -> tuple[int, int, str]:
    """Order leaks: most bytes first, then most objects, then by id."""
    return (-leak.leaked_bytes, -leak.leaked_objects, leak.id)


def joined(
    name: str,
    group: _Group,
    members: Sequence[tuple[Row, tuple[Frame, ...]]],
    holders: Mapping[str, tuple[str, ...]],
) -> Leak:
    """Add up the rows of one stack; `name` stands for the id until there is one."""
    return Leak(
        id=name,
        leaked_bytes=sum(row.bytes for row, _ in members),
        leaked_objects=sum(row.objects for row, _ in members),
        kind=group.kind,
        stack=members[0][1],
        test=group.test,
        held_by=holders.get(name, ()),
    )


def attributed_test(stack: Sequence[Frame]) -> str | None:
    """Name the top-level test that allocated, `TestX`; None where the stack does not show it.

    The frame that a runner of package testing called is the test, or a closure of it that runs
    as a subtest. Where no runner is on the stack, a closure of a test that the goroutine was given,
    or what started the goroutine, may still tell.
    """
    own, creator = split_creator(stack)
    runner = next((i for i, frame in enumerate(own) if frame.function in RUNNERS), None)
    if runner is not None:
        called = reversed(own[:runner])
        outermost = next((frame for frame in called if not is_runtime(frame)), None)
        return test_name(outermost) if outermost else None
    name = next(filter(None, map(test_name, (*reversed(own), *creator))), None)
    return None if name == "TestMain" else name


def test_name(frame: Frame) -> str | None:
    """Cut `TestX` out of `example.com/m.TestX.func1`; None for helpers and methods."""
    match = TEST_FUNCTION.fullmatch(frame.function) if frame.language == "go" else None
    is_test_file = frame.file is None or frame.file.endswith("_test.go")
    return match[1] if match and is_test_file else None
