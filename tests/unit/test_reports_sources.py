from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from leakcheck.reports.sources import LARGEST_FILE, LONGEST_LINE, SourceLine, Sources

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "probe.c"
    path.write_text("one\n\ttwo\nthree  \nfour\n")
    return path


def test_a_line_is_quoted_with_its_neighbours(source: Path) -> None:
    assert Sources().excerpt(str(source), 2) == (
        SourceLine(1, "one"),
        SourceLine(2, "    two"),
        SourceLine(3, "three"),
    )


@pytest.mark.parametrize(("line", "numbers"), [(1, [1, 2]), (4, [3, 4, 5]), (5, [4, 5])])
def test_a_file_has_a_first_and_a_last_line(source: Path, line: int, numbers: list[int]) -> None:
    assert [quoted.number for quoted in Sources().excerpt(str(source), line)] == numbers


@pytest.mark.parametrize("line", [-1, 0, 6, 10**9])
def test_a_line_that_is_not_there_is_not_quoted(source: Path, line: int) -> None:
    assert Sources().excerpt(str(source), line) == ()


def test_a_binary_file_is_not_quoted(source: Path) -> None:
    source.write_bytes(b"one\ntwo\0\n")
    assert Sources().excerpt(str(source), 1) == ()


def test_a_huge_file_is_not_read(source: Path) -> None:
    os.truncate(source, LARGEST_FILE + 1)
    assert Sources().excerpt(str(source), 1) == ()


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert Sources().excerpt(str(tmp_path / "pipe"), 1) == ()


def test_a_long_line_is_cut(source: Path) -> None:
    source.write_text("x" * (LONGEST_LINE + 1))
    assert Sources().excerpt(str(source), 1)[0].text == "x" * LONGEST_LINE + " …"


@pytest.mark.parametrize("name", ["probe.c", "./probe.c", "", "/no/such/file.c", "/bad\0name", "/"])
def test_what_is_no_file_of_this_machine_is_not_quoted(
    source: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(source.parent)
    assert Sources().excerpt(name, 1) == ()


def test_bytes_that_are_no_text_are_replaced(source: Path) -> None:
    source.write_bytes(b"gr\xf6\xdfer\n")
    assert Sources().excerpt(str(source), 1)[0].text == "gr��er"
