"""The program to be observed: a test binary that was just built, or one the user names."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from leakcheck.errors import BadInput
from leakcheck.launch.argv import go_test_argv
from leakcheck.launch.environment import go_test_environment
from leakcheck.launch.gotestprogram import is_go_test_program
from leakcheck.launch.observable import read_privileges, refuse_unobservable
from leakcheck.toolchain.elf import read_elf

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from leakcheck.build.gopackages import GoPackage
    from leakcheck.build.gotest import TestBinary
    from leakcheck.toolchain.elf import ElfFacts

__all__ = [
    "CHECK_GRACE_S",
    "DEFAULT_TIMEOUT_S",
    "Options",
    "Program",
    "named_program",
    "package_program",
]

CHECK_GRACE_S = 60.0
"""How long after Go's own time limit a test binary is left alone: Go dumps its goroutines,
then the agent's check runs."""

DEFAULT_TIMEOUT_S = 1800.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the user wants of the run; `timeout_s` 0 means no limit.

    `names_tests` makes a Go test binary tell how each of its tests ended.
    """

    test: str | None = None
    timeout_s: float = DEFAULT_TIMEOUT_S
    verbose: bool = False
    names_tests: bool = False
    repeat: int = 1
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A program that can be observed, and how to run it.

    `name` is what the report calls it, `package` its import path or empty, `kill_after_s` when
    it is ended from outside (None: never), `environment` is whole but for what an engine adds.
    `has_companion` says that it can tell which Go memory is alive, else `why_no_companion` may
    say why not.
    """

    name: str
    package: str = ""
    facts: ElfFacts
    argv: tuple[str, ...]
    cwd: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    is_go_test: bool
    kill_after_s: float | None = None
    repeat: int = 1
    has_companion: bool = False
    why_no_companion: str = ""


def package_program(
    package: GoPackage,
    binary: TestBinary,
    options: Options,
    *,
    goroot: Path,
    environment: Mapping[str, str],
) -> Program:
    """Describe the test binary of `package`, to be run in its folder as `go test` does.

    Raises NotChecked when it cannot be observed.
    """
    return Program(
        name=binary.path.name,
        package=package.import_path,
        facts=_observable(binary.path),
        argv=_test_argv(binary.path, options),
        cwd=package.dir,
        environment=go_test_environment(environment, goroot=goroot, package_dir=package.dir),
        is_go_test=True,
        repeat=options.repeat,
        kill_after_s=_after(options.timeout_s, CHECK_GRACE_S),
        has_companion=not binary.why_no_companion,
        why_no_companion=binary.why_no_companion,
    )


def named_program(
    binary: Path, options: Options, *, cwd: Path, environment: Mapping[str, str]
) -> Program:
    """Describe any ELF program, to be run in `cwd`; a Go test binary is recognised as one.

    Raises NotChecked when it cannot be observed, BadInput when it is no program or cannot take
    the options.
    """
    absolute = cwd / binary
    facts = _observable(absolute)
    is_go_test = facts.is_go and is_go_test_program(absolute)
    if options.test is not None and not is_go_test:
        raise BadInput(
            f"--test cannot be used with {binary}",
            why="it is not a Go test binary",
            hint=f"leakcheck leak --binary {binary}",
        )
    if options.repeat > 1:
        _refuse_repetition(binary, options, is_go_test=is_go_test)
    argv = _test_argv(absolute, options) if is_go_test else (str(absolute),)
    return Program(
        name=str(binary),
        facts=facts,
        argv=(*argv, *options.arguments),
        cwd=cwd,
        environment=environment,
        is_go_test=is_go_test,
        repeat=options.repeat,
        kill_after_s=_after(options.timeout_s, CHECK_GRACE_S if is_go_test else 0.0),
    )


def _refuse_repetition(binary: Path, options: Options, *, is_go_test: bool) -> None:
    counts = [word for word in options.arguments if word.lstrip("-").startswith("test.count")]
    if not is_go_test or counts:
        raise BadInput(
            f"--repeat cannot be used with {binary}",
            why=f"{counts[0]} says another number" if counts else "it is not a Go test binary",
            hint=f"leakcheck leak --binary {binary}",
        )


def _observable(binary: Path) -> ElfFacts:
    privileges = read_privileges(binary)
    facts = read_elf(binary)
    refuse_unobservable(facts, privileges)
    return facts


def _test_argv(binary: Path, options: Options) -> tuple[str, ...]:
    return go_test_argv(
        binary,
        test=options.test,
        timeout_s=options.timeout_s,
        verbose=options.verbose,
        marked=options.names_tests,
        repeat=options.repeat,
    )


def _after(timeout_s: float, grace_s: float) -> float | None:
    return timeout_s + grace_s if timeout_s else None
