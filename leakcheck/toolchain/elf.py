"""What an ELF file says about itself: its libraries, symbols, build id, and whether it is Go.

Symbol tables are read as arrays, not symbol by symbol through pyelftools, which takes a
hundred times longer on a Go program.
"""

from __future__ import annotations

import contextlib
import hashlib
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from elftools.common.exceptions import DWARFError, ELFError
from elftools.construct import ConstructError
from elftools.elf.dynamic import DynamicSegment
from elftools.elf.elffile import ELFFile
from elftools.elf.segments import InterpSegment, NoteSegment

from leakcheck.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path
    from typing import Any

__all__ = ["DAMAGE_ERRORS", "ElfFacts", "Symbol", "find_symbols", "opened_elf", "read_elf"]

DAMAGE_ERRORS = (
    ELFError,
    DWARFError,
    ConstructError,
    struct.error,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    MemoryError,
    TypeError,
    ValueError,
)
"""What reading a damaged ELF file may raise: pyelftools checks little."""

_SYMBOL = struct.Struct("<IBBHQQ")
_BITS = 64
_GNU_BUILD_ID = "NT_GNU_BUILD_ID"
_GO_BUILD_ID = "NT_GNU_GOLD_VERSION"  # 4: pyelftools names it without looking at the owner


@dataclass(frozen=True, slots=True, kw_only=True)
class ElfFacts:
    """An ELF file's account of itself.

    `machine` is pyelftools' name without its prefix ("X86_64"), `interpreter` None for a
    static program or a library, `search_path` its RPATH or RUNPATH with $ORIGIN expanded.
    `build_id` is hexadecimal: the GNU build id, else a hash of Go's, else of the file.
    `exports` are the dynamic symbols it defines.
    """

    path: Path
    machine: str
    bits: int
    interpreter: str | None
    needed: tuple[str, ...]
    search_path: tuple[str, ...] = ()
    soname: str | None = None
    is_go: bool
    has_symtab: bool
    build_id: str
    exports: frozenset[str]


class Symbol(NamedTuple):
    """One entry of a symbol table; `section` is 0 for a symbol that is only used."""

    name: str
    value: int
    section: int
    size: int = 0


def read_elf(path: Path) -> ElfFacts:
    """Read the facts of the ELF file at `path`.

    Raises BadInput when it is missing, cannot be read, or is not a whole ELF file.
    """
    with opened_elf(path) as elf:
        dynamic = _dynamic(elf)
        tags: tuple[Any, ...] = tuple(dynamic.iter_tags()) if dynamic is not None else ()
        return ElfFacts(
            path=path,
            machine=elf_machine(elf),
            bits=elf.elfclass,
            interpreter=_interpreter(elf),
            needed=tuple(tag.needed for tag in tags if tag.entry.d_tag == "DT_NEEDED"),
            search_path=_search_path(path, tags),
            soname=next((tag.soname for tag in tags if tag.entry.d_tag == "DT_SONAME"), None),
            is_go=_is_go(elf),
            has_symtab=bool(_sections(elf, "SHT_SYMTAB")),
            build_id=_build_id(elf) or _sha256(path),
            exports=frozenset(_exports(elf, dynamic)),
        )


def elf_machine(elf: ELFFile) -> str:
    """Name the processor that the file is for, as `ElfFacts.machine` does."""
    return str(elf["e_machine"]).removeprefix("EM_")


@contextlib.contextmanager
def opened_elf(path: Path, reader: type[ELFFile] = ELFFile) -> Iterator[ELFFile]:
    """Open the ELF file at `path` for pyelftools, with ELFFile or a `reader` made from it.

    Raises BadInput as `read_elf` does, for all errors that reading it brings inside the
    `with`.
    """
    try:
        stream = path.open("rb")
    except OSError as error:
        raise BadInput(f"{path} cannot be read", why=error.strerror or str(error)) from error
    with stream:
        try:
            yield reader(stream)
        except (OSError, *DAMAGE_ERRORS) as error:  # OSError: a place before the file's start
            raise BadInput(f"{path} is not a whole ELF file", why=str(error)) from error


def find_symbols(elf: ELFFile, names: Collection[str]) -> dict[str, Symbol]:
    """Find the symbols called `names` in the full symbol table of a 64-bit file.

    Those that are not there are left out. Names are looked up in the string table first, so
    the cost is one pass over the numbers.
    """
    found: dict[str, Symbol] = {}
    for section in _sections(elf, "SHT_SYMTAB"):
        strings = elf.get_section(section["sh_link"]).data()
        wanted = {at: name for name in names for at in _positions(strings, name.encode() + b"\0")}
        for at, _, _, index, value, size in _entries(section.data()):
            if at in wanted:
                found[wanted[at]] = Symbol(wanted[at], value, index, size)
    return found


def _positions(strings: bytes, text: bytes) -> Iterator[int]:
    """Find where `text` stands; a linker may store a name as the tail of a longer one."""
    at = strings.find(text)
    while at >= 0:
        yield at
        at = strings.find(text, at + 1)


def _entries(table: bytes) -> Iterator[tuple[int, int, int, int, int, int]]:
    """Read name offset, info, other, section, value and size of each symbol of a 64-bit file."""
    return _SYMBOL.iter_unpack(table[: len(table) - len(table) % _SYMBOL.size])


def _exports(elf: ELFFile, dynamic: DynamicSegment | None) -> Iterator[str]:
    tables = _sections(elf, "SHT_DYNSYM")
    if elf.elfclass == _BITS and tables:
        for section in tables:
            strings = elf.get_section(section["sh_link"]).data()
            for at, _, _, index, _, _ in _entries(section.data()):
                if index:
                    yield strings[at : strings.index(b"\0", at)].decode(errors="replace")
    elif dynamic is not None and elf.elfclass == _BITS:
        for symbol in dynamic.iter_symbols():
            if symbol["st_shndx"] != "SHN_UNDEF":
                yield symbol.name


def _dynamic(elf: ELFFile) -> DynamicSegment | None:
    segments = elf.iter_segments("PT_DYNAMIC")
    return next((segment for segment in segments if isinstance(segment, DynamicSegment)), None)


def _sections(elf: ELFFile, kind: str) -> tuple[Any, ...]:
    return tuple(elf.iter_sections(kind))


def _interpreter(elf: ELFFile) -> str | None:
    for segment in elf.iter_segments("PT_INTERP"):
        if isinstance(segment, InterpSegment):
            return str(segment.get_interp_name())
    return None


def _search_path(path: Path, tags: tuple[Any, ...]) -> tuple[str, ...]:
    """Take RUNPATH, or RPATH where there is none, as the loader does."""
    values = {tag.entry.d_tag: tag for tag in tags}
    if "DT_RUNPATH" in values:
        text = values["DT_RUNPATH"].runpath
    elif "DT_RPATH" in values:
        text = values["DT_RPATH"].rpath
    else:
        return ()
    origin = str(path.resolve().parent)
    expanded = text.replace("${ORIGIN}", origin).replace("$ORIGIN", origin)
    return tuple(part for part in expanded.split(":") if part)


def _is_go(elf: ELFFile) -> bool:
    """Say whether the Go linker made it: its build information is there even when stripped."""
    if any(section.name == ".go.buildinfo" for section in elf.iter_sections()):
        return True
    return any(note["n_name"] == "Go" for note in _notes(elf))


def _build_id(elf: ELFFile) -> str | None:
    ids = {note["n_name"]: note["n_descdata"] for note in _notes(elf) if _is_build_id(note)}
    if ids.get("GNU"):
        return str(ids["GNU"].hex())
    if ids.get("Go"):
        return hashlib.sha256(ids["Go"]).hexdigest()
    return None


def _is_build_id(note: Any) -> bool:
    return (note["n_name"], note["n_type"]) in {("GNU", _GNU_BUILD_ID), ("Go", _GO_BUILD_ID)}


def _notes(elf: ELFFile) -> Iterator[Any]:
    for segment in elf.iter_segments("PT_NOTE"):
        if isinstance(segment, NoteSegment):
            yield from segment.iter_notes()


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
