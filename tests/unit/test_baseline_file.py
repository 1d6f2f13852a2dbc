"""Baselines as text: there and back, and what is no baseline."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakcheck.baseline import (
    Baseline,
    Conditions,
    Entry,
    Key,
    parse_baseline,
    read_baseline,
    render_baseline,
)
from leakcheck.errors import BadInput
from leakcheck.model import EngineName, Level

if TYPE_CHECKING:
    from pathlib import Path

WORDS = st.text(max_size=8)
DATES = st.dates()
ENTRIES = st.builds(
    Entry,
    key=st.builds(Key, WORDS, WORDS),
    where=WORDS,
    test=st.none() | WORDS,
    objects=st.integers(0, 2**63),
    bytes=st.integers(0, 2**63),
    first_seen=DATES,
    expires=st.none() | DATES,
    note=WORDS,
)
BASELINES = st.builds(
    Baseline,
    level=st.sampled_from(Level),
    conditions=st.builds(
        Conditions,
        engine=st.sampled_from(EngineName),
        isolate=st.booleans(),
        repeat=st.integers(1, 9),
    ),
    entries=st.lists(ENTRIES, max_size=4, unique_by=lambda entry: entry.key).map(
        lambda entries: tuple(sorted(entries, key=lambda entry: entry.key))
    ),
)
ONE = Baseline(
    entries=(
        Entry(
            key=Key("example.com/m", "0123456789ab"),
            where="probe_open",
            objects=3,
            bytes=120,
            first_seen=dt.date(2026, 11, 24),
        ),
    )
)


@given(BASELINES)
def test_what_is_written_is_read_back(baseline: Baseline) -> None:
    assert parse_baseline(render_baseline(baseline), source="b") == baseline


def test_entries_are_sorted_and_a_value_a_line() -> None:
    second = Entry(
        key=Key("example.com/a", "ff"),
        where="f",
        objects=1,
        bytes=2,
        first_seen=dt.date(2026, 1, 2),
    )
    text = render_baseline(Baseline(entries=(*ONE.entries, second)))
    assert text.index('"example.com/a"') < text.index('"example.com/m"')
    assert '      "objects": 3,\n      "bytes": 120,\n      "first_seen": "2026-11-24"\n' in text
    assert "expires" not in text


def changed(**values: Any) -> str:
    """The baseline with other values in its only entry."""
    whole = json.loads(render_baseline(ONE))
    whole["leaks"][0].update(values)
    return json.dumps(whole)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "Expecting value"),
        ("[]", "list indices"),
        ("{}", "there is no 'schema'"),
        ('{"schema": "leakcheck/1"}', "schema 'leakcheck/1' is not"),
        ("[" * 100_000, "recursion"),
        (changed(objects="3"), "leak 1: '3' is not of type int"),
        (changed(objects=True), "leak 1: True is not of type int"),
        (changed(first_seen="yesterday"), "leak 1: Invalid isoformat string: 'yesterday'"),
        (changed(expires="2026-02-30"), "leak 1: day"),
        (changed(id=None), "leak 1: None is not of type str"),
        (render_baseline(ONE).replace('"id"', '"di"'), "leak 1: there is no 'id'"),
        (render_baseline(ONE).replace('"normal"', '"lax"'), "'lax' is not a valid Level"),
        (render_baseline(Baseline(entries=ONE.entries * 2)), "is there twice"),
    ],
)
def test_what_is_no_baseline_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse_baseline(text, source="b.json")
    assert "b.json" in caught.value.what
    assert why in caught.value.why
    assert caught.value.hint


@given(st.recursive(st.none() | st.booleans() | WORDS, st.lists) | st.dictionaries(WORDS, WORDS))
def test_any_json_is_read_or_refused(value: object) -> None:
    with pytest.raises(BadInput):
        parse_baseline(json.dumps(value), source="b")


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "b").write_bytes(b"\xff")
    for name in ("b", "c"):
        with pytest.raises(BadInput, match=f"cannot read the baseline .*/{name}"):
            read_baseline(tmp_path / name)
