"""Real Go test binaries with C under them: hanging, crashing, leaving things behind."""

from __future__ import annotations

import os
import re
import resource
import signal
import sys
import time
from pathlib import Path

import pytest

from leakcheck.process import Command, Completed, run, supervise
from leakcheck.settings import Settings
from leakcheck.toolchain.discovery import find_go

pytestmark = pytest.mark.e2e

PROJECT = Path(__file__).parents[1] / "testdata/toolchain/supervise"


@pytest.fixture(scope="module")
def binary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    go = find_go(Settings.from_mapping(os.environ))
    output = tmp_path_factory.mktemp("supervise") / "supervise.test"
    completed = run(
        Command(
            (str(go.path), "test", "-c", "-o", str(output), "."),
            env=tuple({**os.environ, "CGO_ENABLED": "1"}.items()),
            cwd=PROJECT,
        ),
        timeout_s=600,
    )
    assert completed.returncode == 0, completed.stderr
    return output


def supervised(
    binary: Path, test: str, *, timeout_s: float | None = 60, grace_s: float = 10
) -> Completed:
    command = Command((str(binary), f"-test.run=^{test}$", "-test.v"), cwd=PROJECT)
    return supervise(command, timeout_s=timeout_s, on_output=None, grace_s=grace_s)


def is_alive(pid: int) -> bool:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except FileNotFoundError:
        return False
    return text.rpartition(") ")[2][0] not in "ZX"


def test_a_test_that_passes_ends_by_itself(binary: Path) -> None:
    completed = supervised(binary, "TestPasses")

    assert completed.returncode == 0
    assert "--- PASS: TestPasses" in completed.stdout
    assert completed.survivors == ()
    assert not completed.timed_out


def test_a_test_that_hangs_prints_all_goroutines_at_the_timeout(binary: Path) -> None:
    completed = supervised(binary, "TestHangsInGo", timeout_s=2)

    assert completed.timed_out
    assert completed.returncode == 2
    assert "SIGQUIT: quit" in completed.stdout
    assert "supervise.TestHangsInGo" in completed.stdout
    assert "supervise.waitsForNobody" in completed.stdout
    assert completed.duration_s < 30


@pytest.mark.parametrize("test", ["TestHangsInC", "TestSpinsInC"])
def test_a_test_that_hangs_in_c_is_named_in_the_dump(binary: Path, test: str) -> None:
    completed = supervised(binary, test, timeout_s=2)

    assert completed.timed_out
    assert f"supervise.{test}(" in completed.stdout
    assert re.search(r"supervise\._Cfunc_(hang|spin)_in_c", completed.stdout)


def test_a_crash_in_c_is_a_signal(binary: Path) -> None:
    completed = supervised(binary, "TestCrashesInC")

    assert "SIGABRT: abort" in completed.stdout
    assert completed.returncode in {2, -signal.SIGABRT}


def test_a_panic_is_an_exit_code_and_a_stack(binary: Path) -> None:
    completed = supervised(binary, "TestPanics")

    assert completed.returncode == 2
    assert "assignment to entry in nil map" in completed.stdout


def test_children_in_groups_and_sessions_of_their_own_are_ended(binary: Path) -> None:
    started = time.monotonic()

    completed = supervised(binary, "TestLeavesChildren", grace_s=1)

    children = [int(pid) for pid in re.findall(r"child (\d+)", completed.stdout)]
    assert len(children) == 3
    assert [pid for pid in children if is_alive(pid)] == []
    assert sorted(completed.survivors) == sorted(f"sleep ({pid})" for pid in children)
    assert completed.returncode == 0
    assert time.monotonic() - started < 15


def test_much_output_is_kept_within_bounds_and_its_ends_are_there(binary: Path) -> None:
    seen = 0

    def count(data: bytes) -> None:
        nonlocal seen
        seen += len(data)

    before_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    command = Command((str(binary), "-test.run=^TestTalksALot$"), cwd=PROJECT)
    completed = supervise(command, timeout_s=120, on_output=count)
    after_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    assert seen > 300 << 20
    assert len(completed.stdout) < 66 << 20
    assert completed.stdout.startswith("xxx")
    assert "the end\n" in completed.stdout[-200:]
    assert re.search(r"\n\[leakcheck: \d+ bytes of output left out\]\n", completed.stdout)
    assert after_kib - before_kib < 300 << 10


def test_one_hundred_runs_end_and_leave_nothing() -> None:
    script = "import os, sys; os.write(1, b'x' * 100000); sys.exit(7)"
    command = Command((sys.executable, "-S", "-c", script))
    descriptors = len(list(Path("/proc/self/fd").iterdir()))

    for _ in range(100):
        completed = supervise(command, timeout_s=60, on_output=None)
        assert (completed.returncode, len(completed.stdout)) == (7, 100_000)

    assert len(list(Path("/proc/self/fd").iterdir())) == descriptors
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)
