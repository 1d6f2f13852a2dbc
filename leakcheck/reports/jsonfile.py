"""The JSON report, schema "leakcheck/1", and back.

Fields may be added in later versions, none changes its meaning. All keys are always there.
Addresses are strings (`"0x55d0c0a01234"`): JSON numbers are floats for many readers.
"""

from __future__ import annotations

import json
import re
from typing import Any, TypeVar

from leakcheck.errors import MalformedReport
from leakcheck.model import (
    Case,
    Check,
    EngineName,
    Evidence,
    Frame,
    Gone,
    Growth,
    Leak,
    LeakKind,
    Level,
    Outcome,
    Part,
    Report,
    Run,
    Tests,
)

__all__ = ["SCHEMA", "parse_json", "render_json"]

SCHEMA = "leakcheck/1"

# Plain numbers only: a value such as "007" or "1_0" keeps its text, so that nothing is lost.
NUMBER = re.compile(r"0|-?[1-9][0-9]{0,17}")

Value = TypeVar("Value")


def render_json(report: Report) -> str:
    """Write a report, indented, with a newline at the end; characters beyond ASCII escaped."""
    return json.dumps(report_object(report), indent=2) + "\n"


def report_object(report: Report) -> dict[str, Any]:
    """Lay out the whole report."""
    return {
        "schema": SCHEMA,
        "exit_code": int(report.exit_code),
        "level": report.level.value,
        "engine": report.engine.value,
        "check": report.check.value,
        "reason": report.reason,
        "tests": report.tests.value,
        "leaked_bytes": report.leaked_bytes,
        "leaked_objects": report.leaked_objects,
        "suppressed_bytes": report.suppressed_bytes,
        "suppressed_objects": report.suppressed_objects,
        "runs": [run_object(run) for run in report.runs],
        "skipped": [{"package": package, "reason": why} for package, why in report.skipped],
        "unused_suppressions": list(report.unused_suppressions),
        "gone": [gone_object(gone) for gone in report.gone],
        "shard": None if report.shard is None else part_object(report.shard),
    }


def part_object(part: Part) -> dict[str, Any]:
    """Lay out which part of a check this is."""
    return {
        "index": part.index,
        "count": part.count,
        "units": list(part.units),
        "revision": part.revision,
    }


def gone_object(gone: Gone) -> dict[str, Any]:
    """Lay out one leak of the baseline that has gone."""
    return {"program": gone.program, "id": gone.id, "where": gone.where, "test": gone.test}


def read_gone(gone: dict[str, Any]) -> Gone:
    """Read what `gone_object` lays out."""
    return Gone(
        program=typed(gone["program"], str),
        id=typed(gone["id"], str),
        where=typed(gone["where"], str),
        test=optional(gone["test"], str),
    )


def run_object(run: Run) -> dict[str, Any]:
    """Lay out one run."""
    return {
        "package": run.package,
        "binary": run.binary,
        "argv": list(run.argv),
        "tests": run.tests.value,
        "check": run.check.value,
        "reason": run.reason,
        "killed_by": run.killed_by,
        "duration_s": run.duration_s,
        "evidence": {key: evidence_value(text) for key, text in run.evidence.fields},
        "leaks": [leak_object(leak) for leak in run.leaks],
        "cases": [case_object(case) for case in run.cases],
    }


def case_object(case: Case) -> dict[str, Any]:
    """Lay out one Go test."""
    return {
        "name": case.name,
        "outcome": case.outcome.value,
        "duration_s": case.duration_s,
        "output": case.output,
    }


def evidence_value(text: str) -> int | str:
    """Turn the agent's numbers into numbers."""
    return int(text) if NUMBER.fullmatch(text) else text


def leak_object(leak: Leak) -> dict[str, Any]:
    """Lay out one leak."""
    return {
        "id": leak.id,
        "bytes": leak.leaked_bytes,
        "objects": leak.leaked_objects,
        "kind": leak.kind.value,
        "test": leak.test,
        "suppressed_by": leak.suppressed_by,
        "in_baseline": leak.in_baseline,
        "known_objects": leak.known_objects,
        "expired_on": leak.expired_on,
        "held_by": list(leak.held_by),
        "growth": leak.growth.value if leak.growth else None,
        "objects_per_run": leak.objects_per_run,
        "stack": [frame_object(frame) for frame in leak.stack],
    }


def frame_object(frame: Frame) -> dict[str, Any]:
    """Lay out one frame."""
    return {
        "function": frame.function,
        "file": frame.file,
        "line": frame.line,
        "language": frame.language,
        "module": frame.module,
        "address": f"0x{frame.address:x}",
    }


def parse_json(text: str, *, source: str = "the JSON report") -> Report:
    """Read a report back; unknown fields are ignored. Raises `MalformedReport`."""
    try:
        whole = json.loads(text)
        if whole["schema"] != SCHEMA:
            raise MalformedReport(
                f"cannot read {source}", why=f"schema {whole['schema']!r} is not {SCHEMA!r}"
            )
        return read_report(whole)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise MalformedReport(
            f"cannot read {source}",
            why=f"not of schema {SCHEMA}: {type(error).__name__}: {error}",
            hint="write it again with --json",
        ) from error


def read_report(whole: dict[str, Any]) -> Report:
    """Read what `report_object` lays out."""
    return Report(
        exit_code=typed(whole["exit_code"], int),
        level=Level(whole["level"]),
        engine=EngineName(whole["engine"]),
        check=Check(whole["check"]),
        tests=Tests(whole["tests"]),
        reason=typed(whole["reason"], str),
        leaked_bytes=typed(whole["leaked_bytes"], int),
        leaked_objects=typed(whole["leaked_objects"], int),
        suppressed_bytes=typed(whole["suppressed_bytes"], int),
        suppressed_objects=typed(whole["suppressed_objects"], int),
        runs=tuple(read_run(run) for run in typed(whole["runs"], list)),
        skipped=tuple(
            (typed(each["package"], str), typed(each["reason"], str))
            for each in typed(whole["skipped"], list)
        ),
        unused_suppressions=tuple(
            typed(rule, str) for rule in typed(whole["unused_suppressions"], list)
        ),
        gone=tuple(read_gone(gone) for gone in typed(whole["gone"], list)),
        shard=read_part(whole.get("shard")),
    )


def read_part(part: Any) -> Part | None:
    """Read what `part_object` lays out."""
    if part is None:
        return None
    return Part(
        index=typed(part["index"], int),
        count=typed(part["count"], int),
        units=tuple(typed(unit, str) for unit in typed(part["units"], list)),
        revision=typed(part.get("revision", ""), str),
    )


def read_run(run: dict[str, Any]) -> Run:
    """Read what `run_object` lays out."""
    return Run(
        package=typed(run["package"], str),
        binary=typed(run["binary"], str),
        argv=tuple(typed(word, str) for word in typed(run["argv"], list)),
        tests=Tests(run["tests"]),
        check=Check(run["check"]),
        reason=typed(run["reason"], str),
        killed_by=optional(run["killed_by"], str),
        duration_s=float(run["duration_s"]),
        evidence=Evidence(fields=tuple((k, str(v)) for k, v in run["evidence"].items())),
        leaks=tuple(read_leak(leak) for leak in typed(run["leaks"], list)),
        cases=tuple(read_case(case) for case in typed(run["cases"], list)),
    )


def read_case(case: dict[str, Any]) -> Case:
    """Read what `case_object` lays out."""
    return Case(
        name=typed(case["name"], str),
        outcome=Outcome(case["outcome"]),
        duration_s=float(case["duration_s"]),
        output=typed(case["output"], str),
    )


def read_leak(leak: dict[str, Any]) -> Leak:
    """Read what `leak_object` lays out."""
    return Leak(
        id=typed(leak["id"], str),
        leaked_bytes=typed(leak["bytes"], int),
        leaked_objects=typed(leak["objects"], int),
        kind=LeakKind(leak["kind"]),
        test=optional(leak["test"], str),
        suppressed_by=optional(leak["suppressed_by"], str),
        in_baseline=typed(leak["in_baseline"], bool),
        growth=None if leak["growth"] is None else Growth(leak["growth"]),
        objects_per_run=optional(leak["objects_per_run"], float),
        known_objects=optional(leak["known_objects"], int),
        expired_on=optional(leak["expired_on"], str),
        held_by=tuple(typed(id_, str) for id_ in typed(leak["held_by"], list)),
        stack=tuple(read_frame(frame) for frame in typed(leak["stack"], list)),
    )


def read_frame(frame: dict[str, Any]) -> Frame:
    """Read what `frame_object` lays out."""
    return Frame(
        function=typed(frame["function"], str),
        file=optional(frame["file"], str),
        line=optional(frame["line"], int),
        language=optional(frame["language"], str),
        module=typed(frame["module"], str),
        address=int(frame["address"], 16),
    )


def typed(value: Any, kind: type[Value]) -> Value:
    """Give `value` if it is of `kind` (a bool is no int). Raises TypeError."""
    if type(value) is not kind:
        raise TypeError(f"{value!r} is not of type {kind.__name__}")
    return value


def optional(value: Any, kind: type[Value]) -> Value | None:
    """Give `value` if it is None or of `kind`. Raises TypeError."""
    return None if value is None else typed(value, kind)
