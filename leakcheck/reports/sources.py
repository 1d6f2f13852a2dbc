"""The lines of source around a place in it, where the file is still there and is text."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import NamedTuple, Protocol

__all__ = ["NoSources", "SourceLine", "SourceReader", "Sources"]

LARGEST_FILE = 4 * 1024 * 1024
LONGEST_LINE = 160
TAB = 4


class SourceLine(NamedTuple):
    """One line of a file, numbered from 1."""

    number: int
    text: str


class SourceReader(Protocol):
    """Who can quote source."""

    def excerpt(self, file: str, line: int, *, around: int = 1) -> tuple[SourceLine, ...]:
        """Give `line` of `file` and `around` lines before and after it; () when there is none."""


class NoSources:
    """Quotes nothing."""

    def excerpt(self, file: str, line: int, *, around: int = 1) -> tuple[SourceLine, ...]:  # noqa: ARG002
        """Give nothing."""
        return ()


class Sources:
    """Quotes the files of this machine; each is read once."""

    def __init__(self) -> None:
        self._files: dict[str, tuple[str, ...]] = {}

    def excerpt(self, file: str, line: int, *, around: int = 1) -> tuple[SourceLine, ...]:
        """Give `line` of `file` and `around` lines before and after it; () when there is none.

        Only absolute paths are followed: a relative one is relative to where it was compiled.
        """
        if file not in self._files:
            self._files[file] = read_lines(Path(file))
        lines = self._files[file]
        if not 1 <= line <= len(lines):
            return ()
        first = max(line - around, 1)
        shown = lines[first - 1 : line + around]
        return tuple(SourceLine(number, text) for number, text in enumerate(shown, first))


def read_lines(path: Path) -> tuple[str, ...]:
    """Read a text file; () for what is missing, huge, binary, or no regular file."""
    try:
        status = path.stat()
        is_small_file = stat.S_ISREG(status.st_mode) and status.st_size <= LARGEST_FILE
        content = path.read_bytes() if path.is_absolute() and is_small_file else b"\0"
    except (OSError, ValueError):  # ValueError: the path has a NUL or cannot be encoded
        return ()
    if b"\0" in content:
        return ()
    return tuple(map(shown_line, content.decode(errors="replace").split("\n")))


def shown_line(text: str) -> str:
    """Expand tabs, and cut what a minifier or a generator wrote."""
    line = text.rstrip().expandtabs(TAB)
    return line if len(line) <= LONGEST_LINE else f"{line[:LONGEST_LINE]} …"
