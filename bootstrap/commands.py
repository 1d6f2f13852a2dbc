"""Every command the set-up runs, as a value. Nothing here touches the machine."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = [
    "Command",
    "apt_install_command",
    "apt_update_command",
    "compile_probe_command",
    "editable_install_command",
    "ffmpeg_probe_command",
    "go_version_command",
    "install_by_hand",
    "loader_cache_command",
    "locked_install_command",
    "sudo_probe_command",
    "venv_command",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command line; `environment` is added to the inherited one, `stdin` is fed to it."""

    argv: tuple[str, ...]
    environment: tuple[tuple[str, str], ...] = ()
    stdin: str = ""


def sudo_probe_command() -> Command:
    """Succeeds when sudo asks for no password."""
    return Command(argv=("sudo", "-n", "true"))


def apt_update_command(privilege: Sequence[str]) -> Command:
    """Fetch the package lists; `privilege` is the prefix that makes it root, may be empty."""
    return Command(argv=(*privilege, *_APT, "update"))


def apt_install_command(privilege: Sequence[str], packages: Sequence[str]) -> Command:
    """Install `packages` without recommended ones, and without any question."""
    return Command(argv=(*privilege, *_APT, *_INSTALL, *packages))


def install_by_hand(packages: Sequence[str], *, has_sudo: bool) -> str:
    """The one line a user types to install `packages` when the set-up may not."""
    install = shlex.join(("apt-get", *_INSTALL, *packages))
    if has_sudo:
        return f"sudo apt-get update && sudo {install}"
    return f"su -c {shlex.quote(f'apt-get update && {install}')}"


def loader_cache_command(ldconfig: str) -> Command:
    """List the libraries the dynamic loader knows."""
    return Command(argv=(ldconfig, "-p"))


def compile_probe_command(compiler: Sequence[str], *, language: str = "c") -> Command:
    """Succeeds when `compiler` does this language ("c", "c++") and finds the library's headers."""
    return Command(
        argv=(*compiler, "-x", language, "-fsyntax-only", "-"),
        stdin="#include <stdlib.h>\n",
    )


def ffmpeg_probe_command() -> Command:
    """Succeeds when pkg-config knows the FFmpeg libraries that the tests build with."""
    libraries = ("libavformat", "libavcodec", "libswscale", "libavutil")
    return Command(argv=("pkg-config", "--exists", *libraries))


def go_version_command(go: str) -> Command:
    """Ask for the version of this very toolchain: a `go.mod` must not make it fetch another."""
    return Command(argv=(go, "version"), environment=(("GOTOOLCHAIN", "local"),))


def venv_command(python: str, venv: Path) -> Command:
    """Make an empty virtual environment with pip, in place of what is there."""
    return Command(argv=(python, "-m", "venv", "--clear", str(venv)))


def locked_install_command(venv: Path, lock: Path) -> Command:
    """Install exactly what `lock` lists, each file checked against its hash."""
    return _pip_install(
        venv, "--require-hashes", "--no-deps", "--only-binary=:all:", "-r", str(lock)
    )


def editable_install_command(venv: Path, project: Path) -> Command:
    """Install `project` so that its source is what runs; its build backend is in the lock."""
    return _pip_install(venv, "--no-deps", "--no-build-isolation", "--editable", str(project))


_APT = ("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-o", "DPkg::Lock::Timeout=300")
_INSTALL = ("install", "-y", "--no-install-recommends")


def _pip_install(venv: Path, *arguments: str) -> Command:
    return Command(
        argv=(str(venv / "bin" / "python"), "-m", "pip", "install", *arguments),
        environment=(("PIP_DISABLE_PIP_VERSION_CHECK", "1"), ("PIP_NO_INPUT", "1")),
    )
