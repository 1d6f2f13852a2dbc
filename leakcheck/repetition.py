"""What leaks in each run of the tests, and what was allocated once and for all.

With `--repeat N` the tests run N times in one process. Counts alone do not tell: 10 objects
after 10 runs may be one a run, or a table of 10. So a second process runs the tests once, and
what it leaks is compared.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from leakcheck.attribution import lines_of
from leakcheck.launch.argv import once_argv
from leakcheck.model import Check, Growth
from leakcheck.observation import observe_unannounced

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence

    from leakcheck.launch.program import Program
    from leakcheck.model import Leak, Run
    from leakcheck.observation import Bench

__all__ = ["tell_growth", "with_growth"]


def tell_growth(run: Run, program: Program, bench: Bench) -> Run:
    """Say of each leak of `run`, which repeated the tests of `program`, whether it grows."""
    repeat = program.repeat
    if repeat == 1 or not run.leaks:
        return run
    bench.watcher.say(f"Running {program.name} once more, to tell what grows")
    single = replace(program, argv=once_argv(program.argv), repeat=1)
    once = observe_unannounced(single, replace(bench, watcher=_Quiet(), recorder=None))
    is_comparable = once.check is not Check.NOT_CHECKED and once.tests is run.tests
    return replace(run, leaks=with_growth(run.leaks, once.leaks if is_comparable else None, repeat))


def with_growth(
    leaks: Sequence[Leak], once: Sequence[Leak] | None, repeat: int
) -> tuple[Leak, ...]:
    """Compare what `repeat` runs leak with what one run leaks, None when nobody knows that."""
    before: Counter[Hashable] = Counter()
    after: Counter[Hashable] = Counter()
    for counts, found in ((before, once or ()), (after, leaks)):
        for leak in found:
            counts[_origin(leak)] += leak.leaked_objects
    return tuple(
        _told(leak, None if once is None else after[_origin(leak)] - before[_origin(leak)], repeat)
        for leak in leaks
    )


def _told(leak: Leak, more: int | None, repeat: int) -> Leak:
    """Tell by how many objects more there were after `repeat - 1` more runs."""
    if more == 0:
        return replace(leak, growth=Growth.ONCE)
    if more is None or more < repeat - 1:  # fewer than one each time
        return replace(leak, growth=Growth.UNKNOWN)
    return replace(leak, growth=Growth.PER_RUN, objects_per_run=more / (repeat - 1))


def _origin(leak: Leak) -> Hashable:
    """Name a leak in both processes of one program."""
    return leak.kind, leak.test, lines_of(leak.stack)


class _Quiet:
    """A watcher of a run that is only compared: its output was seen before."""

    @contextlib.contextmanager
    def step(self, text: str) -> Iterator[None]:  # noqa: ARG002 - nobody waits for it
        yield

    @contextlib.contextmanager
    def section(self, title: str) -> Iterator[None]:  # noqa: ARG002
        yield

    def say(self, text: str) -> None:
        pass

    def output(self, data: bytes) -> None:
        pass
