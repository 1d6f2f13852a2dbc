"""What a run leaves for a profile, handed to who makes one."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Protocol

from leakcheck.errors import LeakcheckError
from leakcheck.evidence import AgentReport, read_in_use
from leakcheck.model import Check, Run, Tests
from leakcheck.snapshots import read_snapshots

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from leakcheck.engines.agent import Findings
    from leakcheck.heapprofile import HeapProfile
    from leakcheck.launch.program import Program
    from leakcheck.launch.rundirectory import ProfilePlan
    from leakcheck.snapshots import Snapshot
    from leakcheck.symbolise import Symboliser

__all__ = ["Recorder", "record", "snapshots_kept"]


class Recorder(Protocol):
    """Who makes a profile of what the runs allocated, as the agent is told by its plan."""

    @property
    def plan(self) -> ProfilePlan:
        """What the agent is to write down."""

    def record_snapshots(
        self, run: Run, snapshots: Sequence[Snapshot], symboliser: Symboliser
    ) -> None:
        """A run ended, checked or not; these were taken of it."""

    def record(
        self, run: Run, report: AgentReport, in_use: HeapProfile, symboliser: Symboliser
    ) -> None:
        """A run was checked; `in_use` has a row for every stack that ever allocated."""


def record(
    run: Run, findings: Findings, run_dir: Path, recorder: Recorder, symboliser: Symboliser
) -> None:
    """Keep for the profile what is to be believed, and nothing else."""
    report = findings.outcome
    recorder.record_snapshots(run, read_snapshots(run_dir), symboliser)
    if run.check is not Check.NOT_CHECKED and isinstance(report, AgentReport):
        recorder.record(run, report, read_in_use(run_dir), symboliser)


@contextlib.contextmanager
def snapshots_kept(
    program: Program, run_dir: Path, recorder: Recorder | None, symboliser: Symboliser
) -> Iterator[None]:
    """Keep for the profile what was taken until Ctrl-C ended the program."""
    try:
        yield
    except KeyboardInterrupt:
        if recorder is None:
            raise
        run = Run(
            package=program.package,
            binary=program.name,
            argv=program.argv,
            tests=Tests.NONE_RAN,
            check=Check.NOT_CHECKED,
            reason="interrupted",
        )
        with contextlib.suppress(LeakcheckError):
            recorder.record_snapshots(run, read_snapshots(run_dir), symboliser)
        raise
