"""What the runtimes keep to the end of every program, and nobody but their authors can free.

All of it was measured on programs that do next to nothing. It is held until the end, so only
level draconian reports it, and only there these rules hold. None can match a block that the
user's own code could free.
"""

from __future__ import annotations

from typing import NamedTuple

from leakcheck.suppressions.rules import BlockRule, FramePattern, Place

__all__ = ["BUILT_IN", "BuiltIn"]

_ALL_KINDS = frozenset({"definite", "indirect"})
_HELD_BY_NO_BLOCK = frozenset({"definite"})
_ANY_FRAMES = FramePattern(place=Place.ANY_FRAMES)


class BuiltIn(NamedTuple):
    """One thing that is kept, why, and the rules that recognise it."""

    name: str
    reason: str
    rules: tuple[BlockRule, ...]


def _function(name: str) -> FramePattern:
    return FramePattern(place=Place.FUNCTION, pattern=name)


def _object(name: str) -> FramePattern:
    return FramePattern(place=Place.OBJECT, pattern=name)


def _built_in(
    name: str,
    reason: str,
    *stacks: tuple[FramePattern, ...],
    kinds: frozenset[str] = _ALL_KINDS,
) -> BuiltIn:
    origin = f"built-in: {name}"
    rules = tuple(BlockRule(origin=origin, frames=frames, kinds=kinds) for frames in stacks)
    return BuiltIn(name, reason, rules)


BUILT_IN = (
    _built_in(
        "libstdc++'s pool for exceptions",
        "allocated when the library is loaded, which tcmalloc does in every program",
        (_object("libstdc++.so*"), _object("ld-linux-*.so*")),
    ),
    _built_in(
        "libc's buffers of standard streams",
        "allocated at the first output and never freed; those of a FILE that was not closed"
        " are held by it and are reported",
        (_function("_IO_file_doallocate"),),
        kinds=_HELD_BY_NO_BLOCK,
    ),
    _built_in(
        "libc's locale",
        "loaded by setlocale and kept for the next call",
        (_ANY_FRAMES, _function("setlocale")),
    ),
    _built_in(
        "libc's tables of users and groups",
        "how to look up names is read once and kept; what is found goes into libc's own buffer",
        *(
            (_ANY_FRAMES, _function(name))
            for name in ("getpwuid", "getpwnam", "getgrgid", "getgrnam")
        ),
        *(
            (_ANY_FRAMES, _function(f"{name}_r"))
            for name in ("getpwuid", "getpwnam", "getgrgid", "getgrnam")
        ),
    ),
    _built_in(
        "Go's thread start",
        "the orders for a new thread, which frees them itself as soon as it runs",
        (_function("x_cgo_thread_start"),),
    ),
)
"""All of them; a small list on purpose."""
