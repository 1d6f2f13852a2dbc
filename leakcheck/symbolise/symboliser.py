"""Addresses of one ended program → frames."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from leakcheck.model import Frame
from leakcheck.procmaps import Mapping, find_mapping
from leakcheck.symbolise.image import DEBUG_ROOTS
from leakcheck.symbolise.module import Module

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Symboliser"]

DELETED = " (deleted)"


class Symboliser:
    """Names return addresses; modules and answers are kept, so each is looked up once.

    `cache_dir` keeps symcaches between runs, `debug_roots` are the folders of separate debug
    files. The program's files must still be what they were when it ran.
    """

    def __init__(self, cache_dir: Path, *, debug_roots: tuple[Path, ...] = DEBUG_ROOTS) -> None:
        """Start with nothing known."""
        self._cache_dir = cache_dir
        self._debug_roots = debug_roots
        self._modules: dict[str, Module] = {}
        self._answered: tuple[Mapping, ...] = ()
        self._answers: dict[int, tuple[Frame, ...]] = {}

    def stack(self, addresses: Iterable[int], mappings: tuple[Mapping, ...]) -> tuple[Frame, ...]:
        """Name a whole stack, leaf first; inlined functions become frames of their own."""
        return tuple(frame for address in addresses for frame in self.frames(address, mappings))

    def frames(self, address: int, mappings: tuple[Mapping, ...]) -> tuple[Frame, ...]:
        """Name one return address, innermost inlined function first; never empty.

        `mappings` are sorted. The call stands before the address it returns to, hence the -1:
        a call that is the last instruction of a function returns into the next one.
        """
        if mappings is not self._answered:
            self._answered, self._answers = mappings, {}
        if address not in self._answers:
            self._answers[address] = self._named(address, mappings)
        return self._answers[address]

    def build_id(self, path: str) -> str:
        """Give the GNU build id of a mapped file in hexadecimal, "" where there is none."""
        return self._module(path).build_id if path.startswith("/") else ""

    def _named(self, address: int, mappings: tuple[Mapping, ...]) -> tuple[Frame, ...]:
        mapping = find_mapping(address - 1, mappings)
        if mapping is None or not mapping.path:
            return (Frame(function=f"0x{address:x}", address=address),)
        found = self._module_frames(address - 1, mapping)
        return tuple(dataclasses.replace(frame, address=address) for frame in found)

    def _module_frames(self, address: int, mapping: Mapping) -> tuple[Frame, ...]:
        """Look into the mapped file, unless it is gone or never was one (`[vdso]`)."""
        offset = address - mapping.start + mapping.offset
        module = self._module(mapping.path)
        is_file = mapping.path.startswith("/") and not mapping.path.endswith(DELETED)
        return module.frames(offset) if is_file else (module.unknown(offset),)

    def _module(self, path: str) -> Module:
        """Open a file once."""
        if path not in self._modules:
            self._modules[path] = Module(
                Path(path.removesuffix(DELETED)),
                cache_dir=self._cache_dir,
                debug_roots=self._debug_roots,
            )
        return self._modules[path]
