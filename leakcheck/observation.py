"""One program, observed: armed with the agent, run, read, judged."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from leakcheck.build.agent import agent_library, build_agent
from leakcheck.engines.agent import Preloads, arm, read_findings
from leakcheck.judge import judge_run
from leakcheck.launch.rundirectory import run_directory
from leakcheck.process import Command, supervise
from leakcheck.symbolise import Symboliser
from leakcheck.toolchain.discovery import find_cc, find_tcmalloc
from leakcheck.toolchain.golayout import read_go_layout
from leakcheck.toolchain.libraries import links_tcmalloc

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

    from leakcheck.launch.program import Program
    from leakcheck.model import Level, Run
    from leakcheck.process import Completed
    from leakcheck.settings import Settings
    from leakcheck.toolchain.elf import ElfFacts

__all__ = ["Bench", "Watcher", "observe", "observe_unannounced", "program_environment", "set_up"]

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What the runs of one request share.

    Runs may be observed on several threads; one at a time has the `reading` of its report,
    because the symboliser is not made for several.
    """

    agent: Path
    level: Level
    settings: Settings
    symboliser: Symboliser
    watcher: Watcher
    reading: threading.Lock = field(default_factory=threading.Lock)


def set_up(level: Level, settings: Settings, watcher: Watcher) -> Bench:
    """Prepare for runs: the agent is built at first use. Raises ToolMissing, BuildFailed."""
    cc = find_cc()
    agent = agent_library(cc, settings.cache_dir)
    if not agent.is_file():
        with watcher.step("Building the agent, once"):
            build_agent(cc, settings.cache_dir)
    return Bench(
        agent=agent,
        level=level,
        settings=settings,
        symboliser=Symboliser(settings.cache_dir),
        watcher=watcher,
    )


def program_environment(settings: Settings) -> dict[str, str]:
    """Take our own environment, with tcmalloc's keys from `.env`; nothing else of that file."""
    numbers = {
        "TCMALLOC_VERBOSE": settings.tcmalloc_verbose,
        "MALLOCSTATS": settings.mallocstats,
    }
    return {**os.environ, **{key: str(value) for key, value in numbers.items() if value}}


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
        ended = supervise(
            Command(program.argv, env=tuple(environment.items()), cwd=program.cwd),
            timeout_s=program.kill_after_s,
            on_output=bench.watcher.output,
            grace_s=_GRACE_S,
        )
        _tell_survivors(program, ended, bench.watcher)
        with bench.watcher.step("Reading the report"), bench.reading:
            findings = read_findings(run_dir, bench.symboliser)
    run = judge_run(
        package=program.package,
        binary=program.name,
        level=bench.level,
        ended=ended,
        is_go_test=program.is_go_test,
        outcome=findings.outcome,
        leaks=findings.leaks,
    )
    # The path that was run may be temporary; the name stays true.
    return replace(run, argv=(program.name, *program.argv[1:]))


def _armed_environment(run_dir: Path, program: Program, bench: Bench) -> dict[str, str]:
    facts = program.facts
    return arm(
        run_dir,
        Preloads(
            agent=bench.agent,
            tcmalloc=_tcmalloc_for(facts, bench.settings),
            users=bench.settings.ld_preload,
        ),
        program.environment,
        level=bench.level,
        go_layout=_go_lines(program, bench.settings.cache_dir) if facts.is_go else (),
    )


def _go_lines(program: Program, cache_dir: Path) -> tuple[tuple[str, str], ...]:
    """Collect what the agent has to know of a Go program (docs/agent.md)."""
    lines = read_go_layout(program.facts.path, cache_dir)
    if program.has_companion:
        return (*lines, ("go_companion", "1"))
    return (*lines, ("go_why", program.why_no_companion)) if program.why_no_companion else lines


def _tcmalloc_for(facts: ElfFacts, settings: Settings) -> Path | None:
    """Choose the library to preload; None for a program that brings a tcmalloc of its own."""
    if links_tcmalloc(facts, library_path=os.environ.get("LD_LIBRARY_PATH", "")):
        return None
    return find_tcmalloc(settings).path


def _tell_survivors(program: Program, ended: Completed, watcher: Watcher) -> None:
    if ended.survivors:
        watcher.say(f"{program.name} left running, ended now: {', '.join(ended.survivors)}")
