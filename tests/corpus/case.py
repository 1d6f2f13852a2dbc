"""What a case of the corpus is: a program, what to run of it, and what must be found.

A case is believed as written: where the checker says something else, the checker is wrong.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from leakcheck.model import LeakKind, Level
from leakcheck.model import Tests as Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Case", "Found", "amounts", "direct", "indirect", "joined", "kept", "lost"]


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Found:
    """Lost blocks of one kind: how many, how big together, allocated by which function.

    `function` is the innermost one that is written in the corpus, without its package,
    namespace or arguments; "" where none is on the stack. `test` is None where nobody can tell.
    """

    kind: str
    function: str
    test: str | None
    objects: int
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One case: `name` is a Go test of package `program`, or the argument of a C program.

    `normal` and `strict` are all that these levels find, `draconian` is the least that it
    finds. What an exit handler or a destructor frees is not there any more at draconian
    (`is_freed_at_exit`). `is_checked` is False for an ending that nobody can observe. `since`
    is the Go release that can compile it.
    """

    program: str
    name: str
    normal: tuple[Found, ...] = ()
    strict: tuple[Found, ...] = ()
    draconian: tuple[Found, ...] = ()
    tests: Verdict = Verdict.PASSED
    is_checked: bool = True
    is_freed_at_exit: bool = False
    since: tuple[int, int] = (1, 21)

    def expected(self, level: Level) -> tuple[Found, ...]:
        """All that must be found, and nothing else; of draconian at least that."""
        levels = {Level.NORMAL: self.normal, Level.STRICT: self.strict}
        return levels.get(level, self.draconian)

    def __str__(self) -> str:
        return f"{self.program}-{self.name}"


def direct(objects: int, size: int, function: str, test: str | None = None) -> Found:
    """Blocks that no lost block points to; `size` is that of all together."""
    return Found(
        kind=LeakKind.DIRECT.value, function=function, test=test, objects=objects, bytes=size
    )


def indirect(objects: int, size: int, function: str, test: str | None = None) -> Found:
    """Blocks that are held by lost blocks alone."""
    return replace(direct(objects, size, function, test), kind=LeakKind.INDIRECT.value)


def lost(program: str, name: str, *found: Found, **facts: Any) -> Case:
    """A leak at every level."""
    return Case(program=program, name=name, normal=found, strict=found, draconian=found, **facts)


def kept(program: str, name: str, *strict: Found, **facts: Any) -> Case:
    """No leak at normal; what only normal counts as held is one at the other levels."""
    return Case(program=program, name=name, strict=strict, draconian=strict, **facts)


def amounts(found: Iterable[Found]) -> Counter[tuple[str, str | None]]:
    """The bytes of each function and test, whatever the kind: it is another at draconian, where
    blocks that are held may hold lost ones.
    """
    sums: Counter[tuple[str, str | None]] = Counter()
    for one in found:
        sums[one.function, one.test] += one.bytes
    return sums


def joined(found: Iterable[Found]) -> tuple[Found, ...]:
    """Add up what has the same kind, function and test: how a report groups it is not asked."""
    sums: dict[tuple[str, str, str | None], Found] = {}
    for one in found:
        key = (one.kind, one.function, one.test)
        before = sums.get(key)
        sums[key] = (
            one
            if before is None
            else replace(one, objects=before.objects + one.objects, bytes=before.bytes + one.bytes)
        )
    return tuple(sums[key] for key in sorted(sums, key=repr))
