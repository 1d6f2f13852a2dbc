"""One line per step on standard error, with a right-aligned label."""

from __future__ import annotations

import os
import sys

__all__ = ["render_step", "show_step"]

LABEL_WIDTH = 12


def render_step(label: str, text: str, *, colour: bool) -> str:
    """`  Installing gcc, libc6-dev`: the label in bold green when `colour`."""
    aligned = f"{label:>{LABEL_WIDTH}}"
    return f"\x1b[1;32m{aligned}\x1b[0m {text}\n" if colour else f"{aligned} {text}\n"


def show_step(label: str, text: str) -> None:
    """Write the step now; colours only on a terminal and without NO_COLOR."""
    colour = sys.stderr.isatty() and not os.environ.get("NO_COLOR")
    sys.stderr.write(render_step(label, text, colour=colour))
    sys.stderr.flush()
