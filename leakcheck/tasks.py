"""The tasks, for Invoke, `python -m leakcheck` and the console script `leakcheck`.

Nothing is decided here: options go to `leakcheck.commandline` as they were typed, and what
comes back is the exit code. The other modules are imported when a task runs, so `--help` is
quick.
"""

from __future__ import annotations

import sys
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from invoke.collection import Collection
from invoke.exceptions import Exit
from invoke.tasks import Task, task

if TYPE_CHECKING:
    from invoke.context import Context

__all__ = ["demo", "doctor", "draconian", "leak", "namespace", "normal", "strict"]

_LEVEL = MappingProxyType(
    {"level": "normal, strict or draconian (default: HEAPCHECK, else normal)"}
)
_OPTIONS = MappingProxyType(
    {
        "project": "folder of the Go module (default: LEAKCHECK_PROJECT, else the bundled example)",
        "package": "Go package; ./... runs each one that uses cgo (default: LEAKCHECK_PACKAGE, .)",
        "test": "run only the tests that match this regular expression, as go test -run",
        "binary": "run this ELF program instead of a package; its arguments after --",
        "timeout": "end the tests after this time, such as 90s or 1h30m; 0: never (default: 30m)",
        "engine": "who looks for leaks: agent",
        "json": "write the report as JSON into this file",
        "max-leaks": "show so many leaks of a run; 0: all (default: 10)",
        "isolate": "run each test in a process of its own, up to one per core at a time",
        "verbose": "name each test as it runs, and show all frames of the leaks",
    }
)


@task(auto_shortflags=False, help={**_LEVEL, **_OPTIONS})
def leak(  # noqa: PLR0913, PLR0917 - the options
    context: Context,
    level: str | None = None,
    project: str | None = None,
    package: str | None = None,
    test: str | None = None,
    binary: str | None = None,
    timeout: str | None = None,
    engine: str | None = None,
    json: str | None = None,
    max_leaks: str | None = None,
    isolate: bool = False,
    verbose: bool = False,
) -> None:
    """Run tests and look for leaks of native memory."""
    _leak(
        context,
        level=level,
        project=project,
        package=package,
        test=test,
        binary=binary,
        timeout=timeout,
        engine=engine,
        json=json,
        max_leaks=max_leaks,
        isolate=isolate,
        verbose=verbose,
    )


def _level_task(level: str, what_counts: str) -> Task[Any]:
    """Make the task that is `leak --level LEVEL`."""

    def check_at_level(  # noqa: PLR0913, PLR0917 - the options
        context: Context,
        project: str | None = None,
        package: str | None = None,
        test: str | None = None,
        binary: str | None = None,
        timeout: str | None = None,
        engine: str | None = None,
        json: str | None = None,
        max_leaks: str | None = None,
        isolate: bool = False,
        verbose: bool = False,
    ) -> None:
        _leak(
            context,
            level=level,
            project=project,
            package=package,
            test=test,
            binary=binary,
            timeout=timeout,
            engine=engine,
            json=json,
            max_leaks=max_leaks,
            isolate=isolate,
            verbose=verbose,
        )

    check_at_level.__doc__ = f"Look for leaks at level {level}: {what_counts}."
    made: Task[Any] = task(name=level, auto_shortflags=False, help=dict(_OPTIONS))(check_at_level)
    return made


normal = _level_task("normal", "whatever may still be used is no leak")
strict = _level_task("strict", "only pointers to the start of a block hold it")
draconian = _level_task("draconian", "all that was not freed")


@task(auto_shortflags=False)
def doctor(_context: Context) -> None:
    """Show what leakcheck needs, what was found, and the command that mends the rest."""
    from leakcheck import commandline  # noqa: PLC0415

    _end(commandline.exit_code_of(commandline.run_doctor))


@task(auto_shortflags=False)
def demo(_context: Context) -> None:
    """Find the planted leaks of the bundled example, and compare with what was planted."""
    from leakcheck import commandline  # noqa: PLC0415
    from leakcheck.demo import run_demo  # noqa: PLC0415

    _end(commandline.exit_code_of(run_demo))


def _leak(context: Context, **options: Any) -> None:
    from leakcheck import commandline  # noqa: PLC0415

    arguments = commandline.program_arguments(context.remainder, sys.argv)
    choices = commandline.Choices(**options, arguments=arguments)
    _end(commandline.exit_code_of(lambda: commandline.run_leak(choices)))


def _end(exit_code: int) -> None:
    """Stop here, unless all is well: then the next task on the command line has its turn."""
    if exit_code:
        raise Exit(code=exit_code)


namespace = Collection(leak, normal, strict, draconian, doctor, demo)
