"""The JSON report against its published schema, and every other report against the JSON."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from report_samples import LEAK, PLACES, RUN, terminal_reports
from report_strategies import REPORTS

from leakcheck.errors import ToolMissing
from leakcheck.judge import judge
from leakcheck.model import Check, Leak, LeakKind, Level, Report
from leakcheck.pipeline import refused
from leakcheck.reports import (
    parse_json,
    render_annotations,
    render_html,
    render_json,
    render_junit,
    render_markdown,
    render_sarif,
    render_terminal,
)
from leakcheck.reports.sources import NoSources
from leakcheck.reports.terminal import View

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "report.schema.json").read_text())
VALIDATOR = Draft202012Validator(SCHEMA)
SAMPLES = [report for report, _ in terminal_reports().values()]


def objections(report: Report) -> list[str]:
    """What the schema has against a report."""
    whole = json.loads(render_json(report))
    return [f"{error.json_path}: {error.message}" for error in VALIDATOR.iter_errors(whole)]


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("report", SAMPLES)
def test_every_kind_of_report_is_as_published(report: Report) -> None:
    assert objections(report) == []


@pytest.mark.parametrize("error", [ToolMissing("no tcmalloc"), KeyboardInterrupt()])
def test_a_refused_call_is_as_published(error: BaseException) -> None:
    assert objections(refused(error)) == []


@given(REPORTS)
def test_any_report_is_as_published(report: Report) -> None:
    assert objections(report) == []


def objects(schema: dict[str, Any], value: Any) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Every object in a report beside what the schema says of its keys."""
    schema = SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    if isinstance(value, list):
        return [pair for each in value for pair in objects(schema["items"], each)]
    if not isinstance(value, dict) or "properties" not in schema:
        return []
    inner = (objects(schema["properties"].get(key, {}), each) for key, each in value.items())
    return [(schema, value), *(pair for pairs in inner for pair in pairs)]


@pytest.mark.parametrize("report", SAMPLES)
def test_every_key_is_published_and_always_there(report: Report) -> None:
    for schema, value in objects(SCHEMA, json.loads(render_json(report))):
        assert set(value) == set(schema["properties"]) == set(schema["required"])


# Totals


def leaks_of(sizes: list[tuple[int, int, bool, int]]) -> tuple[Leak, ...]:
    """Leaks of these bytes and objects, some accepted, some held by the first."""
    return tuple(
        replace(
            LEAK,
            id=f"{number:012x}",
            leaked_bytes=size,
            leaked_objects=objects_,
            suppressed_by="leak:f" if is_suppressed else None,
            test=[None, "TestA", "TestB"][kind],
            kind=LeakKind.INDIRECT if number and kind == 1 else LeakKind.DIRECT,
            held_by=(f"{0:012x}",) if number and kind == 1 else (),
        )
        for number, (size, objects_, is_suppressed, kind) in enumerate(sizes)
    )


SIZES = st.lists(
    st.tuples(st.integers(0, 10**7), st.integers(1, 10**4), st.booleans(), st.integers(0, 2)),
    max_size=6,
)


def leaky_report(sizes: list[list[tuple[int, int, bool, int]]]) -> Report:
    runs = [
        replace(
            RUN,
            package=f"example.com/{number}",
            leaks=leaks_of(each),
            check=Check.CLEAN if all(leak[2] for leak in each) else Check.LEAKS,
        )
        for number, each in enumerate(sizes)
    ]
    return judge(runs, level=Level.NORMAL)


def added(pattern: str, text: str) -> tuple[int, int]:
    """Bytes and objects of all matches, whose first two groups they are."""
    found = [
        tuple(int(word.replace(",", "")) for word in match.groups())
        for match in re.finditer(pattern, text, re.MULTILINE)
    ]
    return sum(each[0] for each in found), sum(each[1] for each in found)


SIZE = r"([0-9,]+) bytes? in ([0-9,]+) objects?"


def told_by_terminal(report: Report) -> tuple[int, int]:
    view = View(max_leaks=0, all_frames=True, places=PLACES)
    text = render_terminal(report, view).plain
    return added(rf"^ +(?:Leak|Holds) {SIZE}, (?:in)?direct leak", text)


def told_by_junit(report: Report) -> tuple[int, int]:
    root = ET.fromstring(render_junit(report, PLACES))  # noqa: S314 - our own text
    failures = "\n".join(element.text or "" for element in root.iter("failure"))
    return added(rf"^{SIZE}, (?:in)?direct leak", failures)


def told_by_sarif(report: Report) -> tuple[int, int]:
    (run,) = json.loads(render_sarif(report, PLACES, version="1"))["runs"]
    sizes = [each["properties"] for each in run["results"] if "suppressions" not in each]
    return sum(each["bytes"] for each in sizes), sum(each["objects"] for each in sizes)


def told_by_html(report: Report) -> tuple[int, int]:
    text = render_html(report, PLACES, NoSources())
    row = r'data-bytes="(\d+)" data-objects="(\d+)" .* data-state="new"'
    return added(row, text)


def told_by_annotations(report: Report) -> tuple[int, int]:
    text = unquote(render_annotations(report, PLACES))
    return added(rf"^::error .*title={SIZE} leaked", text)


def told_by_markdown(report: Report) -> tuple[int, int]:
    return added(rf"<summary><b>{SIZE}</b>", render_markdown(report, PLACES))


@pytest.mark.parametrize(
    "told",
    [
        told_by_terminal,
        told_by_junit,
        told_by_sarif,
        told_by_html,
        told_by_annotations,
        told_by_markdown,
    ],
)
@given(st.lists(SIZES, min_size=1, max_size=3))
def test_what_json_says_every_other_report_says(
    told: Any, sizes: list[list[tuple[int, int, bool, int]]]
) -> None:
    text = render_json(leaky_report(sizes))
    whole = json.loads(text)
    assert told(parse_json(text)) == (whole["leaked_bytes"], whole["leaked_objects"])
