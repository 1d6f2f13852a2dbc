"""Ctrl-C and SIGTERM of leakcheck itself: it ends, and nothing of it stays."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from conftest import ROOT
from faults import FAULTS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from conftest import ConsoleScript

pytestmark = pytest.mark.e2e

INT, TERM = signal.SIGINT, signal.SIGTERM


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files of what is started."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


@pytest.fixture
def meeting_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the processes under test write down their ids."""
    monkeypatch.setenv("MEETING_PLACE", str(tmp_path / "ids"))
    return tmp_path / "ids"


def ids_at(place: Path, count: int) -> list[str]:
    """Wait until so many have come."""
    deadline = time.monotonic() + 60
    while not place.exists() or len(place.read_text().split()) < count:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return place.read_text().split()


def start(
    argv: Sequence[str], folder: Path | None, environment: Mapping[str, str]
) -> subprocess.Popen[str]:
    """Start a foreground group, as a terminal would."""
    return subprocess.Popen(
        argv,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def press(running: subprocess.Popen[str], numbers: Sequence[signal.Signals]) -> str:
    """Signal the group, as a terminal does, and take what was said."""
    for number in numbers:
        os.killpg(running.pid, number)
        time.sleep(0.1)
    out, _ = running.communicate(timeout=20)
    return out


def is_running(number: str) -> bool:
    """Not when it has ended and nobody asked how yet."""
    status = Path("/proc", number, "status")
    return status.exists() and "State:\tZ" not in status.read_text()


@dataclass(frozen=True, slots=True)
class Row:
    """How a program takes signals, those that come, and how leakcheck ends."""

    manner: str
    numbers: tuple[signal.Signals, ...]
    exit_code: int
    reason: str

    def __str__(self) -> str:
        return "-".join((self.manner, *(number.name for number in self.numbers)))


ROWS = (
    Row("usual", (INT,), 130, "interrupted"),
    Row("usual", (TERM,), 143, "ended by SIGTERM"),
    Row("deaf", (INT, INT), 130, "interrupted"),
    Row("deaf", (TERM, INT), 143, "ended by SIGTERM"),
)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_program_and_its_child_end_and_nothing_stays(
    leakcheck: ConsoleScript,
    compiled: Callable[..., Path],
    temporary: Path,
    meeting_place: Path,
    row: Row,
) -> None:
    program = str(compiled(FAULTS / "waits.c"))
    options = ("--json=out.json", "--html=out.html", "--", row.manner, str(meeting_place))
    command = leakcheck.command("leak", "--binary", program, *options)

    running = start(command.argv, command.cwd, dict(command.env or ()))
    ids = ids_at(meeting_place, 2)
    said = press(running, row.numbers)

    assert running.returncode == row.exit_code
    assert said.splitlines()[-1].strip() == f"Not checked {row.reason}"
    assert leakcheck.json("out.json")["reason"] == row.reason
    assert "</html>" in (leakcheck.folder / "out.html").read_text()
    assert not any(map(is_running, ids))
    assert list(temporary.iterdir()) == []


def test_a_go_test_that_hears_nothing_ends_under_make(
    leakcheck: ConsoleScript, temporary: Path, meeting_place: Path
) -> None:
    report = leakcheck.folder / "out.json"
    words = (f"PROJECT={FAULTS / 'gofaults'}", "PACKAGE=./deaf", f"JSON={report}")
    environment = os.environ | {"LEAKCHECK_CACHE_DIR": str(leakcheck.cache_dir)}

    running = start(("make", "test-tcmalloc", *words), ROOT, environment)
    (test,) = ids_at(meeting_place, 1)
    said = press(running, (INT, INT))

    assert "Error 130" in said
    assert "Traceback" not in said
    assert leakcheck.json("out.json")["reason"] == "interrupted"
    assert not is_running(test)
    assert list(temporary.iterdir()) == []
