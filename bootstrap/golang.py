"""A Go toolchain: the one on PATH when it is new enough, else a wheel in `.venv`."""

from __future__ import annotations

import os
import re
import shutil
from typing import TYPE_CHECKING

from bootstrap import effects
from bootstrap.commands import go_version_command, locked_install_command
from bootstrap.environment import run_or_fail
from bootstrap.progress import show_step

if TYPE_CHECKING:
    from bootstrap.environment import Checkout

__all__ = ["has_go", "install_go", "is_new_enough", "parse_go_version", "path_without"]

OLDEST = (1, 21)


def has_go(checkout: Checkout) -> bool:
    """Whether LEAKCHECK_GO or PATH, `.venv` aside, names a Go that is new enough."""
    path = path_without(os.environ.get("PATH", ""), str(checkout.venv / "bin"))
    go = shutil.which(os.environ.get("LEAKCHECK_GO") or "go", path=path)
    return go is not None and is_new_enough(effects.run(go_version_command(go)).output)


def install_go(checkout: Checkout) -> None:
    """Install the locked toolchain into `.venv`; about 75 MB to fetch."""
    oldest = ".".join(map(str, OLDEST))
    show_step("Installing", f"Go into .venv (none on PATH, or older than {oldest}; 75 MB)")
    run_or_fail(
        locked_install_command(checkout.venv, checkout.go_lock),
        what="no Go toolchain on PATH, and none could be installed into .venv",
        label="pip install",
    )


def is_new_enough(output: str) -> bool:
    """Whether the output of `go version` names Go 1.21 or newer."""
    version = parse_go_version(output)
    return version is not None and version >= OLDEST


def parse_go_version(output: str) -> tuple[int, int] | None:
    """(major, minor) from `go version go1.26.8 linux/amd64` or `… devel go1.28-1a2b …`."""
    match = re.search(r"\bgo(\d+)\.(\d+)", output)
    return (int(match[1]), int(match[2])) if match else None


def path_without(path: str, directory: str) -> str:
    """PATH without `directory`, which is there while `.venv` is activated."""
    return os.pathsep.join(part for part in path.split(os.pathsep) if part != directory)
