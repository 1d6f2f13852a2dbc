"""The SARIF report, read by models made of the official schema."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import PurePath
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from pydantic import ValidationError
from pydantic_sarif.model import StaticAnalysisResultsFormatSarifVersion210JsonSchema as Sarif
from report_samples import (
    CRASHED,
    GOROOT,
    HOLDING,
    LEAK,
    LEAKING,
    PLACES,
    PROJECT,
    RUN,
    c_frame,
    terminal_reports,
)
from report_strategies import REPORTS

from leakcheck.judge import judge
from leakcheck.model import Level, Report, Run
from leakcheck.pipeline import refused
from leakcheck.reports import render_sarif
from leakcheck.reports.stacklines import Places


def written(report: Report, places: Places = PLACES) -> dict[str, Any]:
    """The one run of a report, after the schema had its say."""
    text = render_sarif(report, places, version="1.2.3")
    Sarif.model_validate_json(text)
    whole = json.loads(text)
    assert whole["version"] == "2.1.0"
    (run,) = whole["runs"]
    return run  # type: ignore[no-any-return]


def of_runs(*runs: Run) -> dict[str, Any]:
    return written(judge(runs, level=Level.NORMAL))


def test_the_schema_is_strict() -> None:
    whole = json.loads(render_sarif(judge([LEAKING], level=Level.NORMAL), PLACES, version="1"))
    whole["runs"][0]["results"][0]["colour"] = "red"
    with pytest.raises(ValidationError):
        Sarif.model_validate(whole)


@pytest.mark.parametrize("name", terminal_reports())
def test_every_kind_of_report_is_valid(name: str) -> None:
    report, _ = terminal_reports()[name]
    run = written(report)
    leaks = [leak for each in report.runs for leak in each.leaks]
    assert len(run["results"]) == len(leaks)


@given(REPORTS)
def test_any_report_is_valid(report: Report) -> None:
    run = written(report)
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]


def test_a_leak_is_a_result_at_the_line_that_decides() -> None:
    run = of_runs(replace(RUN, leaks=(LEAK,)))
    (result,) = run["results"]
    assert result["ruleId"] == "direct-leak"
    assert result["message"]["text"] == (
        "100 bytes in 1 object, direct leak, allocated in probe_open;"
        " TestProbe of example.com/ann/mediaprobe"
    )
    assert result["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "c/probe.c", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 41},
    }
    assert result["partialFingerprints"] == {"leakId/v1": LEAK.id}
    assert run["originalUriBaseIds"] == {"%SRCROOT%": {"uri": "file:///home/ann/mediaprobe/"}}


def test_paths_count_from_the_repository_and_not_from_the_project() -> None:
    places = replace(PLACES, repository=PurePath("/home/ann"))
    (result,) = written(judge([replace(RUN, leaks=(LEAK,))], level=Level.NORMAL), places)["results"]
    location = result["locations"][0]["physicalLocation"]["artifactLocation"]
    assert location["uri"] == "mediaprobe/c/probe.c"


def test_all_frames_are_there_and_files_elsewhere_are_absolute() -> None:
    (result,) = of_runs(replace(RUN, leaks=(LEAK,)))["results"]
    (stack,) = result["stacks"]
    assert len(stack["frames"]) == len(LEAK.stack)
    places = [frame["location"].get("physicalLocation") for frame in stack["frames"]]
    assert places[2]["artifactLocation"] == {"uri": f"file://{GOROOT}/runtime/asm_amd64.s"}
    assert stack["frames"][0]["module"] == "x.test"


@pytest.mark.parametrize("name", ["with blank #1?.c", "größer.c", "100%.c"])
def test_any_path_is_a_valid_uri(name: str) -> None:
    leak = replace(LEAK, stack=(c_frame("f", f"{PROJECT}/{name}:3"),))
    (result,) = of_runs(replace(RUN, leaks=(leak,)))["results"]
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert unquote(urlsplit(uri).path) == name


def test_a_leak_without_any_line_is_at_its_module() -> None:
    leak = replace(LEAK, stack=(c_frame("strdup", module="libc.so.6"),))
    (result, nowhere) = of_runs(replace(RUN, leaks=(leak, replace(LEAK, stack=()))))["results"]
    uris = [
        each["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        for each in (result, nowhere)
    ]
    assert uris == ["libc.so.6", RUN.binary]


def test_indirect_leaks_have_a_rule_of_their_own_and_name_their_holders() -> None:
    results = of_runs(HOLDING)["results"]
    indirect = next(each for each in results if each["ruleId"] == "indirect-leak")
    assert indirect["level"] == "warning"
    assert indirect["properties"]["heldBy"] == [LEAK.id]


def test_suppressed_leaks_are_results_with_the_line_that_suppresses() -> None:
    results = of_runs(LEAKING)["results"]
    assert [each["suppressions"] for each in results if "suppressions" in each] == [
        [{"kind": "external", "justification": "leak:probe_open"}]
    ]


def test_with_a_baseline_each_result_is_new_or_unchanged() -> None:
    results = of_runs(LEAKING)["results"]
    states = {each["partialFingerprints"]["leakId/v1"]: each["baselineState"] for each in results}
    assert states.pop("ffffffffffff") == "unchanged"
    assert set(states.values()) == {"new"}
    assert "baselineState" not in of_runs(HOLDING)["results"][0]


def test_the_invocation_tells_what_no_result_can_tell() -> None:
    report = judge([LEAKING, CRASHED], level=Level.STRICT, skipped=[("example.com/p", "no cgo")])
    run = written(replace(report, unused_suppressions=("leak:gone",)))
    (invocation,) = run["invocations"]
    assert (invocation["executionSuccessful"], invocation["exitCode"]) == (False, 1)
    assert [
        (each["level"], each["message"]["text"])
        for each in invocation["toolExecutionNotifications"]
    ] == [
        ("error", "example.com/ann/mediaprobe: tests failed"),
        (
            "error",
            f"example.com/ann/mediaprobe/mux: leaks not checked: {CRASHED.reason}",
        ),
        ("error", "example.com/ann/mediaprobe/mux: tests crashed"),
        ("note", "example.com/p: skipped, no cgo"),
        ("warning", "no leak matches the suppression leak:gone"),
    ]
    assert run["automationDetails"] == {"id": "leakcheck/strict/"}


def test_a_clean_run_is_successful_and_has_no_result() -> None:
    run = of_runs(RUN)
    assert run["results"] == []
    assert run["invocations"][0] == {
        "executionSuccessful": True,
        "exitCode": 0,
        "exitCodeDescription": "tests passed and nothing leaked",
        "toolExecutionNotifications": [],
    }


def test_a_refused_call_is_no_successful_one() -> None:
    (invocation,) = written(refused(KeyboardInterrupt()), Places())["invocations"]
    assert (invocation["executionSuccessful"], invocation["exitCode"]) == (False, 130)
