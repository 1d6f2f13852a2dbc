"""Function names from ELF symbol tables, for code without debug information."""

from __future__ import annotations

import bisect
import lzma
import struct
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any, NamedTuple

from leakcheck.symbolise.image import DAMAGE, elf_of, open_elf

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

__all__ = ["Symbol", "SymbolTable", "read_exported_symbols", "read_symbols"]

ENTRY = struct.Struct("<IBBHQQ")
NOTYPE, FUNC, IFUNC = 0, 2, 10
EXECUTABLE_SECTION = 4

LABELS_IN_A_FUNCTION = 16
"""How many labels of assembly may stand between a function's start and an address in it."""


class Symbol(NamedTuple):
    """A function at its link-time address; `size` 0 when the table does not say."""

    vaddr: int
    size: int
    name: str


@dataclass(frozen=True, slots=True)
class SymbolTable:
    """Functions by address; of several names for one address the plainest is kept."""

    symbols: tuple[Symbol, ...] = ()

    @classmethod
    def of(cls, symbols: Iterable[Symbol]) -> SymbolTable:
        """Sort, and drop the aliases."""
        plainest: dict[int, Symbol] = {}
        for symbol in sorted(symbols, key=plainness, reverse=True):
            plainest[symbol.vaddr] = symbol
        return cls(tuple(plainest[vaddr] for vaddr in sorted(plainest)))

    def find(self, vaddr: int) -> str | None:
        """Name the function that covers `vaddr`, else the label that reaches to the next symbol."""
        index = bisect.bisect_right(self.symbols, vaddr, key=lambda symbol: symbol.vaddr)
        before = self.symbols[max(0, index - LABELS_IN_A_FUNCTION) : index]
        for symbol in reversed(before):
            if vaddr < symbol.vaddr + symbol.size:
                return symbol.name
        is_in_label = before and before[-1].size == 0 and index < len(self.symbols)
        return before[-1].name if is_in_label else None


def plainness(symbol: Symbol) -> tuple[bool, bool, int, str]:
    """Order aliases: sized before unsized, `strdup` before `__strdup`, short before long."""
    is_hidden = symbol.name.startswith("_") and not symbol.name.startswith("_Z")
    return (symbol.size == 0, is_hidden, len(symbol.name), symbol.name)


def read_symbols(path: Path) -> SymbolTable:
    """Read `.symtab`, the small one in `.gnu_debugdata` (Fedora), and `.dynsym`."""
    with open_elf(path) as elf:
        own = functions(elf, ".symtab")
        return SymbolTable.of([*mini_debug_symbols(elf), *own, *exported_functions(elf)])


def read_exported_symbols(path: Path) -> SymbolTable:
    """Read `.dynsym` alone: the names other objects link against."""
    with open_elf(path) as elf:
        return SymbolTable.of(exported_functions(elf))


def exported_functions(elf: Any) -> list[Symbol]:
    """Read `.dynsym` but for its labels: what lies behind one may be a function not exported."""
    return [symbol for symbol in functions(elf, ".dynsym") if symbol.size]


def functions(elf: Any, section_name: str) -> list[Symbol]:
    """Read the functions of one table; none when it is missing or damaged."""
    try:
        section = elf.get_section_by_name(section_name) if elf else None
        return list(section_functions(elf, section)) if section else []
    except DAMAGE:
        return []


def section_functions(elf: Any, section: Any) -> Iterator[Symbol]:
    """Read a table at once: pyelftools' own iterator takes seconds for a Go binary."""
    code = {
        index
        for index, each in enumerate(elf.iter_sections())
        if each["sh_flags"] & EXECUTABLE_SECTION
    }
    strings = section.stringtable.data()
    for name, info, _other, index, vaddr, size in ENTRY.iter_unpack(section.data()):
        if info & 0xF in (NOTYPE, FUNC, IFUNC) and index in code and name:
            text = strings[name : strings.index(b"\0", name)]
            yield Symbol(vaddr, size, text.decode(errors="replace"))


def mini_debug_symbols(elf: Any) -> list[Symbol]:
    """Read the symbols of the xz-compressed ELF file in `.gnu_debugdata`, if there is one."""
    try:
        section = elf.get_section_by_name(".gnu_debugdata") if elf else None
        content = lzma.decompress(section.data()) if section else b""
    except (*DAMAGE, lzma.LZMAError):
        return []
    return functions(elf_of(BytesIO(content)), ".symtab")
