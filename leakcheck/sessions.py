"""Nox sessions: `register` for any repository, `register_development` for leakcheck's own.

A noxfile needs one call (with another `name` where `leak` is taken):

    from leakcheck.sessions import register

    register(project="path/to/go/module")

Then `nox -s leak` checks all levels, `nox -s "leak(strict)" -- --test TestProbe` one of them;
what follows `--` goes to the `leak` task. The sessions run in the environment that nox runs in
(where leakcheck is importable), so nothing is installed when they are called.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import nox

from leakcheck.model import Level
from leakcheck.taskdefaults import existing

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "leak_argv",
    "path_with_own_programs",
    "register",
    "register_development",
    "task_argv",
]

SOURCES = ("bootstrap", "leakcheck", "tests", "noxfile.py", "tasks.py")


def register(  # noqa: PLR0913 - each is an option of the task
    *,
    project: str | None = None,
    package: str | None = None,
    suppressions: str | None = None,
    baseline: str | None = None,
    levels: Sequence[Level] = tuple(Level),
    name: str = "leak",
) -> None:
    """Add the session `name` to the noxfile, one for each of `levels`, `profile` and `pprof-…`.

    `project`, `package`, `suppressions` and `baseline` are defaults for the task's options of
    these names; without them the task's own hold (LEAKCHECK_PROJECT, LEAKCHECK_PACKAGE). The
    baseline is used from the day on which its file is there. With another `name` the other
    sessions are `NAME-profile` and so on: nox would let one of the same name vanish.
    """
    prefix = "" if name == "leak" else f"{name}-"
    fixed = {"project": project, "package": package, "suppressions": suppressions}

    def defaults() -> dict[str, str | None]:
        return {**fixed, "baseline": existing(baseline)}

    @nox.session(name=name, venv_backend="none")
    @nox.parametrize("level", [nox.param(level, id=level.value) for level in levels])
    def leak(session: nox.Session, level: Level) -> None:
        """Run the tests and look for leaks of native memory; options of the task after `--`."""
        session.run(*leak_argv(level, session.posargs, **defaults()))

    @nox.session(name=f"{prefix}profile", venv_backend="none", default=False)
    def profile(session: nox.Session) -> None:
        """Do as leak does, and write a heap profile; options of the task after `--`."""
        session.run(*task_argv("profile", session.posargs, **defaults()))

    for shown in ("pprof-text", "pprof-pdf", "pprof-http"):
        _register_show(shown, prefix, project)


def _register_show(task: str, prefix: str, project: str | None) -> None:
    @nox.session(name=f"{prefix}{task}", venv_backend="none", default=False)
    def show(session: nox.Session) -> None:
        """Show the newest heap profile; options of the task after `--`."""
        session.run(*task_argv(task, session.posargs, project=project))


def leak_argv(level: Level, posargs: Sequence[str], **defaults: str | None) -> tuple[str, ...]:
    """The command of one `leak` session; an option in `posargs` wins over the default."""
    return task_argv("leak", ("--level", level.value, *posargs), **defaults)


def task_argv(task: str, posargs: Sequence[str], **defaults: str | None) -> tuple[str, ...]:
    """The command of a session that is a task; an option in `posargs` wins over the default."""
    given = {argument.partition("=")[0] for argument in _before_program_args(posargs)}
    chosen = (
        word
        for option, value in ((f"--{name}", value) for name, value in defaults.items())
        if value is not None and option not in given
        for word in (option, value)
    )
    return (sys.executable, "-m", "leakcheck", task, *chosen, *posargs)


def register_development(root: Path) -> None:
    """Add `tests`, `lint`, `typecheck` and `lock` for leakcheck's own source in `root`."""

    @nox.session(venv_backend="none")
    def tests(session: nox.Session) -> None:
        """Unit and end-to-end tests with coverage; arguments of pytest after `--`."""
        pytest = (sys.executable, "-m", "pytest", "--cov", "--cov-report=term")
        path = path_with_own_programs(os.environ.get("PATH", os.defpath))
        session.run(*pytest, *session.posargs, env={"PATH": path})

    @nox.session(venv_backend="none")
    def lint(session: nox.Session) -> None:
        """Ruff on Python, clang-format on the agent's C."""
        session.notify("audit", ())
        session.run(*_tool("ruff"), "check", *SOURCES)
        session.run(*_tool("ruff"), "format", "--check", *SOURCES)
        session.run(*_tool("clang-format"), "--dry-run", "-Werror", *_c_sources(root))

    @nox.session(venv_backend="none")
    def typecheck(session: nox.Session) -> None:
        """Mypy in strict mode."""
        session.run(*_tool("mypy"))

    @nox.session(venv_backend="venv", default=False)
    def lock(session: nox.Session) -> None:
        """Renew requirements/*.txt; `-- --upgrade` takes newer versions of everything."""
        session.install("uv")
        locks = (
            (("pyproject.toml", "--group", "dev"), "requirements/locked.txt"),
            (("requirements/go.in",), "requirements/go.txt"),
            (("requirements/bench.in",), "requirements/bench.txt"),
            (("requirements/docs.in",), "requirements/docs.txt"),
            (("requirements/fuzz.in",), "requirements/fuzz.txt"),
            (("requirements/audit.in",), "requirements/audit.txt"),
        )
        for source, output in locks:
            session.run(*_lock_command(*source, output=output), *session.posargs)


def path_with_own_programs(path: str) -> str:
    """PATH with the programs of this environment last: `go` may be installed nowhere else."""
    return os.pathsep.join((path, str(Path(sys.executable).parent)))


def _before_program_args(posargs: Sequence[str]) -> tuple[str, ...]:
    end = posargs.index("--") if "--" in posargs else len(posargs)
    return tuple(posargs[:end])


def _tool(name: str) -> tuple[str, ...]:
    return (str(Path(sys.executable).with_name(name)),)


def _c_sources(root: Path) -> tuple[str, ...]:
    agent = root / "leakcheck" / "agent"
    return tuple(str(path) for path in sorted((*agent.glob("*.c"), *agent.glob("*.h"))))


def _lock_command(*source: str, output: str) -> tuple[str, ...]:
    options = ("--universal", "--generate-hashes", "--python-version", "3.10", "--quiet")
    anonymous = ("--no-emit-index-url", "--no-emit-find-links")
    header = ("--custom-compile-command", "make lock")
    return ("uv", "pip", "compile", *source, *options, *anonymous, *header, "--output-file", output)
