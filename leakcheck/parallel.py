"""Several programs at a time, each supervised on a thread of its own.

Python delivers signals to the main thread only, and there `supervise` does not wait. So the
main thread passes Ctrl-C on: all programs are ended, none is started any more, and nothing is
left behind.
"""

from __future__ import annotations

import contextlib
import math
import os
import queue
import signal
import threading
import time
from typing import TYPE_CHECKING, Generic, TypeVar

from leakcheck.errors import NotChecked
from leakcheck.supervision import survivors
from leakcheck.supervision.escalation import KILL, Escalation, Interruptions, Step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

__all__ = ["core_count", "run_parallel"]

_TICK_S = 0.05
_GRACE_S = 5.0
_KILL_WAIT_S = 30.0
_NO_LEADER = -1

ResultT = TypeVar("ResultT")


def core_count() -> int:
    """Count the processor cores this process may use."""
    return len(os.sched_getaffinity(0))


def run_parallel(
    jobs: Sequence[Callable[[], ResultT]],
    *,
    at_once: int,
    on_end: Callable[[int, ResultT], None] = lambda _, __: None,
) -> tuple[ResultT, ...]:
    """Call all `jobs`, at most `at_once` at a time; the results come in the order of the jobs.

    A job runs programs by `leakcheck.process`. `on_end` is called here, with the job's index,
    as each ends. What a job or `on_end` raises ends all others and is raised. Ctrl-C and
    requests to end do as for `supervise`: the programs are asked to end, a second one kills.
    """
    interruptions = Interruptions()
    with interruptions:
        results = _Crew(jobs, interruptions, at_once).work(on_end)
    interruptions.deliver()
    if interruptions.count():
        raise KeyboardInterrupt
    return tuple(results[index] for index in range(len(jobs)))


class _Crew(Generic[ResultT]):
    """The threads that work on the jobs, and how they are stopped."""

    def __init__(
        self, jobs: Sequence[Callable[[], ResultT]], interruptions: Interruptions, at_once: int
    ) -> None:
        self._todo = iter(list(enumerate(jobs)))
        self._lock = threading.Lock()
        self._ended: queue.SimpleQueue[tuple[int, ResultT | None, BaseException | None]]
        self._ended = queue.SimpleQueue()
        self._interruptions = interruptions
        self._is_stopping = False
        # Daemons: a thread whose program cannot be ended must not keep leakcheck from ending.
        self._threads = [
            threading.Thread(target=self._take_turns, daemon=True)
            for _ in range(min(at_once, len(jobs)))
        ]

    def work(self, on_end: Callable[[int, ResultT], None]) -> dict[int, ResultT]:
        """Work until all is done, an error comes up, or Ctrl-C; then nothing runs any more."""
        results: dict[int, ResultT] = {}
        try:
            for thread in self._threads:
                thread.start()
            for index, result in self._results():
                results[index] = result
                on_end(index, result)
        finally:
            self._stop()
        return results

    def _take_turns(self) -> None:
        while (turn := self._next()) is not None:
            index, job = turn
            try:
                self._ended.put((index, job(), None))
            except BaseException as error:  # noqa: BLE001 - raised in the main thread
                self._ended.put((index, None, error))

    def _next(self) -> tuple[int, Callable[[], ResultT]] | None:
        with self._lock:
            return None if self._is_stopping else next(self._todo, None)

    def _results(self) -> Iterator[tuple[int, ResultT]]:
        """Give results as they come, until all threads have ended or are to end."""
        while not self._interruptions.count():
            is_last_look = not self._are_working()
            with contextlib.suppress(queue.Empty):
                index, result, error = self._ended.get(timeout=0 if is_last_look else _TICK_S)
                if error is not None:
                    raise error
                yield index, result  # type: ignore[misc] # it has one when there is no error
                continue
            if is_last_look:
                return

    def _are_working(self) -> bool:
        return any(thread.is_alive() for thread in self._threads)

    def _stop(self) -> None:
        """Start nothing more, end what runs, and wait for that; at the end nothing runs.

        Raises NotChecked when a program outlives SIGKILL.
        """
        with self._lock:
            self._is_stopping = True
        own = 0 if self._interruptions.count() else 1
        ending = _Ending()
        while self._are_working():
            ending.go_on(self._interruptions.count() + own)
            time.sleep(_TICK_S)
        # Of programs that end at the same time, none can tell whose a daemon is.
        survivors.end_survivors(_NO_LEADER, daemons=True)


class _Ending:
    """The way to the end of all programs: SIGINT, then SIGKILL."""

    def __init__(self) -> None:
        self._escalation = Escalation(
            deadline=None,
            at_timeout=(),
            at_interruption=(Step(signal.SIGINT, to_group=True, wait_s=_GRACE_S), KILL),
        )
        self._step: Step | None = None
        self._give_up_at = math.inf
        self._signalled: set[tuple[int, int]] = set()

    def go_on(self, requests: int) -> None:
        """Take the step that is due after so many requests to end."""
        now = time.monotonic()
        due = self._escalation.step(now, requests)
        if due is KILL:
            self._give_up_at = now + _KILL_WAIT_S
        self._step = due or self._step
        programs = _programs()
        if programs and now > self._give_up_at:
            raise NotChecked("a program cannot be ended, even by SIGKILL")
        if self._step is not None:
            self._signal(programs, self._step.number)

    def _signal(self, programs: Iterable[int], number: signal.Signals) -> None:
        """Signal each program once, also one that a thread was just about to start."""
        for pid in programs:
            if (pid, number) not in self._signalled:
                self._signalled.add((pid, number))
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(pid, number)


def _programs() -> tuple[int, ...]:
    """List the programs that run: the children of this process that lead a session."""
    return tuple(
        process.pid
        for process in survivors.list_processes()
        if process.parent == os.getpid() and process.pid == process.session
    )
