"""Thousands of runs: what counts as wrong, and what is told of a hang."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import replace

import pytest
from report_samples import LEAK, RUN

from leakcheck.demo import Planted
from leakcheck.model import Check, Level, Run
from leakcheck.model import Tests as Verdict
from tests.soak.document import render_document, render_summary
from tests.soak.trial import Outcome, level_of, tallied, wrong_with
from tests.soak.watchdog import children_of, describe_process, watch

PLANTED = Planted(
    name="one",
    test=LEAK.test,
    function=LEAK.stack[0].function,
    go_function="",
    file=os.path.basename(LEAK.stack[0].file),  # noqa: PTH119 - text, no file
    objects=LEAK.leaked_objects,
    bytes=LEAK.leaked_bytes,
    kind=LEAK.kind,
)
RIGHT = replace(RUN, tests=Verdict.PASSED, check=Check.LEAKS, reason="", leaks=(LEAK,))


@pytest.mark.parametrize("level", list(Level))
def test_what_is_planted_and_nothing_else_is_right(level: Level) -> None:
    assert wrong_with(RIGHT, level, [PLANTED]) == ""


@pytest.mark.parametrize(
    ("run", "what"),
    [
        (replace(RIGHT, tests=Verdict.TIMED_OUT), "timed_out"),
        (replace(RIGHT, check=Check.CLEAN, leaks=()), "clean"),
        (replace(RIGHT, check=Check.NOT_CHECKED, reason="no canary"), "no canary"),
        (replace(RIGHT, leaks=(replace(LEAK, leaked_objects=LEAK.leaked_objects + 1),)), "one"),
        (replace(RIGHT, leaks=()), "one"),
    ],
)
def test_anything_else_is_wrong(run: Run, what: str) -> None:
    assert what in wrong_with(run, Level.NORMAL, [PLANTED])


def test_at_draconian_libraries_may_keep_memory_besides() -> None:
    more = replace(LEAK, leaked_objects=LEAK.leaked_objects + 5)

    assert wrong_with(replace(RIGHT, leaks=(more,)), Level.DRACONIAN, [PLANTED]) == ""
    assert wrong_with(replace(RIGHT, leaks=()), Level.DRACONIAN, [PLANTED]) != ""


def test_the_levels_take_turns_and_are_summed_up_apart() -> None:
    outcomes = [
        Outcome(level=level_of(number), wrong="" if number else "a hang", duration_s=number)
        for number in range(7)
    ]

    tallies = tallied(outcomes)

    assert [(tally.level, tally.runs) for tally in tallies] == [
        (Level.NORMAL, 3),
        (Level.STRICT, 2),
        (Level.DRACONIAN, 2),
    ]
    assert tallies[0].wrong == (("a hang", 1),)
    assert "1 times a hang" in render_summary(tallies)
    text = render_document(tallies, date="2026-11-24", machine="2 cores", limit_s=60.0)
    assert "| normal | 3 | 1 | 6.00 s |" in text
    assert "- normal, 1 times: a hang" in text


def test_a_process_that_hangs_is_described_once_with_its_threads() -> None:
    told: list[str] = []
    child = os.spawnlp(os.P_NOWAIT, "sleep", "sleep", "60")  # noqa: S606 - a process to look at
    try:
        assert child in children_of(os.getpid())
        with watch(0.1, told.append):
            time.sleep(1.6)
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)

    (text,) = (text for text in told if f"process {child}:" in text)
    assert "sleep 60" in text
    assert f"thread {child} sleep: state S" in text
    assert "syscall" in text


def test_a_process_that_is_gone_is_no_error() -> None:
    assert "process 4194304:" in describe_process(4194304)
