"""Everything the set-up does to the machine, and all it asks of it."""

from __future__ import annotations

import contextlib
import fcntl
import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bootstrap.commands import (
    Command,
    compile_probe_command,
    ffmpeg_probe_command,
    loader_cache_command,
    sudo_probe_command,
)
from bootstrap.needs import TEST_PROGRAMS, Machine, parse_loader_cache
from bootstrap.progress import show_step

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "Completed",
    "base_python",
    "can_make_venv",
    "exclusive",
    "find_privilege",
    "has_package_lists",
    "has_python_headers",
    "probe_machine",
    "run",
]

PACKAGE_LISTS = Path("/var/lib/apt/lists")
HEARTBEAT_S = 10.0
NOT_FOUND = 127


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """How a command ended; `output` is its standard output and error together.

    `returncode` is 127 when the program is not there.
    """

    returncode: int
    output: str


def run(command: Command, *, label: str = "") -> Completed:
    """Run `command` to its end; with a `label`, say every 10 s that it is still at work."""
    with tempfile.TemporaryFile() as stdin, tempfile.TemporaryFile() as output:
        stdin.write(command.stdin.encode())
        stdin.seek(0)
        try:
            process = subprocess.Popen(
                command.argv,
                stdin=stdin,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=os.environ | dict(command.environment),
            )
        except OSError as error:
            return Completed(returncode=NOT_FOUND, output=str(error))
        returncode = _wait(process, label)
        output.seek(0)
        return Completed(returncode=returncode, output=output.read().decode(errors="replace"))


def _wait(process: subprocess.Popen[bytes], label: str) -> int:
    start = time.monotonic()
    try:
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                return process.wait(HEARTBEAT_S)
            if label:
                show_step("Working", f"{label}, {time.monotonic() - start:.0f} s")
    except KeyboardInterrupt:
        # A package manager must not be killed in the middle: it was told, and is waited for.
        with contextlib.suppress(PermissionError):
            process.terminate()
        process.wait()
        raise


@contextlib.contextmanager
def exclusive(directory: Path) -> Iterator[None]:
    """Hold `directory` alone: two set-ups of one checkout at a time would break each other.

    The directory itself is locked, so that no lock file is left behind.
    """
    handle = os.open(directory, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            show_step("Waiting", "for another set-up of this checkout")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def probe_machine() -> Machine:
    """What this machine has now. Asks the loader and the compiler, not the package manager."""
    return Machine(
        libraries=_loader_libraries(),
        has_own_tcmalloc=_is_file(os.environ.get("LEAKCHECK_TCMALLOC", "")),
        compiles_c=_compiles_c(),
        compiles_cxx=run(compile_probe_command(("g++",), language="c++")).returncode == 0,
        compiles_for_arm64=run(compile_probe_command(("aarch64-linux-gnu-gcc",))).returncode == 0,
        has_ffmpeg=run(ffmpeg_probe_command()).returncode == 0,
        has_cmake=shutil.which("cmake") is not None,
        has_python_headers=has_python_headers(),
        has_dot=shutil.which("dot") is not None,
        python=sys.version_info[:2],
        has_venv=can_make_venv(),
        test_packages=frozenset(
            package for package, names in TEST_PROGRAMS.items() if any(map(shutil.which, names))
        ),
    )


def can_make_venv() -> bool:
    """Whether this Python can make an environment with pip; Debian's needs a package for it."""
    importlib.invalidate_caches()
    return all(importlib.util.find_spec(name) for name in ("venv", "ensurepip"))


def has_python_headers() -> bool:
    """Whether this Python's extensions compile; Debian's needs a package for it."""
    return Path(sysconfig.get_path("include"), "Python.h").is_file()


def find_privilege() -> tuple[str, ...] | None:
    """What makes a command root's: nothing for root, sudo without password, None without either."""
    if os.geteuid() == 0:
        return ()
    if shutil.which("sudo") and run(sudo_probe_command()).returncode == 0:
        return ("sudo", "-n")
    return None


def has_package_lists() -> bool:
    """Whether apt knows any package; container images come without."""
    return any(PACKAGE_LISTS.glob("*_Packages*"))


def base_python() -> str:
    """The Python below any virtual environment: the one that is running may be `.venv`'s own."""
    if sys.prefix == sys.base_prefix:
        return sys.executable
    major, minor = sys.version_info[:2]
    return str(Path(sys.base_prefix, "bin", f"python{major}.{minor}"))


def _loader_libraries() -> frozenset[str]:
    # ldconfig is not on every user's PATH.
    search = os.pathsep.join((os.environ.get("PATH", ""), "/sbin", "/usr/sbin"))
    ldconfig = shutil.which("ldconfig", path=search)
    if ldconfig is None:
        return frozenset()
    return parse_loader_cache(run(loader_cache_command(ldconfig)).output)


def _compiles_c() -> bool:
    # `cc` builds the agent, and cgo calls `gcc` by that name, unless CC says otherwise.
    chosen = shlex.split(os.environ.get("CC", ""))
    compilers = (chosen,) if chosen else (["cc"], ["gcc"])
    return all(run(compile_probe_command(argv)).returncode == 0 for argv in compilers)


def _is_file(path: str) -> bool:
    return bool(path) and Path(path).is_file()
