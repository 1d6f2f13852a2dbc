"""Where leakcheck is tried: an environment, and what is asked there."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from leakcheck.model import Level

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["C_CASES", "EXAMPLE", "GO_CASES", "Axis", "Place", "Question", "corpus"]


class Axis(str, Enum):
    """What differs from place to place; the value is the heading of its table."""

    GO = "Go"
    TCMALLOC = "gperftools"
    COMPILER = "C compiler"
    SYSTEM = "C library"
    RUST = "Rust"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A command whose output must match the regular expression `expected`.

    `argv` starts with what stands after `python`, unless it `is_program`.
    """

    label: str
    argv: tuple[str, ...]
    expected: str
    is_program: bool = False
    folder: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One row: keys for the environment, or the folder of another system (`root`).

    `absence` says why it cannot be had here; then nothing is asked.
    """

    axis: Axis
    name: str
    questions: tuple[Question, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    root: Path | None = None
    absence: str = ""


def corpus(label: str, pattern: str, *levels: Level) -> Question:
    """Ask the cases of the labelled corpus that match at these levels; none may be wrong."""
    named = tuple(word for level in levels for word in ("--level", level.value))
    return Question(
        label=label, argv=("-m", "tests.corpus", pattern, *named), expected=r"\d+ runs, 0 wrong"
    )


_GO = "leaks-|keeps-|busy-|initial-|testmain-"
GO_CASES = corpus("Go cases", f"^({_GO})", Level.NORMAL, Level.STRICT)
C_CASES = corpus("C cases", f"^(?!{_GO})", Level.NORMAL, Level.STRICT)
EXAMPLE = Question(
    label="example",
    argv=("-m", "leakcheck", "demo"),
    expected=r"Found (\d+) of \1 planted leaks, and nothing else",
)
