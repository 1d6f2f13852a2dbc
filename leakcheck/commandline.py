"""From words on the command line to a request, and from an ending to an exit code.

The tasks hand over what the user typed as text; everything that can be wrong with it is found
here and told as what, why and what to type.
"""

from __future__ import annotations

import contextlib
import re
import shlex
import traceback
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from leakcheck.adoption import run_init
from leakcheck.baseline import read_baseline
from leakcheck.delivery import FORMATS, Delivery, report_paths
from leakcheck.doctor import doctor_exit_code, examine, render_findings
from leakcheck.errors import BadInput, ExitCode, LeakcheckError, refusing_long_paths
from leakcheck.githublog import GroupingWatcher
from leakcheck.interruption import exit_code_of_interruption, interruptions_raise, name_of
from leakcheck.launch.duration import parse_duration
from leakcheck.launch.program import DEFAULT_TIMEOUT_S, Options
from leakcheck.merge import NamedReport, merge_reports
from leakcheck.model import EngineName
from leakcheck.pipeline import Request, check, project_of, refused
from leakcheck.progress import TerminalWatcher, forget_standard_output
from leakcheck.reports import read_report
from leakcheck.reports.terminal import MAX_LEAKS, View, print_terminal
from leakcheck.settings import Settings, load_environment, parse_level
from leakcheck.shards import as_part, durations_of, parse_shard
from leakcheck.suppressions import read_suppressions, render_suppressions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from leakcheck.model import Report
    from leakcheck.recording import Recorder

__all__ = [
    "Choices",
    "exit_code_of",
    "init",
    "path_of",
    "program_arguments",
    "request_of",
    "run_doctor",
    "run_leak",
    "run_merge",
]

_LABEL_WIDTH = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """The options of a task as typed; None where the user said nothing."""

    level: str | None = None
    project: str | None = None
    package: str | None = None
    test: str | None = None
    binary: str | None = None
    timeout: str | None = None
    engine: str | None = None
    json: str | None = None
    junit: str | None = None
    sarif: str | None = None
    html: str | None = None
    max_leaks: str | None = None
    interval: str | None = None
    inuse_step: str | None = None
    verbose: bool = False
    isolate: bool = False
    shard: str | None = None
    durations: str | None = None
    suppressions: str | None = None
    print_suppressions: bool = False
    baseline: str | None = None
    repeat: str | None = None
    arguments: tuple[str, ...] = ()


def program_arguments(remainder: str, argv: Sequence[str]) -> tuple[str, ...]:
    """Find what follows `--`, word for word.

    Invoke joins the words with blanks (`remainder`), so they are taken from the process's own
    `argv` where that says the same.
    """
    exact = tuple(argv[argv.index("--") + 1 :]) if "--" in argv else ()
    return exact if " ".join(exact) == remainder else tuple(shlex.split(remainder))


def request_of(choices: Choices) -> Request:
    """Translate the words into a request. Raises BadInput."""
    timeout, level = choices.timeout, choices.level
    suppressions, baseline = path_of(choices.suppressions), path_of(choices.baseline)
    return Request(
        project=path_of(choices.project),
        package=choices.package,
        level=None if level is None else parse_level(level, source="--level"),
        engine=_engine(choices.engine),
        binary=path_of(choices.binary),
        options=Options(
            test=choices.test,
            timeout_s=DEFAULT_TIMEOUT_S if timeout is None else parse_duration(timeout),
            verbose=choices.verbose,
            names_tests=choices.junit is not None,
            arguments=choices.arguments,
            repeat=_repeat(choices.repeat),
        ),
        isolate=choices.isolate,
        part=None if choices.shard is None else parse_shard(choices.shard),
        durations=_durations(choices.durations),
        rules=read_suppressions(suppressions) if suppressions else (),
        baseline=read_baseline(baseline) if baseline else None,
    )


def run_leak(
    choices: Choices,
    recorder: Recorder | None = None,
    finish: Callable[[Report], Report] = lambda report: report,
) -> int:
    """Check, print the report, write it where the options say; return the exit code.

    However it ends, the files named hold a report of this call afterwards, never one of an
    earlier call. `recorder` gets what a profile is made of, `finish` has the last word on the
    report.
    """

    def check_and_print(delivery: Delivery) -> Report:
        max_leaks = _max_leaks(choices.max_leaks)
        report = finish(_check(choices, recorder, delivery))
        _print(report, choices, max_leaks, delivery)
        return report

    return _delivered(choices, check_and_print)


def run_merge(parts: Sequence[str], choices: Choices) -> int:
    """Put the reports of all shards into one, print and write that; return its exit code."""

    def merge_and_print(delivery: Delivery) -> Report:
        max_leaks = _max_leaks(choices.max_leaks)
        delivery.learn(Settings.from_mapping(load_environment(Path.cwd())), root=Path.cwd())
        report = merge_reports([NamedReport(name, read_report(Path(name))) for name in parts])
        _print(report, choices, max_leaks, delivery)
        return report

    return _delivered(choices, merge_and_print)


def init(project: str | None = None, *, dry_run: bool = False) -> int:
    """Write into a repository what it needs to check itself; return the exit code."""
    root = path_of(project) or Path.cwd()
    settings = Settings.from_mapping(load_environment(Path.cwd()))
    return run_init(root, settings, TerminalWatcher(Console(stderr=True)), dry_run=dry_run)


def run_doctor() -> int:
    """Print what is needed and what was found; return the exit code."""
    findings = examine(Settings.from_mapping(load_environment(Path.cwd())))
    Console().print(render_findings(findings))
    return doctor_exit_code(findings)


@interruptions_raise()
def exit_code_of(work: Callable[[], int]) -> int:
    """Run `work` and turn whatever it raises into words and an exit code; the only such place.

    An error in leakcheck itself is 2 as well: exit code 1 is for tests and leaks alone.
    """
    try:
        return refusing_long_paths(work)
    except LeakcheckError as error:
        _print_labelled(("Not checked", error.what), ("Because", error.why), ("Type", error.hint))
        return error.exit_code
    except (KeyboardInterrupt, SystemExit) as error:
        _print_labelled(("Not checked", name_of(error)))
        return exit_code_of_interruption(error)
    except BrokenPipeError:
        forget_standard_output()
        return ExitCode.NOT_CHECKED
    except Exception:  # noqa: BLE001 - the edge
        _print_labelled(
            ("Not checked", "leakcheck itself failed; please report this"),
            ("Because", traceback.format_exc().strip()),
        )
        return ExitCode.NOT_CHECKED


def _delivered(choices: Choices, work: Callable[[Delivery], Report]) -> int:
    """Deliver the report `work` returns, or why it returned none, where the options say."""
    paths = report_paths({kind: getattr(choices, kind) for kind in FORMATS})
    delivery = Delivery(paths, all_to_errors=choices.print_suppressions)
    try:
        report = work(delivery)
    except BaseException as error:
        with _told():
            delivery.deliver(_refused(error, choices))
        raise
    delivery.deliver(report)
    return report.exit_code


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Tell what goes wrong on the way out, and let what went wrong before count."""
    try:
        yield
    except (LeakcheckError, OSError) as error:
        _print_labelled(("Not written", str(error)))


def _check(choices: Choices, recorder: Recorder | None, delivery: Delivery) -> Report:
    request = replace(request_of(choices), recorder=recorder)
    delivery.forget_earlier()
    settings = Settings.from_mapping(load_environment(Path.cwd()))
    delivery.learn(settings, root=Path.cwd())
    watcher_type = GroupingWatcher if settings.github else TerminalWatcher
    watcher = watcher_type(Console(stderr=True), all_to_errors=choices.print_suppressions)
    report = check(request, settings, watcher)
    if not request.binary:
        delivery.learn(settings, root=project_of(request, settings))
    return report


def _print(report: Report, choices: Choices, max_leaks: int, delivery: Delivery) -> None:
    view = View(
        max_leaks=max_leaks,
        all_frames=choices.verbose,
        places=delivery.places,
        sources=delivery.sources,
    )
    print_terminal(report, Console(stderr=choices.print_suppressions), view)
    if choices.print_suppressions:
        leaks = [leak for run in report.runs for leak in run.leaks]
        Console().out(render_suppressions(leaks), highlight=False, end="")


def _refused(error: BaseException, choices: Choices) -> Report:
    """Say in a report that there is no verdict, and of which shard."""
    report = refused(error)
    with contextlib.suppress(BadInput):  # then this is what `error` says
        return report if choices.shard is None else as_part(report, parse_shard(choices.shard))
    return report


def _durations(text: str | None) -> dict[str, float]:
    path = path_of(text)
    return {} if path is None else durations_of(read_report(path))


def path_of(text: str | None) -> Path | None:
    """Read an option that names a path, None when it was not given. Raises BadInput."""
    if text == "":
        raise BadInput("an option that names a path is empty")
    return None if text is None else Path(text).expanduser()


def _engine(text: str | None) -> EngineName:
    if text is None or text == EngineName.AGENT.value:
        return EngineName.AGENT
    if text == EngineName.HEAPCHECK.value:
        return EngineName.HEAPCHECK
    raise BadInput(f"--engine {text} does not exist", hint="--engine agent")


def _max_leaks(text: str | None) -> int:
    if text is None:
        return MAX_LEAKS
    if not (text.isascii() and text.isdecimal()):
        raise BadInput(
            f"--max-leaks {text} is not a number", why="0 shows all", hint="--max-leaks 20"
        )
    return int(text)


def _repeat(text: str | None) -> int:
    if text is None:
        return 1
    if not re.fullmatch("[1-9][0-9]{0,5}", text):
        raise BadInput(f"--repeat {text} is not a number of runs", hint="--repeat 10")
    return int(text)


def _print_labelled(*parts: tuple[str, str]) -> None:
    """Print on standard error, labels in a column; lines after a label's first are indented."""
    console = Console(stderr=True)
    for label, words in parts:
        for index, line in enumerate(words.splitlines()):
            head = Text("" if index else label, "bold yellow")
            head.pad_left(_LABEL_WIDTH - len(head))
            console.print(head.append(" ").append(line, "default not bold"), soft_wrap=True)
