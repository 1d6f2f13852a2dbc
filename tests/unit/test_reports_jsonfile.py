"""The JSON report, there and back."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_samples import CRASHED, LEAK, LEAKING, RUN
from report_strategies import REPORTS, WORDS

from leakcheck.errors import MalformedReport
from leakcheck.judge import judge
from leakcheck.model import Evidence, Level, Report
from leakcheck.reports.jsonfile import parse_json, render_json

REPORT = judge([LEAKING, RUN, CRASHED], level=Level.STRICT, skipped=[("example.com/p", "no cgo")])


@given(REPORTS)
def test_what_is_written_is_read_back(report: Report) -> None:
    assert parse_json(render_json(report)) == report


def written(report: Report) -> dict[str, Any]:
    """The report as another program reads it."""
    return json.loads(render_json(report))  # type: ignore[no-any-return]


def test_the_keys_of_the_contract_are_always_there() -> None:
    whole = written(REPORT)
    assert list(whole) == [
        "schema",
        "exit_code",
        "level",
        "engine",
        "check",
        "reason",
        "tests",
        "leaked_bytes",
        "leaked_objects",
        "suppressed_bytes",
        "suppressed_objects",
        "runs",
        "skipped",
        "unused_suppressions",
        "gone",
        "shard",
    ]
    assert list(whole["runs"][0]) == [
        "package",
        "binary",
        "argv",
        "tests",
        "check",
        "reason",
        "killed_by",
        "duration_s",
        "evidence",
        "leaks",
        "cases",
    ]
    assert list(whole["runs"][0]["leaks"][0]) == [
        "id",
        "bytes",
        "objects",
        "kind",
        "test",
        "suppressed_by",
        "in_baseline",
        "known_objects",
        "expired_on",
        "held_by",
        "growth",
        "objects_per_run",
        "stack",
    ]
    assert list(whole["runs"][0]["leaks"][0]["stack"][0]) == [
        "function",
        "file",
        "line",
        "language",
        "module",
        "address",
    ]


def test_values_are_those_of_the_contract() -> None:
    whole = written(REPORT)
    assert whole["schema"] == "leakcheck/1"
    assert (whole["exit_code"], whole["level"], whole["engine"]) == (1, "strict", "agent")
    assert (whole["check"], whole["tests"]) == ("leaks", "crashed")
    assert [run["check"] for run in whole["runs"]] == ["leaks", "clean", "not_checked"]
    assert whole["skipped"] == [{"package": "example.com/p", "reason": "no cgo"}]
    leak = next(each for each in whole["runs"][0]["leaks"] if each["id"] == "cccccccccccc")
    assert (leak["kind"], leak["test"], leak["suppressed_by"]) == ("direct", None, None)
    assert leak["stack"][0] == {
        "function": "strdup",
        "file": None,
        "line": None,
        "language": None,
        "module": "libc.so.6",
        "address": "0x401006",
    }


def test_glue_and_runtime_frames_are_kept() -> None:
    stack = written(judge([replace(RUN, leaks=(LEAK,))], level=Level.NORMAL))["runs"][0]["leaks"]
    assert len(stack[0]["stack"]) == len(LEAK.stack)


def test_the_evidence_has_numbers_where_the_agent_wrote_numbers() -> None:
    fields = (("allocations", "80"), ("canary", "found"), ("code", "-1"), ("odd", "007"))
    report = judge([replace(RUN, evidence=Evidence(fields=fields))], level=Level.NORMAL)
    assert written(report)["runs"][0]["evidence"] == {
        "allocations": 80,
        "canary": "found",
        "code": -1,
        "odd": "007",
    }


def test_the_text_is_ascii_and_ends_in_a_newline() -> None:
    text = render_json(replace(REPORT, reason="größer \udcff\n"))
    assert text.isascii()
    assert text.endswith("}\n")


def test_fields_of_later_versions_are_ignored() -> None:
    whole = written(REPORT)
    whole["new"] = 1
    whole["runs"][0]["leaks"][0]["new"] = 1
    assert parse_json(json.dumps(whole)) == REPORT


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "{}",
        "1",
        '{"schema": "leakcheck/2"}',
        '{"schema": "leakcheck/1"}',
        "[" * 100_000,
        "1" * 5000,
    ],
    ids=["empty", "cut", "list", "null", "object", "number", "later", "bare", "deep", "long"],
)
def test_another_text_is_refused(text: str) -> None:
    with pytest.raises(MalformedReport) as caught:
        parse_json(text, source="x.json")
    assert "x.json" in caught.value.what
    assert caught.value.why


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("level", "extreme"),
        ("check", None),
        ("leaked_bytes", "12"),
        ("leaked_bytes", True),
        ("leaked_bytes", 1.5),
        ("reason", None),
        ("runs", {}),
        ("runs", [1]),
        ("skipped", ["x"]),
    ],
)
def test_a_value_of_another_kind_is_refused(key: str, value: object) -> None:
    with pytest.raises(MalformedReport):
        parse_json(json.dumps(written(REPORT) | {key: value}))


@given(st.recursive(st.none() | st.booleans() | WORDS, st.lists))
def test_any_json_is_read_or_refused(value: object) -> None:
    with pytest.raises(MalformedReport):
        parse_json(json.dumps(value))
