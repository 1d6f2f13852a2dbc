"""What a machine must have before anything works, and the package that brings it.

Names are those of Debian and Ubuntu. `libtcmalloc-minimal4` is called
`libtcmalloc-minimal4t64` since Debian 13 and Ubuntu 24.04, which provides the old name too,
so apt resolves it; likewise `libgoogle-perftools4`, the full library.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType

__all__ = [
    "TEST_PROGRAMS",
    "Machine",
    "missing_packages",
    "parse_loader_cache",
    "python_headers_package",
    "venv_package",
]

TEST_PROGRAMS = MappingProxyType(
    {
        "poppler-utils": ("pdftotext",),
        "chromium": ("chromium", "chromium-browser", "google-chrome"),
        "musl-tools": ("musl-gcc",),
        "qemu-user": ("qemu-aarch64",),
    }
)
"""What only the tests use: a package, and the programs of which one will do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What was found on this machine.

    `libraries` are sonames of the dynamic loader's 64-bit libraries; `compiles_c` means that a C
    program with a header of the C library compiles, `compiles_cxx` the same of C++,
    `compiles_for_arm64` of C for that processor; `has_ffmpeg` that pkg-config knows its libraries;
    `python` is (major, minor) of the Python that makes the environment, `has_venv` whether it can,
    `has_python_headers` whether its extensions compile; `test_packages` are those of TEST_PROGRAMS
    that are there.
    """

    libraries: frozenset[str]
    has_own_tcmalloc: bool
    compiles_c: bool
    compiles_cxx: bool
    compiles_for_arm64: bool
    has_dot: bool
    has_ffmpeg: bool
    has_cmake: bool
    has_python_headers: bool
    python: tuple[int, int]
    has_venv: bool
    test_packages: frozenset[str]


def missing_packages(machine: Machine, *, for_tests: bool) -> tuple[str, ...]:
    """The packages to install, in a fixed order; empty when nothing is missing.

    `for_tests` adds what only leakcheck's own end-to-end tests need.
    """
    needs = (
        (_has_tcmalloc(machine), ("libtcmalloc-minimal4",)),
        ("libunwind.so.8" in machine.libraries, ("libunwind8",)),
        (machine.compiles_c, ("gcc", "libc6-dev")),
        (machine.compiles_cxx or not for_tests, ("g++",)),
        (machine.compiles_for_arm64 or not for_tests, _ARM64_COMPILER),
        (_FULL_TCMALLOC in machine.libraries or not for_tests, ("libgoogle-perftools4",)),
        (machine.has_ffmpeg or not for_tests, _FFMPEG),
        (machine.has_cmake or not for_tests, ("cmake",)),
        (machine.has_python_headers or not for_tests, (python_headers_package(machine.python),)),
        (machine.has_dot, ("graphviz",)),
        (machine.has_venv, (venv_package(machine.python),)),
        *((each in machine.test_packages or not for_tests, (each,)) for each in TEST_PROGRAMS),
    )
    return tuple(package for found, packages in needs if not found for package in packages)


def venv_package(python: tuple[int, int]) -> str:
    """What brings `ensurepip` to Debian's own Python of this version."""
    major, minor = python
    return f"python{major}.{minor}-venv"


def python_headers_package(python: tuple[int, int]) -> str:
    """What brings `Python.h` of this version."""
    major, minor = python
    return f"libpython{major}.{minor}-dev"


def parse_loader_cache(output: str) -> frozenset[str]:
    """The sonames of 64-bit libraries that `ldconfig -p` lists, of x86-64 or, there, of arm64.

    A line reads `	libunwind.so.8 (libc6,x86-64) => /lib/x86_64-linux-gnu/libunwind.so.8`;
    lines of other architectures and the headline are passed over.
    """
    return frozenset(match["soname"] for match in _CACHE_LINE.finditer(output))


_CACHE_LINE = re.compile(
    r"^\s+(?P<soname>\S+) \([^)\n]*(?:x86-64|AArch64)[^)\n]*\) => ", re.MULTILINE
)
_FFMPEG = ("pkg-config", "libavformat-dev", "libavcodec-dev", "libswscale-dev", "libavutil-dev")
_ARM64_COMPILER = ("gcc-aarch64-linux-gnu", "libc6-dev-arm64-cross")
_FULL_TCMALLOC = "libtcmalloc.so.4"
_TCMALLOC = re.compile(r"libtcmalloc(_minimal)?\.so\.\d+")


def _has_tcmalloc(machine: Machine) -> bool:
    if machine.has_own_tcmalloc:
        return True
    return any(_TCMALLOC.fullmatch(soname) for soname in machine.libraries)
