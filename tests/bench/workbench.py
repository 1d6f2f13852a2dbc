"""How a contender's run of a workload is started and measured."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from leakcheck.process import Command
from tests.accuracy.contenders import anchor_environment

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bench.meter import Measurement, Meter
    from tests.bench.suites import Build, Suites
    from tests.bench.workloads import Workload

__all__ = ["Around", "Workbench", "suite_command"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What a tool puts around a program."""

    prefix: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Workbench:
    """What all contenders share."""

    suites: Suites
    meter: Meter
    timeout_s: float

    def measure(
        self, build: Build, workload: Workload, count: int, around: Around
    ) -> Measurement | None:
        """Run the tests of a workload with something around them; None if they do not end."""
        command = suite_command(
            self.suites.binary(workload.suite, build),
            self.suites.project(workload.suite),
            workload.test,
            count,
            around,
        )
        return self.meter.measure(command, timeout_s=self.timeout_s)


def suite_command(binary: Path, project: Path, test: str, count: int, around: Around) -> Command:
    """Build the command that runs tests of a suite, as `go test` would."""
    environment = anchor_environment(os.environ.items(), around.environment)
    return Command(
        (*around.prefix, str(binary), f"-test.run={test}", "-test.paniconexit0"),
        env=(*environment, ("BENCH_COUNT", str(count))),
        cwd=project,
    )
