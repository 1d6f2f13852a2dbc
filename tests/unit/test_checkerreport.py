"""Reading what gperftools' own heap checker leaves in the run directory."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from checker_samples import (
    PROFILE,
    captured_files,
    captured_profile,
    captured_report,
    changed_report,
)
from hypothesis import given
from hypothesis import strategies as st
from report_samples import TESTDATA

from leakcheck.checkerreport import (
    CheckerReport,
    checker_outcome,
    parse_checker_log,
    read_checker_outcome,
)
from leakcheck.evidence import NoReport, Silence

if TYPE_CHECKING:
    from pathlib import Path

CANARY = "     1:     1117 [     1:     1117] @ 0x7fe597002a2e 0x7fe59700d328\n"


def test_a_real_run_is_read_whole() -> None:
    report = read_checker_outcome(TESTDATA / "checker")

    assert report == captured_report()
    assert report.told == (report.profile.objects, report.profile.bytes) == (18, 2280)


def test_the_canary_and_the_constructors_of_tcmalloc_are_no_leaks() -> None:
    report = captured_report()

    assert sorted((row.objects, row.bytes) for row in report.leaked) == [
        (1, 104),
        (1, 104),
        (5, 320),
    ]
    assert report.evidence.text("canary") == "found"
    assert report.evidence.text("own_objects") == "10"
    assert report.evidence.text("own_bytes") == str(2280 - 1117 - 528)


def test_frames_of_the_agent_are_left_out_of_the_stacks() -> None:
    report = captured_report()
    agent = range(0x00007FE597000000, 0x00007FE597750C20)

    addresses = [address for row in report.leaked for address in row.addresses]
    assert any(row.addresses[-1] == 0x5646274AD071 for row in report.leaked)
    assert not [address for address in addresses if address in agent]


@pytest.mark.parametrize(
    "canary",
    [
        pytest.param("", id="not there"),
        pytest.param(CANARY.replace("1117", "1116"), id="of another size"),
        pytest.param(CANARY.replace("0x7fe59700d328", "0x5646274ad1e8"), id="the program's"),
        pytest.param("     1:     1117 [     1:     1117] @\n", id="without a stack"),
        pytest.param(CANARY + CANARY, id="twice"),
    ],
)
def test_only_the_agents_own_block_is_the_canary(canary: str) -> None:
    report = changed_report({}, profile=(CANARY, canary))

    assert report.evidence.text("canary") == "missing"


def test_a_block_that_is_as_large_as_the_canary_is_a_leak_of_its_own() -> None:
    users = CANARY.replace("0x7fe59700d328", "0x5646274ad1e8")

    report = changed_report({}, profile=(CANARY, CANARY + users))

    assert report.evidence.text("canary") == "found"
    assert [row.addresses for row in report.leaked if row.bytes == 1117] == [(0x5646274AD1E8,)]


def test_an_evidence_without_the_agents_addresses_finds_no_canary() -> None:
    report = changed_report({"evidence": ("agent_code 0x", "agent_code ")})

    assert report.evidence.text("canary") == "missing"


def test_what_the_checker_says_against_itself_is_evidence() -> None:
    warning = "Have memory regions w/o callers: might report false leaks"
    report = changed_report({"checker.log": ("Leak check", f"{warning}\n{warning}\nLeak check")})

    assert report.evidence.text("complaints") == warning
    assert captured_report().evidence.text("complaints") == "-"


def test_the_checkers_sentence_is_read() -> None:
    assert parse_checker_log(
        "x\nLeak check _main_ detected leaks of 9342 bytes in 7 objects\n"
    ) == (
        7,
        9342,
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        'No leaks found for check "_main_"\n',
        "Leak check other detected leaks of 1 bytes in 1 objects\n",
        "Leak check _main_ detected leaks of -1 bytes in 1 objects\n",
        "Leak check _main_ detected leaks of 1 bytes in 1 obj",
    ],
)
def test_other_words_are_no_verdict(text: str) -> None:
    assert parse_checker_log(text) is None


@given(st.text())
def test_no_text_is_read_as_leaks_but_the_sentence(text: str) -> None:
    told = parse_checker_log(text)

    assert told is None or re.search(r"^Leak check _main_ detected leaks of", text, re.MULTILINE)


def test_a_checker_that_crashed_is_quoted() -> None:
    files = {
        "failure": "the checker process was killed by a signal: SIGABRT\n",
        "checker.log": "Thread finding callback was interrupted or crashed; can't fix this\n",
    }

    assert checker_outcome(files, {}) == NoReport(
        silence=Silence.FAILURE,
        reason="the checker process was killed by a signal: SIGABRT:"
        " Thread finding callback was interrupted or crashed; can't fix this",
    )


def test_nothing_at_all_is_a_missing_report(tmp_path: Path) -> None:
    assert read_checker_outcome(tmp_path) == NoReport(silence=Silence.MISSING)


@pytest.mark.parametrize("log", ["", "Could not write pprof profile to /x\n"])
def test_a_checker_that_told_nothing_is_no_clean_run(log: str) -> None:
    outcome = checker_outcome({**captured_files(), "checker.log": log}, {})

    assert isinstance(outcome, NoReport)
    assert outcome.silence is Silence.FAILURE
    assert "even the leak that was planted" in outcome.reason
    assert log.strip() in outcome.reason


def test_a_checker_that_wrote_no_profile_is_no_report() -> None:
    assert isinstance(checker_outcome(captured_files(), {}), NoReport)


def test_two_profiles_are_not_guessed_about() -> None:
    outcome = checker_outcome(captured_files(), {**captured_profile(), "other": ""})

    assert outcome == NoReport(silence=Silence.MALFORMED, reason="there are several end profiles")


@given(st.integers(min_value=0, max_value=4000))
def test_a_cut_profile_is_never_read_as_a_whole_one(end: int) -> None:
    text = captured_profile()[PROFILE]

    outcome = checker_outcome(captured_files(), {PROFILE: text[:end]})

    assert isinstance(outcome, NoReport) or outcome.profile.mappings != (
        captured_report().profile.mappings
    )


@pytest.mark.parametrize("name", ["evidence", "profile"])
def test_garbage_is_quoted_with_its_place(name: str) -> None:
    files, profile = captured_files(), captured_profile()
    if name == "evidence":
        files["evidence"] = "what\nis this"
    else:
        profile = {PROFILE: "what\n"}

    outcome = checker_outcome(files, profile)

    assert isinstance(outcome, NoReport)
    assert outcome.silence is Silence.MALFORMED
    assert "line 1" in outcome.reason or "line 2" in outcome.reason


def test_rows_of_one_stack_are_one_leak() -> None:
    report = captured_report()
    assert isinstance(report, CheckerReport)

    (blocks,) = [row for row in report.leaked if row.objects == 5]
    assert (blocks.bytes, blocks.allocated_objects, blocks.allocated_bytes) == (320, 5, 320)
