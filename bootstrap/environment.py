"""Makes `.venv`: an empty environment, the locked packages, then this project itself."""

from __future__ import annotations

import platform
import shutil
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bootstrap import effects
from bootstrap.commands import (
    Command,
    editable_install_command,
    install_by_hand,
    locked_install_command,
    venv_command,
)
from bootstrap.errors import SetupError
from bootstrap.needs import venv_package
from bootstrap.progress import show_step
from bootstrap.stamp import Stamp, fingerprint, parse_stamp, render_stamp
from bootstrap.system import last_lines

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "Checkout",
    "install_packages",
    "install_project",
    "read_stamp",
    "run_or_fail",
    "wanted_stamp",
    "write_stamp",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """Where things lie in a checkout of this project."""

    root: Path

    @property
    def venv(self) -> Path:
        """The virtual environment everything runs in."""
        return self.root / ".venv"

    @property
    def stamp(self) -> Path:
        """What the last set-up made; inside the environment, so that it goes with it."""
        return self.venv / "setup-stamp"

    @property
    def packages_lock(self) -> Path:
        """All Python packages with their hashes."""
        return self.root / "requirements" / "locked.txt"

    @property
    def go_lock(self) -> Path:
        """The Go toolchain as a wheel, with its hashes."""
        return self.root / "requirements" / "go.txt"

    @property
    def project(self) -> Path:
        """Metadata and entry points of this project."""
        return self.root / "pyproject.toml"


def wanted_stamp(checkout: Checkout) -> Stamp:
    """The stamp of a set-up that is finished now, with a Go toolchain from the wheel."""
    python = f"{platform.python_implementation()} {sys.version_info[:2]} {sys.base_prefix}"
    return Stamp(
        packages=fingerprint((checkout.packages_lock.read_text(), python, str(checkout.venv))),
        project=fingerprint((checkout.project.read_text(),)),
        go=fingerprint((checkout.go_lock.read_text(),)),
    )


def read_stamp(checkout: Checkout) -> Stamp:
    """What is there now: parts whose files are gone count as not made, whatever was written."""
    try:
        stamp = parse_stamp(checkout.stamp.read_text())
    except OSError:
        return Stamp()
    programs = checkout.venv / "bin"
    if not (programs / "python").exists():
        return Stamp()
    return replace(
        stamp,
        project=stamp.project if (programs / "leakcheck").exists() else "",
        go=stamp.go if (programs / "go").exists() else "",
    )


def write_stamp(checkout: Checkout, stamp: Stamp) -> None:
    """Replace the stamp file; a reader sees the old one or the new one."""
    fresh = checkout.stamp.with_suffix(".new")
    fresh.write_text(render_stamp(stamp))
    fresh.replace(checkout.stamp)


def install_packages(checkout: Checkout) -> None:
    """Make the environment anew with the locked packages. The stamp of the old one goes first."""
    if not effects.can_make_venv():
        package = venv_package(sys.version_info[:2])
        raise SetupError(
            f"{effects.base_python()} cannot make a virtual environment",
            why="its module ensurepip is missing",
            hint=install_by_hand((package,), has_sudo=shutil.which("sudo") is not None),
        )
    checkout.stamp.unlink(missing_ok=True)
    show_step("Creating", f".venv (Python {platform.python_version()})")
    run_or_fail(
        venv_command(effects.base_python(), checkout.venv),
        what="the virtual environment .venv could not be made",
        label="python -m venv",
    )
    show_step(
        "Installing", f"Python packages ({checkout.packages_lock.relative_to(checkout.root)})"
    )
    run_or_fail(
        locked_install_command(checkout.venv, checkout.packages_lock),
        what="the Python packages could not be installed",
        label="pip install",
    )


def install_project(checkout: Checkout) -> None:
    """Install leakcheck itself, so that its source is what runs."""
    show_step("Installing", "leakcheck itself, editable")
    run_or_fail(
        editable_install_command(checkout.venv, checkout.root),
        what="leakcheck itself could not be installed",
        label="pip install",
    )


def run_or_fail(command: Command, *, what: str, label: str) -> None:
    """Run `command`; SetupError with the end of its output when it fails."""
    done = effects.run(command, label=label)
    if done.returncode != 0:
        raise SetupError(what, why=last_lines(done.output), hint="make setup")
