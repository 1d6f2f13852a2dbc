"""Names for leaks that stay the same on other machines, in other builds, at other lines.

An id is 12 hexadecimal digits of a SHA-256 over the functions of the stack and where each is
(the base name of its file, or of its library), without what changes by itself: addresses, line
numbers, folders, cgo's hashes, numbers of closures, library versions, and the runtimes' own
frames. Leaks that then look alike (two lines of one function) are told apart by their order.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from leakcheck.symbolise import is_runtime

if TYPE_CHECKING:
    from collections.abc import Iterable

    from leakcheck.model import Frame, Leak

__all__ = ["CGO_HASH", "CLOSURE_NUMBERS", "fingerprint", "stable_frame", "with_ids"]

ID_DIGITS = 12

CGO_HASH = re.compile(r"_cgo(exp|expwrap)?_[0-9a-f]{8,}_")
CLOSURE_NUMBERS = re.compile(r"\.(func|gowrap|deferwrap)?[0-9]+(?=\.|-|$)")
OFFSET = re.compile(r"\+0x[0-9a-f]+$|^0x[0-9a-f]+$")
LIBRARY_VERSION = re.compile(r"(?<=\.so)[.0-9]+$|-[0-9][.0-9]*(?=\.so)")


def with_ids(leaks: Iterable[Leak]) -> tuple[Leak, ...]:
    """Give every leak of one run its id; the second of a fingerprint gets `-2`, and so on.

    `held_by` follows where a leak had an id before; what holds a leak and is not here is left out.
    """
    alike: dict[str, list[Leak]] = defaultdict(list)
    for leak in leaks:
        alike[fingerprint(leak)].append(leak)
    named = [
        (leak, digits if number == 1 else f"{digits}-{number}")
        for digits, group in alike.items()
        for number, leak in enumerate(sorted(group, key=lines), 1)
    ]
    new_ids = {leak.id: new_id for leak, new_id in named}
    return tuple(
        replace(
            leak, id=new_id, held_by=tuple(new_ids[old] for old in leak.held_by if old in new_ids)
        )
        for leak, new_id in named
    )


def fingerprint(leak: Leak) -> str:
    """Hash what is stable of a leak: kind, test and frames."""
    frames = [frame for frame in leak.stack if not is_runtime(frame)] or leak.stack
    parts = [leak.kind.value, leak.test or "", *map(stable_frame, frames)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:ID_DIGITS]


def stable_frame(frame: Frame) -> str:
    """Write one frame without what other builds change: `_cgo_Cfunc_probe_open (probe.go)`."""
    function = OFFSET.sub("", frame.function)
    function = CGO_HASH.sub(r"_cgo\1_", function)
    if frame.language == "go":
        function = CLOSURE_NUMBERS.sub(r".\1", function)
    return f"{function} ({place(frame)})"


def place(frame: Frame) -> str:
    """Name the library without its version, else the source file without its folder.

    Debug files of libraries are on some machines only, and a program's own name is accidental
    (`pkg.test`), so a library counts by its name and a program by its files.
    """
    if ".so" in frame.module:
        return LIBRARY_VERSION.sub("", frame.module)
    return (frame.file or "").rpartition("/")[2]


def lines(leak: Leak) -> tuple[tuple[int, int], ...]:
    """Order leaks of one fingerprint as their lines stand in the files."""
    return tuple((frame.line or 0, frame.address) for frame in leak.stack)
