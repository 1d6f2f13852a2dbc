"""Finding the C compiler."""

from __future__ import annotations

import os
import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from leakcheck.errors import ToolMissing
from leakcheck.process import Command, run
from leakcheck.toolchain.packages import install_command

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CcTool", "cc_names", "cc_version_command", "find_cc", "parse_cc_version"]

_LAUNCHERS = frozenset({"ccache", "distcc", "sccache", "icecc"})
_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class CcTool:
    """The C compiler; `version` is the first line it says, `kind` is `gcc` or `clang`."""

    path: Path
    version: str
    kind: str


def find_cc() -> CcTool:
    """Find $CC, else cc, gcc or clang; one that is neither GCC nor Clang is passed over.

    Raises ToolMissing.
    """
    names = cc_names(os.environ)
    for name in names:
        path = shutil.which(name)
        if path is None:
            continue
        completed = run(cc_version_command(Path(path)), timeout_s=_TIMEOUT_S)
        version = parse_cc_version(completed.stdout)
        if version is not None:
            return CcTool(Path(path), *version)
    raise ToolMissing(
        "no C compiler was found",
        why=f"neither GCC nor Clang answers to {', '.join(names)}",
        hint=install_command("cc"),
    )


def cc_names(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Name the compilers to try; of `CC="ccache gcc -m64"` the compiler alone.

    A $CC that cannot be split is left to go, which complains about it.
    """
    try:
        words = shlex.split(environment.get("CC", ""))
    except ValueError:
        words = []
    chosen = [word for word in words if Path(word).name not in _LAUNCHERS][:1]
    return tuple(dict.fromkeys((*chosen, "cc", "gcc", "clang")))


def cc_version_command(cc: Path) -> Command:
    """Build `cc --version`."""
    return Command((str(cc), "--version"))


def parse_cc_version(output: str) -> tuple[str, str] | None:
    """Read the version line and the kind, `gcc` or `clang`; None for another compiler.

    GCC says `gcc (Debian 12.2.0-14+deb12u1) 12.2.0` and below it whose copyright it is,
    Clang says `Debian clang version 14.0.6`.
    """
    lines = output.splitlines()
    if not lines:
        return None
    if "clang version" in lines[0]:
        return lines[0].strip(), "clang"
    if "Free Software Foundation" in output:
        return lines[0].strip(), "gcc"
    return None
