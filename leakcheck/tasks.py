"""The tasks, for Invoke, `python -m leakcheck` and the console script `leakcheck`.

Nothing is decided here: options go to `leakcheck.commandline` as they were typed, and what
comes back is the exit code. The other modules are imported when a task runs, so `--help` is
quick.
"""

from __future__ import annotations

import functools
import inspect
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from invoke.collection import Collection
from invoke.exceptions import Exit
from invoke.tasks import Task, task

from leakcheck.taskdefaults import KEY, with_defaults

if TYPE_CHECKING:
    from collections.abc import Callable

    from invoke.context import Context

__all__ = [
    "baseline",
    "demo",
    "doctor",
    "draconian",
    "init",
    "leak",
    "merge",
    "namespace",
    "normal",
    "pprof_http",
    "pprof_pdf",
    "pprof_text",
    "profile",
    "strict",
]


class Option(NamedTuple):
    """One option of a task: its name in Python, what it is for, and False where it is a flag."""

    name: str
    meaning: str
    default: str | bool | None = None


_LEVEL = Option("level", "normal, strict or draconian (default: HEAPCHECK, else normal)")
_OPTIONS = (
    Option(
        "project",
        "folder of the Go module (default: LEAKCHECK_PROJECT, else this one, else the example)",
    ),
    Option(
        "package",
        "Go package; ./... runs each one that uses cgo (default: LEAKCHECK_PACKAGE, .)",
    ),
    Option("test", "run only the tests that match this regular expression, as go test -run"),
    Option("binary", "run this ELF program instead of a package; its arguments after --"),
    Option("timeout", "end the tests after this time, like 90s or 1h30m; 0: never (default: 30m)"),
    Option(
        "engine",
        "who looks for leaks: agent, or heapcheck, gperftools' own checker (default: agent)",
    ),
    Option("json", "write the report as JSON into this file"),
    Option("junit", "write the report as JUnit XML, for CI services; names each test as it runs"),
    Option("sarif", "write the report as SARIF 2.1.0, for code scanning"),
    Option("html", "write the report as one page for a browser"),
    Option("max_leaks", "show so many leaks of a run; 0: all (default: 10)"),
    Option(
        "isolate",
        "run each test in a process of its own, up to one per core at a time",
        default=False,
    ),
    Option("shard", "run the part I of N, I/N; leakcheck merge puts the reports together"),
    Option("durations", "share out by the durations in this JSON report of an earlier check"),
    Option("repeat", "run the tests so many times in one process, and tell which leaks grow"),
    Option("baseline", "accept the leaks in this file, as long as they do not grow"),
    Option("suppressions", "accept the leaks that the rules in this file name"),
    Option(
        "print_suppressions",
        "write rules for the leaks found to standard output, and all else to standard error",
        default=False,
    ),
    Option("verbose", "name each test as it runs, and show all frames of the leaks", default=False),
)
_FOR_MERGE = {"json", "junit", "sarif", "html", "max_leaks", "verbose"}
_MERGE = (
    Option("part", "the JSON report of a shard; once for each (leakcheck merge A.json B.json …)"),
    *(option for option in _OPTIONS if option.name in _FOR_MERGE),
)
_INIT = (
    Option("project", "folder of the repository (default: this one)"),
    Option("dry_run", "write nothing, print a diff", default=False),
)


_PROFILE_OPTIONS = (
    *_OPTIONS,
    Option("interval", "also write a profile each time this long has gone by, like 5s"),
    Option("inuse_step", "also write one whenever so much more is in use, like 64MiB"),
)
_SHOW_OPTIONS = (
    Option("profile", "show this file; gperftools' .heap too (default: the newest of HEAPPROFILE)"),
    Option("base", "show only what this earlier profile does not have"),
    Option("sample", "leaked_space, inuse_space, alloc_objects, … (default: leaks if there are)"),
    Option("project", "show the newest profile of this Go module"),
    Option("binary", "show the newest profile of this program"),
)


def _with_options(
    name: str, meaning: str, options: tuple[Option, ...], work: Callable[..., None]
) -> Task[Any]:
    """Make a task that hands its options, as typed, to `work`.

    Invoke reads the options from the signature of a function; this one's is made of `options`.
    """

    def body(context: Context, **given: Any) -> None:
        _refuse_other_systems()
        # The project of `init` is the whole repository, that of the others one module in it.
        defaults = {} if name == "init" else context.config.get(KEY, {})
        work(context, **with_defaults(given, defaults))

    body.__doc__ = meaning
    keyword = inspect.Parameter.KEYWORD_ONLY
    parameters = [
        inspect.Parameter(option.name, keyword, default=option.default) for option in options
    ]
    context = inspect.Parameter("context", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    body.__signature__ = inspect.Signature([context, *parameters])  # type: ignore[attr-defined]
    help_ = {option.name.replace("_", "-"): option.meaning for option in options}
    lists = [option.name for option in options if option.name == "part"]
    made: Task[Any] = task(name=name, auto_shortflags=False, help=help_, iterable=lists)(body)
    return made


def _level_task(level: str, what_counts: str) -> Task[Any]:
    """Make the task that is `leak --level LEVEL`."""
    meaning = f"Look for leaks at level {level}: {what_counts}."
    return _with_options(level, meaning, _OPTIONS, functools.partial(_leak, level=level))


def _leak(context: Context, **options: Any) -> None:
    from leakcheck import commandline  # noqa: PLC0415

    arguments = commandline.program_arguments(context.remainder, sys.argv)
    choices = commandline.Choices(**options, arguments=arguments)
    _end(commandline.exit_code_of(lambda: commandline.run_leak(choices)))


def _baseline(context: Context, **options: Any) -> None:
    from leakcheck import baselining, commandline  # noqa: PLC0415

    arguments = commandline.program_arguments(context.remainder, sys.argv)
    choices = commandline.Choices(**options, arguments=arguments)
    _end(commandline.exit_code_of(lambda: baselining.run_baseline(choices)))


leak = _with_options(
    "leak", "Run tests and look for leaks of native memory.", (_LEVEL, *_OPTIONS), _leak
)
baseline = _with_options(
    "baseline",
    "Accept what leaks today: write it into leakcheck-baseline.json, or the file --baseline names.",
    (_LEVEL, *_OPTIONS),
    _baseline,
)
normal = _level_task("normal", "whatever may still be used is no leak")
strict = _level_task("strict", "only pointers to the start of a block hold it")
draconian = _level_task("draconian", "all that was not freed")


def _profile(context: Context, **options: Any) -> None:
    from leakcheck import commandline, profiling  # noqa: PLC0415

    arguments = commandline.program_arguments(context.remainder, sys.argv)
    choices = commandline.Choices(**options, arguments=arguments)
    _end(commandline.exit_code_of(lambda: profiling.run_profile(choices)))


def _show_task(name: str, meaning: str, *more: Option) -> Task[Any]:
    """Make a task that shows a profile; `run_NAME` in `leakcheck.showing` does it."""

    def work(_context: Context, **options: Any) -> None:
        from leakcheck import commandline, showing  # noqa: PLC0415

        show = getattr(showing, f"run_{name.replace('-', '_')}")
        _end(commandline.exit_code_of(lambda: show(showing.ShowChoices(**options))))

    return _with_options(name, meaning, (*_SHOW_OPTIONS, *more), work)


profile = _with_options(
    "profile",
    "Do as leak does, and write all that was allocated into $HEAPPROFILE.NNNN.pb.gz.",
    (_LEVEL, *_PROFILE_OPTIONS),
    _profile,
)
pprof_text = _show_task(
    "pprof-text",
    "Print where the memory of a profile was allocated.",
    Option("peek", "print the callers and callees of the functions that match this regex"),
)
pprof_pdf = _show_task(
    "pprof-pdf",
    "Draw who called whom to allocate, as a PDF.",
    Option("output", "name of the PDF (default: beside the profile)"),
)
pprof_http = _show_task(
    "pprof-http",
    "Show a profile as a web page with a flame graph, to this machine only.",
    Option("port", "serve the page at this port (default: 8080)"),
)


@task(auto_shortflags=False)
def doctor(_context: Context) -> None:
    """Show what leakcheck needs, what was found, and the command that mends the rest."""
    _refuse_other_systems()
    from leakcheck import commandline  # noqa: PLC0415

    _end(commandline.exit_code_of(commandline.run_doctor))


@task(auto_shortflags=False)
def demo(_context: Context) -> None:
    """Find the planted leaks of the bundled example, and compare with what was planted."""
    _refuse_other_systems()
    from leakcheck import commandline  # noqa: PLC0415
    from leakcheck.demo import run_demo  # noqa: PLC0415

    _end(commandline.exit_code_of(run_demo))


def _merge(_context: Context, part: list[str], **options: Any) -> None:
    from leakcheck import commandline  # noqa: PLC0415

    choices = commandline.Choices(**options)
    _end(commandline.exit_code_of(lambda: commandline.run_merge(part, choices)))


merge = _with_options(
    "merge", "Put the JSON reports of all shards of a check into one report.", _MERGE, _merge
)


def _init(_context: Context, **options: Any) -> None:
    from leakcheck import commandline  # noqa: PLC0415

    _end(commandline.exit_code_of(lambda: commandline.init(**options)))


init = _with_options(
    "init", "Write what a repository needs to check itself, never over its own files.", _INIT, _init
)


def _refuse_other_systems() -> None:
    """Leave with 2 where the modules that do the work cannot even be imported."""
    from leakcheck.errors import NotChecked  # noqa: PLC0415
    from leakcheck.toolchain.machine import refuse_other_systems  # noqa: PLC0415

    try:
        refuse_other_systems(sys.platform)
    except NotChecked as error:
        labels = ("Not checked", error.what), ("Because", error.why), ("Type", error.hint)
        told = "\n".join(f"{label:>12} {text}" for label, text in labels if text)
        raise Exit(told, code=error.exit_code) from error


def _end(exit_code: int) -> None:
    """Stop here, unless all is well: then the next task on the command line has its turn."""
    if exit_code:
        raise Exit(code=exit_code)


namespace = Collection(
    leak,
    normal,
    strict,
    draconian,
    profile,
    pprof_text,
    pprof_pdf,
    pprof_http,
    doctor,
    demo,
    init,
    merge,
    baseline,
)
