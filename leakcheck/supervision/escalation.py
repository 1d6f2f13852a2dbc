"""Which signal a program gets next, at a timeout and on Ctrl-C.

`Escalation` decides and knows no processes; `Interruptions` counts the signals that reach
leakcheck itself while a program runs.
"""

from __future__ import annotations

import signal
import threading
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from leakcheck.interruption import SIGNALLED

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

__all__ = ["KILL", "Escalation", "Interruptions", "Step"]


class Step(NamedTuple):
    """A signal for the program or its whole group, and how long to wait for the end."""

    number: signal.Signals
    to_group: bool
    wait_s: float


KILL = Step(signal.SIGKILL, to_group=True, wait_s=10.0)
"""The last step of every escalation."""


class Escalation:
    """The steps towards the end of a program: those of the timeout, or those of Ctrl-C.

    Ctrl-C takes over from a timeout, and a second one kills at once. Times are seconds of any
    one clock.
    """

    def __init__(
        self,
        *,
        deadline: float | None,
        at_timeout: tuple[Step, ...],
        at_interruption: tuple[Step, ...],
    ) -> None:
        """Plan for a program that may run until `deadline`, None for ever."""
        self._deadline = deadline
        self._at_timeout = at_timeout
        self._at_interruption = at_interruption
        self._steps: deque[Step] = deque()
        self._next_at = 0.0
        self._interruptions = 0
        self._begun = False
        self._killed = False
        self.timed_out = False

    def step(self, now: float, interruptions: int) -> Step | None:
        """Give the step due at `now`, after so many interruptions in all, or None."""
        if interruptions > self._interruptions:
            self._begin(now, (KILL,) if interruptions > 1 else self._at_interruption)
            self._interruptions = interruptions
        elif self._deadline is not None and now >= self._deadline:
            self._deadline = None
            if not self._interruptions:
                self.timed_out = True
                self._begin(now, self._at_timeout)
        if not self._steps or now < self._next_at:
            return None
        due = self._steps.popleft()
        self._next_at = now + due.wait_s
        self._begun = True
        self._killed = due is KILL
        return due

    def has_begun(self) -> bool:
        """Say whether a step was taken, so that the program does not end by itself."""
        return self._begun

    def is_exhausted(self, now: float) -> bool:
        """Say whether the program outlived the last step."""
        return self._killed and now >= self._next_at

    def _begin(self, now: float, steps: tuple[Step, ...]) -> None:
        self._steps = deque(steps)
        self._next_at = now


class Interruptions:
    """Ctrl-C and requests to end, counted instead of raised inside the `with`.

    Python delivers signals to the main thread; in another thread this does nothing. An
    ignored signal stays ignored (nohup). An ignored SIGCHLD would lose exit codes: it gets
    its default for the time being.
    """

    def __init__(self) -> None:
        """Count from none."""
        self._received: list[int] = []
        self._previous: dict[int, Callable[[int, FrameType | None], object] | int] = {}

    def __enter__(self) -> None:
        """Put the counting handlers in place."""
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                if signal.getsignal(number) is not signal.SIG_IGN:
                    self._replace(number, self._note)
            if signal.getsignal(signal.SIGCHLD) is signal.SIG_IGN:
                self._replace(signal.SIGCHLD, signal.SIG_DFL)

    def __exit__(self, *_: object) -> None:
        """Put back the handlers that were there."""
        for number, previous in self._previous.items():
            signal.signal(number, previous)

    def count(self) -> int:
        """Count those that came so far."""
        return len(self._received)

    def deliver(self) -> None:
        """Give the first one to the handler it was meant for; after the `with`.

        Python's own handler of SIGINT raises KeyboardInterrupt. Where the default is to die,
        SystemExit is raised with the code a shell would see, so that all is cleaned up.
        """
        if not self._received:
            return
        number = self._received[0]
        if signal.getsignal(number) is signal.SIG_DFL:
            raise SystemExit(SIGNALLED + number)
        signal.raise_signal(signal.Signals(number))

    def _note(self, number: int, _: FrameType | None) -> None:
        self._received.append(number)

    def _replace(
        self, number: int, handler: Callable[[int, FrameType | None], object] | int
    ) -> None:
        previous = signal.signal(number, handler)
        self._previous[number] = signal.SIG_DFL if previous is None else previous
