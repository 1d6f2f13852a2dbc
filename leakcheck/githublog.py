"""What the user sees in a log of GitHub Actions while leakcheck works."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from leakcheck.progress import TerminalWatcher
from leakcheck.reports.githubfile import command

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

__all__ = ["GroupingWatcher"]


class GroupingWatcher(TerminalWatcher):
    """Puts what one package says into a group of GitHub's log, which folds it."""

    def __init__(self, errors: Console, *, all_to_errors: bool = False) -> None:
        super().__init__(errors, all_to_errors=all_to_errors)
        self._is_line_open = False

    def output(self, data: bytes) -> None:
        """Pass on, and remember whether a line is open."""
        super().output(data)
        self._is_line_open = not data.endswith(b"\n") if data else self._is_line_open

    @contextlib.contextmanager
    def section(self, title: str) -> Iterator[None]:
        """Begin and end a group, each on a line of its own."""
        self.output(f"{command('group', title)}\n".encode(errors="backslashreplace"))
        try:
            yield
        finally:
            newline = "\n" if self._is_line_open else ""
            self.output(f"{newline}{command('endgroup', '')}\n".encode())
