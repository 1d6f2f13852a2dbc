"""One program, observed: armed with the agent, run, read, judged."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from leakcheck.build.agent import agent_library, build_agent, refuse_foreign_agent
from leakcheck.checkerprofiles import keep_profiles
from leakcheck.engines import agent, heapcheck
from leakcheck.engines.agent import Preloads
from leakcheck.errors import LeakcheckError
from leakcheck.evidence import NoReport
from leakcheck.judge import judge_run
from leakcheck.launch.argv import MARKED_OUTPUT
from leakcheck.launch.rundirectory import Orders, run_directory
from leakcheck.model import EngineName
from leakcheck.process import Command, supervise
from leakcheck.profiles.files import default_prefix, module_name, program_name
from leakcheck.recording import record, snapshots_kept
from leakcheck.suppressions import mark_suppressed
from leakcheck.symbolise import Symboliser
from leakcheck.testlog import MarkedOutput, without_marks
from leakcheck.toolchain.discovery import find_cc, find_checker, find_tcmalloc
from leakcheck.toolchain.golayout import read_go_layout
from leakcheck.toolchain.libraries import links_tcmalloc

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from leakcheck.engines.agent import Findings
    from leakcheck.launch.program import Program
    from leakcheck.model import Case, Level, Run
    from leakcheck.process import Completed
    from leakcheck.recording import Recorder
    from leakcheck.settings import Settings
    from leakcheck.suppressions import Rule
    from leakcheck.toolchain.discovery import Tcmalloc
    from leakcheck.toolchain.elf import ElfFacts

__all__ = [
    "Bench",
    "Watcher",
    "observe",
    "observe_unannounced",
    "program_environment",
    "set_up",
]

_GRACE_S = 5.0
"""As long as `go test` waits for what a test left running."""


class Watcher(Protocol):
    """Who is told what happens while it happens."""

    def step(self, text: str) -> AbstractContextManager[None]:
        """A silent step, which may take long, runs inside the `with`."""

    def say(self, text: str) -> None:
        """Something is worth a line."""

    def output(self, data: bytes) -> None:
        """The tested program wrote `data`."""

    def section(self, title: str) -> AbstractContextManager[None]:
        """What one package or program does happens inside the `with`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What the runs of one request share; `rules` suppress leaks.

    Runs may be observed on several threads; one at a time has the `reading` of its report,
    because the symboliser is not made for several. A `recorder` wants all that was allocated.
    """

    agent: Path
    level: Level
    engine: EngineName = EngineName.AGENT
    settings: Settings
    symboliser: Symboliser
    watcher: Watcher
    recorder: Recorder | None = None
    rules: tuple[Rule, ...] = ()
    reading: threading.Lock = field(default_factory=threading.Lock)


def set_up(
    level: Level,
    settings: Settings,
    watcher: Watcher,
    engine: EngineName = EngineName.AGENT,
) -> Bench:
    """Prepare for runs: the agent is built at first use. Raises ToolMissing, BuildFailed."""
    cc = find_cc()
    agent = agent_library(cc, settings.cache_dir)
    if not agent.is_file():
        with watcher.step("Building the agent, once"):
            build_agent(cc, settings.cache_dir)
    refuse_foreign_agent(agent)
    return Bench(
        agent=agent,
        level=level,
        engine=engine,
        settings=settings,
        symboliser=Symboliser(settings.cache_dir),
        watcher=watcher,
    )


def program_environment(settings: Settings) -> dict[str, str]:
    """Take our own environment, with TCMALLOC_VERBOSE under the name that tcmalloc reads."""
    verbose = settings.tcmalloc_verbose
    return {**os.environ, **({"PERFTOOLS_VERBOSE": str(verbose)} if verbose else {})}


def find_library(engine: EngineName, settings: Settings) -> Tcmalloc:
    """Find a tcmalloc that `engine` can work with. Raises ToolMissing, BadInput."""
    return find_checker(settings) if engine is EngineName.HEAPCHECK else find_tcmalloc(settings)


def observe(program: Program, bench: Bench) -> Run:
    """Run `program` with the agent in it, show its output, and judge what both left.

    Raises ToolMissing when there is no tcmalloc to preload.
    """
    bench.watcher.say(f"Running {program.name}, level {bench.level.value}")
    return observe_unannounced(program, bench)


def observe_unannounced(program: Program, bench: Bench) -> Run:
    """Do as `observe` does, where several programs run and one line tells of all."""
    with run_directory() as run_dir:
        environment = _armed_environment(run_dir, program, bench)
        with snapshots_kept(program, run_dir, bench.recorder, bench.symboliser):
            ended, cases = _supervised(program, environment, bench.watcher)
        _tell_survivors(program, ended, bench.watcher)
        with bench.watcher.step("Reading the report"), bench.reading:
            findings = _read_findings(run_dir, bench)
            run = replace(_judged(program, ended, findings, bench), cases=cases)
            if bench.recorder is not None:
                record(run, findings, run_dir, bench.recorder, bench.symboliser)
        _tell_extras(run_dir, program, findings, bench)
    return run


def _judged(program: Program, ended: Completed, findings: Findings, bench: Bench) -> Run:
    run = judge_run(
        package=program.package,
        binary=program.name,
        level=bench.level,
        ended=ended,
        is_go_test=program.is_go_test,
        outcome=findings.outcome,
        leaks=mark_suppressed(findings.leaks, bench.rules, bench.level),
    )
    # The path that was run may be temporary; the name stays true.
    return replace(run, argv=(program.name, *program.argv[1:]))


def _supervised(
    program: Program, environment: Mapping[str, str], watcher: Watcher
) -> tuple[Completed, tuple[Case, ...]]:
    """Run the program; where it names its tests, without the marks that it does so with."""
    command = Command(program.argv, env=tuple(environment.items()), cwd=program.cwd)
    output = MarkedOutput() if MARKED_OUTPUT in program.argv else None
    ended = supervise(
        command,
        timeout_s=program.kill_after_s,
        on_output=(lambda data: watcher.output(output.feed(data))) if output else watcher.output,
        grace_s=_GRACE_S,
    )
    if output is None:
        return ended, ()
    watcher.output(output.finish())
    return replace(ended, stdout=without_marks(ended.stdout)), output.cases()


def _armed_environment(run_dir: Path, program: Program, bench: Bench) -> dict[str, str]:
    facts = program.facts
    is_heapcheck = bench.engine is EngineName.HEAPCHECK
    arm = heapcheck.arm if is_heapcheck else agent.arm
    return arm(
        run_dir,
        Preloads(
            agent=bench.agent,
            tcmalloc=_tcmalloc_for(facts, bench),
            users=bench.settings.ld_preload,
        ),
        program.environment,
        Orders(
            level=bench.level,
            engine=bench.engine,
            malloc_stats=bench.settings.mallocstats,
            max_blocks=bench.settings.max_blocks,
            profile=bench.recorder.plan if bench.recorder is not None else None,
            go_layout=_go_lines(program, bench) if facts.is_go else (),
        ),
    )


def _go_lines(program: Program, bench: Bench) -> tuple[tuple[str, str], ...]:
    """Collect what the agent has to know of a Go program (docs/agent.md)."""
    lines = read_go_layout(program.facts.path, bench.settings.cache_dir)
    if bench.engine is EngineName.HEAPCHECK:  # it cannot use what the companion dumps
        return lines
    if program.has_companion:
        return (*lines, ("go_companion", "1"))
    return (*lines, ("go_why", program.why_no_companion)) if program.why_no_companion else lines


def _tcmalloc_for(facts: ElfFacts, bench: Bench) -> Path | None:
    """Choose the library to preload; None for a program that brings a tcmalloc of its own."""
    if links_tcmalloc(facts, library_path=os.environ.get("LD_LIBRARY_PATH", "")):
        return None
    return find_library(bench.engine, bench.settings).path


def _read_findings(run_dir: Path, bench: Bench) -> Findings:
    is_heapcheck = bench.engine is EngineName.HEAPCHECK
    read = heapcheck.read_findings if is_heapcheck else agent.read_findings
    return read(run_dir, bench.symboliser)


def _tell_survivors(program: Program, ended: Completed, watcher: Watcher) -> None:
    if ended.survivors:
        watcher.say(f"{program.name} left running, ended now: {', '.join(ended.survivors)}")


def _tell_extras(run_dir: Path, program: Program, findings: Findings, bench: Bench) -> None:
    """Say where gperftools' own profile is, and with TCMALLOC_VERBOSE why to believe the run."""
    if bench.engine is EngineName.HEAPCHECK:
        _keep_profiles(run_dir, program, findings, bench)
    if bench.settings.tcmalloc_verbose:
        if bench.engine is EngineName.HEAPCHECK:
            bench.watcher.say(heapcheck.read_words(run_dir).strip())
        outcome = findings.outcome
        fields = () if isinstance(outcome, NoReport) else outcome.evidence.fields
        for key, value in fields:
            bench.watcher.say(f"{key} {value}")


def _keep_profiles(run_dir: Path, program: Program, findings: Findings, bench: Bench) -> None:
    """Keep them for pprof; when they cannot be kept, the run's verdict still can."""
    prefix = bench.settings.heapprofile or prefix_for(program)
    try:
        with bench.reading:
            kept = keep_profiles(run_dir, findings, prefix, bench.symboliser)
    except LeakcheckError as error:
        bench.watcher.say(str(error))
    else:
        if kept:
            bench.watcher.say(f"gperftools' heap profile: {', '.join(map(str, kept))}")


def prefix_for(program: Program) -> str:
    """Name the files as `leakcheck profile` does: after the module, else the program."""
    is_package = bool(program.package)
    return default_prefix(module_name(program.cwd) if is_package else program_name(program.name))
