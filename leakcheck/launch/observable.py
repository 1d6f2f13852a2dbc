"""Which programs can be observed at all; the others are refused before they run.

A program that never loads the agent would pass unobserved and look clean.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from leakcheck.errors import BadInput, NotChecked
from leakcheck.toolchain.processor import NATIVE, is_for

if TYPE_CHECKING:
    from pathlib import Path

    from leakcheck.toolchain.elf import ElfFacts

__all__ = ["Privileges", "read_privileges", "refuse_unobservable"]

_SANITIZERS = {"__asan_init": "AddressSanitizer", "__msan_init": "MemorySanitizer"}
_SANITIZER_LIBRARIES = {"libasan.so": "AddressSanitizer", "liblsan.so": "LeakSanitizer"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Privileges:
    """What the file system grants a program beyond its caller; glibc then ignores LD_PRELOAD."""

    changes_user: bool = False
    changes_group: bool = False
    has_capabilities: bool = False


def read_privileges(path: Path) -> Privileges:
    """Look at the set-id bits and capabilities of `path`, as seen by the user we run as.

    Raises BadInput when it is missing, a directory, or not executable.
    """
    try:
        status = path.stat()
    except OSError as error:
        raise BadInput(f"{path} cannot be run", why=error.strerror or str(error)) from error
    if not stat.S_ISREG(status.st_mode):
        raise BadInput(f"{path} cannot be run", why="it is not a file")
    if not os.access(path, os.X_OK):
        raise BadInput(f"{path} cannot be run", why="it is not executable", hint=f"chmod +x {path}")
    return Privileges(
        changes_user=bool(status.st_mode & stat.S_ISUID) and status.st_uid != os.geteuid(),
        changes_group=bool(status.st_mode & stat.S_ISGID) and status.st_gid != os.getegid(),
        has_capabilities=os.geteuid() != 0 and "security.capability" in _attributes(path),
    )


def refuse_unobservable(facts: ElfFacts, privileges: Privileges) -> None:
    """Raise NotChecked, with the reason and a way out, unless the agent can be preloaded."""
    refusal = _refusal_of_file(facts) or _refusal_of_build(facts) or _refusal_of(privileges)
    if refusal:
        why, hint = refusal
        raise NotChecked(f"{facts.path.name} cannot be observed", why=why, hint=hint)


def _refusal_of_file(facts: ElfFacts) -> tuple[str, str] | None:
    """Judge what the file is: architecture, and whether a loader brings libraries in."""
    if not is_for(NATIVE, facts):
        why = f"it is a {facts.bits}-bit {facts.machine} program, this machine is {NATIVE.name}"
        return why, "uname -m"
    if facts.interpreter is None and facts.soname is not None:
        return "it is a shared library, not a program", ""
    if facts.interpreter is None:
        return (
            "it is static (or pure Go): nothing can be preloaded into it",
            "CGO_ENABLED=1 go test -c  # without -extldflags=-static"
            if facts.is_go
            else "cc -o PROGRAM …  # without -static",
        )
    if os.path.basename(facts.interpreter).startswith("ld-musl"):  # noqa: PTH119 - text, no file
        return "it is linked with musl, the agent with glibc", "build it on Debian or Ubuntu"
    return None


def _refusal_of_build(facts: ElfFacts) -> tuple[str, str] | None:
    """Judge what it was built with: a sanitizer replaces malloc itself."""
    by_symbol = (name for symbol, name in _SANITIZERS.items() if symbol in facts.exports)
    by_library = (
        name
        for library, name in _SANITIZER_LIBRARIES.items()
        if any(needed.startswith(library) for needed in facts.needed)
    )
    for name in (*by_symbol, *by_library):
        return f"it is built with {name}, which brings a malloc of its own", "build it without"
    return None


def _refusal_of(privileges: Privileges) -> tuple[str, str] | None:
    """Judge privileges: with them the loader ignores what is preloaded."""
    if privileges.changes_user or privileges.changes_group:
        return "it is set-user-ID or set-group-ID: the loader ignores LD_PRELOAD", "chmod ug-s"
    if privileges.has_capabilities:
        return "it has file capabilities: the loader ignores LD_PRELOAD", "setcap -r"
    return None


def _attributes(path: Path) -> list[str]:
    try:
        return os.listxattr(path)
    except OSError:  # a file system without extended attributes
        return []
