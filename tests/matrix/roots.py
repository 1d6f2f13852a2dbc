"""Another Debian in a folder, with this checkout in it: a newer C library, compiler and Python.

Needs root and debootstrap. `/proc` and `/dev` are mounted in a mount namespace of their own, so
nothing is left mounted.
"""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from leakcheck.process import Command
from tests.matrix.trouble import Unavailable, done

if TYPE_CHECKING:
    from tests.matrix.place import Question

__all__ = ["Root", "make_root", "parse_versions", "root_command", "root_questions"]

CHECKOUT = Path(__file__).parents[2]
PACKAGES = (
    *("ca-certificates", "gcc", "g++", "libc6-dev", "python3", "python3-venv", "git", "make"),
    *("graphviz", "libgoogle-perftools4t64", "libtcmalloc-minimal4t64", "libunwind8"),
)
_MOUNT = (
    'mount -t proc proc "$0/proc" && mount --rbind /dev "$0/dev" && '
    'cd "$0" && exec chroot "$0" env -C /src "$@"'
)
_HOST_FILES = ("/etc/resolv.conf", "/etc/pip.conf", "/etc/ssl/certs/ca-certificates.crt")
_ASK = "dpkg-query -W -f '${Package} ${Version}\\n' libc6 gcc libgoogle-perftools4t64 python3"
_NAMES = {"libc6": "glibc", "libgoogle-perftools4t64": "gperftools", "python3": "Python"}
_VERSION = re.compile(r"^(\S+) (?:\d+:)?(\d+(?:\.\d+)+)", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """The folder, and what is in it: "glibc 2.41, gcc 14.2.0, …"."""

    path: Path
    versions: str


def make_root(suite: str, path: Path) -> Root:
    """Set the system up, once, and put today's checkout into it."""
    if os.geteuid() != 0 or shutil.which("debootstrap") is None:
        raise Unavailable("it needs root and debootstrap")
    if not (path / "src").is_dir():
        path.parent.mkdir(parents=True, exist_ok=True)
        done(Command(("debootstrap", "--variant=minbase", suite, str(path))))
        (path / "src").mkdir()
    _take_along(path)
    install = ("apt-get", "-q", "install", "-y", "--no-install-recommends", *PACKAGES)
    update = ("apt-get", "-q", "-o", "Acquire::Check-Valid-Until=false", "update")  # old mirrors
    for argv in (update, install, ("python3", "-m", "bootstrap")):
        done(root_command(path, ("env", "DEBIAN_FRONTEND=noninteractive", *argv)))
    said = done(root_command(path, ("sh", "-c", _ASK)))
    return Root(path=path, versions=parse_versions(said))


def _take_along(path: Path) -> None:
    """Copy the committed files of the checkout, and what downloads need."""
    for old in (path / "src").iterdir():  # what an earlier commit had would be built too
        if old.name != ".venv":
            shutil.rmtree(old) if old.is_dir() else old.unlink()
    archive = path / "checkout.tar"
    done(Command(("git", "archive", "-o", str(archive), "HEAD"), cwd=CHECKOUT))
    done(Command(("tar", "xf", str(archive), "-C", str(path / "src"))))
    for name in filter(os.path.isfile, _HOST_FILES):
        target = path / name.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(name, target)


def root_command(path: Path, argv: tuple[str, ...]) -> Command:
    """Run a command in the other system, in its copy of the checkout."""
    return Command(("unshare", "--mount", "sh", "-c", _MOUNT, str(path), *argv))


def root_questions(*questions: Question) -> tuple[Question, ...]:
    """Ask them of the environment in there; its `bin` holds the Go that the set-up installed."""
    path = "PATH=/usr/sbin:/usr/bin:/sbin:/bin:/src/.venv/bin"
    return tuple(
        replace(question, argv=("env", path, "/src/.venv/bin/python", *question.argv))
        for question in questions
    )


def parse_versions(output: str) -> str:
    """Read `libc6 2.41-12+deb13u5` and its like, one a line."""
    found = _VERSION.findall(output)
    return ", ".join(f"{_NAMES.get(package, package)} {version}" for package, version in found)
