"""Line numbers of functions that the debug information does not place.

gcc folds functions with equal bodies into one (`-fipa-icf`, on at -O2). The other keeps its
symbol, its code and its line numbers, but no entry says where it lies, so a symcache has
nothing to tell of it.
"""

from __future__ import annotations

import bisect
import functools
import posixpath
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from elftools.dwarf.enums import ENUM_DW_LANG

from leakcheck.symbolise.image import DAMAGE, open_elf

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

__all__ = ["LineTables", "SourceLine"]

COUNTED_FROM_0 = 5
"""The DWARF version since which directory 0 is in the table, and files count from 0, not 1."""

LANGUAGE = re.compile(r"DW_LANG_(C|C_plus_plus)(?:_?[0-9]+)?")


class SourceLine(NamedTuple):
    """A place in the source; `language` is the model's word for it, or None."""

    file: str
    line: int
    language: str | None


class Row(NamedTuple):
    """From link-time address `vaddr` on it is this place; None after the end of a sequence."""

    vaddr: int
    place: SourceLine | None


class LineTables:
    """The line tables of one file. A unit's table is read when first asked for, and kept.

    Reading one takes 0.1 s, several for a unit of 200,000 lines.
    """

    def __init__(self, path: Path) -> None:
        """Name the file; nothing is read yet."""
        self._path = path
        self._units: dict[int, tuple[Row, ...]] = {}

    def find(self, vaddr: int) -> SourceLine | None:
        """Look up a link-time address; None where no unit says that it covers it."""
        offset = self._ranges.cu_offset_at_addr(vaddr) if self._ranges else None
        if offset is None:
            return None
        if offset not in self._units:
            self._units[offset] = read_unit(self._path, offset)
        return place_at(self._units[offset], vaddr)

    @functools.cached_property
    def _ranges(self) -> Any:
        """Which unit covers which addresses; None when the file does not say."""
        with open_elf(self._path) as elf:
            try:
                return elf.get_dwarf_info().get_aranges() if elf else None
            except DAMAGE:
                return None


def read_unit(path: Path, offset: int) -> tuple[Row, ...]:
    """Read the line table of the unit at `offset` in `.debug_info`; none when it is damaged."""
    with open_elf(path) as elf:
        try:
            dwarf = elf.get_dwarf_info()
            rows = unit_rows(dwarf, dwarf.get_CU_at(offset))
            return in_order(rows)
        except DAMAGE:
            return ()


def in_order(rows: Iterable[Row]) -> tuple[Row, ...]:
    """Sort by address; where one sequence ends another may begin, and the beginning counts."""
    return tuple(sorted(rows, key=lambda row: (row.vaddr, row.place is not None)))


def place_at(rows: tuple[Row, ...], vaddr: int) -> SourceLine | None:
    """Take the last row that does not lie behind `vaddr`."""
    index = bisect.bisect_right(rows, vaddr, key=lambda row: row.vaddr)
    return rows[index - 1].place if index else None


def unit_rows(dwarf: Any, unit: Any) -> Iterator[Row]:
    """Run a unit's line program."""
    program = dwarf.line_program_for_CU(unit)
    if program is None:
        return
    top = unit.get_top_DIE().attributes
    language = unit_language(top["DW_AT_language"].value if "DW_AT_language" in top else 0)
    folder = text_of(top["DW_AT_comp_dir"].value) if "DW_AT_comp_dir" in top else ""
    files = [posixpath.join(folder, name) for name in file_names(program.header)]
    first = 0 if program.header.version >= COUNTED_FROM_0 else 1
    for state in (entry.state for entry in program.get_entries() if entry.state):
        place = SourceLine(files[state.file - first], state.line, language)
        yield Row(state.address, None if state.end_sequence else place)


def file_names(header: Any) -> Iterator[str]:
    """Put each file's directory before its name, as far as the table tells."""
    folders = [text_of(folder) for folder in header.include_directory]
    if header.version < COUNTED_FROM_0:
        folders.insert(0, "")
    for entry in header.file_entry:
        yield posixpath.join(folders[entry.dir_index], text_of(entry.name))


def unit_language(code: int) -> str | None:
    """Tell C and C++ of any year from the rest."""
    names = (name for name, value in ENUM_DW_LANG.items() if value == code)
    match = LANGUAGE.fullmatch(next(names, ""))
    return {"C": "c", "C_plus_plus": "c++"}[match[1]] if match else None


def text_of(name: bytes) -> str:
    """Decode a path as the system does."""
    return name.decode(errors="surrogateescape")
