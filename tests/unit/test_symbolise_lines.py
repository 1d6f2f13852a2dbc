"""Lines of functions that gcc folded: code that the debug information does not place."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from elftools.elf.elffile import ELFFile
from hypothesis import given
from hypothesis import strategies as st
from report_samples import TESTDATA

from leakcheck.model import Frame
from leakcheck.procmaps import Mapping
from leakcheck.symbolise import Symboliser
from leakcheck.symbolise.image import read_image
from leakcheck.symbolise.lines import (
    LineTables,
    Row,
    SourceLine,
    in_order,
    place_at,
    unit_language,
)
from leakcheck.symbolise.symcaches import open_symcache

if TYPE_CHECKING:
    from pathlib import Path

FILES = TESTDATA / "symbolise"
FOLDED = (FILES / "libfolded4.so", FILES / "libfolded5.so")
LOADED_AT = 0x7F0000000000

HERE = SourceLine("/src/a.c", 3, "c")
THERE = SourceLine("/src/b.c", 9, "c")

every_dwarf = pytest.mark.parametrize("library", FOLDED, ids=["dwarf-4", "dwarf-5"])


def extent(name: str, library: Path) -> tuple[int, int]:
    """First and last link-time address of a function."""
    with library.open("rb") as stream:
        (symbol,) = ELFFile(stream).get_section_by_name(".symtab").get_symbol_by_name(name)
        return int(symbol["st_value"]), int(symbol["st_value"] + symbol["st_size"] - 1)


def line_of(text: str) -> int:
    """The first line of folded.c with `text` in it."""
    lines = (FILES / "folded.c").read_text().splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


def frames_at(vaddr: int, library: Path, cache: Path) -> tuple[Frame, ...]:
    """What the symboliser says of the code at a link-time address."""
    mapping = Mapping(start=LOADED_AT, end=LOADED_AT + 0x2000, offset=0, path=str(library))
    return Symboliser(cache, debug_roots=()).frames(LOADED_AT + vaddr + 1, (mapping,))


@every_dwarf
def test_a_folded_function_has_its_line_and_language(library: Path, tmp_path: Path) -> None:
    first, _ = extent("second", library)
    (frame,) = frames_at(first, library, tmp_path)
    assert frame == Frame(
        function="second",
        file="/src/folded.c",
        line=line_of("void *second"),
        language="c",
        module=library.name,
        address=LOADED_AT + first + 1,
    )


@every_dwarf
def test_the_symcache_alone_does_not_know_that_function(library: Path, tmp_path: Path) -> None:
    image = read_image(library)
    symcache = image and open_symcache(image, tmp_path)
    assert symcache
    found = symcache.lookup(extent("second", library)[0])
    assert [location.full_path for location in found if location.full_path] == []


@every_dwarf
def test_the_function_it_was_folded_into_keeps_its_own_lines(library: Path, tmp_path: Path) -> None:
    first, last = extent("first", library)
    found = {frame for at in range(first, last + 1) for frame in frames_at(at, library, tmp_path)}
    assert {frame.function for frame in found} == {"first"}
    assert line_of("void *second") > max(frame.line or 0 for frame in found)


@every_dwarf
def test_addresses_outside_the_code_have_no_line(library: Path) -> None:
    tables = LineTables(library)
    _, last = extent("second", library)
    assert [tables.find(vaddr) for vaddr in (0, last + 1, 10**12)] == [None, None, None]


def test_a_file_without_debug_information_has_no_lines() -> None:
    assert LineTables(FILES / "libstripped.so").find(0x400) is None


def test_a_file_that_is_gone_has_no_lines(tmp_path: Path) -> None:
    assert LineTables(tmp_path / "libgone.so").find(0x400) is None


def test_a_file_that_went_away_in_between_has_no_lines(tmp_path: Path) -> None:
    library = tmp_path / "libfolded.so"
    library.write_bytes(FOLDED[1].read_bytes())
    first, last = extent("second", library)
    tables = LineTables(library)
    assert tables.find(last + 1) is None
    library.unlink()
    assert tables.find(first) is None


@pytest.mark.parametrize("seed", range(40))
def test_a_damaged_file_never_stops_the_report(tmp_path: Path, seed: int) -> None:
    chosen = random.Random(seed)  # noqa: S311 - damage, not secrets
    content = bytearray(FOLDED[seed % 2].read_bytes())
    for _ in range(1 + seed * 10):
        content[chosen.randrange(16, len(content))] = chosen.randrange(256)
    damaged = tmp_path / "libdamaged.so"
    damaged.write_bytes(content)
    first, last = extent("second", FOLDED[seed % 2])
    for vaddr in range(first, last + 1, 5):
        found = LineTables(damaged).find(vaddr)
        assert found is None or isinstance(found.line, int)


def test_where_one_sequence_ends_and_another_begins_the_beginning_counts() -> None:
    begins, ends = Row(0x10, HERE), Row(0x10, None)
    for rows in ((begins, ends), (ends, begins)):
        assert place_at(in_order(rows), 0x10) == HERE


def test_of_two_rows_for_one_address_the_later_counts() -> None:
    assert place_at(in_order((Row(0x10, HERE), Row(0x10, THERE))), 0x10) == THERE


def test_behind_the_end_of_a_sequence_is_no_line() -> None:
    rows = (Row(0x10, HERE), Row(0x18, None), Row(0x30, THERE), Row(0x38, None))
    found = [place_at(rows, vaddr) for vaddr in (0x0F, 0x10, 0x17, 0x18, 0x2F, 0x30, 0x40)]
    assert found == [None, HERE, HERE, None, None, THERE, None]


PLACES = st.none() | st.builds(SourceLine, st.just("/src/a.c"), st.integers(1, 99), st.just("c"))
ROWS = st.lists(st.builds(Row, st.integers(0, 50), PLACES), unique_by=lambda row: row.vaddr)


@given(rows=ROWS, vaddr=st.integers(0, 60))
def test_a_line_holds_until_the_next_row(rows: list[Row], vaddr: int) -> None:
    before = [row for row in rows if row.vaddr <= vaddr]
    expected = max(before, key=lambda row: row.vaddr).place if before else None
    assert place_at(in_order(rows), vaddr) == expected


@pytest.mark.parametrize(
    ("code", "language"),
    [
        (0x01, "c"),
        (0x02, "c"),
        (0x0C, "c"),
        (0x1D, "c"),
        (0x04, "c++"),
        (0x1A, "c++"),
        (0x21, "c++"),
        (0x05, None),
        (0x16, None),
        (0x32, None),
        (0x8001, None),
        (0, None),
    ],
    ids=[
        "C89",
        "C",
        "C99",
        "C11",
        "C++",
        "C++11",
        "C++14",
        "Cobol",
        "Go",
        "C#",
        "assembly",
        "none",
    ],
)
def test_units_tell_their_language(code: int, language: str | None) -> None:
    assert unit_language(code) == language
