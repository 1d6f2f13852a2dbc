"""What the end-to-end tests share: one cache, compiled programs, and both ways to run a check."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from leakcheck.launch.program import Options
from leakcheck.model import EngineName
from leakcheck.pipeline import Request, check
from leakcheck.process import Command, run, supervise
from leakcheck.settings import KEYS, Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from leakcheck.model import Level, Report

ROOT = Path(__file__).parents[2]
PROJECTS = Path(__file__).parent / "projects"


@dataclass
class Notebook:
    """A watcher that writes everything down."""

    said: list[str] = field(default_factory=list)
    shown: bytes = b""

    @contextlib.contextmanager
    def step(self, text: str) -> Iterator[None]:
        self.said.append(text)
        yield

    def say(self, text: str) -> None:
        self.said.append(text)

    def output(self, data: bytes) -> None:
        self.shown += data

    def section(self, title: str) -> contextlib.AbstractContextManager[None]:  # noqa: ARG002
        return contextlib.nullcontext()


@dataclass(frozen=True)
class Checker:
    """Runs the pipeline in this process."""

    settings: Settings
    watcher: Notebook = field(default_factory=Notebook)

    def go(
        self,
        package: str,
        *,
        project: Path = PROJECTS / "gomodule",
        level: Level | None = None,
        engine: EngineName = EngineName.AGENT,
        **options: Any,
    ) -> Report:
        """Check packages of a Go project."""
        request = Request(
            project=project,
            package=package,
            level=level,
            engine=engine,
            options=Options(**options),
        )
        return check(request, self.settings, self.watcher)

    def binary(
        self,
        path: Path,
        *arguments: str,
        level: Level | None = None,
        engine: EngineName = EngineName.AGENT,
        **options: Any,
    ) -> Report:
        """Check one program."""
        request = Request(
            binary=path,
            level=level,
            engine=engine,
            options=Options(arguments=arguments, **options),
        )
        return check(request, self.settings, self.watcher)


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a call of the console script ended."""

    exit_code: int
    out: str
    err: str

    @property
    def summary(self) -> str:
        """The report's last line."""
        return self.out.strip().splitlines()[-1].strip()


@dataclass(frozen=True)
class ConsoleScript:
    """Runs `leakcheck` as a user does, in a folder and with environment keys."""

    folder: Path
    cache_dir: Path

    def __call__(self, *words: str, **keys: str) -> Ended:
        completed = run(self.command(*words, **keys))
        return Ended(exit_code=completed.returncode, out=completed.stdout, err=completed.stderr)

    def interrupted_after(self, seconds: float, *words: str) -> Ended:
        """Run it, and press Ctrl-C after some time."""
        completed = supervise(
            self.command(*words),
            timeout_s=seconds,
            on_output=None,
            dump_signal=signal.SIGINT,
            grace_s=30.0,
        )
        return Ended(exit_code=completed.returncode, out=completed.stdout, err="")

    def command(self, *words: str, **keys: str) -> Command:
        ours = {key.name for key in KEYS}
        environment = {key: value for key, value in os.environ.items() if key not in ours}
        environment |= {"PYTHONPATH": str(ROOT), "LEAKCHECK_CACHE_DIR": str(self.cache_dir)}
        # `run` keeps tcmalloc's keys from the tools it starts, so env(1) sets them.
        given = (f"{key}={value}" for key, value in keys.items())
        argv = ("env", *given, sys.executable, "-m", "leakcheck", *words)
        return Command(argv, env=tuple(environment.items()), cwd=self.folder)

    def json(self, name: str) -> dict[str, Any]:
        """Read the report that `--json NAME` wrote."""
        loaded: dict[str, Any] = json.loads((self.folder / name).read_text())
        return loaded


@pytest.fixture(scope="session")
def cache_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cache for all tests: the agent is built once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def checker(cache_dir: Path) -> Checker:
    return Checker(Settings(cache_dir=cache_dir))


@pytest.fixture
def leakcheck(tmp_path: Path, cache_dir: Path) -> ConsoleScript:
    return ConsoleScript(tmp_path, cache_dir)


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Compile a source, by path or of `projects/c`; the same call compiles once."""
    folder = tmp_path_factory.mktemp("programs")
    made: dict[tuple[str, ...], Path] = {}

    def compile_source(name: str | Path, *flags: str) -> Path:
        key = (str(name), *flags)
        if key not in made:
            source = str(PROJECTS / "c" / name)
            compiler = "c++" if source.endswith(".cpp") else "cc"
            program = folder / f"{Path(name).stem}-{len(made)}"
            command = Command((compiler, "-O2", "-g", "-o", str(program), source, *flags))
            completed = run(command)
            assert completed.returncode == 0, completed.stderr
            made[key] = program
        return made[key]

    return compile_source
