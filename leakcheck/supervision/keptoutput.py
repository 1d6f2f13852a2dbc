"""The output of a program, kept within a bound however much there is."""

from __future__ import annotations

from collections import deque

__all__ = ["KEPT_BYTES", "KeptOutput"]

KEPT_BYTES = 64 * 1024 * 1024
"""How much of one stream is kept: the first half of it, and the last."""


class KeptOutput:
    """The first and the last bytes of what was added, `limit` in all.

    The end may hold up to one added piece more, so that pieces need not be cut.
    """

    def __init__(self, limit: int = KEPT_BYTES) -> None:
        """Keep up to `limit` bytes."""
        self._half = limit // 2
        self._head = bytearray()
        self._tail: deque[bytes] = deque()
        self._tail_bytes = 0
        self._left_out_bytes = 0

    def add(self, data: bytes) -> None:
        """Keep `data`, forgetting pieces of the middle as needed."""
        room = self._half - len(self._head)
        self._head += data[:room]
        if len(data) > room:
            self._tail.append(data[room:])
            self._tail_bytes += len(data) - room
        while self._tail and self._tail_bytes - len(self._tail[0]) >= self._half:
            dropped = len(self._tail.popleft())
            self._tail_bytes -= dropped
            self._left_out_bytes += dropped

    def text(self) -> str:
        """Give what is kept as text; a line in the middle says how much is not.

        Bytes that are not UTF-8 become replacement characters.
        """
        note = b""
        if self._left_out_bytes:
            note = b"\n[leakcheck: %d bytes of output left out]\n" % self._left_out_bytes
        return b"".join((self._head, note, *self._tail)).decode(errors="replace")
