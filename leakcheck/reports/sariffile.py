"""The SARIF report, version 2.1.0, as code scanning services read it.

Files in the repository are named relative to it, from `%SRCROOT%`. One leak is one result; its
fingerprint is the leak's id, which stays the same on other machines and at other lines.
"""

from __future__ import annotations

import json
from pathlib import PurePath
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from leakcheck.model import Check, LeakKind, Tests
from leakcheck.reports.stacklines import Places, deciding_frame, short_function
from leakcheck.reports.wording import EXIT_MEANING, leak_sentence, run_title, words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leakcheck.model import Frame, Leak, Report, Run

__all__ = ["render_sarif"]

SCHEMA_URI = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"
SOURCE_ROOT = "%SRCROOT%"
FINGERPRINT = "leakId/v1"
CALMER = {LeakKind.DIRECT: "error", LeakKind.INDIRECT: "warning"}

RULES = (
    {
        "id": "direct-leak",
        "name": "DirectLeak",
        "shortDescription": {"text": "Native memory that nothing points to any more"},
        "fullDescription": {
            "text": "When the program ended, nothing that was still in use pointed to this memory,"
            " and no other leaked memory did either."
        },
        "help": {"text": "Free the memory where its last pointer goes, or keep the pointer."},
        "defaultConfiguration": {"level": CALMER[LeakKind.DIRECT]},
        "properties": {"tags": ["memory", "leak"]},
    },
    {
        "id": "indirect-leak",
        "name": "IndirectLeak",
        "shortDescription": {"text": "Native memory that only leaked memory points to"},
        "fullDescription": {
            "text": "When the program ended, only leaked memory pointed to this memory. It goes"
            " away with the direct leak that holds it."
        },
        "help": {"text": "Mend the direct leak that holds it: see heldBy among the properties."},
        "defaultConfiguration": {"level": CALMER[LeakKind.INDIRECT]},
        "properties": {"tags": ["memory", "leak"]},
    },
)
RULE_INDEX = {LeakKind.DIRECT: 0, LeakKind.INDIRECT: 1}


def render_sarif(report: Report, places: Places, *, version: str) -> str:
    """Write a report as SARIF, indented; `version` is leakcheck's own."""
    whole = {
        "$schema": SCHEMA_URI,
        "version": "2.1.0",
        "runs": [run_object(report, places, version)],
    }
    return json.dumps(whole, indent=2) + "\n"


def run_object(report: Report, places: Places, version: str) -> dict[str, Any]:
    """Lay out the one run: GitHub takes no two of one tool and category."""
    has_baseline = any(leak.in_baseline for run in report.runs for leak in run.leaks)
    run: dict[str, Any] = {
        "tool": {"driver": {"name": "leakcheck", "version": version, "rules": list(RULES)}},
        "automationDetails": {"id": f"leakcheck/{report.level.value}/"},
        "invocations": [invocation_object(report)],
        "results": [
            result_object(leak, run, places, has_baseline=has_baseline)
            for run in report.runs
            for leak in run.leaks
        ],
        "properties": {
            "level": report.level.value,
            "tests": report.tests.value,
            "check": report.check.value,
            "leakedBytes": report.leaked_bytes,
            "leakedObjects": report.leaked_objects,
            "suppressedBytes": report.suppressed_bytes,
            "suppressedObjects": report.suppressed_objects,
        },
    }
    if places.repository:
        root = quote(str(places.repository).encode(errors="surrogatepass"))
        run["originalUriBaseIds"] = {SOURCE_ROOT: {"uri": f"file://{root.rstrip('/')}/"}}
    return run


def invocation_object(report: Report) -> dict[str, Any]:
    """Say how leakcheck ended, and what no result can say: tests that failed, doubts."""
    code = int(report.exit_code)
    is_whole = all(run.check is not Check.NOT_CHECKED for run in report.runs)
    return {
        "executionSuccessful": report.check is not Check.NOT_CHECKED and is_whole,
        "exitCode": code,
        "exitCodeDescription": EXIT_MEANING.get(code, "interrupted"),
        "toolExecutionNotifications": list(notifications(report)),
    }


def notifications(report: Report) -> Iterator[dict[str, Any]]:
    """Tell what was not checked and why, which tests failed, and what was not needed."""
    if report.check is Check.NOT_CHECKED:
        yield notification("error", f"leaks not checked: {report.reason}")
    for run in report.runs:
        if run.check is Check.NOT_CHECKED:
            yield notification("error", f"{run_title(run)}: leaks not checked: {run.reason}")
        if run.tests not in {Tests.PASSED, Tests.NONE_RAN}:
            yield notification("error", f"{run_title(run)}: tests {words(run.tests.value)}")
    for package, reason in report.skipped:
        yield notification("note", f"{package}: skipped, {reason}")
    for rule in report.unused_suppressions:
        yield notification("warning", f"no leak matches the suppression {rule}")


def notification(level: str, text: str) -> dict[str, Any]:
    """Lay out one notification."""
    return {"level": level, "message": {"text": text}}


def result_object(leak: Leak, run: Run, places: Places, *, has_baseline: bool) -> dict[str, Any]:
    """Lay out one leak."""
    index = RULE_INDEX[leak.kind]
    result: dict[str, Any] = {
        "ruleId": RULES[index]["id"],
        "ruleIndex": index,
        "level": CALMER[leak.kind],
        "message": {"text": message_text(leak, run, places)},
        "locations": [leak_location(leak, run, places)],
        "stacks": [stack_object(leak, places)],
        "partialFingerprints": {FINGERPRINT: leak.id},
        "properties": {
            "package": run.package,
            "binary": run.binary,
            "test": leak.test,
            "bytes": leak.leaked_bytes,
            "objects": leak.leaked_objects,
            "heldBy": list(leak.held_by),
        },
    }
    if leak.suppressed_by is not None:
        result["suppressions"] = [{"kind": "external", "justification": leak.suppressed_by}]
    if has_baseline:
        result["baselineState"] = "unchanged" if leak.in_baseline else "new"
    return result


def message_text(leak: Leak, run: Run, places: Places) -> str:
    """Write a leak as one sentence."""
    frame = deciding_frame(leak.stack, places.project)
    where = f", allocated in {short_function(frame.function)}" if frame else ""
    return f"{leak_sentence(leak)}{where}; {leak.test or 'no test'} of {run_title(run)}"


def leak_location(leak: Leak, run: Run, places: Places) -> dict[str, Any]:
    """Choose the place to show; without any line it is the program or library of the leaf."""
    frame = deciding_frame(leak.stack, places.project)
    if frame:
        return location_object(frame, places)
    module = leak.stack[0].module if leak.stack else ""
    uri = quote((module or run.binary or "unknown").encode(errors="surrogatepass"))
    return {"physicalLocation": {"artifactLocation": {"uri": uri}}}


def stack_object(leak: Leak, places: Places) -> dict[str, Any]:
    """Lay out all frames, leaf first, as SARIF has them."""
    return {
        "message": {"text": "Allocated by"},
        "frames": [
            {"location": location_object(frame, places)}
            | ({"module": frame.module} if frame.module else {})
            for frame in leak.stack
        ],
    }


def location_object(frame: Frame, places: Places) -> dict[str, Any]:
    """Lay out where a frame is: its function, and its line where that is known."""
    location: dict[str, Any] = {
        "logicalLocations": [{"fullyQualifiedName": frame.function, "kind": "function"}]
    }
    if frame.file:
        physical: dict[str, Any] = {"artifactLocation": artifact_object(frame.file, places)}
        if frame.line:
            physical["region"] = {"startLine": frame.line}
        location["physicalLocation"] = physical
    return location


def artifact_object(file: str, places: Places) -> dict[str, Any]:
    """Name a file: relative to the repository in it, else by its absolute path."""
    inside = places.in_repository(file)
    if inside is not None:
        return {"uri": quoted(inside), "uriBaseId": SOURCE_ROOT}
    is_absolute = PurePath(file).is_absolute()
    return {"uri": f"file://{quoted(file)}" if is_absolute else quoted(file)}


def quoted(path: str) -> str:
    """Write a path as the path of a URI."""
    return quote(path.encode(errors="surrogatepass"))
