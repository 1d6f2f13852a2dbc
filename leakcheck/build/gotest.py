"""Compiling a package's tests into a binary, as `go test` does, with the companion in it."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace
from pathlib import Path  # noqa: TC003 - a field's type
from typing import TYPE_CHECKING

from leakcheck.build.companion import write_companion
from leakcheck.build.gocommand import go_command
from leakcheck.build.goflags import Flags, parse_flags, parse_goflags, read_overlay
from leakcheck.errors import BuildFailed
from leakcheck.process import run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from leakcheck.build.gocommand import GoEnvironment
    from leakcheck.build.gopackages import GoPackage
    from leakcheck.process import Command, Completed

__all__ = ["GoBuild", "TestBinary", "build_test_binary", "test_build_command"]


_NO_VET = "-vet=off"


@dataclass(frozen=True, slots=True, kw_only=True)
class GoBuild:
    """Where and with what packages are built; `flags` are LEAKCHECK_GO_FLAGS."""

    go: Path
    project: Path
    environment: GoEnvironment
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TestBinary:
    """A compiled test; `why_no_companion` is empty when the companion is in it."""

    __test__ = False  # no test of pytest's, whatever its name

    path: Path
    why_no_companion: str = ""


def test_build_command(
    go: Path | str, package: str, output: Path, *, project: Path, flags: Sequence[str]
) -> Command:
    """Build `go test -c -o OUTPUT [build flags] PACKAGE`, run in `project`."""
    return go_command(go, "test", "-c", "-o", str(output), *flags, package, project=project)


def build_test_binary(package: GoPackage, directory: Path, build: GoBuild) -> TestBinary:
    """Compile the tests of `package` into `directory`; how long that takes is up to go's cache.

    Where the companion is what does not compile, the tests are built without it. Raises
    BuildFailed with go's output, also when the package has no test files.
    """
    output = directory / f"{package.dir.name}.test"
    with_companion = _compile(package, output, build, _companion_flags(package, directory, build))
    if with_companion.returncode == 0:
        return TestBinary(path=_existing(output, package, with_companion))
    plain = _compile(package, output, build, build.flags)
    if plain.returncode != 0:
        raise BuildFailed(
            f"the tests of {package.import_path} did not compile",
            why=_said(plain) or f"go ended with status {plain.returncode}",
            hint=f"cd {shlex.quote(str(build.project))} && go vet {package.import_path}",
        )
    return TestBinary(
        path=_existing(output, package, plain),
        why_no_companion=f"the companion did not compile: {_last_line(_said(with_companion))}",
    )


def _companion_flags(package: GoPackage, directory: Path, build: GoBuild) -> tuple[str, ...]:
    """Merge what the companion needs with the flags of the user, those in GOFLAGS included."""
    ambient = parse_flags(parse_goflags(build.environment.flags))
    own = parse_flags(build.flags)
    overlays = (*ambient.overlays, *own.overlays)
    companion = write_companion(
        package,
        directory,
        go_version=build.environment.version,
        users=read_overlay(overlays, build.project),
    )
    # Up to Go 1.23 `go test -c` runs vet, which looks for the overlay's files on the disk.
    rest = (_NO_VET, *own.rest)
    flags = Flags(ldflags=(*ambient.ldflags, *own.ldflags), overlays=overlays, rest=rest)
    return flags.words(linker_flags=companion.linker_flags, overlay=companion.overlay)


def _compile(package: GoPackage, output: Path, build: GoBuild, flags: Sequence[str]) -> Completed:
    """Run go; what it leaves when it is interrupted goes away with the output's folder."""
    command = test_build_command(
        build.go, package.import_path, output, project=build.project, flags=flags
    )
    return run(replace(command, env=(*(command.env or ()), ("TMPDIR", str(output.parent)))))


def _existing(output: Path, package: GoPackage, completed: Completed) -> Path:
    """Check that go wrote the binary: without test files it says so and is content."""
    if not output.is_file():
        raise BuildFailed(
            f"go built no test binary for {package.import_path}", why=_said(completed)
        )
    return output


def _said(completed: Completed) -> str:
    parts = (completed.stdout.strip(), completed.stderr.strip())
    return "\n".join(part for part in parts if part)


def _last_line(text: str) -> str:
    return text.splitlines()[-1].strip() if text else "go said nothing"
