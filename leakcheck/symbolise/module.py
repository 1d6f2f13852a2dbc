"""One ELF file of the program: offsets in it → frames."""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING

from leakcheck.model import Frame
from leakcheck.symbolise.image import Image, read_image
from leakcheck.symbolise.lines import LineTables
from leakcheck.symbolise.names import guessed_language, language_name, readable_name
from leakcheck.symbolise.symbols import SymbolTable, read_exported_symbols, read_symbols
from leakcheck.symbolise.symcaches import open_symcache

if TYPE_CHECKING:
    from pathlib import Path

    from symbolic.symcache import SourceLocation, SymCache

__all__ = ["Module", "printable"]


class Module:
    """A file the program had mapped. What is known of it is read when first asked for.

    Frames it gives have no address: the same code may lie elsewhere in the next run.
    """

    def __init__(self, path: Path, *, cache_dir: Path, debug_roots: tuple[Path, ...]) -> None:
        """Name the file; nothing is read yet."""
        self.path = path
        self.name = printable(path.name)
        self._cache_dir = cache_dir
        self._debug_roots = debug_roots
        self._known: dict[int, tuple[Frame, ...]] = {}

    @property
    def build_id(self) -> str:
        """The GNU build id, or ""."""
        return self._image.build_id if self._image else ""

    def frames(self, offset: int) -> tuple[Frame, ...]:
        """Name the code at file offset `offset`, innermost inlined function first."""
        if offset not in self._known:
            self._known[offset] = self._find(offset)
        return self._known[offset]

    def unknown(self, offset: int) -> Frame:
        """Stand in for code nobody can name: `libz.so.1+0x2f10`."""
        return Frame(function=f"{self.name}+0x{offset:x}", module=self.name)

    def _find(self, offset: int) -> tuple[Frame, ...]:
        vaddr = self._image.link_address(offset) if self._image else None
        if vaddr is None:
            return (self.unknown(offset),)
        return self._located(vaddr) or (self._named(vaddr) or self.unknown(vaddr),)

    def _named(self, vaddr: int) -> Frame | None:
        """Ask the symbol tables: a name, and a line where only the function's place is missing."""
        name = self._symbols.find(vaddr)
        if name is None:
            return None
        place = self._lines.find(vaddr) if self._lines else None
        guess = guessed_language(name) if self._image and self._image.is_go else None
        language = (place and place.language) or guess
        return Frame(
            function=printable(readable_name(name, language)),
            file=printable(place.file) if place else None,
            line=(place.line or None) if place else None,
            language=language,
            module=self.name,
        )

    def _located(self, vaddr: int) -> tuple[Frame, ...]:
        """Ask the debug information; () where it has none, not its guess from the symbols."""
        if self._symcache is None or self._image is None or vaddr < self._image.base:
            return ()
        shift = vaddr - self._image.base
        locations = self._symcache.lookup(shift)  # type: ignore[no-untyped-call]
        if not any(location.full_path for location in locations):
            return ()
        frames = tuple(self._frame(location) for location in locations)
        return (*frames[:-1], self._under_exported_name(frames[-1], vaddr))

    def _frame(self, location: SourceLocation) -> Frame:
        language = language_name(location.lang)
        return Frame(
            function=printable(readable_name(location.symbol, language)),
            file=printable(location.full_path) if location.full_path else None,
            line=location.line or None,
            language=language,
            module=self.name,
        )

    def _under_exported_name(self, frame: Frame, vaddr: int) -> Frame:
        """Call libc's function `strdup`, whichever of its aliases the debug file picked.

        So a stack reads the same on machines with and without debug files.
        """
        name = None if frame.language == "go" else self._exported.find(vaddr)
        if name is None:
            return frame
        return Frame(
            function=printable(readable_name(name, frame.language)),
            file=frame.file,
            line=frame.line,
            language=frame.language,
            module=frame.module,
        )

    @functools.cached_property
    def _image(self) -> Image | None:
        return read_image(self.path)

    @functools.cached_property
    def _debug_image(self) -> Image | None:
        """The file itself when it has debug information, else its separate debug file."""
        if self._image is None or self._image.has_debug:
            return self._image
        separate = self._image.debug_file(self._debug_roots)
        return read_image(separate) if separate else None

    @functools.cached_property
    def _symcache(self) -> SymCache | None:
        image = self._debug_image
        return open_symcache(image, self._cache_dir) if image and image.has_debug else None

    @functools.cached_property
    def _lines(self) -> LineTables | None:
        image = self._debug_image
        return LineTables(image.path) if image and image.has_debug else None

    @functools.cached_property
    def _symbols(self) -> SymbolTable:
        image = self._debug_image
        own = read_symbols(self.path)
        separate = read_symbols(image.path) if image and image.path != self.path else SymbolTable()
        return SymbolTable.of((*own.symbols, *separate.symbols))

    @functools.cached_property
    def _exported(self) -> SymbolTable:
        return read_exported_symbols(self.path)


def printable(text: str) -> str:
    """Replace bytes of a path that are not UTF-8, so that every report can be written."""
    return os.fsencode(text).decode(errors="replace")
