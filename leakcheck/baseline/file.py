"""A baseline as JSON: sorted and one value a line, so that a change is a small diff."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

from leakcheck.baseline.entries import Baseline, Conditions, Entry, Key
from leakcheck.errors import BadInput
from leakcheck.model import EngineName, Level
from leakcheck.reports.jsonfile import optional, typed

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["BASELINE_NAME", "BASELINE_SCHEMA", "parse_baseline", "read_baseline", "render_baseline"]

BASELINE_SCHEMA = "leakcheck-baseline/1"
BASELINE_NAME = "leakcheck-baseline.json"
"""What the file is called where nobody says otherwise, in the project."""


def render_baseline(baseline: Baseline) -> str:
    """Write a baseline; what is empty of an entry is left out."""
    entries = sorted(baseline.entries, key=lambda entry: entry.key)
    whole = {
        "schema": BASELINE_SCHEMA,
        "level": baseline.level.value,
        "engine": baseline.conditions.engine.value,
        "isolate": baseline.conditions.isolate,
        "repeat": baseline.conditions.repeat,
        "leaks": [entry_object(entry) for entry in entries],
    }
    return json.dumps(whole, indent=2) + "\n"


def entry_object(entry: Entry) -> dict[str, Any]:
    """Lay out one entry."""
    values = {
        "program": entry.key.program,
        "id": entry.key.id,
        "where": entry.where,
        "test": entry.test,
        "objects": entry.objects,
        "bytes": entry.bytes,
        "first_seen": entry.first_seen.isoformat(),
        "expires": entry.expires and entry.expires.isoformat(),
        "note": entry.note or None,
    }
    return {key: value for key, value in values.items() if value is not None}


def read_baseline(path: Path) -> Baseline:
    """Read a file. Raises `BadInput`."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(
            f"cannot read the baseline {path}",
            why=getattr(error, "strerror", None) or str(error),
            hint="leakcheck baseline writes one",
        ) from error
    return parse_baseline(text, source=str(path))


def parse_baseline(text: str, *, source: str) -> Baseline:
    """Read what `render_baseline` writes; unknown keys are ignored. Raises `BadInput`."""
    try:
        whole = json.loads(text)
        if whole["schema"] != BASELINE_SCHEMA:
            raise bad(source, f"schema {whole['schema']!r} is not {BASELINE_SCHEMA!r}")
        return read_whole(whole, source)
    except KeyError as error:
        raise bad(source, f"there is no {error}") from error
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise bad(source, str(error) or type(error).__name__) from error


def read_whole(whole: dict[str, Any], source: str) -> Baseline:
    """Read all of a baseline; an entry that is there twice is refused."""
    entries = {}
    for number, each in enumerate(typed(whole["leaks"], list), 1):
        try:
            entry = read_entry(each)
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            raise bad(source, f"leak {number}: {describe(error)}") from error
        if entry.key in entries:
            raise bad(source, f"leak {number}: {' '.join(entry.key)} is there twice")
        entries[entry.key] = entry
    return Baseline(
        level=Level(whole["level"]),
        conditions=Conditions(
            engine=EngineName(whole["engine"]),
            isolate=typed(whole["isolate"], bool),
            repeat=typed(whole["repeat"], int),
        ),
        entries=tuple(entries.values()),
    )


def read_entry(each: dict[str, Any]) -> Entry:
    """Read what `entry_object` lays out."""
    expires = optional(each.get("expires"), str)
    return Entry(
        key=Key(typed(each["program"], str), typed(each["id"], str)),
        where=typed(each.get("where", ""), str),
        test=optional(each.get("test"), str),
        objects=typed(each["objects"], int),
        bytes=typed(each["bytes"], int),
        first_seen=dt.date.fromisoformat(typed(each["first_seen"], str)),
        expires=None if expires is None else dt.date.fromisoformat(expires),
        note=optional(each.get("note"), str) or "",
    )


def describe(error: Exception) -> str:
    """Say what is wrong with an entry."""
    return f"there is no {error}" if isinstance(error, KeyError) else str(error)


def bad(source: str, why: str) -> BadInput:
    """Build the error of a file that is no baseline."""
    return BadInput(
        f"cannot read the baseline {source}", why=why, hint="leakcheck baseline writes a new one"
    )
