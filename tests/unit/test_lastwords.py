"""The agent's last words, and what is made of a run that left no report."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakcheck.errors import ExitCode
from leakcheck.evidence import NoReport, Silence, agent_outcome
from leakcheck.judge import judge, judge_run
from leakcheck.lastwords import LastWords, parse_last_words
from leakcheck.model import Check, Level, Report
from leakcheck.model import Tests as Verdict
from leakcheck.process import Command, Completed

SIGSYS, SIGSEGV = 31, 11


def judged(words: str, returncode: int) -> Report:
    """The report on a program whose agent left nothing but `words`."""
    ended = Completed(
        command=Command(("./program",)),
        returncode=returncode,
        stdout="",
        stderr="",
        duration_s=0.1,
        timed_out=False,
    )
    run = judge_run(
        package="",
        binary="program",
        level=Level.NORMAL,
        ended=ended,
        is_go_test=False,
        outcome=agent_outcome({"words": words}),
    )
    return judge([run], level=Level.NORMAL)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", LastWords()),
        ("\0\0\0", LastWords()),
        ("started\n\0\0", LastWords(has_started=True)),
        ("started\nleaving 007\n\0", LastWords(has_started=True, left_with=7)),
        (
            "started\nleaving 000\nfailure no memory: for it\n\0\x0f\0",
            LastWords(has_started=True, left_with=0, failure="no memory: for it"),
        ),
        ("started\nleaving 0", LastWords(has_started=True)),
        ("failure first\nfailure second\n", LastWords(failure="first")),
    ],
)
def test_what_was_said_is_read(text: str, words: LastWords) -> None:
    assert parse_last_words(text) == words


@given(st.text())
def test_no_page_is_too_broken_to_read(text: str) -> None:
    words = parse_last_words(text)
    assert words.left_with is None or 0 <= words.left_with <= 999


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("", "left no report"),
        ("started\n", "did not see the program end"),
        ("started\nleaving 000\n", "cut off"),
        ("started\nleaving 000\nfailure the disk is full\n", "the disk is full"),
        ("failure no malloc hooks\n", "no malloc hooks"),
    ],
)
def test_the_reason_is_as_near_as_the_words_come(words: str, reason: str) -> None:
    report = judged(words, returncode=0)

    assert (report.tests, report.check) == (Verdict.PASSED, Check.NOT_CHECKED)
    assert reason in report.reason
    assert report.exit_code == ExitCode.NOT_CHECKED


@pytest.mark.parametrize(
    ("code", "tests", "exit_code"),
    [("000", Verdict.PASSED, ExitCode.NOT_CHECKED), ("003", Verdict.FAILED, ExitCode.FAILED)],
)
def test_a_program_killed_for_the_agents_system_call_ended_as_it_was_leaving(
    code: str, tests: Verdict, exit_code: ExitCode
) -> None:
    report = judged(f"started\nleaving {code}\n", returncode=-SIGSYS)

    assert (report.tests, report.check) == (tests, Check.NOT_CHECKED)
    assert "seccomp" in report.reason
    assert report.exit_code == exit_code


@pytest.mark.parametrize(
    ("words", "returncode"),
    [("started\n", -SIGSYS), ("", -SIGSYS), ("started\nleaving 000\n", -SIGSEGV)],
)
def test_any_other_signal_is_the_programs_own_crash(words: str, returncode: int) -> None:
    report = judged(words, returncode)

    assert report.tests is Verdict.CRASHED
    assert report.exit_code == ExitCode.FAILED


def test_a_failure_in_the_last_words_outweighs_a_report() -> None:
    outcome = agent_outcome({"words": "failure out of time\n", "evidence": "agent 1\nend\n"})

    assert isinstance(outcome, NoReport)
    assert (outcome.silence, outcome.reason) == (Silence.FAILURE, "out of time")
