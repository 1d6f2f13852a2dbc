"""Moving a program's output on while it comes."""

from __future__ import annotations

import os
import selectors
import time
from typing import IO, TYPE_CHECKING

from leakcheck.supervision.keptoutput import KeptOutput

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["OutputPump"]

_READ_BYTES = 256 * 1024
_CLOSED_WAIT_S = 0.002


class OutputPump:
    """The open ends of a program's output: what comes is kept, and passed on at once."""

    def __init__(self, on_output: Callable[[bytes], None] | None) -> None:
        """Pass on to `on_output`, pieces of all streams in the order they come."""
        self._on_output = on_output
        self._selector = selectors.DefaultSelector()

    def add(self, stream: IO[bytes]) -> KeptOutput:
        """Read from `stream` too; gives where its output is kept."""
        kept = KeptOutput()
        self._selector.register(stream, selectors.EVENT_READ, kept)
        return kept

    def is_finished(self) -> bool:
        """Say whether all streams were closed by all who could write to them."""
        return not self._selector.get_map()

    def move(self, wait_s: float) -> bool:
        """Wait for output, at most so long, and pass it on; says whether any came.

        When the streams are closed the program is about to end: then the wait is short.
        """
        if self.is_finished():
            time.sleep(min(wait_s, _CLOSED_WAIT_S))
            return False
        came = False
        for key, _ in self._selector.select(wait_s):
            data = os.read(key.fd, _READ_BYTES)
            if data:
                came = True
                key.data.add(data)
                if self._on_output is not None:
                    self._on_output(data)
            else:
                self._selector.unregister(key.fileobj)
        return came

    def close(self) -> None:
        """Stop reading; the streams are the caller's to close."""
        self._selector.close()
