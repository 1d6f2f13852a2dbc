"""A Go program's DWARF: entries found by their name, and the members of structures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from elftools.elf.elffile import ELFFile

from leakcheck.toolchain.elf import DAMAGE_ERRORS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from elftools.dwarf.die import DIE
    from elftools.dwarf.dwarfinfo import DWARFInfo

__all__ = [
    "STRUCTURES",
    "DebugInformation",
    "DwarfMissing",
    "SelectiveElf",
    "read_structures",
    "read_uleb128",
]

STRUCTURES = (
    "runtime.g",
    "runtime.m",
    "runtime.gobuf",
    "runtime.stack",
    "runtime.mheap",
    "runtime.moduledata",
    "runtime._func",
    "testing.T",
    "testing.common",
)
"""The structures whose members are read."""

_SECTIONS = frozenset(
    {
        ".debug_info",
        ".debug_abbrev",
        ".debug_addr",
        ".debug_str",
        ".debug_line_str",
        ".debug_str_offsets",
        ".debug_loc",
        ".debug_loclists",
    }
)
_PLUS_CONSTANT = 0x23  # DW_OP_plus_uconst
_CODE_BYTES = (1, 2)  # of the abbreviation code before a name; Go has fewer than a hundred


class DwarfMissing(Exception):  # noqa: N818 - a reason that is reported, no error of the user's
    """The debug information cannot be read; the text says why."""


class SelectiveElf(ELFFile):
    """Hides the debug sections that are not needed: pyelftools would decompress them all."""

    def get_section_by_name(self, name: str) -> Any:
        """Find a section, unless it is one of those to hide."""
        hidden = name.startswith(".debug_") and name not in _SECTIONS
        return None if hidden else super().get_section_by_name(name)


class DebugInformation:
    """The entries of a program's DWARF, found by name.

    Go writes the names of types and functions into the entries themselves, as the first
    attribute. So an entry is found by searching for its name, a thousand times faster than by
    reading all entries before it.
    """

    def __init__(self, elf: ELFFile) -> None:
        """Decompress the sections. Raises DwarfMissing when there are none or damaged ones."""
        if elf.get_section_by_name(".debug_info") is None:
            raise DwarfMissing("no debug information (built with -ldflags=-w or -s)")
        try:
            self.dwarf: DWARFInfo = elf.get_dwarf_info(
                relocate_dwarf_sections=False, follow_links=False
            )
            section = self.dwarf.debug_info_sec
            self._content = b"" if section is None else _whole(section.stream)
        except DAMAGE_ERRORS as error:
            raise DwarfMissing(f"the debug information cannot be read ({error})") from error

    def entries(self, name: str, tag: str) -> Iterator[DIE]:
        """Find the entries with that name and tag, say `DW_TAG_structure_type`.

        A place where the same bytes stand by chance may be among them, so look at the rest.
        """
        text = name.encode() + b"\0"
        at = self._content.find(text)
        while at >= 0:
            for code_bytes in _CODE_BYTES:
                entry = self._entry(at - code_bytes)
                if entry is not None and entry.tag == tag and _name_at(entry) == at:
                    yield entry
            at = self._content.find(text, at + 1)

    def _entry(self, offset: int) -> DIE | None:
        try:
            return self.dwarf.get_DIE_from_refaddr(offset)
        except DAMAGE_ERRORS:
            return None


def read_structures(information: DebugInformation) -> dict[str, dict[str, int]]:
    """Read the byte offset of each member of each of STRUCTURES.

    Structures that are not described, or not understood, are left out.
    """
    found = {}
    for name in STRUCTURES:
        for entry in information.entries(name, "DW_TAG_structure_type"):
            members = _members(entry)
            if members:
                found[name] = members
                break
    return found


def read_uleb128(data: bytes, at: int) -> tuple[int, int]:
    """Read a variable-length number; also gives the position after it, or 0 at the cut end."""
    value = shift = 0
    for position in range(at, len(data)):
        value |= (data[position] & 0x7F) << shift
        shift += 7
        if data[position] < 0x80:  # noqa: PLR2004 - the last byte has no high bit
            return value, position + 1
    return 0, len(data)


def _members(structure: DIE) -> dict[str, int]:
    """Read the members; none when what follows is no list of members."""
    members = {}
    try:
        for child in structure.iter_children():
            if child.tag == "DW_TAG_member":
                name = child.attributes["DW_AT_name"].value.decode()
                members[name] = _offset(child.attributes["DW_AT_data_member_location"].value)
    except DAMAGE_ERRORS:
        return {}
    return members


def _offset(location: int | list[int]) -> int:
    """Take the number, or the operand of the expression `DW_OP_plus_uconst n` of older Go."""
    if isinstance(location, int):
        return location
    if location[0] != _PLUS_CONSTANT:
        raise ValueError("a member is placed by an unknown expression")
    return read_uleb128(bytes(location), 1)[0]


def _name_at(entry: DIE) -> int:
    """Give where the name stands in the section; -1 without a name."""
    attribute = entry.attributes.get("DW_AT_name")
    return -1 if attribute is None else attribute.offset


def _whole(stream: Any) -> bytes:
    stream.seek(0)
    return bytes(stream.read())
