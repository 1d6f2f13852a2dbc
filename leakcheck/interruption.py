"""Ctrl-C and requests to end, from the first import to the last report."""

from __future__ import annotations

import contextlib
import signal
import threading
from typing import TYPE_CHECKING, NoReturn

from leakcheck.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import FrameType

    Handler = Callable[[int, FrameType | None], object] | int | None

__all__ = [
    "SIGNALLED",
    "exit_code_of_interruption",
    "interruptions_end",
    "interruptions_raise",
    "name_of",
]

SIGNALLED = 128
"""What a shell adds to the number of the signal that ended a program."""
REQUESTS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PATIENCE = 5
"""So many are let pass while things are put away; the next one ends the process."""


@contextlib.contextmanager
def interruptions_end() -> Iterator[None]:
    """Let Ctrl-C end the process without a word: nothing has begun yet."""
    is_pythons = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    with _handled({signal.SIGINT: signal.SIG_DFL} if is_pythons else {}):
        yield


@contextlib.contextmanager
def interruptions_raise() -> Iterator[None]:
    """Raise KeyboardInterrupt at Ctrl-C and SystemExit at SIGTERM and SIGHUP, once.

    So what was begun is put away. What is ignored stays ignored (nohup).
    """
    received: list[int] = []

    def take(number: int, _: FrameType | None) -> None:
        received.append(number)
        if len(received) == 1:
            _raise(number)
        if len(received) > PATIENCE:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)

    usual = (signal.SIG_DFL, signal.default_int_handler)
    with _handled({number: take for number in REQUESTS if signal.getsignal(number) in usual}):
        yield


def name_of(error: BaseException) -> str:
    """Say by what a call was interrupted; "" when `error` is another ending."""
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    code = error.code if isinstance(error, SystemExit) else None
    if not isinstance(code, int) or code <= SIGNALLED:
        return ""
    return f"ended by {signal.Signals(code - SIGNALLED).name}"


def exit_code_of_interruption(error: KeyboardInterrupt | SystemExit) -> int:
    """Give what a shell would see of a program that the signal ended."""
    code = error.code if isinstance(error, SystemExit) else None
    return code if isinstance(code, int) else ExitCode.INTERRUPTED


def _raise(number: int) -> NoReturn:
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    raise SystemExit(SIGNALLED + number)


@contextlib.contextmanager
def _handled(handlers: Mapping[signal.Signals, Handler]) -> Iterator[None]:
    """Put handlers in place, and back; Python knows them in the main thread only."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
