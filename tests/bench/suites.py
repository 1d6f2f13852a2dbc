"""The test binaries: each suite, compiled as each kind of contender needs it."""

from __future__ import annotations

import enum
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from leakcheck.build.gocommand import ask_go, go_command
from leakcheck.build.gopackages import find_packages
from leakcheck.build.gotest import GoBuild, build_test_binary, test_build_command
from leakcheck.process import Command, run
from leakcheck.toolchain.discovery import find_go
from tests.bench.bigproject import BIG_FLAGS, write_big_project
from tests.bench.workloads import WORK_PROJECT, Suite

if TYPE_CHECKING:
    from leakcheck.settings import Settings

__all__ = ["Absent", "Build", "Suites", "download_command", "parse_download"]

_TIMEOUT_S = 900.0
_SQLITE = "github.com/mattn/go-sqlite3@v1.14.53"
_LEAVING = {
    "bench_leave.go": """\
package sqlite3

/*
#include <stdlib.h>
#include <time.h>
static double bench_now(void) {
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}
*/
import "C"

import (
	"fmt"
	"os"
)

func benchLeave(code int) {
	fmt.Printf("bench: tests ended at %.6f\\n", float64(C.bench_now()))
	if os.Getenv("BENCH_LEAVE") == "libc" {
		C.exit(C.int(code))
	}
	os.Exit(code)
}
""",
    "bench_leave_test.go": """\
package sqlite3

import "testing"

func TestMain(m *testing.M) { benchLeave(m.Run()) }
""",
}
"""What the workloads do by themselves: say when the tests ended, and leave through libc."""


class Absent(Exception):  # noqa: N818 - a cell of the table, no error of the user's
    """Something cannot be had on this machine."""


class Build(enum.Enum):
    """How a test binary is compiled."""

    PLAIN = "plain"
    ASAN = "asan"
    LEAKCHECK = "leakcheck"


@dataclass(frozen=True, slots=True, kw_only=True)
class Suites:
    """Compiles suites on demand into `folder`; what was compiled is there already."""

    settings: Settings
    folder: Path

    def project(self, suite: Suite) -> Path:
        """The folder of the package, in which its tests run. Raises Absent."""
        if suite is Suite.WORK:
            return WORK_PROJECT
        return self._sqlite() if suite is Suite.SQLITE else self._big()

    def binary(self, suite: Suite, build: Build) -> Path:
        """Compile the tests of a suite. Raises Absent, BuildFailed."""
        folder = self.folder / f"{suite.value}-{build.value}"
        project = self.project(suite)
        binary = folder / f"{project.name}.test"
        if not folder.exists():
            folder.mkdir()
            if build is Build.LEAKCHECK:
                self._with_companion(project, folder)
            else:
                self._by_go(project, binary, ("-asan",) if build is Build.ASAN else ())
        if not binary.exists():
            raise Absent(f"{binary.name} did not compile")
        return binary

    def _by_go(self, project: Path, binary: Path, flags: tuple[str, ...]) -> None:
        go = find_go(self.settings).path
        completed = run(
            test_build_command(go, ".", binary, project=project, flags=flags), timeout_s=_TIMEOUT_S
        )
        if completed.returncode != 0:
            raise Absent(f"go test -c {' '.join(flags)} failed: {completed.stderr.strip()[-300:]}")

    def _with_companion(self, project: Path, folder: Path) -> None:
        go = find_go(self.settings).path
        (package,) = find_packages(go, ".", project=project, flags=())
        environment = ask_go(go, project=project)
        flags = BIG_FLAGS if project.name == Suite.BIG.value else ()
        build = GoBuild(go=go, project=project, environment=environment, flags=flags)
        binary = build_test_binary(package, folder, build)
        if binary.why_no_companion:
            raise Absent(binary.why_no_companion)

    def _big(self) -> Path:
        project = self.folder / "big"
        if not project.exists():
            project.mkdir()
            write_big_project(project)
        return project

    def _sqlite(self) -> Path:
        project = self.folder / "sqlite"
        if not project.exists():
            go = find_go(self.settings).path
            completed = run(download_command(go, self.folder), timeout_s=_TIMEOUT_S)
            source = parse_download(completed.stdout)
            shutil.copytree(source, project, copy_function=shutil.copyfile)
            project.chmod(0o755)  # the module cache is read-only
            for name, text in _LEAVING.items():
                (project / name).write_text(text)
        return project


def download_command(go: Path, folder: Path) -> Command:
    """Build `go mod download -json MODULE@VERSION`."""
    return go_command(go, "mod", "download", "-json", _SQLITE, project=folder)


def parse_download(text: str) -> Path:
    """Read `{"Dir": "…"}`, or `{"Error": "…"}`, which raises Absent."""
    try:
        answer = json.loads(text)
    except ValueError as error:
        raise Absent("go mod download said nothing") from error
    if "Dir" not in answer:
        raise Absent(str(answer.get("Error", "go mod download failed")).strip())
    return Path(answer["Dir"])
