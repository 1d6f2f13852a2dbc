"""Building the agent: C sources beside this package → a shared library in the cache.

The library is named after what goes into it (sources, compiler, flags), so a new version never
meets an old file, and parallel runs may build the same file at once: each writes under a name
of its own and renames.
"""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from leakcheck.errors import BadInput, BuildFailed
from leakcheck.process import Command, run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from leakcheck.toolchain.discovery import CcTool

__all__ = [
    "AGENT_FLAGS",
    "agent_build_command",
    "agent_key",
    "agent_library",
    "agent_sources",
    "build_agent",
    "refuse_foreign_agent",
]

AGENT_FLAGS = (
    "-std=gnu11",
    "-O2",
    "-g",
    "-fPIC",
    "-shared",
    "-fvisibility=hidden",
    "-fno-omit-frame-pointer",
    "-ftls-model=initial-exec",
    "-mgeneral-regs-only",
    "-Wall",
    "-Wextra",
    "-Wl,-z,initfirst",
    "-Wl,-z,now",
)
"""General registers only: a block's address in a vector register would outlive the hook.

No -Werror: a warning of a compiler yet to come must not stop a user; the tests are strict.
initfirst: the hooks are in place before any other library's constructor allocates.
initial-exec: reading a thread-local variable in a hook must not allocate."""

_AGENT_LIBRARIES = ("-pthread", "-ldl")
_COMPILED = (".c", ".S")
_PART_OF_THE_KEY = (*_COMPILED, ".h")
_BUILD_TIMEOUT_S = 300.0
_NOT_GLIBC = '#error "not glibc"'  # agent/sys.h


def agent_sources() -> tuple[Path, ...]:
    """Find the agent's `.c`, `.h` and `.S` files, sorted; BuildFailed when there are none."""
    directory = Path(__file__).resolve().parent.parent / "agent"
    sources = sorted(path for path in directory.glob("*") if path.suffix in _PART_OF_THE_KEY)
    if not any(path.suffix in _COMPILED for path in sources):
        raise BuildFailed(
            "the agent's sources are missing",
            why=f"no .c file in {directory}",
            hint="pip install --force-reinstall tcmalloc-leakcheck",
        )
    return tuple(sources)


def agent_build_command(cc: Path | str, sources: Sequence[Path], output: Path) -> Command:
    """Build the compiler's command line; headers among `sources` are not named on it."""
    compiled = [str(path) for path in sources if path.suffix in _COMPILED]
    return Command(
        argv=(str(cc), *AGENT_FLAGS, "-o", str(output), *compiled, *_AGENT_LIBRARIES),
    )


def agent_key(cc: CcTool, sources: Sequence[Path]) -> str:
    """Digest what the library is made of to 20 hex digits: compiler, flags, names, contents."""
    digest = hashlib.sha256()
    for text in (str(cc.path), cc.version, *AGENT_FLAGS, *_AGENT_LIBRARIES):
        digest.update(text.encode() + b"\0")
    for path in sources:
        content = path.read_bytes()
        digest.update(f"{path.name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()[:20]


def agent_library(cc: CcTool, cache_dir: Path) -> Path:
    """Name the file the agent is, or would be, in `cache_dir`."""
    return cache_dir / "agent" / f"leakcheck-agent-{agent_key(cc, agent_sources())}.so"


def refuse_foreign_agent(library: Path) -> None:
    """Raise BadInput when somebody else could have put this library into the cache.

    It runs in the tested program with the user's rights.
    """
    for path in (library, library.parent):
        status = path.stat()
        others = stat.S_IWOTH | (0 if status.st_gid in {0, os.getegid()} else stat.S_IWGRP)
        if status.st_uid not in {0, os.geteuid()} or status.st_mode & others:
            raise BadInput(
                f"{path} cannot be trusted",
                why="it belongs to another user, or others may write it",
                hint='export LEAKCHECK_CACHE_DIR="$(mktemp -d)"',
            )


def build_agent(cc: CcTool, cache_dir: Path) -> Path:
    """Take the agent's library from `cache_dir`, or compile it into there.

    Raises BuildFailed with the compiler's output, BadInput when the cache cannot be written.
    """
    library = agent_library(cc, cache_dir)
    if library.is_file():
        return library
    unfinished = _name_beside(library)
    try:
        _compile(agent_build_command(cc.path, agent_sources(), unfinished))
        unfinished.replace(library)
    finally:
        unfinished.unlink(missing_ok=True)
    return library


def _name_beside(library: Path) -> Path:
    """Make an empty file in the library's own directory, so that the rename is atomic."""
    try:
        library.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix="unfinished-", suffix=".so", dir=library.parent)
    except OSError as error:
        raise BadInput(
            "the cache directory cannot be written",
            why=str(error),
            hint='export LEAKCHECK_CACHE_DIR="$(mktemp -d)"',
        ) from error
    os.close(handle)
    return Path(name)


def _compile(command: Command) -> None:
    completed = run(command, timeout_s=_BUILD_TIMEOUT_S)
    if _NOT_GLIBC in completed.stderr:
        raise BuildFailed(
            "the agent did not compile",
            why=f"{command.argv[0]} compiles for another C library than glibc (musl?)",
            hint="CC=gcc leakcheck leak …",
        )
    if completed.returncode != 0:
        raise BuildFailed(
            "the agent did not compile",
            why=(completed.stderr or completed.stdout).strip()
            or f"the compiler ended with status {completed.returncode}",
            hint="leakcheck doctor",
        )
