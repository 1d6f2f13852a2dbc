"""Each top-level test of a Go test binary in a process of its own.

One process more runs no test: what it leaks belongs to none (`leakcheck.ownership`).
"""

from __future__ import annotations

import contextlib
import functools
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from leakcheck.errors import LeakcheckError, NotChecked
from leakcheck.launch.argv import NO_TEST_PATTERN, isolated_argv
from leakcheck.launch.testpattern import list_patterns, one_test_pattern, parse_test_list
from leakcheck.model import Check, Run, Tests
from leakcheck.observation import observe_unannounced
from leakcheck.ownership import own_leaks
from leakcheck.ownprofile import NobodysRecorder
from leakcheck.parallel import core_count, run_parallel
from leakcheck.process import Command, run
from leakcheck.repetition import tell_growth
from leakcheck.supervision.keptoutput import KeptOutput

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from leakcheck.launch.program import Program
    from leakcheck.observation import Bench, Watcher
    from leakcheck.recording import Recorder
    from leakcheck.shards import Dealer

    _Job = Callable[[], "_Observed"]

__all__ = ["IsolatedTest", "list_tests", "observe_each"]

_UNREMARKABLE = {b"PASS\n", b"testing: warning: no tests to run\nPASS\n"}


class IsolatedTest(NamedTuple):
    """A top-level test and the `-test.run` pattern that runs it and nothing else."""

    name: str
    pattern: str


class _Observed(NamedTuple):
    """How one process was, and what was kept of what it and we had to say meanwhile."""

    run: Run
    said: tuple[str, ...]
    output: bytes


def list_tests(program: Program, test: str | None) -> tuple[IsolatedTest, ...]:
    """Ask the test binary for its tests, fuzz tests and examples that match `test`.

    `test` is a pattern as `go test -run` takes it; parts for subtests go into the patterns of
    the tests. Raises NotChecked when the binary does not answer.
    """
    rests: dict[str, list[tuple[str, ...]]] = {}
    for pattern, rest in list_patterns(test):
        for name in _listed(program, pattern):
            rests.setdefault(name, []).append(rest)
    return tuple(IsolatedTest(name, one_test_pattern(name, rests[name])) for name in rests)


def observe_each(
    program: Program, test: str | None, bench: Bench, dealer: Dealer
) -> tuple[Run, ...]:
    """Observe each test that matches `test` by itself, up to one per core at a time.

    Only those run that `dealer` deals to this shard, and nothing when it has none.
    `program` is to have no `-test.run` of its own. The last run is that of no test, with the
    leaks that belong to none. What one process writes is shown when it has ended. Raises
    NotChecked when the tests cannot be listed.
    """
    with bench.watcher.step(f"Listing the tests of {program.name}"):
        tests = list_tests(program, test)
    own = _deal(program, tests, dealer)
    if own is None:
        bench.watcher.say(f"All tests of {program.name} are for other shards")
        return ()
    return _observe_all(program, own, bench)


def _deal(
    program: Program, tests: Sequence[IsolatedTest], dealer: Dealer
) -> tuple[IsolatedTest, ...] | None:
    """Take those of this shard, None when all are for others; where there is no test, that."""
    owner = program.package or program.name
    units = [f"{owner} {each.name}" for each in tests] or [owner]
    own = dealer.deal(units)
    dealer.note(owner)
    chosen = tuple(each for each, unit in zip(tests, units, strict=False) if unit in own)
    return chosen if own else None


def _observe_all(program: Program, tests: Sequence[IsolatedTest], bench: Bench) -> tuple[Run, ...]:
    """Observe these tests, and last that no test leaks what all leak."""
    at_once = min(core_count(), len(tests) + 1)
    bench.watcher.say(
        f"Running {len(tests)} tests of {program.name}, {at_once} at a time,"
        f" level {bench.level.value}"
    )
    teller = _Teller(bench.watcher, tuple(each.name for each in tests))
    nobodys = NobodysRecorder(bench.recorder) if bench.recorder else None
    jobs = [
        _job(program, each.pattern, bench, nobodys and nobodys.of_test(each.name)) for each in tests
    ]
    without = _job(program, NO_TEST_PATTERN, bench, nobodys)
    observe_jobs = _observe_at_once if nobodys is None else _observe_without_first
    observed = observe_jobs(jobs, without, at_once, teller)
    *runs, without_tests = (each.run for each in observed)
    owned = (
        own_leaks(run_, each.name, without_tests) for run_, each in zip(runs, tests, strict=True)
    )
    return (*owned, without_tests)


def _job(program: Program, pattern: str, bench: Bench, recorder: Recorder | None) -> _Job:
    return functools.partial(_observe_one, program, pattern, replace(bench, recorder=recorder))


def _observe_at_once(
    jobs: Sequence[_Job], without: _Job, at_once: int, teller: _Teller
) -> tuple[_Observed, ...]:
    return run_parallel([*jobs, without], at_once=at_once, on_end=teller.tell)


def _observe_without_first(
    jobs: Sequence[_Job], without: _Job, at_once: int, teller: _Teller
) -> tuple[_Observed, ...]:
    """Observe no test first: what of a profile is a test's is told by that."""
    first = run_parallel([without], at_once=1, on_end=lambda _, each: teller.tell(len(jobs), each))
    return (*run_parallel(jobs, at_once=at_once, on_end=teller.tell), *first)


def _listed(program: Program, pattern: str) -> tuple[str, ...]:
    options = ("-test.paniconexit0", f"-test.list={pattern}")
    completed = run(
        Command(
            (program.argv[0], *options),
            env=tuple(program.environment.items()),
            cwd=program.cwd,
        ),
        timeout_s=program.kill_after_s,
    )
    if completed.returncode != 0 or completed.timed_out:
        said = "\n".join(filter(None, (completed.stdout.strip(), completed.stderr.strip())))
        raise NotChecked(
            f"the tests of {program.name} cannot be listed",
            why=said or f"it ended with status {completed.returncode}",
            hint="leakcheck leak  # without --isolate",
        )
    return parse_test_list(completed.stdout)


def _observe_one(program: Program, pattern: str, bench: Bench) -> _Observed:
    """Observe one process, whose error must not stop the others."""
    keeper = _Keeper()
    isolated = replace(program, argv=isolated_argv(program.argv, pattern))
    try:
        kept = replace(bench, watcher=keeper)
        run_ = tell_growth(observe_unannounced(isolated, kept), isolated, kept)
    except LeakcheckError as error:
        run_ = Run(
            package=program.package,
            binary=program.name,
            argv=(program.name, *isolated.argv[1:]),
            tests=Tests.NONE_RAN,
            check=Check.NOT_CHECKED,
            reason=str(error),
        )
    if pattern == NO_TEST_PATTERN:
        # However a TestMain ends that has no test to run, no test failed.
        run_ = replace(run_, tests=Tests.NONE_RAN)
    return _Observed(run_, tuple(keeper.said), keeper.shown.text().encode())


@dataclass(slots=True)
class _Keeper:
    """A watcher that keeps all, so that processes side by side do not talk across each other.

    Of very much output it leaves out the middle.
    """

    said: list[str] = field(default_factory=list)
    shown: KeptOutput = field(default_factory=KeptOutput)

    @contextlib.contextmanager
    def step(self, text: str) -> Iterator[None]:  # noqa: ARG002 - nobody waits for it alone
        yield

    def say(self, text: str) -> None:
        self.said.append(text)

    def output(self, data: bytes) -> None:
        self.shown.add(data)

    def section(self, title: str) -> contextlib.AbstractContextManager[None]:  # noqa: ARG002
        return contextlib.nullcontext()


@dataclass(slots=True)
class _Teller:
    """Says how each process ended, and shows what it wrote unless that is no more than PASS."""

    watcher: Watcher
    names: tuple[str, ...]
    ended: int = 0

    def tell(self, index: int, observed: _Observed) -> None:
        self.ended += 1
        name = self.names[index] if index < len(self.names) else "no test"
        run_ = observed.run
        verdicts = f"{run_.tests.value}, {run_.check.value}".replace("_", " ")
        count = f"[{self.ended}/{len(self.names) + 1}]"
        self.watcher.say(f"{count} {name}: {verdicts} in {run_.duration_s:.2f} s")
        for text in observed.said:
            self.watcher.say(text)
        if observed.output not in _UNREMARKABLE:
            end = b"" if observed.output.endswith(b"\n") or not observed.output else b"\n"
            self.watcher.output(b"=== " + name.encode() + b"\n" + observed.output + end)
