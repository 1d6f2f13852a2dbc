"""Reading the text heap-profile format of the agent and of gperftools."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_samples import TESTDATA, refusal
from test_procmaps import MAPPINGS

from leakcheck.errors import MalformedReport
from leakcheck.heapprofile import HeapProfile, Row, parse_heap_profile, render_heap_profile

COUNTS = st.integers(0, 2**63 - 1)
ROWS = st.builds(
    Row,
    objects=COUNTS,
    bytes=COUNTS,
    allocated_objects=COUNTS,
    allocated_bytes=COUNTS,
    addresses=st.lists(st.integers(0, 2**64 - 1), max_size=5).map(tuple),
)
PROFILES = st.builds(
    HeapProfile,
    total=st.builds(
        Row, objects=COUNTS, bytes=COUNTS, allocated_objects=COUNTS, allocated_bytes=COUNTS
    ),
    rows=st.lists(ROWS, max_size=6).map(tuple),
    mappings=st.lists(MAPPINGS, max_size=3).map(
        lambda of: tuple(sorted(of, key=lambda m: m.start))
    ),
)
HEADER = "heap profile:      2:      164 [     3:      264] @ heapprofile\n"
ROW = "     1:      100 [     1:      100] @ 0x000055d0c0a01234 0x55d0c0a01300\n"
MAPS = "\nMAPPED_LIBRARIES:\n55d0c0a00000-55d0c0a05000 r-xp 00001000 fe:00 1234   /path/prog\n"


def test_a_profile_of_gperftools_is_read() -> None:
    profile = parse_heap_profile(
        (TESTDATA / "heap" / "gperftools.heap").read_text(), source="gperftools.heap"
    )
    assert [(row.objects, row.bytes) for row in profile.rows] == [(5, 320), (1, 104), (1, 104)]
    assert (profile.objects, profile.bytes) == (7, 528)
    assert (profile.total.objects, profile.total.bytes) == (7, 528)
    assert any(mapping.path.endswith("/leaky") for mapping in profile.mappings)


@pytest.mark.parametrize(("name", "rows"), [("direct.heap", 2), ("indirect.heap", 1)])
def test_a_profile_of_the_agent_is_read(name: str, rows: int) -> None:
    profile = parse_heap_profile((TESTDATA / "evidence" / name).read_text(), source=name)
    assert len(profile.rows) == rows
    assert profile.objects == profile.total.objects
    assert profile.bytes == profile.total.bytes


def test_every_column_has_its_meaning() -> None:
    profile = parse_heap_profile(HEADER + ROW + MAPS, source="x")
    assert profile.total == Row(
        objects=2, bytes=164, allocated_objects=3, allocated_bytes=264, addresses=()
    )
    assert profile.rows == (
        Row(
            objects=1,
            bytes=100,
            allocated_objects=1,
            allocated_bytes=100,
            addresses=(0x55D0C0A01234, 0x55D0C0A01300),
        ),
    )


def test_a_row_may_have_no_addresses() -> None:
    text = HEADER + "     1:      100 [     1:      100] @\n" + MAPS
    assert parse_heap_profile(text, source="x").rows[0].addresses == ()


@pytest.mark.parametrize(
    ("text", "number", "why"),
    [
        ("", 1, "not the header"),
        ("\n", 1, "not the header"),
        (ROW + MAPS, 1, "not the header"),
        (HEADER.replace("heapprofile", "heap_v2/524288") + MAPS, 1, "kind heap_v2/524288 is not"),
        (HEADER.replace("heapprofile", "growth") + MAPS, 1, "kind growth is not"),
        (HEADER.replace("heapprofile", "") + MAPS, 1, "not the header"),
        (HEADER.replace("164", str(2**63)) + MAPS, 1, "more than can be counted"),
        (HEADER + ROW.replace("100", str(2**63)) + MAPS, 2, "more than can be counted"),
        (HEADER, 2, "no MAPPED_LIBRARIES"),
        (HEADER + ROW, 3, "no MAPPED_LIBRARIES"),
        (HEADER + ROW[:40], 2, "middle of a line"),
        (HEADER + "junk\n" + MAPS, 2, "not a row"),
        (HEADER + ROW.replace("0x55", "0X55") + MAPS, 2, "not a row"),
        (HEADER + ROW.replace("1:", "-1:") + MAPS, 2, "not a row"),
        (HEADER + ROW.replace("100", "٣") + MAPS, 2, "not a row"),
        (HEADER + ROW.replace("100", "9" * 5000) + MAPS, 2, "not a row"),
        (HEADER + ROW + MAPS + "junk\n", 6, "not a line of /proc/self/maps"),
    ],
)
def test_a_bad_file_is_refused_at_the_line(text: str, number: int, why: str) -> None:
    with pytest.raises(MalformedReport) as caught:
        parse_heap_profile(text, source="direct.heap")
    assert caught.value.what == "cannot read the report direct.heap"
    assert caught.value.why.startswith(f"line {number}: ")
    assert why in caught.value.why


@given(PROFILES)
def test_what_is_written_is_read_back(profile: HeapProfile) -> None:
    assert parse_heap_profile(render_heap_profile(profile), source="x") == profile


@given(PROFILES, st.data())
def test_a_profile_cut_before_its_mappings_is_never_read(
    profile: HeapProfile, data: st.DataObject
) -> None:
    text = render_heap_profile(profile)
    end = data.draw(st.integers(0, text.index("MAPPED_LIBRARIES:")))
    with pytest.raises(MalformedReport):
        parse_heap_profile(text[:end], source="x")


@given(st.one_of(st.text(), st.text().map(lambda text: HEADER + text + MAPS)))
def test_any_text_is_read_or_refused(text: str) -> None:
    why = refusal(lambda each: parse_heap_profile(each, source="x"), text)
    assert not why or why.startswith("line ")


@pytest.mark.parametrize("filler", [" ", "1", "1: ", " 0x1", "0x", "@ "])
def test_long_hostile_lines_take_no_more_than_linear_time(filler: str) -> None:
    started = time.monotonic()
    with pytest.raises(MalformedReport):
        parse_heap_profile(HEADER + ROW[:-1] + filler * 200_000 + "x\n" + MAPS, source="x")
    assert time.monotonic() - started < 2
