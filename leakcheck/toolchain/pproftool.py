"""Finding pprof, and the dot it draws with."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from leakcheck.errors import ToolMissing
from leakcheck.process import Command, run
from leakcheck.toolchain.packages import install_command

if TYPE_CHECKING:
    from leakcheck.toolchain.gotool import GoTool

__all__ = [
    "DotTool",
    "PprofTool",
    "dot_version_command",
    "find_dot",
    "find_pprof",
    "goroot_command",
    "parse_dot_version",
]

_DOT_VERSION = re.compile(r"dot - graphviz version (\S+)")
_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class PprofTool:
    """How pprof is called: `argv` is `("/usr/bin/pprof",)` or `("…/go", "tool", "pprof")`."""

    argv: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DotTool:
    """Graphviz' dot."""

    path: Path
    version: str | None


def find_pprof(go: GoTool | None) -> PprofTool:
    """Find pprof on PATH, else the one that comes with Go.

    Newer Go has it as source and builds it at first use. Raises ToolMissing.
    """
    path = shutil.which("pprof")
    if path is not None and not _is_gperftools_own(Path(path)):
        return PprofTool((path,))
    if go is not None and _has_pprof(go):
        return PprofTool((str(go.path), "tool", "pprof"))
    raise ToolMissing("pprof was not found", hint="go install github.com/google/pprof@latest")


def find_dot() -> DotTool:
    """Find dot on PATH; raises ToolMissing."""
    path = shutil.which("dot")
    if path is None:
        raise ToolMissing("dot was not found", hint=install_command("dot"))
    completed = run(dot_version_command(Path(path)), timeout_s=_TIMEOUT_S)
    return DotTool(Path(path), parse_dot_version(completed.stderr + completed.stdout))


def dot_version_command(dot: Path) -> Command:
    """Build `dot -V`, which answers on standard error."""
    return Command((str(dot), "-V"))


def goroot_command(go: Path) -> Command:
    """Build `go env GOROOT`, outside any module."""
    return Command((str(go), "env", "GOROOT"), cwd=Path("/"))


def parse_dot_version(output: str) -> str | None:
    """Read `dot - graphviz version 2.43.0 (0)`."""
    match = _DOT_VERSION.search(output)
    return match[1] if match else None


def _is_gperftools_own(pprof: Path) -> bool:
    """Tell gperftools' older program of that name, a Perl script, which reads no profile.proto."""
    with pprof.open("rb") as stream:
        return re.match(rb"#!.*\bperl\b", stream.readline(200)) is not None


def _has_pprof(go: GoTool) -> bool:
    goroot = Path(run(goroot_command(go.path), timeout_s=_TIMEOUT_S).stdout.strip())
    return any(goroot.glob("pkg/tool/*/pprof")) or (goroot / "src/cmd/pprof").is_dir()
