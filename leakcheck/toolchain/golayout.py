"""Where a Go program keeps `g` and its stacks: the `go_*` lines of `agent.conf`.

The offsets are read from the program's own symbol table, TLS segment and DWARF, so they are
right for any Go version and build flag. The meaning of each line: docs/agent.md.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from leakcheck.toolchain.elf import elf_machine, find_symbols, opened_elf, read_elf
from leakcheck.toolchain.godwarf import (
    DebugInformation,
    DwarfMissing,
    SelectiveElf,
    read_structures,
    read_uleb128,
)
from leakcheck.toolchain.gotrunner import read_test_slot
from leakcheck.toolchain.layoutcache import read_kept, write_kept
from leakcheck.toolchain.processor import ARM64, X86_64

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from elftools.elf.elffile import ELFFile

    from leakcheck.toolchain.elf import Symbol
    from leakcheck.toolchain.gotrunner import FrameSlot

__all__ = ["GoLayout", "parse_build_info", "read_go_layout", "tls_offset"]

GoLayout = tuple[tuple[str, str], ...]
"""Keys and values as `agent.conf` has them, in its order."""

_BUILD_INFO_MAGIC = b"\xff Go buildinf:"
_BUILD_INFO_FLAGS_AT = 15
_BUILD_INFO_INLINE = 2
_BUILD_INFO_VERSION_AT = 32

_TEXT_START, _TEXT_END = "runtime.text", "runtime.etext"
_TLS_G = MappingProxyType({X86_64.elf: "runtime.tlsg", ARM64.elf: "runtime.tls_g"})
_CONTROL_BLOCK_BYTES = 16  # tcbhead_t of arm64
_HEAP = "runtime.mheap_"
_CGOCALL = "runtime.cgocall"
_ADDRESSES = MappingProxyType(
    {
        "go_cgocall": _CGOCALL,
        "go_dumper": "runtime/debug.WriteHeapDump",
        "go_world_starter": "runtime.startTheWorld",
        "go_allgs": "runtime.allgs",
        "go_modules": "runtime.firstmoduledata",
        "go_persistent": "runtime.persistentChunks",
        "go_allp": "runtime.allp",
        "go_allglen": "runtime.allglen",
        "go_allgptr": "runtime.allgptr",
    }
)
_ARENA_MEMBERS = ("heapArenas", "allArenas")  # the name since Go 1.25, and before
_SEGMENTS = MappingProxyType(
    {
        "go_data": ("runtime.data", "runtime.edata"),
        "go_bss": ("runtime.bss", "runtime.ebss"),
        "go_noptrdata": ("runtime.noptrdata", "runtime.enoptrdata"),
        "go_noptrbss": ("runtime.noptrbss", "runtime.enoptrbss"),
    }
)
_NO_SYMBOLS = "no symbol table (built with -ldflags=-s)"

_SYMBOLS = (
    _TEXT_START,
    _TEXT_END,
    *_TLS_G.values(),
    _HEAP,
    *_ADDRESSES.values(),
    *(name for names in _SEGMENTS.values() for name in names),
)

_FUNCTION_TABLES = MappingProxyType(
    {
        "go_module_functions": (("runtime.moduledata", "pclntable"),),
        "go_module_table": (("runtime.moduledata", "ftab"),),
        "go_module_text": (("runtime.moduledata", "text"),),
        "go_module_rodata": (("runtime.moduledata", "rodata"),),
        "go_module_gofunc": (("runtime.moduledata", "gofunc"),),
        "go_module_next": (("runtime.moduledata", "next"),),
        "go_module_names": (("runtime.moduledata", "funcnametab"),),
        "go_function_npcdata": (("runtime._func", "npcdata"),),
        "go_function_nfuncdata": (("runtime._func", "nfuncdata"),),
    }
)
"""Where Go's objects on a stack are looked up; without them each word of a frame counts."""

_FIELDS = MappingProxyType(
    {
        "go_g_m": (("runtime.g", "m"),),
        "go_g_sched_sp": (("runtime.g", "sched"), ("runtime.gobuf", "sp")),
        "go_g_stack_lo": (("runtime.g", "stack"), ("runtime.stack", "lo")),
        "go_g_stack_hi": (("runtime.g", "stack"), ("runtime.stack", "hi")),
        "go_g_syscallsp": (("runtime.g", "syscallsp"),),
        "go_g_syscallpc": (("runtime.g", "syscallpc"),),
        "go_g_syscallbp": (("runtime.g", "syscallbp"),),
        "go_g_goid": (("runtime.g", "goid"),),
        "go_g_parent": (("runtime.g", "parentGoid"),),
        "go_g_gopc": (("runtime.g", "gopc"),),
        "go_g_status": (("runtime.g", "atomicstatus"),),
        "go_m_g0": (("runtime.m", "g0"),),
        "go_m_curg": (("runtime.m", "curg"),),
        "go_t_name": (("testing.T", "common"), ("testing.common", "name")),
        **_FUNCTION_TABLES,
    }
)
"""Each key is the sum of the offsets of these members."""

_OPTIONAL = frozenset(
    {
        "go_g_syscallbp",  # not in Go 1.22 and older
        "go_t_name",  # in test binaries alone
        *_FUNCTION_TABLES,
    }
)

_CACHE_FOLDER = "golayout-9"


def read_go_layout(path: Path, cache_dir: Path | None = None) -> GoLayout:
    """Read the layout of the Go program at `path`; `()` when it is not Go.

    What the file does not say is left out, and a line `go_layout_missing` gives the reason.
    With `cache_dir` the answer is kept there by build id. Raises BadInput when `path` is not a
    whole ELF file.
    """
    facts = read_elf(path)
    if not facts.is_go:
        return ()
    if cache_dir is None:
        return _read(path)
    # A build id may be set by hand (-ldflags=-B); with the size it is safe enough.
    kept = cache_dir / _CACHE_FOLDER / f"{facts.build_id}-{path.stat().st_size}"
    layout = read_kept(kept)
    if layout is None:
        layout = _read(path)
        write_kept(kept, layout)
    return layout


def tls_offset(
    value: int, *, size_bytes: int, alignment: int, address: int = 0, machine: str = X86_64.elf
) -> int:
    """Compute the offset from the thread pointer of a thread-local variable of the program.

    `value` is the symbol's, the rest is PT_TLS' p_memsz, p_align and p_vaddr. On x86-64 the
    program's block ends at the thread pointer, on arm64 it begins behind the control block there,
    both rounded as its alignment demands.
    """
    alignment = max(alignment, 1)
    if machine == ARM64.elf:
        return value + _CONTROL_BLOCK_BYTES + (address - _CONTROL_BLOCK_BYTES) % alignment
    first = -address % alignment
    block = -(-(size_bytes - first) // alignment) * alignment + first
    return value - block


def parse_build_info(data: bytes) -> str | None:
    """Read the version, `go1.26.8`, from the bytes of `.go.buildinfo`.

    The magic number, pointer size and flags are padded to 32 bytes; then, since Go 1.18, a
    varint length and the text. None for another layout.
    """
    if not data.startswith(_BUILD_INFO_MAGIC) or len(data) <= _BUILD_INFO_VERSION_AT:
        return None
    if not data[_BUILD_INFO_FLAGS_AT] & _BUILD_INFO_INLINE:
        return None
    length, at = read_uleb128(data, _BUILD_INFO_VERSION_AT)
    text = data[at : at + length]
    if not length or len(text) != length:
        return None
    return text.decode(errors="replace").replace("\n", " ")


def _read(path: Path) -> GoLayout:
    """Collect what can be read and the reasons for what cannot."""
    with opened_elf(path, SelectiveElf) as elf:
        found = find_symbols(elf, _SYMBOLS)
        symbols, no_symbols = _symbol_lines(elf, found)
        fields, no_fields = _debug_lines(elf, found)
        lines = (("go", "1"), *_version_lines(elf), *symbols, *fields)
    missing = "; ".join(reason for reason in (no_symbols, no_fields) if reason)
    return (*lines, ("go_layout_missing", missing)) if missing else lines


def _version_lines(elf: ELFFile) -> GoLayout:
    section = elf.get_section_by_name(".go.buildinfo")
    version = None if section is None else parse_build_info(section.data())
    return (("go_version", version),) if version else ()


def _symbol_lines(elf: ELFFile, symbols: Mapping[str, Symbol]) -> tuple[GoLayout, str]:
    """Read the ranges of Go's code and data and where `g` is; the reason when that fails."""
    if not symbols.keys() >= {_TEXT_START, _TEXT_END}:
        return (), _NO_SYMBOLS
    lines = tuple(
        (key, hex(symbols[name].value))
        for key, name in (("go_text_start", _TEXT_START), ("go_text_end", _TEXT_END))
    )
    lines += _segment_lines(symbols)
    lines += tuple(
        (key, hex(symbols[name].value)) for key, name in _ADDRESSES.items() if name in symbols
    )
    if _CGOCALL in symbols:
        lines += (("go_cgocall_end", hex(symbols[_CGOCALL].value + symbols[_CGOCALL].size)),)
    machine = elf_machine(elf)
    segment = next(elf.iter_segments("PT_TLS"), None)
    variable = symbols.get(_TLS_G.get(machine, ""))
    if segment is None or variable is None:
        return lines, "no thread-local variable for g (built without cgo)"
    offset = tls_offset(
        variable.value,
        size_bytes=segment["p_memsz"],
        alignment=segment["p_align"],
        address=segment["p_vaddr"],
        machine=machine,
    )
    return (*lines, ("go_tlsg", str(offset))), ""


def _segment_lines(symbols: Mapping[str, Symbol]) -> GoLayout:
    return tuple(
        (f"{key}_{end}", hex(symbols[name].value))
        for key, names in _SEGMENTS.items()
        if symbols.keys() >= set(names)
        for end, name in zip(("start", "end"), names, strict=True)
    )


def _arena_lines(
    structures: Mapping[str, Mapping[str, int]], symbols: Mapping[str, Symbol]
) -> GoLayout:
    """Locate the list of Go's heap arenas, a slice in the global `runtime.mheap_`."""
    members = structures.get("runtime.mheap", {})
    offset = next((members[name] for name in _ARENA_MEMBERS if name in members), None)
    if offset is None or _HEAP not in symbols:
        return ()
    return (("go_arenas", hex(symbols[_HEAP].value + offset)),)


def _test_lines(slot: FrameSlot | None) -> GoLayout:
    """Say where the name of the running test can be read."""
    if slot is None:
        return ()
    return (
        ("go_trunner_start", hex(slot.start)),
        ("go_trunner_end", hex(slot.end)),
        ("go_trunner_t", str(slot.offset)),
    )


def _debug_lines(elf: ELFFile, symbols: Mapping[str, Symbol]) -> tuple[GoLayout, str]:
    """Read what only the debug information says; also the reason when some is missing."""
    try:
        information = DebugInformation(elf)
    except DwarfMissing as missing:
        return (), str(missing)
    structures = read_structures(information)
    fields, reason = _field_lines(structures)
    arenas = _arena_lines(structures, symbols)
    return (*fields, *arenas, *_test_lines(read_test_slot(information))), reason


def _field_lines(structures: Mapping[str, Mapping[str, int]]) -> tuple[GoLayout, str]:
    """Add up the offsets of the fields; also the reason when some are missing."""
    lines = tuple(
        (key, str(sum(structures[name][member] for name, member in members)))
        for key, members in _FIELDS.items()
        if all(member in structures.get(name, ()) for name, member in members)
    )
    absent = _FIELDS.keys() - _OPTIONAL - dict(lines).keys()
    reason = f"the debug information lacks {', '.join(sorted(absent))}" if absent else ""
    return lines, reason
