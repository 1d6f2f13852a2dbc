"""The benchmark, in a hurry: contenders that are everywhere run and find what they should."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from leakcheck.process import Command, run
from tests.bench.meter import Meter

pytestmark = pytest.mark.e2e
ROOT = Path(__file__).parents[2]


def test_leakcheck_and_plain_allocators_run_every_workload(tmp_path: Path) -> None:
    records = tmp_path / "bench.json"
    chosen = ("--contender", "glibc,tcmalloc,leakcheck", "--workload", "churn,deep,live,threads")
    argv = (sys.executable, "-m", "tests.bench", "--short", *chosen, "--json", str(records))
    completed = run(Command(argv, cwd=ROOT))
    assert completed.returncode == 0, completed.stdout + completed.stderr
    cells = json.loads(records.read_text())["cells"]
    found = {
        (cell["contender"], run["found"] and run["found"]["objects"])
        for cell in cells
        for run in cell["runs"]
        if cell["workload"] != "live"
    }
    assert len(cells) == 25
    assert found == {
        ("glibc", None),
        ("tcmalloc", None),
        ("leakcheck normal", 7),
        ("leakcheck strict", 7),
        ("leakcheck draconian", 8),
    }


def test_the_meter_tells_what_a_program_took(tmp_path: Path) -> None:
    program = "x = bytearray(200_000_000); sum(range(5_000_000)); raise SystemExit(3)"
    command = Command((sys.executable, "-c", program), env=())
    measured = Meter.build(tmp_path).measure(command, timeout_s=60)
    assert measured is not None
    assert measured.status == 3
    assert measured.peak_kib > 200_000_000 // 1024
    assert 0.01 < measured.cpu_s <= measured.wall_s * 2


def test_the_meter_has_nothing_to_say_of_a_program_that_does_not_end(tmp_path: Path) -> None:
    command = Command((sys.executable, "-c", "import time; time.sleep(60)"), env=())
    assert Meter.build(tmp_path).measure(command, timeout_s=0.2) is None
