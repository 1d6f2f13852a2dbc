"""A suppression file: LeakSanitizer's lines and Valgrind's blocks, mixed as they come.

# a comment
leak:libfontconfig
{
   <a name>
   Memcheck:Leak
   match-leak-kinds: definite
   fun:malloc
   ...
   obj:*/libX11.so*
}
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from leakcheck.errors import BadInput
from leakcheck.suppressions.rules import (
    BlockRule,
    FramePattern,
    LineRule,
    Place,
    is_allocator_only,
)
from leakcheck.suppressions.wildcards import simplified_glob
from leakcheck.symbolise import demangle

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from leakcheck.suppressions.rules import Rule

__all__ = ["parse_suppressions", "read_suppressions"]

LEAK_KINDS = frozenset({"definite", "indirect", "possible", "reachable"})
EVERYTHING = re.compile(r"[*^$]*")
ERROR_LINE = re.compile(r"([\w,-]+):([\w-]+)", re.ASCII)
SOURCE_LINE = re.compile(r"(.+?)(?::([0-9]{1,9}))?")
KINDS_KEY = "match-leak-kinds:"
LONGEST_MANGLED = 2000
QUOTED_CHARACTERS = 120
HINT = "write leak:FUNCTION, or a Valgrind block as --print-suppressions prints them"

Line = tuple[int, str]


def read_suppressions(path: Path) -> tuple[Rule, ...]:
    """Read a file. Raises `BadInput`; bytes that are not UTF-8 are kept as they are."""
    try:
        text = path.read_bytes().decode(errors="surrogateescape")
    except OSError as error:
        raise BadInput(
            f"cannot read the suppressions {path}",
            why=error.strerror or str(error),
            hint="--suppressions FILE",
        ) from error
    return parse_suppressions(text, source=str(path))


def parse_suppressions(text: str, *, source: str) -> tuple[Rule, ...]:
    """Read rules. Raises `BadInput` with `source`, line number and line."""
    lines = _told_lines(text)
    return tuple(_rule(line, lines, source) for line in lines)


def _told_lines(text: str) -> Iterator[Line]:
    """Give the lines with something on them, without the blanks around; comments are nothing."""
    for number, line in enumerate(text.split("\n"), 1):
        words = line.strip()
        if words and not words.startswith("#"):
            yield number, words


def _rule(line: Line, lines: Iterator[Line], source: str) -> Rule:
    """Read what `line` begins: `leak:pattern` is whole, `{` takes the lines up to `}`."""
    number, words = line
    if words == "{":
        return _block(number, lines, source)
    kind, colon, pattern = words.partition(":")
    if kind != "leak" or not colon:
        raise _bad(source, line, "neither leak:PATTERN nor a { that begins a block")
    if EVERYTHING.fullmatch(pattern.strip()):
        raise _bad(source, line, "a pattern that names nothing")
    return LineRule(origin=f"{source}:{number} {words}", pattern=pattern)


def _block(number: int, lines: Iterator[Line], source: str) -> BlockRule:
    """Read a block whose `{` was line `number`: name, tool and kind of error, frames, `}`."""
    first, name = _within(lines, (number, "{"), source)
    error = _within(lines, (first, name), source)
    match = ERROR_LINE.fullmatch(error[1])
    if match is None:
        raise _bad(source, error, "not TOOL:ERROR, as in Memcheck:Leak")
    is_for_leaks = "Memcheck" in match[1].split(",") and match[2] == "Leak"
    body = list(_body(lines, error, source))
    origin = f"{source}:{number} {name}"
    if not is_for_leaks:
        why = f"{origin} ({error[1]} is no leak)"
        return BlockRule(origin=why, frames=(), kinds=frozenset(), is_for_leaks=False)
    kinds = LEAK_KINDS
    if body and body[0][1].startswith(KINDS_KEY):
        kinds = _kinds(body.pop(0), source)
    frames = tuple(_frame(line, source) for line in body)
    if is_allocator_only(frames):
        raise _bad(source, error, "no frame in this block tells one leak from another")
    return BlockRule(origin=origin, frames=frames, kinds=kinds)


def _body(lines: Iterator[Line], before: Line, source: str) -> Iterator[Line]:
    """Give the lines up to `}`."""
    line = before
    for line in lines:
        if line[1] == "}":
            return
        yield line
    raise _bad(source, line, "the block that this line is in has no }")


def _within(lines: Iterator[Line], before: Line, source: str) -> Line:
    """Give the next line of a block."""
    line = next(lines, None)
    if line is None or line[1] == "}":
        raise _bad(source, line or before, "the block ends before it says what it suppresses")
    return line


def _kinds(line: Line, source: str) -> frozenset[str]:
    """Read `match-leak-kinds: definite,indirect`."""
    words = {word.strip() for word in line[1].removeprefix(KINDS_KEY).split(",")}
    unknown = words - LEAK_KINDS - {"all", "none"}
    if unknown:
        raise _bad(source, line, f"not a kind of leak: {min(unknown)!r}")
    return LEAK_KINDS if "all" in words else frozenset(words - {"none"})


def _frame(line: Line, source: str) -> FramePattern:
    """Read `fun:open_*`, `obj:*/libX11.so*`, `src:open.c:12` or `...`."""
    words = line[1]
    if words == "...":
        return FramePattern(place=Place.ANY_FRAMES)
    key, _, pattern = words.partition(":")
    if not pattern or key not in {"fun", "obj", "src"}:
        raise _bad(source, line, "not fun:NAME, obj:NAME, src:FILE or ...")
    if key == "src":
        match = SOURCE_LINE.fullmatch(pattern)
        file, number = match.groups() if match else (pattern, None)
        return FramePattern(
            place=Place.SOURCE,
            pattern=simplified_glob(file),
            line=int(number) if number else None,
        )
    # Valgrind's names of C++ functions are mangled, a report's are not.
    name = demangle(pattern) if len(pattern) <= LONGEST_MANGLED else pattern
    return FramePattern(place=Place(key), pattern=simplified_glob(name))


def _bad(source: str, line: Line, why: str) -> BadInput:
    number, words = line
    quoted = repr(words[:QUOTED_CHARACTERS]) + (" …" if len(words) > QUOTED_CHARACTERS else "")
    return BadInput(
        f"cannot read the suppressions {source}", why=f"line {number}: {why}: {quoted}", hint=HINT
    )
