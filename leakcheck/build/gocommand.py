"""Command lines of the go tool, as a cgo build needs them."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from leakcheck.errors import BuildFailed
from leakcheck.process import Command, run

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["GoEnvironment", "ask_go", "go_command", "go_environment", "parse_go_env"]

_GO_ENV_TIMEOUT_S = 600.0  # go may have to download another toolchain first


@dataclass(frozen=True, slots=True, kw_only=True)
class GoEnvironment:
    """What the go tool works with in a project; a `toolchain` line may choose another tree."""

    goroot: Path
    version: str = ""
    flags: str = ""


def go_environment(base: Mapping[str, str], *, project: Path) -> tuple[tuple[str, str], ...]:
    """Switch cgo on in `base`, and set `PWD` as a shell in `project` would have it.

    Without the right `PWD` go resolves symbolic links and prints paths the user never typed.
    """
    return tuple(sorted({**base, "CGO_ENABLED": "1", "PWD": str(project)}.items()))


def go_command(go: Path | str, *arguments: str, project: Path) -> Command:
    """Build `go arguments…`, run in `project` with cgo."""
    return Command(
        argv=(str(go), *arguments),
        env=go_environment(os.environ, project=project),
        cwd=project,
    )


def parse_go_env(output: str) -> GoEnvironment | None:
    """Read `{"GOFLAGS": "", "GOROOT": "/usr/local/go", "GOVERSION": "go1.26.8"}`, else None."""
    try:
        values = json.loads(output)
        goroot = values["GOROOT"]
    except (ValueError, KeyError, TypeError):
        return None
    if not isinstance(goroot, str) or not goroot:
        return None
    return GoEnvironment(
        goroot=Path(goroot),
        version=str(values.get("GOVERSION", "")),
        flags=str(values.get("GOFLAGS", "")),
    )


def ask_go(go: Path | str, *, project: Path) -> GoEnvironment:
    """Ask the go tool what it works with in `project`. Raises BuildFailed."""
    command = go_command(go, "env", "-json", "GOROOT", "GOVERSION", "GOFLAGS", project=project)
    completed = run(command, timeout_s=_GO_ENV_TIMEOUT_S)
    environment = parse_go_env(completed.stdout) if completed.returncode == 0 else None
    if environment is None:
        raise BuildFailed(
            "go does not say where it is installed",
            why=completed.stderr.strip(),
            hint="leakcheck doctor",
        )
    return environment
