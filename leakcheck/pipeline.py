"""The only place that wires the stages: request → build → launch → read → judge → report."""

from __future__ import annotations

import datetime as dt
import shlex
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from leakcheck.baseline import Circumstances, Conditions, refuse_other_conditions, with_baseline
from leakcheck.build.gocommand import ask_go
from leakcheck.build.gopackages import find_packages
from leakcheck.build.gotest import GoBuild, build_test_binary
from leakcheck.errors import BadInput, BuildFailed, ExitCode, LeakcheckError, NotChecked
from leakcheck.example import find_example
from leakcheck.interruption import name_of
from leakcheck.isolation import observe_each
from leakcheck.judge import judge
from leakcheck.launch.program import Options, named_program, package_program
from leakcheck.launch.rundirectory import run_directory
from leakcheck.model import Check, EngineName, Level, Report, Run, Tests
from leakcheck.observation import find_library, observe, program_environment, set_up
from leakcheck.repetition import tell_growth
from leakcheck.revision import find_revision
from leakcheck.shards import WHOLE, Dealer, as_part
from leakcheck.suppressions import rules_at, unused_rules
from leakcheck.toolchain.discovery import find_go
from leakcheck.toolchain.machine import read_machine, refuse_other_processors

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from leakcheck.baseline import Baseline
    from leakcheck.build.gopackages import GoPackage
    from leakcheck.launch.program import Program
    from leakcheck.model import Part
    from leakcheck.observation import Bench, Watcher
    from leakcheck.recording import Recorder
    from leakcheck.settings import Settings
    from leakcheck.suppressions import Rule

__all__ = [
    "Request",
    "check",
    "circumstances_of",
    "conditions_of",
    "project_of",
    "refused",
    "select_packages",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What the user asked for; None leaves it to the settings.

    With `binary` that program is run, and `project` and `package` play no part. With `isolate`
    each test runs in a process of its own. `recorder` is for a profile of what they allocated,
    `rules` are the user's suppressions, and what is in the `baseline` is accepted too.
    With `part` only what falls to that shard runs, by the `durations` of units that are known.
    """

    project: Path | None = None
    package: str | None = None
    level: Level | None = None
    engine: EngineName = EngineName.AGENT
    binary: Path | None = None
    options: Options = field(default_factory=Options)
    isolate: bool = False
    recorder: Recorder | None = None
    part: Part | None = None
    durations: Mapping[str, float] = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()
    baseline: Baseline | None = None


def check(request: Request, settings: Settings, watcher: Watcher) -> Report:
    """Do all that `request` asks for. Raises the LeakcheckErrors of whatever cannot be done.

    One package of several that does not build is no error but a run that was not checked.
    """
    _refuse_misuse(request)
    refuse_other_processors(read_machine())
    level = request.level or settings.level
    dealer = Dealer(request.part or WHOLE, request.durations)
    skipped: tuple[tuple[str, str], ...] = ()
    if request.binary is not None:
        runs = _check_binary(request.binary, request, settings, watcher, dealer)
    else:
        runs, skipped = _check_packages(request, settings, watcher, dealer)
    report = judge(runs, level=level, engine=request.engine, skipped=skipped)
    report = replace(report, unused_suppressions=unused_rules(request.rules, runs, level))
    if request.baseline is not None:
        report = with_baseline(report, request.baseline, circumstances_of(request))
    if request.part is None:
        return report
    folder = request.binary.parent if request.binary else project_of(request, settings)
    return as_part(report, replace(dealer.dealt(), revision=find_revision(folder)))


def circumstances_of(request: Request) -> Circumstances:
    """Say what a check that starts now can say of a baseline."""
    is_whole = request.options.test is None and request.part is None
    return Circumstances(today=dt.datetime.now().astimezone().date(), is_whole=is_whole)


def conditions_of(request: Request) -> Conditions:
    """Say how leaks are looked for."""
    return Conditions(engine=request.engine, isolate=request.isolate, repeat=request.options.repeat)


def project_of(request: Request, settings: Settings) -> Path:
    """Choose the project: the request's, the settings', this folder, or the bundled example."""
    project = request.project or settings.project or _module_here() or find_example()
    if not project.is_dir():
        raise BadInput(
            f"the project {project} is not a folder", hint="leakcheck leak --project DIR"
        )
    return project.resolve()


def _module_here() -> Path | None:
    """Take the working directory where it is a Go module: whoever stands in one means it."""
    return Path.cwd() if Path("go.mod").is_file() else None


def refused(error: BaseException, *, level: Level = Level.NORMAL) -> Report:
    """Put an ending without a verdict into a report, for who reads that and not the terminal."""
    is_ctrl_c = isinstance(error, KeyboardInterrupt)
    return replace(
        judge((), level=level),
        exit_code=ExitCode.INTERRUPTED if is_ctrl_c else ExitCode.NOT_CHECKED,
        reason=name_of(error) or str(error) or type(error).__name__,
    )


def select_packages(
    packages: Sequence[GoPackage],
) -> tuple[tuple[GoPackage, ...], tuple[tuple[str, str], ...]]:
    """Part those to run from those to skip, with the reason; broken ones are to run, and fail.

    Raises NotChecked when there is nothing to run.
    """
    reasons = [(package, _reason_to_skip(package)) for package in packages]
    skipped = tuple((package.import_path, reason) for package, reason in reasons if reason)
    chosen = tuple(package for package, reason in reasons if not reason)
    if not chosen:
        raise NotChecked(
            "there is no test that reaches C code",
            why="; ".join(f"{name}: {reason}" for name, reason in skipped),
            hint="leakcheck leak --package ./...",
        )
    return chosen, skipped


def _refuse_misuse(request: Request) -> None:
    if request.baseline is not None:
        refuse_other_conditions(request.baseline, conditions_of(request))
    if request.part is not None and request.binary is not None and not request.isolate:
        raise BadInput(
            f"--shard {request.part} has nothing to share out",
            why="a program is run as a whole",
            hint=f"leakcheck leak --binary {request.binary}",
        )
    if request.options.arguments and request.binary is None:
        raise BadInput(
            "arguments after -- need a program to go to",
            why=shlex.join(request.options.arguments),
            hint="leakcheck leak --binary PROGRAM -- ARGUMENTS",
        )


def _check_binary(
    binary: Path, request: Request, settings: Settings, watcher: Watcher, dealer: Dealer
) -> tuple[Run, ...]:
    program = named_program(
        binary,
        _process_options(request),
        cwd=Path.cwd(),
        environment=program_environment(settings),
    )
    if request.isolate and not program.is_go_test:
        raise BadInput(
            f"--isolate cannot be used with {binary}",
            why="it is not a Go test binary",
            hint=f"leakcheck leak --binary {binary}",
        )
    bench = _set_up(request, settings, watcher)
    with watcher.section(str(binary)):
        return _observe(program, request, bench, dealer)


def _set_up(request: Request, settings: Settings, watcher: Watcher) -> Bench:
    level = request.level or settings.level
    bench = set_up(level, settings, watcher, request.engine)
    return replace(bench, recorder=request.recorder, rules=rules_at(level, request.rules))


def _process_options(request: Request) -> Options:
    """Leave out which tests to run when each process is told its own."""
    return replace(request.options, test=None) if request.isolate else request.options


def _observe(program: Program, request: Request, bench: Bench, dealer: Dealer) -> tuple[Run, ...]:
    if request.isolate:
        return observe_each(program, request.options.test, bench, dealer)
    run = observe(program, bench)
    return (run if request.options.repeat == 1 else tell_growth(run, program, bench),)


def _check_packages(
    request: Request, settings: Settings, watcher: Watcher, dealer: Dealer
) -> tuple[tuple[Run, ...], tuple[tuple[str, str], ...]]:
    """Check every package of the pattern that has tests and reaches C, one after the other."""
    project = project_of(request, settings)
    go = find_go(settings).path
    find_library(request.engine, settings)  # when it is missing, say so before a long build
    bench = _set_up(request, settings, watcher)
    pattern = request.package or settings.package
    with watcher.step(f"Listing the packages of {pattern} in {project}"):
        packages = find_packages(go, pattern, project=project, flags=settings.go_flags)
        environment = ask_go(go, project=project)
    build = GoBuild(go=go, project=project, environment=environment, flags=settings.go_flags)
    chosen, skipped = select_packages(packages)
    if not request.isolate:
        own = dealer.deal([package.import_path for package in chosen])
        chosen = tuple(package for package in chosen if package.import_path in own)
    check_one = _check_package if len(packages) == 1 else _try_package
    runs: list[Run] = []
    for package in chosen:
        with watcher.section(package.import_path):
            runs += check_one(package, build, request, bench, dealer)
    return tuple(runs), skipped


def _reason_to_skip(package: GoPackage) -> str:
    if package.error:
        return ""
    if not package.has_tests:
        return "no test files"
    return "" if package.uses_cgo else "no cgo"


def _try_package(
    package: GoPackage, build: GoBuild, request: Request, bench: Bench, dealer: Dealer
) -> tuple[Run, ...]:
    """Check one package of several, whose error must not stop the others."""
    try:
        return _check_package(package, build, request, bench, dealer)
    except LeakcheckError as error:
        dealer.note(package.import_path)
        bench.watcher.say(str(error))
        run = Run(
            package=package.import_path,
            binary="",
            argv=(),
            tests=Tests.NONE_RAN,
            check=Check.NOT_CHECKED,
            reason=error.what if "\n" in error.why else str(error),
        )
        return (run,)


def _check_package(
    package: GoPackage, build: GoBuild, request: Request, bench: Bench, dealer: Dealer
) -> tuple[Run, ...]:
    _refuse_broken(package, build.project)
    with run_directory() as build_dir:
        with bench.watcher.step(f"Building the tests of {package.import_path}"):
            binary = build_test_binary(package, build_dir, build)
        program = package_program(
            package,
            binary,
            _process_options(request),
            goroot=build.environment.goroot,
            environment=program_environment(bench.settings),
        )
        return _observe(program, request, bench, dealer)


def _refuse_broken(package: GoPackage, project: Path) -> None:
    """Raise what `go list` said against the package, in its words."""
    if package.error and not package.name:
        raise BadInput(
            f"there is no package {package.import_path} in {project}",
            why=package.error,
            hint="leakcheck leak --package ./...",
        )
    if package.error:
        raise BuildFailed(
            f"go cannot build {package.import_path}",
            why=package.error,
            hint=f"cd {shlex.quote(str(project))} && go vet {package.import_path}",
        )
