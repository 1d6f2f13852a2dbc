"""What the user sees while leakcheck works.

Its own words go to standard error, the tests' output to standard output as it comes.
"""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

__all__ = ["TerminalWatcher", "forget_standard_output"]


class TerminalWatcher:
    """Shows steps with a spinner on a terminal, as plain lines elsewhere.

    With `all_to_errors` standard output is for something else than the tested program's.
    """

    def __init__(self, errors: Console, *, all_to_errors: bool = False) -> None:
        self._errors = errors
        self._all_to_errors = all_to_errors

    @contextlib.contextmanager
    def step(self, text: str) -> Iterator[None]:
        """Show `text` as long as the step takes."""
        if not self._errors.is_terminal:
            self.say(f"{text} …")
            yield
            return
        with self._errors.status(f"{text} …"):
            yield

    def say(self, text: str) -> None:
        """Print one line that is not wrapped."""
        self._errors.print(text, soft_wrap=True, markup=False, highlight=False, style="dim")

    def output(self, data: bytes) -> None:
        """Pass on what the tested program wrote; a reader that went away is no error."""
        try:
            stream = sys.stderr if self._all_to_errors else sys.stdout
            stream.buffer.write(data)
            stream.buffer.flush()
        except BrokenPipeError:
            forget_standard_output()

    def section(self, title: str) -> contextlib.AbstractContextManager[None]:  # noqa: ARG002
        """Mark nothing: a terminal shows one line after the other."""
        return contextlib.nullcontext()


def forget_standard_output() -> None:
    """Send standard output nowhere: `leakcheck … | head` still ends with the right exit code."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
