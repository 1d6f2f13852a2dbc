"""How a program ended, read from its return code and its output."""

from __future__ import annotations

import re
import signal
from typing import TYPE_CHECKING

from leakcheck.model import Tests

if TYPE_CHECKING:
    from collections.abc import Iterable

    from leakcheck.process import Completed

__all__ = [
    "crash_cause",
    "is_checkable",
    "killed_by",
    "loader_complaint",
    "verdict_of_tests",
    "worst",
]

GO_CRASH = 2
"""The Go runtime leaves with 2 after a panic, a fatal error or a signal of its own code."""

NO_TESTS = "testing: warning: no tests to run"
TEST_TIMEOUT = "panic: test timed out after "
SIGNAL_LINE = re.compile(r"^(?:\[signal )?(SIG[A-Z]+[0-9]*): ", re.MULTILINE)
PANIC_LINE = re.compile(r"^(?:panic|fatal error): .*$", re.MULTILINE)
TRACE_LINE = re.compile(r"^goroutine [0-9]+ .*\[[^\]\n]+\]:$", re.MULTILINE)
LOADER_LINE = re.compile(r"^ERROR: ld\.so: object .*$|^.*wrong ELF class: .*$", re.MULTILINE)
QUOTED_CHARACTERS = 200

FROM_OUTSIDE = (signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT)
"""Signals that somebody sends; a program's own faults raise others."""

SEVERITY = (Tests.CRASHED, Tests.TIMED_OUT, Tests.FAILED, Tests.PASSED, Tests.NONE_RAN)


def verdict_of_tests(ended: Completed, *, is_go_test: bool) -> Tests:
    """Judge by the return code, and for a Go test binary by what package testing printed."""
    if ended.timed_out or (is_go_test and is_test_timeout(ended)):
        return Tests.TIMED_OUT
    if ended.returncode < 0 or (is_go_test and is_go_crash(ended)):
        return Tests.CRASHED
    if ended.returncode > 0:
        return Tests.FAILED
    return Tests.NONE_RAN if is_go_test and ran_nothing(ended.stdout) else Tests.PASSED


def is_checkable(tests: Tests) -> bool:
    """Tell whether the program ended by its own will, so that what it left behind is a leak."""
    return tests not in {Tests.CRASHED, Tests.TIMED_OUT}


def killed_by(ended: Completed) -> str | None:
    """Name the signal with which somebody else ended the program, if that is how it ended."""
    is_killed = not ended.timed_out and -ended.returncode in FROM_OUTSIDE
    return signal_name(-ended.returncode) if is_killed else None


def is_test_timeout(ended: Completed) -> bool:
    """Recognise `panic: test timed out after 1s`, package testing's own time limit."""
    return ended.returncode == GO_CRASH and TEST_TIMEOUT in ended.stdout


def is_go_crash(ended: Completed) -> bool:
    """Recognise `panic: …`, `fatal error: …`, `SIGSEGV: …` or a goroutine trace with code 2."""
    patterns = (PANIC_LINE, SIGNAL_LINE, TRACE_LINE)
    return ended.returncode == GO_CRASH and any(p.search(ended.stdout) for p in patterns)


def ran_nothing(output: str) -> bool:
    """Recognise package testing's warning, unless it came from a test binary run by a test.

    Each test binary that passes prints one `PASS`: more of them than warnings, and tests ran.
    Without any `PASS` the program left with 0 in the middle of its tests (`exit(0)` in C, another
    program by exec) or before them (`os.Exit(0)` in TestMain).
    """
    lines = output.splitlines()
    return "PASS" not in output or 0 < lines.count(NO_TESTS) >= lines.count("PASS")


def crash_cause(ended: Completed) -> str:
    """Name the signal, `SIGSEGV`, or quote the panic; for programs that crashed."""
    if ended.returncode < 0:
        return signal_name(-ended.returncode)
    found = SIGNAL_LINE.search(ended.stdout)
    if found:
        return found[1]
    panic = PANIC_LINE.search(ended.stdout)
    return panic[0][:QUOTED_CHARACTERS] if panic else f"exit status {ended.returncode}"


def signal_name(number: int) -> str:
    """Name a signal; real-time signals have no names of their own."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def loader_complaint(output: str) -> str:
    """Quote the dynamic loader where it says that it did not load a library, or "".

    `ERROR: ld.so: object '/x/agent.so' from LD_PRELOAD cannot be preloaded (…): ignored.`
    """
    match = LOADER_LINE.search(output)
    return match[0][:QUOTED_CHARACTERS] if match else ""


def worst(verdicts: Iterable[Tests]) -> Tests:
    """Sum up several runs: the worst of them, NONE_RAN only when none ran anywhere."""
    return min(verdicts, key=SEVERITY.index, default=Tests.NONE_RAN)
