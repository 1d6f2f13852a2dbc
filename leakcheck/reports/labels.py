"""Lines of the terminal report: labels right-aligned in a column, as cargo prints them."""

from __future__ import annotations

from rich.text import Text

from leakcheck.model import Check, Tests

__all__ = ["BAD", "CHECK_STYLE", "FAINT", "LABEL_WIDTH", "TESTS_STYLE", "labelled"]

LABEL_WIDTH = 12

GOOD, BAD, UNSURE, FAINT, LABEL = "green", "bold red", "yellow", "dim", "bold cyan"

TESTS_STYLE = {
    Tests.PASSED: GOOD,
    Tests.NONE_RAN: UNSURE,
    Tests.FAILED: BAD,
    Tests.CRASHED: BAD,
    Tests.TIMED_OUT: BAD,
}
CHECK_STYLE = {Check.CLEAN: GOOD, Check.LEAKS: BAD, Check.NOT_CHECKED: UNSURE}


def labelled(label: str, text: Text | str, style: str = "", *, label_style: str = LABEL) -> Text:
    """Put a label, right-aligned, before a line."""
    line = Text(label.rjust(LABEL_WIDTH), label_style if label else "").append(" ")
    return line.append_text(Text(text, style) if isinstance(text, str) else text)
