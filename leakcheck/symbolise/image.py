"""One ELF file: where its code is linked, and where its debug information is."""

from __future__ import annotations

import contextlib
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from elftools.common.exceptions import ELFError
from elftools.construct import ConstructError
from elftools.elf.elffile import ELFFile

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["DAMAGE", "DEBUG_ROOTS", "Image", "Segment", "elf_of", "open_elf", "read_image"]

DEBUG_ROOTS = (Path("/usr/lib/debug"),)

DAMAGE = (
    ELFError,
    ConstructError,
    OSError,
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)
"""What pyelftools raises on a damaged file: nearly anything, depending on where it is hit."""

EXECUTABLE = 1
LONGEST_BUILD_ID = 128


class Segment(NamedTuple):
    """A PT_LOAD header: `size` bytes at file offset `offset` are linked at `vaddr`."""

    offset: int
    size: int
    vaddr: int
    executable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """What is known of an ELF file; `build_id` is the GNU one in hexadecimal, or ""."""

    path: Path
    segments: tuple[Segment, ...] = ()
    build_id: str = ""
    has_debug: bool = False
    is_go: bool = False
    debug_link: tuple[str, int] | None = None

    @property
    def base(self) -> int:
        """The address symcaches count from: where the first segment is linked."""
        return self.segments[0].vaddr if self.segments else 0

    def link_address(self, offset: int) -> int | None:
        """Where the byte at file offset `offset` is linked; None outside all segments."""
        for segment in sorted(self.segments, key=lambda s: not s.executable):
            if segment.offset <= offset < segment.offset + segment.size:
                return offset - segment.offset + segment.vaddr
        return None

    def debug_candidates(self, roots: tuple[Path, ...]) -> Iterator[Path]:
        """Where a separate debug file may be, in gdb's order."""
        if self.build_id:
            for root in roots:
                yield root / ".build-id" / self.build_id[:2] / f"{self.build_id[2:]}.debug"
        if self.debug_link:
            folder, name = self.path.parent, self.debug_link[0]
            yield folder / name
            yield folder / ".debug" / name
            yield from (root / folder.relative_to(folder.anchor) / name for root in roots)

    def debug_file(self, roots: tuple[Path, ...] = DEBUG_ROOTS) -> Path | None:
        """Find the separate debug file that was made from this very file, or None."""
        try:
            existing = (path for path in self.debug_candidates(roots) if path.is_file())
            return next((path for path in existing if self.is_debug_file(path)), None)
        except (OSError, ValueError):  # a name in a damaged file need not be a name
            return None

    def is_debug_file(self, path: Path) -> bool:
        """Compare build ids, or else the checksum that the debug link carries."""
        if self.build_id:
            other = read_image(path)
            return other is not None and other.build_id == self.build_id
        return self.debug_link is not None and zlib.crc32(path.read_bytes()) == self.debug_link[1]


def read_image(path: Path) -> Image | None:
    """Read an ELF file's headers; None when it is not there, not readable, or not 64-bit ELF."""
    with open_elf(path) as elf:
        return None if elf is None else image_of(path, elf)


@contextlib.contextmanager
def open_elf(path: Path) -> Iterator[Any]:
    """Open a 64-bit ELF file for reading, or give None.

    Files come from the program's mappings: they may be fonts, databases, or gone, and in a text
    profile that somebody sent pipes too, which would be waited for. Reading on in a damaged one
    raises `DAMAGE`.
    """
    try:
        stream = path.open("rb") if path.is_file() else None
    except (OSError, ValueError):
        stream = None
    if stream is None:
        yield None
        return
    with stream:
        yield elf_of(stream)


def elf_of(stream: Any) -> Any:
    """Wrap a stream, or None when it holds no 64-bit little-endian ELF file."""
    try:
        elf = ELFFile(stream)
    except DAMAGE:
        return None
    return elf if elf.elfclass == 64 and elf.little_endian else None  # noqa: PLR2004 - bits


def image_of(path: Path, elf: Any) -> Image | None:
    """Pick out of the headers what finding names needs; None when they are damaged."""
    try:
        return Image(
            path=path,
            segments=tuple(load_segments(elf)),
            build_id=build_id(elf),
            has_debug=elf.get_section_by_name(".debug_info") is not None,
            is_go=elf.get_section_by_name(".gopclntab") is not None,
            debug_link=debug_link(elf),
        )
    except DAMAGE:
        return None


def load_segments(elf: Any) -> Iterator[Segment]:
    """Read the PT_LOAD headers, in the file's order."""
    for segment in elf.iter_segments(type="PT_LOAD"):
        yield Segment(
            segment["p_offset"],
            segment["p_filesz"],
            segment["p_vaddr"],
            bool(segment["p_flags"] & EXECUTABLE),
        )


def build_id(elf: Any) -> str:
    """Read the GNU build id as hexadecimal digits, "" without one."""
    for segment in elf.iter_sections(type="SHT_NOTE"):
        for note in segment.iter_notes():
            if note["n_type"] == "NT_GNU_BUILD_ID":
                return str(note["n_desc"])[:LONGEST_BUILD_ID]
    return ""


def debug_link(elf: Any) -> tuple[str, int] | None:
    """Read `.gnu_debuglink`: the debug file's name, padding, its CRC-32."""
    section = elf.get_section_by_name(".gnu_debuglink")
    if section is None:
        return None
    data = section.data()
    name = data.partition(b"\0")[0].decode(errors="surrogateescape")
    return name, int.from_bytes(data[-4:], "little")
