"""From the agent's rows to leaks: one for each stack, kind and test."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

from leakcheck.leakid import with_ids
from leakcheck.model import Leak, LeakKind
from leakcheck.symbolise import is_runtime, split_creator

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from leakcheck.evidence import RowTest
    from leakcheck.heapprofile import Row
    from leakcheck.model import Frame

__all__ = ["attributed_test", "collect_leaks", "size_order"]

RUNNERS = ("testing.tRunner", "testing.fRunner", "testing.(*B).runN", "testing.runExample")
TEST_FUNCTION = re.compile(
    r"(?:.*/)?[^/.()]+(?:\.v[0-9]+|\.go)?\.((?:Test|Benchmark|Fuzz|Example)(?![a-z])\w*)"
    r"(?:\.(?:(?:func|gowrap|deferwrap)?[0-9]+))*"
)

Lines = tuple[tuple[str, str | None, int | None], ...]


def collect_leaks(
    direct: Sequence[Row],
    indirect: Sequence[Row],
    stack_of: Callable[[tuple[int, ...]], tuple[Frame, ...]],
    tests: Sequence[RowTest] = (),
) -> tuple[Leak, ...]:
    """Name the stacks of all rows (`stack_of`), join rows that read the same, give ids.

    `tests` is what the agent itself knows of the test of a row. Largest first, so that the
    same run gives the same report.
    """
    known = {(row.kind, row.row): row.test for row in tests}
    groups: dict[tuple[LeakKind, str | None, Lines], list[tuple[Row, tuple[Frame, ...]]]]
    groups = defaultdict(list)
    for kind, rows in ((LeakKind.DIRECT, direct), (LeakKind.INDIRECT, indirect)):
        for number, row in enumerate(rows):
            stack = stack_of(row.addresses)
            test = known.get((kind, number)) or attributed_test(stack)
            groups[kind, test, lines_of(stack)].append((row, stack))
    named = with_ids(joined(kind, test, members) for (kind, test, _), members in groups.items())
    return tuple(sorted(named, key=size_order))


def lines_of(stack: Sequence[Frame]) -> Lines:
    """Keep what a person can tell apart of a stack."""
    return tuple((frame.function, frame.file, frame.line) for frame in stack)


def size_order(leak: Leak) -> tuple[int, int, str]:
    """Order leaks: most bytes first, then most objects, then by id."""
    return (-leak.leaked_bytes, -leak.leaked_objects, leak.id)


def joined(
    kind: LeakKind, test: str | None, members: Sequence[tuple[Row, tuple[Frame, ...]]]
) -> Leak:
    """Add up the rows of one stack."""
    return Leak(
        id="",
        leaked_bytes=sum(row.bytes for row, _ in members),
        leaked_objects=sum(row.objects for row, _ in members),
        kind=kind,
        stack=members[0][1],
        test=test,
    )


def attributed_test(stack: Sequence[Frame]) -> str | None:
    """Name the top-level test that allocated, `TestX`; None where the stack does not show it.

    The frame that a runner of package testing called is the test, or a closure of it that runs
    as a subtest. Where no runner is on the stack, the outermost frame of the user, or the one
    that started the goroutine, may still be a test's.
    """
    own, creator = split_creator(stack)
    runner = next((i for i, frame in enumerate(own) if frame.function in RUNNERS), None)
    called = own if runner is None else own[:runner]
    outermost = next((frame for frame in reversed(called) if not is_runtime(frame)), None)
    name = test_name(outermost) if outermost else None
    if runner is not None:
        return name
    name = name or next(filter(None, map(test_name, creator)), None)
    return None if name == "TestMain" else name


def test_name(frame: Frame) -> str | None:
    """Cut `TestX` out of `example.com/m.TestX.func1`; None for helpers and methods."""
    match = TEST_FUNCTION.fullmatch(frame.function) if frame.language == "go" else None
    is_test_file = frame.file is None or frame.file.endswith("_test.go")
    return match[1] if match and is_test_file else None
