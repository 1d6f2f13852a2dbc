"""Other releases of gperftools: the system's own library, else built from source with CMake."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from leakcheck.process import Command
from leakcheck.toolchain.discovery import list_tcmallocs
from tests.matrix.trouble import Unavailable, done

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["REPOSITORY_KEY", "build_commands", "find_library"]

REPOSITORY_KEY = "LEAKCHECK_GPERFTOOLS_REPOSITORY"
REPOSITORY = "https://github.com/gperftools/gperftools"
_NO_LIBUNWIND_H = ("sed", "-i", "/define HAVE_LIBUNWIND_H 0/d")
_TARGETS = {"minimal": "tcmalloc_minimal", "full": "tcmalloc"}


def find_library(version: str, library: str, folder: Path) -> Path:
    """Give the path of the library; what is built stays in `folder` for the next time."""
    target = _TARGETS[library]
    for one in list_tcmallocs():
        if one.version == version and one.path.name.startswith(f"lib{target}.so"):
            return one.path
    build = folder / version / "build"
    for built in build.glob(f"lib{target}.so"):
        return built
    if shutil.which("cmake") is None or shutil.which("git") is None:
        raise Unavailable("it is built with cmake and git, and one is not on this machine")
    for command in build_commands(version, folder):
        done(command)
    return build / f"lib{target}.so"


def build_commands(version: str, folder: Path) -> tuple[Command, ...]:
    """Get the release's tag and compile both libraries; without libunwind, which is not theirs."""
    source, build = folder / version / "source", folder / version / "build"
    repository = os.environ.get(REPOSITORY_KEY, REPOSITORY)
    switches = (
        "-DCMAKE_BUILD_TYPE=Release",
        "-DBUILD_TESTING=OFF",
        "-DGPERFTOOLS_BUILD_STATIC=OFF",
        "-Dgperftools_enable_libunwind=OFF",
        "-DCMAKE_POLICY_VERSION_MINIMUM=3.5",
    )
    tag = ("--depth", "1", "--branch", f"gperftools-{version}")
    return (
        Command(("rm", "-rf", str(folder / version))),
        Command(("git", "clone", "--quiet", *tag, repository, str(source))),
        Command(("cmake", "-S", str(source), "-B", str(build), *switches)),
        # 2.9.1 takes "defined as 0" for "there is a libunwind.h".
        Command(("find", str(build), "-name", "config.h", "-exec", *_NO_LIBUNWIND_H, "{}", "+")),
        Command(("cmake", "--build", str(build), "--target", *_TARGETS.values())),
    )
