"""Where the loader finds shared libraries, and whether a program brings its own tcmalloc."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from leakcheck.errors import BadInput, ToolMissing
from leakcheck.process import Command, run
from leakcheck.toolchain.elf import read_elf
from leakcheck.toolchain.processor import NATIVE, is_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leakcheck.toolchain.elf import ElfFacts
    from leakcheck.toolchain.processor import Processor

__all__ = [
    "STANDARD_DIRECTORIES",
    "CachedLibrary",
    "find_libraries",
    "links_tcmalloc",
    "loader_cache",
    "parse_ldconfig",
]

STANDARD_DIRECTORIES = tuple(
    Path(directory)
    for directory in (
        f"/lib/{NATIVE.multiarch}",
        f"/usr/lib/{NATIVE.multiarch}",
        "/lib64",
        "/usr/lib64",
        "/lib",
        "/usr/lib",
        "/usr/local/lib",
        "/usr/local/lib64",
    )
)
"""Searched after the loader's own cache."""

_LDCONFIG_LINE = re.compile(r"\s+(?P<name>\S+) \((?P<flags>[^)]*)\) => (?P<path>/.*)")


class CachedLibrary(NamedTuple):
    """A line of the loader's cache."""

    name: str
    path: Path


def parse_ldconfig(output: str, processor: Processor = NATIVE) -> tuple[CachedLibrary, ...]:
    """Read the libraries for `processor` in the output of `ldconfig -p`.

    A line is `	libz.so.1 (libc6,x86-64) => /lib/x86_64-linux-gnu/libz.so.1`; other lines are
    passed over.
    """
    found = []
    for line in output.splitlines():
        match = _LDCONFIG_LINE.fullmatch(line)
        if match and processor.cache_flag in match["flags"].split(","):
            found.append(CachedLibrary(match["name"], Path(match["path"])))
    return tuple(found)


def loader_cache() -> tuple[CachedLibrary, ...]:
    """Ask for the loader's cache; empty where there is no ldconfig (musl)."""
    program = shutil.which("ldconfig") or "/sbin/ldconfig"
    try:
        return parse_ldconfig(run(Command((program, "-p")), timeout_s=10).stdout)
    except (ToolMissing, BadInput):
        return ()


def find_libraries(
    pattern: str,
    *,
    cache: tuple[CachedLibrary, ...],
    directories: tuple[Path, ...] = STANDARD_DIRECTORIES,
) -> tuple[ElfFacts, ...]:
    """Find this machine's libraries whose file name matches the shell `pattern`.

    The loader's choice comes first, one file is named once, and what is no ELF file (a
    linker script) is left out.
    """
    found = [entry.path for entry in cache if Path(entry.name).match(pattern)]
    for directory in directories:
        found += sorted(directory.glob(pattern))
    unique = {path.resolve(): path for path in reversed(found)}
    facts = (_read_if_elf(path) for path in reversed(unique.values()))
    return tuple(library for library in facts if library and is_for(NATIVE, library))


def links_tcmalloc(
    facts: ElfFacts,
    *,
    library_path: str = "",
    cache: tuple[CachedLibrary, ...] | None = None,
    directories: tuple[Path, ...] = STANDARD_DIRECTORIES,
) -> bool:
    """Say whether the program brings its own tcmalloc, itself or through a library it needs.

    `library_path` is its LD_LIBRARY_PATH. Libraries that are not found are passed over: the
    loader will complain better.
    """
    known = loader_cache() if cache is None and facts.needed else cache or ()
    seen: set[str] = set()
    pending = [facts]
    while pending:
        current = pending.pop()
        if _is_tcmalloc(current):
            return True
        for name in current.needed:
            if name not in seen:
                seen.add(name)
                pending += _library(name, current, library_path, known, directories)
    return False


def _is_tcmalloc(facts: ElfFacts) -> bool:
    return "MallocHook_AddNewHook" in facts.exports or any(
        name.startswith("libtcmalloc") for name in facts.needed
    )


def _library(
    name: str,
    user: ElfFacts,
    library_path: str,
    cache: tuple[CachedLibrary, ...],
    directories: tuple[Path, ...],
) -> Iterator[ElfFacts]:
    """Read the library `name` as the loader would find it for `user`; nothing when it would not."""
    folders = [*library_path.split(":"), *user.search_path]
    candidates = [Path(folder, name) for folder in folders if folder]
    candidates += [entry.path for entry in cache if entry.name == name]
    candidates += [directory / name for directory in directories]
    for candidate in candidates:
        facts = _read_if_elf(candidate)
        if facts and (facts.machine, facts.bits) == (user.machine, user.bits):
            yield facts
            return


def _read_if_elf(path: Path) -> ElfFacts | None:
    try:
        return read_elf(path)
    except BadInput:
        return None
