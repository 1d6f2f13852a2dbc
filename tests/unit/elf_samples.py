"""ELF files made to measure: just the tables that leakcheck reads.

File offsets and addresses are the same, so that one PT_LOAD covers all.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

X86_64 = 62
AARCH64 = 183

_EHDR = struct.Struct("<16sHHIQQQIHHHHHH")
_PHDR = struct.Struct("<IIQQQQQQ")
_SHDR = struct.Struct("<IIQQQQIIQQ")
_SYM = struct.Struct("<IBBHQQ")
_DYN = struct.Struct("<qQ")

_PT = {"load": 1, "dynamic": 2, "interp": 3, "note": 4, "tls": 7}
_SHT = {"progbits": 1, "symtab": 2, "strtab": 3, "dynsym": 11, "dynamic": 6}
_DT = {"needed": 1, "strtab": 5, "symtab": 6, "strsz": 10, "soname": 14, "rpath": 15, "runpath": 29}
_TLS_SYMBOL = 6
_HEADER_ROOM = 64 + 8 * _PHDR.size


@dataclass(frozen=True, kw_only=True)
class Tls:
    size_bytes: int
    alignment: int
    address: int = 0


@dataclass(kw_only=True)
class Elf:
    """What the file shall say; `bytes(elf)` is the file."""

    machine: int = X86_64
    interpreter: str | None = None
    needed: tuple[str, ...] = ()
    soname: str | None = None
    rpath: str | None = None
    runpath: str | None = None
    exports: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()
    symbols: dict[str, int] | None = None
    build_id: bytes | None = None
    go_build_id: str | None = None
    tls: Tls | None = None
    sections: dict[str, bytes] = field(default_factory=dict)
    has_section_headers: bool = True

    def __bytes__(self) -> bytes:
        return _Writer(self).file()


def names(*texts: str) -> tuple[bytes, dict[str, int]]:
    """A string table and where each text stands in it."""
    table = b"\0"
    places = {}
    for text in texts:
        places[text] = len(table)
        table += text.encode() + b"\0"
    return table, places


def note(owner: bytes, kind: int, content: bytes) -> bytes:
    def padded(data: bytes) -> bytes:
        return data + b"\0" * (-len(data) % 4)

    head = struct.pack("<III", len(owner) + 1, len(content), kind)
    return head + padded(owner + b"\0") + padded(content)


class _Writer:
    def __init__(self, elf: Elf) -> None:
        self.elf = elf
        self.body = bytearray()
        self.segments: list[bytes] = []
        self.headers: list[tuple[str, int, int, int, int, int]] = [("", 0, 0, 0, 0, 0)]

    def file(self) -> bytes:
        self._segment_sections()
        self._dynamic()
        if self.elf.symbols is not None:
            self._symtab(self.elf.symbols)
        for name, data in self.elf.sections.items():
            self._section(name, "progbits", data)
        headers = self._section_headers() if self.elf.has_section_headers else b""
        whole = _HEADER_ROOM + len(self.body)
        self._segment("load", 0, whole)
        start = self._ehdr(whole - len(headers) if headers else 0) + b"".join(self.segments)
        return start.ljust(_HEADER_ROOM, b"\0") + bytes(self.body)

    def _append(self, data: bytes) -> int:
        self.body += b"\0" * (-len(self.body) % 8)
        offset = _HEADER_ROOM + len(self.body)
        self.body += data
        return offset

    def _segment(self, kind: str, offset: int, size: int) -> None:
        self.segments.append(_PHDR.pack(_PT[kind], 4, offset, offset, offset, size, size, 8))

    def _section(self, name: str, kind: str, data: bytes, link: int = 0, entry: int = 0) -> int:
        offset = self._append(data)
        self.headers.append((name, _SHT[kind], offset, len(data), link, entry))
        return len(self.headers) - 1

    def _segment_sections(self) -> None:
        elf = self.elf
        if elf.interpreter is not None:
            data = elf.interpreter.encode() + b"\0"
            self._segment("interp", self._append(data), len(data))
        if elf.build_id is not None:
            data = note(b"GNU", 3, elf.build_id)
            self._segment("note", self._append(data), len(data))
        if elf.go_build_id is not None:
            data = note(b"Go", 4, elf.go_build_id.encode())
            self._segment("note", self._append(data), len(data))
        if elf.tls is not None:
            tls = elf.tls
            entry = _PHDR.pack(
                _PT["tls"], 4, 0, tls.address, tls.address, 0, tls.size_bytes, tls.alignment
            )
            self.segments.append(entry)

    def _dynamic(self) -> None:
        elf = self.elf
        texts = [elf.soname, elf.rpath, elf.runpath, *elf.needed, *elf.exports, *elf.imports]
        if not any(texts):
            return
        table, at = names(*(text for text in texts if text is not None))
        strings = self._section(".dynstr", "strtab", table)
        entries = b"\0" * _SYM.size
        entries += b"".join(_SYM.pack(at[name], 0x12, 0, 1, 0, 0) for name in elf.exports)
        entries += b"".join(_SYM.pack(at[name], 0x12, 0, 0, 0, 0) for name in elf.imports)
        symbols = self._section(".dynsym", "dynsym", entries, strings, _SYM.size)
        tags = [("needed", at[name]) for name in elf.needed]
        optional = {"soname": elf.soname, "rpath": elf.rpath, "runpath": elf.runpath}
        tags += [(kind, at[text]) for kind, text in optional.items() if text is not None]
        tags.append(("strtab", self.headers[strings][2]))
        tags.append(("symtab", self.headers[symbols][2]))
        tags.append(("strsz", len(table)))
        data = b"".join(_DYN.pack(_DT[kind], value) for kind, value in tags) + _DYN.pack(0, 0)
        section = self._section(".dynamic", "dynamic", data, strings, _DYN.size)
        self._segment("dynamic", self.headers[section][2], len(data))

    def _symtab(self, symbols: dict[str, int]) -> None:
        table, at = names(*symbols)
        strings = self._section(".strtab", "strtab", table)
        entries = b"\0" * _SYM.size + b"".join(
            _SYM.pack(at[name], _TLS_SYMBOL if "tls" in name else 2, 0, 1, value, 8)
            for name, value in symbols.items()
        )
        self._section(".symtab", "symtab", entries, strings, _SYM.size)

    def _section_headers(self) -> bytes:
        table, at = names(*(header[0] for header in self.headers), ".shstrtab")
        self._section(".shstrtab", "strtab", table)
        at[""] = 0
        headers = b"".join(
            _SHDR.pack(at[name], kind, 0, offset, offset, size, link, 0, 1, entry)
            for name, kind, offset, size, link, entry in self.headers
        )
        self._append(headers)
        return headers

    def _ehdr(self, section_headers_at: int) -> bytes:
        count = len(self.headers) if section_headers_at else 0
        return _EHDR.pack(
            b"\x7fELF\x02\x01\x01",
            3,
            self.elf.machine,
            1,
            0,
            64,
            section_headers_at,
            0,
            64,
            _PHDR.size,
            len(self.segments),
            _SHDR.size,
            count,
            max(count - 1, 0),
        )


# DWARF: one unit, structures with members

_ABBREVIATIONS = bytes(
    [
        *(1, 0x11, 1, 0x03, 0x08, 0, 0),  # compile unit, with children: name as text
        *(2, 0x13, 1, 0x03, 0x08, 0, 0),  # structure, with children: name as text
        *(3, 0x0D, 0, 0x03, 0x08, 0x38, 0x0F, 0, 0),  # member: name, location as a number
        *(4, 0x0D, 0, 0x03, 0x08, 0x38, 0x0A, 0, 0),  # member: name, location as an expression
        *(5, 0x24, 0, 0x03, 0x08, 0, 0),  # base type: name
        *(6, 0x2E, 1, 0x03, 0x08, 0x11, 0x01, 0x12, 0x0F, 0, 0),  # function: name, start, size
        *(7, 0x05, 0, 0x03, 0x08, 0x02, 0x18, 0, 0),  # argument: name, place
        0,
    ]
)


def uleb128(value: int) -> bytes:
    data = b""
    while value >= 0x80:
        data += bytes([value & 0x7F | 0x80])
        value >>= 7
    return data + bytes([value])


def unit(
    name: str,
    structures: dict[str, dict[str, int]],
    *,
    others: tuple[bytes, ...] = (),
    version: int = 5,
    opcode: int | None = None,
) -> bytes:
    """One unit of .debug_info: `others`, then structures.

    With `opcode`, members are placed by an expression.
    """
    entries = bytes([1]) + name.encode() + b"\0"
    entries += base_type("int") + b"".join(others)
    for structure, members in structures.items():
        entries += bytes([2]) + structure.encode() + b"\0"
        for member, offset in members.items():
            entries += bytes([3 if opcode is None else 4]) + member.encode() + b"\0"
            location = uleb128(offset)
            if opcode is not None:
                location = bytes([len(location) + 1, opcode]) + location
            entries += location
        entries += b"\0"
    entries += b"\0"
    head = struct.pack("<HBBI", 5, 1, 8, 0) if version == 5 else struct.pack("<HIB", 4, 0, 8)
    return struct.pack("<I", len(head) + len(entries)) + head + entries


def base_type(name: str) -> bytes:
    """A type without members for `unit`."""
    return bytes([5]) + name.encode() + b"\0"


def function(name: str, start: int, size: int, arguments: dict[str, list[int]]) -> bytes:
    """A function for `unit`; each argument has the expression that tells its place."""
    entry = bytes([6]) + name.encode() + b"\0" + struct.pack("<Q", start) + uleb128(size)
    for argument, expression in arguments.items():
        entry += bytes([7]) + argument.encode() + b"\0"
        entry += bytes([len(expression), *expression])
    return entry + b"\0"


def debug_sections(*units: bytes) -> dict[str, bytes]:
    return {".debug_info": b"".join(units), ".debug_abbrev": _ABBREVIATIONS}


def build_info(version: str) -> bytes:
    """The content of .go.buildinfo as Go has written it since 1.18."""
    head = (b"\xff Go buildinf:" + bytes([8, 2])).ljust(32, b"\0")
    return head + uleb128(len(version)) + version.encode() + b"\0"
