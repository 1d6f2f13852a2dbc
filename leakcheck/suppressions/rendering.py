"""Rules for the leaks that were found: Valgrind blocks, because a block names a whole stack.

What a build changes by itself (cgo's hashes, numbers of closures, library versions) is a
wildcard, and what only starts programs, threads or tests is left out.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from leakcheck.judge import is_accepted
from leakcheck.leakid import CGO_HASH, CLOSURE_NUMBERS
from leakcheck.model import LeakKind
from leakcheck.suppressions.rules import FramePattern, Place, is_allocator_only
from leakcheck.symbolise import is_glue, is_runtime, split_creator

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from leakcheck.model import Frame, Leak

__all__ = ["render_suppressions"]

MOST_FRAMES = 24
"""As many as Valgrind reads of a block."""

KINDS = {LeakKind.DIRECT: "definite", LeakKind.INDIRECT: "indirect"}

NO_NAME = re.compile(r".*\+0x[0-9a-f]+|0x[0-9a-f]+|", re.DOTALL)
LIBRARY_VERSION = re.compile(r"(?<=\.so)[.0-9]+$")


def render_suppressions(leaks: Iterable[Leak]) -> str:
    """Write a block for each stack among the leaks that nobody accepted.

    An indirect leak that only such leaks hold is suppressed with them and needs none. A leak
    whose stack has no name in it gets a comment: a block for it would fit any leak.
    """
    found = [leak for leak in leaks if not is_accepted(leak)]
    direct = {leak.id for leak in found if leak.kind is LeakKind.DIRECT}
    needed = [leak for leak in found if not leak.held_by or not direct.issuperset(leak.held_by)]
    return "".join({block_lines(leak): block(leak) for leak in reversed(needed)}.values())


def block(leak: Leak) -> str:
    """Write one block, its name first: the id of the leak and the user's function in it."""
    users = (frame for frame in leak.stack if not is_glue(frame) and not is_runtime(frame))
    function = next((written(frame.function) for frame in users), "")
    title = f"leak {leak.id} {function}".rstrip()
    lines = block_lines(leak)
    if not lines:
        return f"# {title}: its stack has no names, so there is no rule for it\n"
    return "\n   ".join(("{", title, *lines)) + "\n}\n"


def block_lines(leak: Leak) -> tuple[str, ...]:
    """Write all of a block but its name; nothing where it would fit any leak."""
    patterns = [frame_pattern(frame) for frame in told_frames(leak.stack)]
    if is_allocator_only(patterns):
        return ()
    frames = (f"{pattern.place.value}:{pattern.pattern}" for pattern in patterns)
    return ("Memcheck:Leak", f"match-leak-kinds: {KINDS[leak.kind]}", *frames)


def told_frames(stack: Sequence[Frame]) -> Sequence[Frame]:
    """Leave out the outermost frames that are a runtime's, and what is too much for a block."""
    own, _ = split_creator(stack)
    end = max((index for index, frame in enumerate(own, 1) if not is_runtime(frame)), default=0)
    return own[: min(end or len(own), MOST_FRAMES)]


def frame_pattern(frame: Frame) -> FramePattern:
    """Name a function, or the library where the function has no name."""
    if not NO_NAME.fullmatch(frame.function):
        name = written(frame.function)
        if frame.language == "go":
            name = CLOSURE_NUMBERS.sub(r".\1*", name)
        return FramePattern(place=Place.FUNCTION, pattern=name)
    module = LIBRARY_VERSION.sub("*", written(frame.module)) or "*"
    return FramePattern(place=Place.OBJECT, pattern=module)


def written(name: str) -> str:
    """Write a name as a pattern: `?` is any one character, also a `*` or what ends a line."""
    plain = "".join(c if c.isascii() and c.isprintable() and c != "*" else "?" for c in name)
    kept = plain.rstrip()
    return CGO_HASH.sub(r"_cgo\1_*_", kept + "?" * (len(plain) - len(kept)))
