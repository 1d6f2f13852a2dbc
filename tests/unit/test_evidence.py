"""Reading what the agent leaves in the run directory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_samples import TESTDATA, captured_files, refusal

from leakcheck.errors import MalformedReport
from leakcheck.evidence import (
    AgentReport,
    NoReport,
    Owner,
    RowTest,
    Silence,
    agent_outcome,
    parse_evidence,
    parse_owners,
    parse_tests,
    read_agent_outcome,
)
from leakcheck.model import LeakKind

if TYPE_CHECKING:
    from pathlib import Path

KEYS = st.from_regex(r"[a-z][a-z0-9_]{0,10}", fullmatch=True).filter(lambda key: key != "end")
VALUES = st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]))


def test_a_real_run_is_read_whole() -> None:
    report = read_agent_outcome(TESTDATA / "evidence")
    assert isinstance(report, AgentReport)
    assert report.evidence.text("canary") == "found"
    assert report.evidence.number("direct_objects") == report.direct.objects == 6
    assert report.evidence.number("indirect_bytes") == report.indirect.bytes == 104
    assert report.owners == (Owner(indirect=0, direct=0, objects=1, bytes=104),)


def test_the_value_is_the_rest_of_the_line() -> None:
    evidence = parse_evidence("agent 1\ngo_frames no: a  b \nempty \nend\n")
    assert evidence.text("go_frames") == "no: a  b "
    assert evidence.fields == (("agent", "1"), ("go_frames", "no: a  b "), ("empty", ""))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no 'end' line"),
        ("agent 1\n", "no 'end' line"),
        ("agent 1\nend", "middle of a line"),
        ("agent 1\nend\nmore 1\n", "no 'end' line"),
        ("agent 1\nagent 2\nend\n", "not a new"),
        ("agent 1\n\nend\n", "not a new"),
        ("Agent 1\nend\n", "not a new"),
        ("end\nend\n", "not a new"),
    ],
)
def test_evidence_that_is_cut_or_odd_is_refused(text: str, why: str) -> None:
    with pytest.raises(MalformedReport, match=why):
        parse_evidence(text)


def test_evidence_cut_anywhere_is_never_read() -> None:
    text = captured_files()["evidence"]
    for end in range(len(text)):
        with pytest.raises(MalformedReport):
            parse_evidence(text[:end])


@given(st.dictionaries(KEYS, VALUES))
def test_every_key_and_value_is_kept_in_order(fields: dict[str, str]) -> None:
    text = "".join(f"{key} {value}\n" for key, value in fields.items()) + "end\n"
    assert parse_evidence(text).fields == tuple(fields.items())


@given(st.text())
def test_any_evidence_is_read_or_refused(text: str) -> None:
    why = refusal(parse_evidence, text)
    assert not why or why.startswith("line ")


@given(st.lists(st.tuples(*[st.integers(0, 2**63)] * 4)))
def test_owners_are_read_back(rows: list[tuple[int, int, int, int]]) -> None:
    text = "".join("{} {} {} {}\n".format(*row) for row in rows)
    owners = parse_owners(text)
    assert [(o.indirect, o.direct, o.objects, o.bytes) for o in owners] == rows


@given(st.text())
def test_any_owners_are_read_or_refused(text: str) -> None:
    why = refusal(parse_owners, text)
    assert not why or why.startswith("line ")


def test_an_empty_directory_means_that_the_agent_said_nothing(tmp_path: Path) -> None:
    assert read_agent_outcome(tmp_path) == NoReport(silence=Silence.MISSING)


def test_the_agents_own_reason_comes_before_its_other_files() -> None:
    files = captured_files() | {"failure": "seccomp was refused: EPERM\n"}
    expected = NoReport(silence=Silence.FAILURE, reason="seccomp was refused: EPERM")
    assert agent_outcome(files) == expected


@pytest.mark.parametrize("name", ["direct.heap", "indirect.heap", "owners", "tests"])
def test_a_report_without_one_of_its_files_is_damaged(name: str) -> None:
    files = captured_files()
    del files[name]
    expected = NoReport(silence=Silence.MALFORMED, reason=f"{name} is missing")
    assert agent_outcome(files) == expected


@pytest.mark.parametrize("name", ["direct.heap", "indirect.heap", "owners", "evidence"])
def test_a_damaged_file_is_named(name: str) -> None:
    files = captured_files()
    files[name] = files[name][:-2]
    outcome = agent_outcome(files)
    assert isinstance(outcome, NoReport)
    assert outcome.silence is Silence.MALFORMED
    assert name in outcome.reason


def test_paths_that_are_not_utf8_do_not_stop_the_reading(tmp_path: Path) -> None:
    for name, text in captured_files().items():
        (tmp_path / name).write_bytes(text.encode().replace(b"/leaky", b"/leak\xff"))
    report = read_agent_outcome(tmp_path)
    assert isinstance(report, AgentReport)
    assert any(mapping.path.endswith("/leak\udcff") for mapping in report.direct.mappings)


def test_the_test_of_a_row_is_read_with_its_subtest() -> None:
    text = "direct 0 TestProbe\nindirect 12 TestMux/two_words#01\n"
    assert parse_tests(text) == (
        RowTest(kind=LeakKind.DIRECT, row=0, test="TestProbe"),
        RowTest(kind=LeakKind.INDIRECT, row=12, test="TestMux/two_words#01"),
    )


def test_a_row_in_use_has_no_kind_of_leak() -> None:
    assert parse_tests("inuse 3 TestProbe\n") == (RowTest(kind=None, row=3, test="TestProbe"),)


@pytest.mark.parametrize("line", ["direct 0", "held 0 TestX", "direct -1 TestX", "direct x TestX"])
def test_a_line_that_names_no_test_is_quoted(line: str) -> None:
    assert line in refusal(parse_tests, f"direct 0 TestX\n{line}\n")


@given(st.text())
def test_any_tests_are_read_or_refused(text: str) -> None:
    why = refusal(parse_tests, text)
    assert not why or why.startswith("line ")
