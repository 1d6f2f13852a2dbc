"""The text heap-profile format that pprof reads, written by the agent and by gperftools.

heap profile:      2:      164 [     2:      164] @ heapprofile
     1:      100 [     1:      100] @ 0x000055d0c0a01234 0x000055d0c0a01300
     1:       64 [     1:       64] @ 0x000055d0c0a01260 0x000055d0c0a01300

MAPPED_LIBRARIES:
55d0c0a00000-55d0c0a05000 r-xp 00001000 fe:00 1234   /path/prog

Columns: objects, bytes, the same counted since the start, return addresses leaf first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from leakcheck.procmaps import Mapping, parse_maps_lines, render_maps
from leakcheck.reportlines import malformed, report_lines

__all__ = ["HeapProfile", "Row", "parse_heap_profile", "render_heap_profile"]

COUNTS = r" *([0-9]{1,20}): *([0-9]{1,20}) \[ *([0-9]{1,20}): *([0-9]{1,20})\] @"
HEADER = re.compile(rf"heap profile:{COUNTS} ([a-z0-9_/]{{1,40}}) *")
ROW = re.compile(rf"{COUNTS}((?: 0x[0-9a-f]{{1,16}})*) *")
MAPS_HEADER = "MAPPED_LIBRARIES:"
COUNTED_KIND = "heapprofile"
MOST = 2**63 - 1
"""gperftools counts in signed 64-bit integers, and so does profile.proto."""

Numbered = Iterator[tuple[int, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Blocks of one stack: now in use (or leaked), and allocated since the start."""

    objects: int
    bytes: int
    allocated_objects: int
    allocated_bytes: int
    addresses: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HeapProfile:
    """A whole file. `total` is the header's own sum, which a cut profile does not match."""

    total: Row
    rows: tuple[Row, ...] = ()
    mappings: tuple[Mapping, ...] = ()

    @property
    def objects(self) -> int:
        """Blocks counted over the rows."""
        return sum(row.objects for row in self.rows)

    @property
    def bytes(self) -> int:
        """Bytes counted over the rows."""
        return sum(row.bytes for row in self.rows)


def parse_heap_profile(text: str, *, source: str) -> HeapProfile:
    """Read a `.heap` file. Raises `MalformedReport` with `source`, line number and line.

    Sampled profiles (`@ heap_v2/…`) are refused, since their numbers are estimates, and those of
    other things than allocations (`@ growth`).
    """
    numbered = iter(enumerate(report_lines(text, source=source), 1))
    total = parse_header(numbered, source)
    rows = tuple(parse_rows(numbered, source))
    mappings = parse_maps_lines((pair for pair in numbered if pair[1]), source=source)
    return HeapProfile(total=total, rows=rows, mappings=mappings)


def parse_header(numbered: Numbered, source: str) -> Row:
    """Read `heap profile:      2:      164 [     2:      164] @ heapprofile`."""
    number, line = next(numbered, (1, None))
    match = HEADER.fullmatch(line or "")
    if match is None:
        raise malformed(source, number, line, "not the header of a heap profile")
    if match[5] != COUNTED_KIND:
        raise malformed(source, number, line, f"its kind {match[5]} is not {COUNTED_KIND}")
    return counted(match, number, source)


def parse_rows(numbered: Numbered, source: str) -> Iterator[Row]:
    """Read rows up to and with `MAPPED_LIBRARIES:`; blank lines may stand between."""
    number = 1
    for number, line in numbered:
        if line == MAPS_HEADER:
            return
        if line:
            yield parse_row(line, number, source)
    raise malformed(source, number + 1, None, f"no {MAPS_HEADER} line")


def parse_row(line: str, number: int, source: str) -> Row:
    """Read `     1:      100 [     1:      100] @ 0x000055d0c0a01234 0x000055d0c0a01300`."""
    match = ROW.fullmatch(line)
    if match is None:
        raise malformed(source, number, line, "not a row of a heap profile")
    addresses = tuple(int(word, 16) for word in match[5].split())
    return counted(match, number, source, addresses)


def counted(match: re.Match[str], number: int, source: str, addresses: tuple[int, ...] = ()) -> Row:
    """Read the four numbers that the header and every row begin with."""
    counts = tuple(map(int, match.group(1, 2, 3, 4)))
    if max(counts) > MOST:
        raise malformed(source, number, match[0], f"{max(counts)} is more than can be counted")
    objects, size, allocated_objects, allocated_size = counts
    return Row(
        objects=objects,
        bytes=size,
        allocated_objects=allocated_objects,
        allocated_bytes=allocated_size,
        addresses=addresses,
    )


def render_heap_profile(profile: HeapProfile) -> str:
    """Write the text that `parse_heap_profile` and pprof read."""
    header = f"heap profile: {render_counts(profile.total)} heapprofile\n"
    rows = "".join(
        f"{render_counts(row)}{''.join(f' 0x{address:016x}' for address in row.addresses)}\n"
        for row in profile.rows
    )
    return f"{header}{rows}\n{MAPS_HEADER}\n{render_maps(profile.mappings)}"


def render_counts(row: Row) -> str:
    """Write the columns before the addresses, as wide as gperftools does."""
    return f"{row.objects:6}: {row.bytes:8} [{row.allocated_objects:6}: {row.allocated_bytes:8}] @"
