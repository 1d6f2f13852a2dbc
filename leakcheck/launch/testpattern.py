"""Patterns of `go test -run`: cut as package testing cuts them, and narrowed to one test.

`TestA/x|TestB` means: of what matches `TestA` the subtests that match `x`, and all of `TestB`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["list_patterns", "one_test_pattern", "parse_test_list", "split_pattern"]

_NAME = re.compile(r"(?:Test|Fuzz|Example)\w*")
_ANY_NAME = "."


def split_pattern(pattern: str) -> tuple[tuple[str, ...], ...]:
    """Cut at each `|`, and each of these at each `/`, both outside brackets and parentheses.

    The same as `splitRegexp` of testing/match.go.
    """
    alternatives: list[tuple[str, ...]] = []
    elements: list[str] = []
    start = 0
    for at in _separators(pattern):
        elements.append(pattern[start:at])
        start = at + 1
        if pattern[at] == "|":
            alternatives.append(tuple(elements))
            elements = []
    return (*alternatives, (*elements, pattern[start:]))


def list_patterns(pattern: str | None) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Give for `-test.list` what selects top-level tests, each with the rest for their subtests.

    `-test.list` knows no subtests, and an empty pattern means to it that nothing is listed.
    """
    firsts: dict[tuple[str, ...], list[str]] = {}
    for first, *rest in split_pattern(pattern or ""):
        firsts.setdefault(tuple(rest), []).append(first)
    return tuple((_either(group), rest) for rest, group in firsts.items())


def parse_test_list(output: str) -> tuple[str, ...]:
    """Read what `-test.list` prints, one name a line; benchmarks are not run, so not named.

    A `TestMain` may print lines of its own, which are no names.
    """
    return tuple(line for line in output.splitlines() if _NAME.fullmatch(line))


def one_test_pattern(name: str, rests: Sequence[tuple[str, ...]]) -> str:
    """Write `^TestX$/sub` for one test and the patterns of its subtests; () selects all."""
    if () in rests:
        return f"^{name}$"
    return "|".join("/".join((f"^{name}$", *rest)) for rest in rests)


def _separators(pattern: str) -> Iterator[int]:
    """Find each `|` and `/` that is not escaped and not inside `[]` or `()`."""
    brackets = parentheses = 0
    is_escaped = False
    for at, character in enumerate(pattern):
        if is_escaped:
            is_escaped = False
        elif character == "\\":
            is_escaped = True
        elif character == "[":
            brackets += 1
        elif character == "]":
            brackets = max(brackets - 1, 0)
        elif brackets:
            continue
        elif character in "()":
            parentheses += 1 if character == "(" else -1
        elif character in "|/" and parentheses == 0:
            yield at


def _either(patterns: Sequence[str]) -> str:
    """Join patterns; each is a group of its own, so that `(?i)` in one does not reach others."""
    if len(patterns) == 1:
        return patterns[0] or _ANY_NAME
    return "|".join(f"(?:{pattern})" for pattern in patterns)
