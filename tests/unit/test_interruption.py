"""What Ctrl-C and requests to end do, part by part of a call."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import pytest

from leakcheck.interruption import (
    exit_code_of_interruption,
    interruptions_end,
    interruptions_raise,
    name_of,
)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_request_to_end_is_raised_as_the_code_a_shell_would_see(number: signal.Signals) -> None:
    with pytest.raises(SystemExit) as caught, interruptions_raise():
        os.kill(os.getpid(), number)

    assert exit_code_of_interruption(caught.value) == 128 + number
    assert name_of(caught.value) == f"ended by {number.name}"
    assert signal.getsignal(number) is signal.SIG_DFL


def test_ctrl_c_is_raised_also_where_it_would_end_the_process() -> None:
    with interruptions_end():
        with pytest.raises(KeyboardInterrupt) as caught, interruptions_raise():
            os.kill(os.getpid(), signal.SIGINT)

        assert signal.getsignal(signal.SIGINT) is signal.SIG_DFL

    assert exit_code_of_interruption(caught.value) == 130
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_the_second_one_does_not_disturb_what_is_put_away() -> None:
    put_away: list[bool] = []

    @interruptions_raise()
    def work() -> None:
        try:
            os.kill(os.getpid(), signal.SIGINT)
        finally:
            os.kill(os.getpid(), signal.SIGTERM)
            put_away.append(True)

    with pytest.raises(KeyboardInterrupt):
        work()

    assert put_away


def test_many_of_them_end_a_process_that_hangs() -> None:
    code = """
import os, signal
from leakcheck.interruption import interruptions_raise
with interruptions_raise():
    for _ in range(10):
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        except SystemExit:
            pass
"""
    ended = subprocess.run([sys.executable, "-c", code], check=False)

    assert ended.returncode == -signal.SIGTERM


@pytest.mark.parametrize("module", ["invoke", "leakcheck.commandline"])
def test_ctrl_c_before_anything_has_begun_is_neither_a_failure_nor_a_traceback(module: str) -> None:
    code = f"""
import os, signal, sys
from leakcheck.__main__ import main
class Press:
    def find_spec(self, name, *_):
        if name == {module!r}:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Press())
main(["doctor"])
"""
    ended = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True)

    assert (ended.returncode, ended.stderr) == (-signal.SIGINT, b"")


def test_what_is_ignored_stays_ignored() -> None:
    previous = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with interruptions_raise():
            os.kill(os.getpid(), signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, previous)


def test_a_thread_leaves_the_handlers_alone() -> None:
    def work() -> None:
        with interruptions_end(), interruptions_raise():
            seen.append(signal.getsignal(signal.SIGTERM))

    seen: list[object] = []
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()

    assert seen == [signal.SIG_DFL]


@pytest.mark.parametrize("error", [ValueError("a defect"), SystemExit(2), SystemExit("words")])
def test_another_ending_is_no_interruption(error: BaseException) -> None:
    assert name_of(error) == ""
