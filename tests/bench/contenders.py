"""Those who are measured: an allocator, leakcheck at a level, or another tool.

A contender runs one workload and gives a `Sample`: what the run took, and what was found.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path  # noqa: TC003 - a field's type
from typing import TYPE_CHECKING, Protocol

from leakcheck.engines import agent, heapcheck
from leakcheck.engines.agent import Preloads  # noqa: TC001 - a field's type
from leakcheck.evidence import AgentReport, read_in_use
from leakcheck.judge import judge_run
from leakcheck.launch.rundirectory import Orders, ProfilePlan, run_directory
from leakcheck.model import EngineName
from leakcheck.process import Command, Completed
from leakcheck.profiles.files import write_numbered
from leakcheck.profiles.recorder import ProfileRecorder
from leakcheck.symbolise import Symboliser
from leakcheck.toolchain.golayout import read_go_layout
from tests.accuracy.answer import Amount
from tests.bench.suites import Build
from tests.bench.workbench import Around

if TYPE_CHECKING:
    from collections.abc import Callable

    from leakcheck.engines.agent import Findings
    from leakcheck.model import Level, Run
    from tests.bench.meter import Measurement
    from tests.bench.workbench import Workbench
    from tests.bench.workloads import Workload

__all__ = ["Contender", "Leakcheck", "Sample", "Tool", "remark_on"]

_NOTHING = Around()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One run of one workload. `measurement` is None when it was ended for taking too long.

    `verdict_s` is from the end of the tests to the verdict, where there is one. `remark` says
    what is wrong: nothing found, or not what was to be found. `check_s` is leakcheck's own
    account of its check, the reading of the report aside.
    """

    measurement: Measurement | None
    said: Amount | None = None
    verdict_s: float | None = None
    check_s: float | None = None
    remark: str = ""


class Contender(Protocol):
    """Whoever can be measured."""

    def prepare(self, workload: Workload) -> None:
        """Compile what is needed, which is not measured."""

    def run(self, workload: Workload, count: int) -> Sample:
        """Run it once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """An allocator, which has no verdict (`read` is None), or another tool."""

    bench: Workbench
    around: Around = _NOTHING
    build: Build = Build.PLAIN
    read: Callable[[str], Amount | None] | None = None

    def prepare(self, workload: Workload) -> None:
        """Compile the tests."""
        self.bench.suites.binary(workload.suite, self.build)

    def run(self, workload: Workload, count: int) -> Sample:
        """Run the tests and read what the tool printed."""
        measured = self.bench.measure(self.build, workload, count, self.around)
        if measured is None:
            return Sample(measurement=None, remark=f"did not end in {self.bench.timeout_s:.0f} s")
        if self.read is None:
            return Sample(measurement=measured, remark=_remark_on_ending(measured))
        said = self.read(measured.output)
        return Sample(
            measurement=measured,
            said=said,
            verdict_s=measured.after_s,
            remark=remark_on(said, workload.lost, is_exact=False),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Leakcheck:
    """One of leakcheck's engines at one level, and the reading of its report.

    `is_exact`: it must find what the workload leaks and nothing else. With `profiles` it writes
    one too, before it is done.
    """

    bench: Workbench
    level: Level
    preloads: Preloads
    cache_dir: Path
    is_exact: bool
    engine: EngineName = EngineName.AGENT
    profiles: bool = False

    def prepare(self, workload: Workload) -> None:
        """Compile the tests with the companion, and read the layout of Go's structures."""
        read_go_layout(self.bench.suites.binary(workload.suite, Build.LEAKCHECK), self.cache_dir)

    def run(self, workload: Workload, count: int) -> Sample:
        """Run the tests, read the report and judge it."""
        binary = self.bench.suites.binary(workload.suite, Build.LEAKCHECK)
        engine = heapcheck if self.engine is EngineName.HEAPCHECK else agent
        with run_directory() as run_dir:
            armed = engine.arm(run_dir, self.preloads, {}, self._orders(binary))
            around = Around(environment=tuple(armed.items()))
            measured = self.bench.measure(Build.LEAKCHECK, workload, count, around)
            if measured is None:
                return Sample(
                    measurement=None, remark=f"did not end in {self.bench.timeout_s:.0f} s"
                )
            started = time.monotonic()
            symboliser = Symboliser(self.cache_dir)
            findings = engine.read_findings(run_dir, symboliser)
            run = _judged(binary, self.level, measured, findings)
            if self.profiles and isinstance(findings.outcome, AgentReport):
                _write_profile(run, findings.outcome, run_dir, symboliser)
            reading_s = time.monotonic() - started
        said = None if run.reason else _amount(run)
        return Sample(
            measurement=measured,
            said=said,
            verdict_s=None if measured.after_s is None else measured.after_s + reading_s,
            check_s=run.evidence.number("check_us") / 1e6,
            remark=run.reason or remark_on(said, workload.lost, is_exact=self.is_exact),
        )

    def _orders(self, binary: Path) -> Orders:
        layout = read_go_layout(binary, self.cache_dir)
        if self.engine is EngineName.AGENT:  # the other cannot use what the companion dumps
            layout = (*layout, ("go_companion", "1"))
        plan = ProfilePlan() if self.profiles else None
        return Orders(level=self.level, engine=self.engine, go_layout=layout, profile=plan)


def remark_on(said: Amount | None, lost: Amount | None, *, is_exact: bool) -> str:
    """Say what is wrong with a verdict.

    Who need not be exact has to find something: a stale pointer may hold a block, and others
    call lost what only Go holds.
    """
    if said is None:
        return "no verdict"
    if lost is None or said == lost:
        return ""
    return f"found {said}, not {lost}" if is_exact or said.objects == 0 else ""


def _write_profile(run: Run, report: AgentReport, run_dir: Path, symboliser: Symboliser) -> None:
    recorder = ProfileRecorder()
    recorder.record(run, report, read_in_use(run_dir), symboliser)
    write_numbered(str(run_dir / "heap"), recorder.encoded())


def _judged(binary: Path, level: Level, measured: Measurement, findings: Findings) -> Run:
    ended = Completed(
        command=Command((str(binary),)),
        returncode=measured.status,
        stdout=measured.output,
        stderr="",
        duration_s=measured.wall_s,
        timed_out=False,
    )
    return judge_run(
        package="",
        binary=binary.name,
        level=level,
        ended=ended,
        is_go_test=True,
        outcome=findings.outcome,
        leaks=findings.leaks,
    )


def _amount(run: Run) -> Amount:
    return Amount(
        sum(leak.leaked_objects for leak in run.leaks), sum(leak.leaked_bytes for leak in run.leaks)
    )


def _remark_on_ending(measured: Measurement) -> str:
    return "" if measured.status == 0 else f"ended with {measured.status}"
