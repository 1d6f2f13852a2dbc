"""One rule of a suppression file, and the leaks it matches by their own stack."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

from leakcheck.model import Frame, LeakKind, Level
from leakcheck.suppressions.wildcards import matches_glob, matches_template

if TYPE_CHECKING:
    from collections.abc import Sequence

    from leakcheck.model import Leak

__all__ = [
    "ALLOCATORS",
    "BlockRule",
    "FramePattern",
    "LineRule",
    "Place",
    "Rule",
    "is_allocator_only",
    "kinds_of",
]

ALLOCATORS = (
    "malloc",
    "calloc",
    "realloc",
    "memalign",
    "aligned_alloc",
    "posix_memalign",
    "valloc",
    "pvalloc",
    "operator new(unsigned long)",
    "operator new[](unsigned long)",
    "operator new(unsigned long, std::nothrow_t const&)",
    "operator new[](unsigned long, std::nothrow_t const&)",
    "operator new(unsigned long, std::align_val_t)",
    "operator new[](unsigned long, std::align_val_t)",
)
"""What stands first in Valgrind's stacks and not in ours."""

_VALGRINDS_OWN = ("vgpreload_memcheck-amd64-linux.so",)


class Place(enum.Enum):
    """What of a frame a line of a block names; ANY_FRAMES is `...`."""

    FUNCTION = "fun"
    OBJECT = "obj"
    SOURCE = "src"
    ANY_FRAMES = "..."


@dataclass(frozen=True, slots=True, kw_only=True)
class LineRule:
    """`leak:pattern`: matches a leak with the pattern in a function, file or module of its stack.

    `origin` names the rule in reports: `FILE:LINE leak:pattern`.
    """

    origin: str
    pattern: str

    def matches(self, leak: Leak, level: Level) -> bool:  # noqa: ARG002 - the same at all levels
        """Tell whether any frame fits."""
        return any(
            matches_template(self.pattern, text)
            for frame in leak.stack
            for text in (frame.module, frame.function, frame.file or "")
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FramePattern:
    """One line of a block: `fun:open_*`; `line` is that of `src:open.c:12`."""

    place: Place
    pattern: str = ""
    line: int | None = None

    def matches(self, frame: Frame) -> bool:
        """Tell whether one frame fits; objects are compared by their names without folders."""
        if self.place is Place.FUNCTION:
            return matches_glob(self.pattern, frame.function)
        if self.place is Place.OBJECT:
            return matches_glob(self.pattern.rpartition("/")[2], frame.module)
        file = frame.file or ""
        text = file if "/" in self.pattern else file.rpartition("/")[2]
        return self.line in {None, frame.line} and matches_glob(self.pattern, text)


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockRule:
    """A Valgrind block: the stack of a leak must begin with these frames, leaf first.

    `kinds` are Valgrind's leak kinds. A block for another tool or error has `is_for_leaks` False
    and never matches.
    """

    origin: str
    frames: tuple[FramePattern, ...]
    kinds: frozenset[str]
    is_for_leaks: bool = True

    def matches(self, leak: Leak, level: Level) -> bool:
        """Tell whether kind and stack fit, with or without Valgrind's frame of the allocator."""
        if not self.is_for_leaks or not self.kinds & kinds_of(leak.kind, level):
            return False
        is_called = bool(self.frames) and _is_allocator(self.frames[0])
        return begins_with(leak.stack, self.frames) or (
            is_called and begins_with(leak.stack, self.frames[1:])
        )


Rule = LineRule | BlockRule


def kinds_of(kind: LeakKind, level: Level) -> frozenset[str]:
    """Say what Valgrind would call a leak: above normal, ours may be reachable for Valgrind."""
    if kind is LeakKind.INDIRECT:
        return frozenset({"indirect"})
    more = () if level is Level.NORMAL else ("possible", "reachable")
    return frozenset({"definite", *more})


def begins_with(stack: Sequence[Frame], frames: Sequence[FramePattern]) -> bool:
    """Match frame patterns from the leaf on; where one does not fit, the last `...` takes more."""
    at = position = 0
    dots, after_dots = -1, 0
    while at < len(frames):
        if frames[at].place is Place.ANY_FRAMES:
            dots, after_dots, at = at, position, at + 1
        elif position < len(stack) and frames[at].matches(stack[position]):
            at, position = at + 1, position + 1
        elif dots >= 0 and after_dots < len(stack):
            after_dots += 1
            at, position = dots + 1, after_dots
        else:
            return False
    return True


def is_allocator_only(frames: Sequence[FramePattern]) -> bool:
    """Tell whether frames would fit every leak there is: nothing but `...` and the allocator."""
    return all(frame.place is Place.ANY_FRAMES or _is_allocator(frame) for frame in frames)


def _is_allocator(frame: FramePattern) -> bool:
    if frame.place is Place.FUNCTION:
        return any(matches_glob(frame.pattern, name) for name in ALLOCATORS)
    pattern = frame.pattern.rpartition("/")[2]
    return frame.place is Place.OBJECT and any(
        matches_glob(pattern, name) for name in _VALGRINDS_OWN
    )
