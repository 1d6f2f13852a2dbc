"""How a program ended, from its return code and output."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_samples import ended

from leakcheck.ending import crash_cause, loader_complaint, verdict_of_tests, worst
from leakcheck.model import Tests as Verdict

PANIC = """=== RUN   TestProbe
--- FAIL: TestProbe (0.00s)
panic: probe of nothing [recovered]
\tpanic: probe of nothing

goroutine 7 [running]:
testing.tRunner.func1.2({0x5f3a60, 0xc000012345})
"""
SEGFAULT = """=== RUN   TestProbe
SIGSEGV: segmentation violation
PC=0x5406d4 m=0 sigcode=1 addr=0x0
signal arrived during cgo execution

goroutine 7 gp=0xc000102700 m=0 mp=0x6fc6a0 [syscall]:
runtime.cgocall(0x5406c0, 0xc00005be60)
"""
NIL = """panic: runtime error: invalid memory address or nil pointer dereference
[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x53072a]

goroutine 7 [running]:
"""
FATAL = """fatal error: all goroutines are asleep - deadlock!

goroutine 1 [chan receive]:
"""
TIMEOUT = """panic: test timed out after 1s
\trunning tests:
\t\tTestSlow (1s)

goroutine 18 [running]:
"""
NOTHING = "testing: warning: no tests to run\nPASS\n"


@pytest.mark.parametrize(
    ("returncode", "output", "verdict"),
    [
        (0, "PASS\n", Verdict.PASSED),
        (0, "panic: only words\nPASS\n", Verdict.PASSED),
        (0, "panic: test timed out after 1s\nPASS\n", Verdict.PASSED),
        (0, NOTHING, Verdict.NONE_RAN),
        (
            0,
            "testing: warning: no tests to run\nPASS\ncoverage: 0.0% of statements\n",
            Verdict.NONE_RAN,
        ),
        (0, NOTHING + "PASS\n", Verdict.PASSED),
        (0, NOTHING + "--- PASS: TestReexec\nPASS\n", Verdict.PASSED),
        (0, "log: testing: warning: no tests to run\nPASS\n", Verdict.PASSED),
        (0, "", Verdict.NONE_RAN),
        (0, "--- PASS: TestOne (0.00s)\n", Verdict.PASSED),
        (0, "half a test's output\n", Verdict.NONE_RAN),
        (1, "--- FAIL: TestProbe (0.00s)\nFAIL\n", Verdict.FAILED),
        (1, "panic: only words\nFAIL\n", Verdict.FAILED),
        (1, NOTHING, Verdict.FAILED),
        (3, "", Verdict.FAILED),
        (2, "flag provided but not defined: -test.x\n", Verdict.FAILED),
        (2, "a line about a panic: no\n", Verdict.FAILED),
        (2, PANIC, Verdict.CRASHED),
        (2, SEGFAULT, Verdict.CRASHED),
        (2, NIL, Verdict.CRASHED),
        (2, FATAL, Verdict.CRASHED),
        (2, "no newline yetpanic: x\n\ngoroutine 7 [running]:\n", Verdict.CRASHED),
        (2, TIMEOUT, Verdict.TIMED_OUT),
        (2, "no newline yet" + TIMEOUT, Verdict.TIMED_OUT),
        (-11, "", Verdict.CRASHED),
        (-6, PANIC, Verdict.CRASHED),
        (-9, NOTHING, Verdict.CRASHED),
    ],
)
def test_a_go_test_binary_is_judged_by_code_and_output(
    returncode: int, output: str, verdict: Verdict
) -> None:
    assert verdict_of_tests(ended(returncode, output), is_go_test=True) is verdict


@pytest.mark.parametrize(
    ("returncode", "output", "verdict"),
    [
        (0, "", Verdict.PASSED),
        (0, NOTHING, Verdict.PASSED),
        (1, "", Verdict.FAILED),
        (2, TIMEOUT, Verdict.FAILED),
        (2, PANIC, Verdict.FAILED),
        (-15, "", Verdict.CRASHED),
    ],
)
def test_any_other_program_is_judged_by_its_code_alone(
    returncode: int, output: str, verdict: Verdict
) -> None:
    assert verdict_of_tests(ended(returncode, output), is_go_test=False) is verdict


@given(st.integers(-64, 255), st.booleans())
def test_a_program_that_was_stopped_at_the_time_limit_timed_out(code: int, is_go: bool) -> None:
    assert verdict_of_tests(ended(code, timed_out=True), is_go_test=is_go) is Verdict.TIMED_OUT


@given(st.integers(-64, 255), st.text(), st.booleans())
def test_only_code_zero_passes(code: int, output: str, is_go: bool) -> None:
    verdict = verdict_of_tests(ended(code, output), is_go_test=is_go)
    assert (verdict in {Verdict.PASSED, Verdict.NONE_RAN}) is (code == 0)


@pytest.mark.parametrize(
    ("returncode", "output", "cause"),
    [
        (-11, "", "SIGSEGV"),
        (-9, PANIC, "SIGKILL"),
        (-40, "", "signal 40"),
        (2, SEGFAULT, "SIGSEGV"),
        (2, NIL, "SIGSEGV"),
        (2, PANIC, "panic: probe of nothing [recovered]"),
        (2, FATAL, "fatal error: all goroutines are asleep - deadlock!"),
        (2, "\ngoroutine 7 [running]:\n", "exit status 2"),
    ],
)
def test_a_crash_has_a_cause(returncode: int, output: str, cause: str) -> None:
    assert crash_cause(ended(returncode, output)) == cause


def test_a_long_panic_is_quoted_in_part() -> None:
    assert len(crash_cause(ended(2, "panic: " + "x" * 10_000 + "\n"))) == 200


@pytest.mark.parametrize(
    "line",
    [
        (
            "ERROR: ld.so: object '/c/agent.so' from LD_PRELOAD cannot be preloaded"
            " (cannot open shared object file): ignored."
        ),
        (
            "ERROR: ld.so: object '/c/agent.so' from LD_PRELOAD cannot be preloaded"
            " (wrong ELF class: ELFCLASS64): ignored."
        ),
        "./prog: error while loading shared libraries: libx.so: wrong ELF class: ELFCLASS32",
    ],
)
def test_the_loaders_complaint_is_quoted(line: str) -> None:
    assert loader_complaint(f"before\n{line}\nafter\n") == line


def test_no_complaint_is_found_in_other_output() -> None:
    assert loader_complaint("ERROR: nothing\nPASS\n") == ""


ORDER = (Verdict.NONE_RAN, Verdict.PASSED, Verdict.FAILED, Verdict.TIMED_OUT, Verdict.CRASHED)


@pytest.mark.parametrize("pair", list(itertools.combinations(ORDER, 2)))
def test_the_worst_run_speaks_for_all(pair: tuple[Verdict, Verdict]) -> None:
    assert worst(pair) is worst(reversed(pair)) is pair[1]


def test_of_no_runs_none_ran() -> None:
    assert worst([]) is Verdict.NONE_RAN
