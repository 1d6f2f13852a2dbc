"""`/proc/<pid>/maps`: which file lies where in a program's memory."""

from __future__ import annotations

import bisect
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from leakcheck.reportlines import malformed, report_lines

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Mapping", "find_mapping", "parse_maps", "parse_maps_lines", "render_maps"]

MAPS_LINE = re.compile(
    r"([0-9a-f]{1,16})-([0-9a-f]{1,16}) ([r-][w-][x-][ps-]) ([0-9a-f]{1,16})"
    r" ([0-9a-f]{2,8}:[0-9a-f]{2,8}) ([0-9]{1,20})(?: +([^ ].*)?)?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapping:
    """One line: addresses `start` (in) to `end` (out) show `path` from byte `offset` on.

    `path` is "" for anonymous memory, `[stack]`, `[vdso]`, … for the kernel's own, and ends in
    ` (deleted)` when the file is gone. `device` is `major:minor` in hexadecimal. gperftools writes
    the fourth of `permissions` as `-` where the kernel says `s`, shared.
    """

    start: int
    end: int
    permissions: str = "r-xp"
    offset: int = 0
    device: str = "00:00"
    inode: int = 0
    path: str = ""


def parse_maps(text: str, *, source: str = "/proc/self/maps") -> tuple[Mapping, ...]:
    """Read a whole maps file. Raises `MalformedReport`."""
    return parse_maps_lines(enumerate(report_lines(text, source=source), 1), source=source)


def parse_maps_lines(numbered: Iterable[tuple[int, str]], *, source: str) -> tuple[Mapping, ...]:
    """Read numbered lines, and put them in order: those of unloaded libraries come last.

    A line is `55d0c0a00000-55d0c0a05000 r-xp 00001000 fe:00 1234   /path/prog`.
    Raises `MalformedReport` for any other line.
    """
    mappings = (parse_mapping(line, number, source) for number, line in numbered)
    return tuple(sorted(mappings, key=lambda mapping: mapping.start))


def parse_mapping(line: str, number: int, source: str) -> Mapping:
    """Read one line; `number` and `source` are for the error."""
    match = MAPS_LINE.fullmatch(line)
    if match is None:
        raise malformed(source, number, line, "not a line of /proc/self/maps")
    start, end, permissions, offset, device, inode, path = match.groups()
    if int(start, 16) >= int(end, 16):
        raise malformed(source, number, line, "a mapping ends before it starts")
    return Mapping(
        start=int(start, 16),
        end=int(end, 16),
        permissions=permissions,
        offset=int(offset, 16),
        device=device,
        inode=int(inode),
        path=path or "",
    )


def render_maps(mappings: Iterable[Mapping]) -> str:
    """Write the text `parse_maps` reads, in the kernel's own columns."""
    return "".join(
        f"{m.start:08x}-{m.end:08x} {m.permissions} {m.offset:08x} {m.device} {m.inode}".ljust(73)
        + f"{m.path}\n"
        for m in mappings
    )


def find_mapping(address: int, mappings: tuple[Mapping, ...]) -> Mapping | None:
    """Find where `address` lies; `mappings` are sorted by address, as the kernel does."""
    index = bisect.bisect_right(mappings, address, key=lambda mapping: mapping.start)
    found = mappings[index - 1] if index else None
    return found if found is not None and address < found.end else None
