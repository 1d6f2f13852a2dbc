"""Reading /proc/<pid>/maps."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_samples import TESTDATA, refusal

from leakcheck.errors import MalformedReport
from leakcheck.procmaps import Mapping, find_mapping, parse_maps, render_maps

ADDRESSES = st.integers(0, 2**47).map(lambda page: page * 4096 % 2**47)
PATHS = st.one_of(
    st.sampled_from(["", "[stack]", "[vdso]", "[anon: Go: heap]", "/x (deleted)", "/a b/ c"]),
    st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"])).map(
        lambda text: f"/{text}"
    ),
)
MAPPINGS = st.builds(
    Mapping,
    start=ADDRESSES,
    end=ADDRESSES.map(lambda address: address + 2**47),
    permissions=st.sampled_from(["r-xp", "rw-p", "---p", "rw-s", "rw--"]),
    offset=st.integers(0, 2**40),
    device=st.sampled_from(["00:00", "fe:00", "103:0a"]),
    inode=st.integers(0, 2**63),
    path=PATHS,
)


def test_a_real_maps_file_is_read_whole() -> None:
    text = (TESTDATA / "maps" / "cat.maps").read_text()
    mappings = parse_maps(text)
    assert len(mappings) == len(text.splitlines())
    code = [m for m in mappings if m.path.endswith("/cat") and "x" in m.permissions]
    assert len(code) == 1
    assert list(mappings) == sorted(mappings, key=lambda m: m.start)


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ("55d0c0a00000-55d0c0a05000 r-xp 00001000 fe:00 1234   /path/prog", "/path/prog"),
        ("55d0c0a00000-55d0c0a05000 r-xp 00001000 fe:00 1234 /with a  space", "/with a  space"),
        ("55d0c0a00000-55d0c0a05000 r-xp 00001000 fe:00 9 /gone (deleted)", "/gone (deleted)"),
        ("7ffd1000-7ffd3000 r-xp 00000000 00:00 0                          [vdso]", "[vdso]"),
        ("c000000000-c000400000 rw-p 00000000 00:00 0  [anon: Go: heap]", "[anon: Go: heap]"),
        ("7ffd1000-7ffd3000 rw-p 00000000 00:00 0 ", ""),
        ("7ffd1000-7ffd3000 rw-p 00000000 00:00 0", ""),
        ("ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0  [vsyscall]", "[vsyscall]"),
        ("7ffd1000-7ffd3000 rw-s 00000000 00:01 5 /run/\x0c\x85", "/run/\x0c\x85"),
    ],
    ids=["file", "space", "deleted", "vdso", "named", "padded", "bare", "vsyscall", "formfeed"],
)
def test_paths_are_taken_as_the_kernel_writes_them(line: str, path: str) -> None:
    (mapping,) = parse_maps(line + "\n")
    assert mapping.path == path


@pytest.mark.parametrize(
    "line",
    [
        "",
        "garbage",
        "55d0c0a05000-55d0c0a00000 r-xp 00001000 fe:00 1234 /path/prog",
        "55d0c0a00000-55d0c0a00000 r-xp 00001000 fe:00 1234 /path/prog",
        "55d0c0a00000-55d0c0a05000 r-x 00001000 fe:00 1234 /path/prog",
        "55d0c0a00000-55d0c0a05000 r-xp 00001000 fe:00 ١٢ /path/prog",
        "55d0c0a00000-155d0c0a0500055d0c r-xp 00001000 fe:00 1 /path/prog",
    ],
)
def test_another_line_is_refused_with_its_number(line: str) -> None:
    good = "1000-2000 r-xp 00000000 00:00 0\n"
    with pytest.raises(MalformedReport, match="line 2: "):
        parse_maps(good + line + "\n" + good, source="x.heap")


def test_a_file_cut_in_a_line_is_refused() -> None:
    with pytest.raises(MalformedReport, match="middle of a line"):
        parse_maps("1000-2000 r-xp 00000000 00:00 0    /usr/lib/libav")


def test_a_long_line_is_quoted_in_part_only() -> None:
    with pytest.raises(MalformedReport) as caught:
        parse_maps("\x1b" * 100_000 + "\n")
    assert len(str(caught.value)) < 1000
    assert "\x1b" not in str(caught.value)


@given(st.lists(MAPPINGS))
def test_what_is_written_is_read_back_in_order(mappings: list[Mapping]) -> None:
    in_order = sorted(mappings, key=lambda mapping: mapping.start)
    assert parse_maps(render_maps(mappings)) == tuple(in_order)


def test_an_unloaded_library_is_found_at_the_place_that_was_kept_for_it() -> None:
    mappings = parse_maps(
        "1000-9000 ---p 00000000 00:00 0\n"
        "a000-b000 r-xp 00001000 fe:00 7 /c\n"
        "5000-6000 r-xp 00001000 fe:00 8 /b\n"
        "1000-2000 r-xp 00001000 fe:00 9 /a\n"
    )

    found = [find_mapping(address, mappings) for address in (0x1000, 0x5FFF, 0xA000)]

    assert [mapping and mapping.path for mapping in found] == ["/a", "/b", "/c"]


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    why = refusal(parse_maps, text)
    assert not why or why.startswith("line ")


@given(st.integers(0, 40))
def test_an_address_is_found_in_its_mapping_only(address: int) -> None:
    mappings = (Mapping(start=10, end=20), Mapping(start=20, end=25), Mapping(start=30, end=31))
    holding = [m for m in mappings if m.start <= address < m.end]
    assert find_mapping(address, mappings) == (holding[0] if holding else None)


def test_no_mapping_holds_an_address_of_an_empty_table() -> None:
    assert find_mapping(1, ()) is None
