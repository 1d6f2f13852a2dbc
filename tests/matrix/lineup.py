"""All places, each with what it takes to get there. A further one is a line or a function here."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from leakcheck.process import Command, run
from leakcheck.sessions import path_with_own_programs
from tests.matrix.gperftools import find_library
from tests.matrix.place import C_CASES, EXAMPLE, GO_CASES, Axis, Place, Question
from tests.matrix.roots import make_root, root_questions
from tests.matrix.trouble import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["LINE_UP", "Entry", "arrive"]

GO_VERSIONS = ("1.21.13", "1.22.12", "1.23.12", "1.24.11", "1.25.5", "1.26.8", "1.27.3")
GPERFTOOLS_VERSIONS = ("2.9.1", "2.10", "2.15", "2.16", "2.17.2", "2.18.1")
SUITES = ("trixie", "sid")
RUST_PROJECT = Path(__file__).parents[1] / "e2e" / "projects" / "rust"
_TIMEOUT_S = 600.0


class Entry(NamedTuple):
    """A place to come; `prepare` makes it, given a folder that is kept."""

    axis: Axis
    name: str
    prepare: Callable[[Path], Place]

    @property
    def key(self) -> str:
        """What it is called by, whatever version is found there."""
        return f"{self.axis.value} {self.name}"


def arrive(entry: Entry, folder: Path) -> Place:
    """Prepare a place; one that cannot be had says why."""
    try:
        return entry.prepare(folder)
    except Unavailable as why:
        return Place(axis=entry.axis, name=entry.name, absence=str(why))


def _go(version: str) -> Entry:
    """Go's own toolchain mechanism downloads it, and is switched off in the tests themselves."""

    def prepare(_folder: Path) -> Place:
        argv = ("env", f"GOTOOLCHAIN=go{version}", "go", "env", "GOROOT")
        asked = run(Command(argv, cwd=Path("/")), timeout_s=_TIMEOUT_S)
        if asked.returncode != 0:
            raise Unavailable(asked.stderr.strip() or "go did not answer")
        go = Path(asked.stdout.strip(), "bin", "go")
        return Place(
            axis=Axis.GO,
            name=version,
            questions=(GO_CASES, EXAMPLE),
            environment=(("LEAKCHECK_GO", str(go)), ("GOTOOLCHAIN", "local")),
        )

    return Entry(Axis.GO, version, prepare)


def _gperftools(version: str, library: str) -> Entry:
    name = f"{version} {library}"

    def prepare(folder: Path) -> Place:
        path = find_library(version, library, folder / "gperftools")
        return Place(
            axis=Axis.TCMALLOC,
            name=name,
            questions=(C_CASES, EXAMPLE),
            environment=(("LEAKCHECK_TCMALLOC", str(path)),),
        )

    return Entry(Axis.TCMALLOC, name, prepare)


def _compiler(name: str, cxx: str) -> Entry:
    """The agent, cgo and the cases call `cc`, `gcc` and `c++`; all are the one compiler."""

    def prepare(folder: Path) -> Place:
        links = folder / "compilers" / name
        links.mkdir(parents=True, exist_ok=True)
        for link, program in (("cc", name), ("gcc", name), ("c++", cxx), ("g++", cxx)):
            path = shutil.which(program)
            if path is None:
                raise Unavailable(f"there is no {program} on this machine")
            (links / link).unlink(missing_ok=True)
            (links / link).symlink_to(path)
        return Place(
            axis=Axis.COMPILER,
            name=f"{name} {_version(name)}",
            questions=(C_CASES, GO_CASES, EXAMPLE),
            environment=(("PATH", f"{links}{os.pathsep}{os.environ['PATH']}"),),
        )

    return Entry(Axis.COMPILER, name, prepare)


def _version(program: str) -> str:
    said = run(Command((program, "--version")), timeout_s=_TIMEOUT_S).stdout
    found = re.search(r"\d+\.\d+(?:\.\d+)?", said)
    return found[0] if found else ""


def _system(suite: str) -> Entry:
    name = f"Debian {suite}"

    def prepare(folder: Path) -> Place:
        root = make_root(suite, folder / suite)
        return Place(
            axis=Axis.SYSTEM,
            name=f"{name}, {root.versions}",
            questions=root_questions(C_CASES, GO_CASES, EXAMPLE),
            root=root.path,
        )

    return Entry(Axis.SYSTEM, name, prepare)


def _rust() -> Entry:
    """The project's own configuration runs each test program by `leakcheck`."""

    def prepare(folder: Path) -> Place:
        if shutil.which("cargo") is None:
            raise Unavailable("there is no cargo on this machine")
        tests = Question(
            label="cargo test",
            argv=("cargo", "test", "--lib"),
            expected=r"detected leaks of 858 bytes in 4 objects",
            is_program=True,
            folder=RUST_PROJECT,
        )
        return Place(
            axis=Axis.RUST,
            name=_version("rustc"),
            questions=(tests,),
            environment=(
                ("CARGO_TARGET_DIR", str(folder / "cargo")),
                ("PATH", path_with_own_programs(os.environ["PATH"])),
            ),
        )

    return Entry(Axis.RUST, "cargo", prepare)


LINE_UP: tuple[Entry, ...] = (
    *map(_go, GO_VERSIONS),
    *(
        _gperftools(version, library)
        for version in GPERFTOOLS_VERSIONS
        for library in ("minimal", "full")
    ),
    _compiler("gcc", "g++"),
    _compiler("clang", "clang++"),
    *map(_system, SUITES),
    _rust(),
)
