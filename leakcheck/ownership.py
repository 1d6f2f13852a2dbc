"""Whose a leak is that names no test, when each test ran in a process of its own.

What a process leaks that runs no test at all (`init`, `TestMain`, libraries that start threads)
comes up in every process and belongs to no test. All else without a test, such as what a thread
of C allocated, belongs to the only test that ran.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from leakcheck.attribution import size_order
from leakcheck.judge import judge_share
from leakcheck.leakid import stable_frame, with_ids
from leakcheck.model import Check, Leak, LeakKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from leakcheck.model import Frame, Run

__all__ = ["Origin", "origin_of", "own_leaks"]


class Origin(NamedTuple):
    """What tells leaks of one program apart in all its processes: an id, and the lines too.

    `kind` is None for what is in use.
    """

    kind: LeakKind | None
    lines: tuple[tuple[str, int | None], ...]


def own_leaks(run: Run, test: str, without_tests: Run) -> Run:
    """Leave in the `run` of one test what is that test's; `without_tests` keeps the rest.

    Of a leak that is in both, the test has what its process leaked more. When `without_tests`
    was not checked nobody can tell, and `run` stays as it is.
    """
    if without_tests.check is Check.NOT_CHECKED:
        return run
    leaks = with_ids(_owned(run, test, without_tests))
    return judge_share(run, sorted(leaks, key=size_order))


def origin_of(kind: LeakKind | None, stack: Iterable[Frame]) -> Origin:
    """Say where blocks come from, in words that are the same in every process."""
    return Origin(kind, tuple((stable_frame(frame), frame.line) for frame in stack))


def _owned(run: Run, test: str, without_tests: Run) -> Iterator[Leak]:
    objects: Counter[Origin] = Counter()
    sizes: Counter[Origin] = Counter()
    for leak in _nobodys(without_tests):
        objects[_origin(leak)] += leak.leaked_objects
        sizes[_origin(leak)] += leak.leaked_bytes
    yield from (leak for leak in run.leaks if leak.test is not None)
    for leak in _nobodys(run):
        origin = _origin(leak)
        there = min(objects[origin], leak.leaked_objects)
        size = min(sizes[origin], leak.leaked_bytes)
        objects[origin] -= there
        sizes[origin] -= size
        if leak.leaked_objects > there:
            yield replace(
                leak,
                test=test,
                leaked_objects=leak.leaked_objects - there,
                leaked_bytes=leak.leaked_bytes - size,
            )


def _nobodys(run: Run) -> Iterator[Leak]:
    return (leak for leak in run.leaks if leak.test is None)


def _origin(leak: Leak) -> Origin:
    return origin_of(leak.kind, leak.stack)
