"""Builds the corpus once, and checks one case at a time as `leakcheck leak --json` does."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leakcheck.build.gocommand import ask_go
from leakcheck.build.gopackages import find_packages
from leakcheck.build.gotest import GoBuild, build_test_binary
from leakcheck.judge import judge
from leakcheck.launch.program import Options, package_program
from leakcheck.observation import observe, program_environment, set_up
from leakcheck.pipeline import Request, check
from leakcheck.process import Command, run
from leakcheck.reports import render_json
from leakcheck.toolchain.discovery import find_go

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from leakcheck.build.gocommand import GoEnvironment
    from leakcheck.build.gopackages import GoPackage
    from leakcheck.build.gotest import TestBinary
    from leakcheck.model import Level, Report
    from leakcheck.settings import Settings
    from tests.corpus.case import Case

__all__ = ["C_SOURCES", "GO_PROJECT", "CPrograms", "GoTests", "c_build_command"]

GO_PROJECT = Path(__file__).resolve().parent / "go"
C_SOURCES = Path(__file__).resolve().parent / "c"
_LIBRARIES = ("plugin.c",)
_TIMEOUT_S = 60.0


class Silence:
    """A watcher that nobody listens to."""

    @contextlib.contextmanager
    def step(self, _text: str) -> Iterator[None]:
        """Do the step."""
        yield

    def say(self, _text: str) -> None:
        """Say nothing."""

    def output(self, _data: bytes) -> None:
        """Show nothing."""

    def section(self, _title: str) -> contextlib.AbstractContextManager[None]:
        """Mark nothing."""
        return contextlib.nullcontext()


@dataclass(frozen=True, slots=True, kw_only=True)
class GoTests:
    """The test binaries of the Go module, by the last part of the package's path."""

    settings: Settings
    environment: GoEnvironment
    built: Mapping[str, tuple[GoPackage, TestBinary]]

    @classmethod
    def build(cls, settings: Settings, folder: Path) -> GoTests:
        """Compile all packages, with the companion, into `folder`."""
        go = find_go(settings).path
        packages = find_packages(go, "./...", project=GO_PROJECT, flags=settings.go_flags)
        environment = ask_go(go, project=GO_PROJECT)
        build = GoBuild(go=go, project=GO_PROJECT, environment=environment, flags=settings.go_flags)
        built = {}
        for package in packages:
            place = folder / package.dir.name
            place.mkdir()
            built[package.dir.name] = (package, build_test_binary(package, place, build))
        return cls(settings=settings, environment=environment, built=built)

    def names(self, program: str) -> tuple[str, ...]:
        """All top-level tests, examples and fuzz targets of a package."""
        package, binary = self.built[program]
        listed = run(Command((str(binary.path), "-test.list=."), cwd=package.dir))
        return tuple(listed.stdout.split())

    def check(self, case: Case, level: Level) -> dict[str, Any]:
        """Run the one test; give the report."""
        package, binary = self.built[case.program]
        program = package_program(
            package,
            binary,
            Options(test=f"^{case.name}$", timeout_s=_TIMEOUT_S),
            goroot=self.environment.goroot,
            environment=program_environment(self.settings),
        )
        bench = set_up(level, self.settings, Silence())
        return as_json(judge((observe(program, bench),), level=level))


@dataclass(frozen=True, slots=True, kw_only=True)
class CPrograms:
    """The C and C++ programs, in one folder with the library they load."""

    settings: Settings
    folder: Path

    @classmethod
    def build(cls, settings: Settings, folder: Path) -> CPrograms:
        """Compile all sources into `folder`. Raises AssertionError with what the compiler said."""
        for source in sorted((*C_SOURCES.glob("*.c"), *C_SOURCES.glob("*.cc"))):
            completed = run(c_build_command(source, folder))
            assert completed.returncode == 0, completed.stderr
        return cls(settings=settings, folder=folder)

    def check(self, case: Case, level: Level) -> dict[str, Any]:
        """Run the program with the case as its argument; give the report."""
        options = Options(arguments=(case.name,), timeout_s=_TIMEOUT_S)
        request = Request(binary=self.folder / case.program, level=level, options=options)
        return as_json(check(request, self.settings, Silence()))


def c_build_command(source: Path, folder: Path) -> Command:
    """Build `cc -O2 -g -o FOLDER/NAME SOURCE`, or `FOLDER/libNAME.so` for a library."""
    compiler = ("c++", "-std=c++17") if source.suffix == ".cc" else ("cc", "-std=gnu11")
    flags = ("-O2", "-g", "-Wall", "-Wextra", "-Werror", "-pthread")
    library = ("-shared", "-fPIC") if source.name in _LIBRARIES else ()
    name = f"lib{source.stem}.so" if library else source.stem
    return Command((*compiler, *flags, *library, "-o", str(folder / name), str(source), "-ldl"))


def as_json(report: Report) -> dict[str, Any]:
    """What `--json` writes, read again."""
    loaded: dict[str, Any] = json.loads(render_json(report))
    return loaded
