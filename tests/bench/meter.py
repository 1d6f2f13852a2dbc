"""What a program took: wall time, processor time, peak memory, and the time after its tests."""

from __future__ import annotations

import re
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from leakcheck.process import Command, run, supervise

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Measurement", "Meter", "metered_command", "parse_measurement"]

_SOURCE = Path(__file__).with_name("meter.c")
_BUILD_TIMEOUT_S = 60.0
_TESTS_ENDED = re.compile(r"^bench: tests ended at (\d+\.\d+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One run. `after_s` is from the end of the tests to the end of the process.

    `cpu_s` and `peak_kib` include the processes that the program waited for. `status` is an exit
    code, or a signal as a negative number.
    """

    wall_s: float
    cpu_s: float
    peak_kib: int
    after_s: float | None
    status: int
    output: str


@dataclass(frozen=True, slots=True)
class Meter:
    """The compiled meter, in a folder where it may also put its results."""

    folder: Path

    @classmethod
    def build(cls, folder: Path) -> Meter:
        """Compile it. Raises AssertionError with what the compiler said."""
        command = Command(("cc", "-O2", "-Wall", "-o", str(folder / "meter"), str(_SOURCE)))
        completed = run(command, timeout_s=_BUILD_TIMEOUT_S)
        assert completed.returncode == 0, completed.stderr
        return cls(folder)

    def measure(self, command: Command, *, timeout_s: float) -> Measurement | None:
        """Run a command with the environment it names; None when it had to be ended."""
        result = self.folder / "measured"
        result.unlink(missing_ok=True)
        completed = supervise(
            metered_command(self.folder / "meter", result, command),
            timeout_s=timeout_s,
            on_output=None,
            dump_signal=signal.SIGTERM,
            grace_s=1.0,
        )
        if completed.timed_out or not result.exists():
            return None
        return parse_measurement(result.read_text(), completed.stdout)


def metered_command(meter: Path, result: Path, command: Command) -> Command:
    """Let `env` set the program's environment: what is preloaded there is not for the meter."""
    words = tuple(f"{name}={value}" for name, value in command.env or ())
    argv = (str(meter), str(result), "env", "-i", *words, *command.argv)
    return Command(argv, cwd=command.cwd)


def parse_measurement(text: str, output: str) -> Measurement:
    """Read what the meter wrote, and the line in which the workload says that its tests ended.

    ```
    started 8123.100000
    ended 8124.350000
    cpu 1.200000
    peak_kib 12345
    status 0
    ```
    `bench: tests ended at 8124.300000`
    """
    values: Mapping[str, str] = dict(line.split() for line in text.splitlines())
    ended = float(values["ended"])
    tests_ended = _TESTS_ENDED.search(output)
    return Measurement(
        wall_s=ended - float(values["started"]),
        cpu_s=float(values["cpu"]),
        peak_kib=int(values["peak_kib"]),
        after_s=ended - float(tests_ended[1]) if tests_ended else None,
        status=int(values["status"]),
        output=output,
    )
