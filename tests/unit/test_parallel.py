from __future__ import annotations

import functools
import os
import signal
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from leakcheck.parallel import core_count, run_parallel
from leakcheck.process import Command, supervise

if TYPE_CHECKING:
    from leakcheck.process import Completed


def shell(script: str) -> Completed:
    return supervise(Command(("sh", "-c", script)), timeout_s=60, on_output=None, grace_s=0.5)


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0]
    except FileNotFoundError:
        return False
    return state not in "ZX"


def press_ctrl_c_when(path: Path, *, lines: int, times: int = 1) -> None:
    """Send SIGINT to ourselves once so many programs have written their id."""

    def wait_and_press() -> None:
        deadline = time.monotonic() + 10
        while len(path.read_text().split()) < lines and time.monotonic() < deadline:
            time.sleep(0.01)
        for _ in range(times):
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.3)

    threading.Thread(target=wait_and_press).start()


@pytest.fixture
def pids(tmp_path: Path) -> Path:
    path = tmp_path / "pids"
    path.touch()
    return path


def test_results_come_in_the_order_of_the_jobs() -> None:
    ended: list[int] = []

    def job(number: int) -> int:
        time.sleep(0.1 if number == 0 else 0)
        return number * number

    jobs = [functools.partial(job, number) for number in range(4)]

    assert run_parallel(jobs, at_once=2, on_end=lambda index, _: ended.append(index)) == (
        0,
        1,
        4,
        9,
    )
    assert ended == [1, 2, 3, 0], "each was told when it ended"


def test_no_jobs_have_no_results() -> None:
    assert run_parallel([], at_once=2) == ()


@pytest.mark.parametrize("at_once", [1, 3])
def test_so_many_run_at_a_time_and_no_more(at_once: int) -> None:
    together = threading.Semaphore(0)
    running: list[int] = []
    most: list[int] = []

    def job() -> None:
        running.append(1)
        most.append(len(running))
        together.acquire(timeout=0.2)
        running.pop()

    run_parallel([job] * 6, at_once=at_once)

    assert max(most) == at_once


def test_programs_side_by_side_keep_their_exit_codes_and_outputs() -> None:
    jobs = [
        functools.partial(shell, f"sleep 0.0{number}; echo {number}; exit {number}")
        for number in range(8)
    ]

    completed = run_parallel(jobs, at_once=4)

    assert [each.returncode for each in completed] == list(range(8))
    assert [each.stdout for each in completed] == [f"{number}\n" for number in range(8)]


def test_ctrl_c_ends_all_programs_and_starts_no_other(pids: Path) -> None:
    script = f"echo $$ >> {pids}; exec sleep 60"
    press_ctrl_c_when(pids, lines=2)
    started = time.monotonic()

    with pytest.raises(KeyboardInterrupt):
        run_parallel([functools.partial(shell, script)] * 5, at_once=2)

    written = [int(pid) for pid in pids.read_text().split()]
    assert len(written) == 2
    assert not any(map(is_running, written))
    assert time.monotonic() - started < 10


def test_a_second_ctrl_c_kills_what_does_not_listen(pids: Path) -> None:
    script = f"trap '' INT; echo $$ >> {pids}; while :; do sleep 0.1; done"
    press_ctrl_c_when(pids, lines=2, times=2)
    started = time.monotonic()

    with pytest.raises(KeyboardInterrupt):
        run_parallel([functools.partial(shell, script)] * 2, at_once=2)

    assert not any(is_running(int(pid)) for pid in pids.read_text().split())
    assert time.monotonic() - started < 5


def test_what_a_job_raises_ends_the_others_and_is_raised(pids: Path) -> None:
    def fail() -> Completed:
        while not pids.read_text():
            time.sleep(0.01)
        raise ValueError("a defect")

    sleep = functools.partial(shell, f"echo $$ >> {pids}; exec sleep 60")
    started = time.monotonic()

    with pytest.raises(ValueError, match="a defect"):
        run_parallel([sleep, fail, sleep], at_once=2)

    assert not any(is_running(int(pid)) for pid in pids.read_text().split())
    assert time.monotonic() - started < 10


def test_a_daemon_of_one_of_several_programs_does_not_stay(pids: Path) -> None:
    script = f"setsid sh -c 'echo $$ >> {pids}; exec sleep 60' > /dev/null 2>&1 & sleep 0.3"

    run_parallel([functools.partial(shell, script)] * 2, at_once=2)

    written = [int(pid) for pid in pids.read_text().split()]
    assert len(written) == 2
    assert not any(map(is_running, written))


def test_the_handlers_of_signals_are_put_back() -> None:
    before = signal.getsignal(signal.SIGINT)

    run_parallel([lambda: None], at_once=1)

    assert signal.getsignal(signal.SIGINT) is before


def test_there_is_a_core_to_work_on() -> None:
    assert core_count() >= 1
