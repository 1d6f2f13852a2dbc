"""Finding tcmalloc, and what the found library can do."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from leakcheck.errors import BadInput, ToolMissing
from leakcheck.toolchain.elf import read_elf
from leakcheck.toolchain.libraries import find_libraries, loader_cache
from leakcheck.toolchain.packages import install_command
from leakcheck.toolchain.processor import NATIVE, is_for

if TYPE_CHECKING:
    from pathlib import Path

    from leakcheck.settings import Settings
    from leakcheck.toolchain.elf import ElfFacts

__all__ = [
    "Tcmalloc",
    "find_checker",
    "find_tcmalloc",
    "list_tcmallocs",
    "parse_tcmalloc_version",
    "tcmalloc_capabilities",
]

_PATTERNS = (
    "libtcmalloc_minimal.so.4",
    "libtcmalloc_minimal.so.*",
    "libtcmalloc_minimal.so",
    "libtcmalloc.so.4",
    "libtcmalloc.so.*",
    "libtcmalloc.so",
)
"""In order of preference: minimal does all the agent needs. Debug variants are not taken."""

_HOOKS = frozenset({"MallocHook_AddNewHook", "MallocHook_AddDeleteHook"})
_REAL_CHECKER = "_ZN15HeapLeakChecker15DoMainHeapCheckEv"
_PROFILER = "HeapProfilerStart"
_VERSION = re.compile(rb"gperftools (\d+(?:\.\d+)+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tcmalloc:
    """A tcmalloc library of gperftools.

    `has_hooks` is what the agent needs; `has_checker` and `has_profiler` are gperftools' own
    heap checker and heap profiler. `version` is None when the library does not say it.
    """

    path: Path
    version: str | None
    is_minimal: bool
    has_hooks: bool
    has_checker: bool
    has_profiler: bool


def find_tcmalloc(settings: Settings) -> Tcmalloc:
    """Find LEAKCHECK_TCMALLOC, else the first tcmalloc on the machine that has hooks.

    Raises ToolMissing when there is none, BadInput when LEAKCHECK_TCMALLOC cannot be used.
    """
    if settings.tcmalloc is not None:
        return _chosen(settings.tcmalloc)
    found = list_tcmallocs()
    for library in found:
        if library.has_hooks:
            return library
    raise ToolMissing(
        "tcmalloc was not found",
        why=", ".join(f"{library.path} has no malloc hooks" for library in found),
        hint=install_command("tcmalloc"),
    )


def find_checker(settings: Settings) -> Tcmalloc:
    """Find LEAKCHECK_TCMALLOC, else the first tcmalloc on the machine with a heap checker.

    Raises ToolMissing when it has none, or there is none.
    """
    given = settings.tcmalloc is not None
    found = (find_tcmalloc(settings),) if given else list_tcmallocs()
    for library in found:
        if library.has_hooks and library.has_checker:
            return library
    raise ToolMissing(
        "no tcmalloc with a heap checker was found",
        why=", ".join(map(_why_no_checker, found)),
        hint="leakcheck leak --engine agent" if found else install_command("checker"),
    )


def _why_no_checker(library: Tcmalloc) -> str:
    """Say why; gperftools dropped the checker in 2.17, and the minimal library never had it."""
    version = f"gperftools {library.version}" if library.version else "gperftools"
    kind = ", minimal" if library.is_minimal else ""
    return f"{library.path} ({version}{kind}) has none"


def list_tcmallocs() -> tuple[Tcmalloc, ...]:
    """List the tcmalloc libraries of this machine that a 64-bit program can load, best first."""
    cache = loader_cache()
    found = [facts for pattern in _PATTERNS for facts in find_libraries(pattern, cache=cache)]
    unique = {facts.path.resolve(): facts for facts in reversed(found)}
    return tuple(_with_version(facts) for facts in reversed(unique.values()))


def tcmalloc_capabilities(facts: ElfFacts, version: str | None) -> Tcmalloc:
    """Judge a library by the symbols it exports.

    Only a library with the real checker exports its `DoMainHeapCheck`: the newer ones keep
    empty HeapLeakChecker symbols.
    """
    return Tcmalloc(
        path=facts.path,
        version=version,
        is_minimal="minimal" in facts.path.name,
        has_hooks=facts.exports >= _HOOKS,
        has_checker=_REAL_CHECKER in facts.exports,
        has_profiler=_PROFILER in facts.exports,
    )


def parse_tcmalloc_version(content: bytes) -> str | None:
    """Read the `gperftools 2.10` that `tc_version` returns from the bytes of a library."""
    match = _VERSION.search(content)
    return match[1].decode() if match else None


def _chosen(path: Path) -> Tcmalloc:
    """Read the library the user names; there is no falling back to another one."""
    what = f"LEAKCHECK_TCMALLOC={path} cannot be used"
    try:
        facts = read_elf(path)
    except BadInput as error:
        raise BadInput(what, why=str(error), hint="unset LEAKCHECK_TCMALLOC") from error
    library = _with_version(facts)
    if not is_for(NATIVE, facts):
        raise BadInput(what, why=f"it is not for {NATIVE.name}", hint="unset LEAKCHECK_TCMALLOC")
    if not library.has_hooks:
        raise BadInput(what, why="it has no malloc hooks", hint="unset LEAKCHECK_TCMALLOC")
    return library


def _with_version(facts: ElfFacts) -> Tcmalloc:
    return tcmalloc_capabilities(facts, parse_tcmalloc_version(facts.path.read_bytes()))
