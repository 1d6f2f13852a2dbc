from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from leakcheck.errors import ToolMissing
from leakcheck.process import Command
from leakcheck.settings import Settings
from tests.accuracy.answer import Language
from tests.accuracy.contenders import Anchor
from tests.accuracy.lineup import (
    LINE_UP,
    Absent,
    Place,
    Workshop,
    enter,
    is_runtime_found,
    with_flag,
)
from tests.accuracy.toolreports import parse_valgrind

if TYPE_CHECKING:
    from pathlib import Path

    from tests.accuracy.contenders import Contender


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    return Workshop(settings=Settings(cache_dir=tmp_path), folder=tmp_path)


def present(workshop: Workshop) -> Contender:
    return Anchor(
        language=Language.C,
        folder=workshop.folder,
        sources=workshop.folder,
        read=parse_valgrind,
    )


def absent(_workshop: Workshop) -> Contender:
    raise Absent("no valgrind on PATH")


def without_go(_workshop: Workshop) -> Contender:
    raise ToolMissing("Go was not found", hint="apt-get install golang-go")


def test_who_is_missing_keeps_a_line_that_says_what_is_missing(workshop: Workshop) -> None:
    places = [Place("valgrind", Language.C, absent), Place("lsan", Language.C, present)]
    first, second = enter(places, workshop)
    assert (first.contender, first.absence) == (None, "no valgrind on PATH")
    assert second.contender is not None
    assert second.absence == ""


def test_a_tool_that_leakcheck_s_own_search_misses_is_a_line_too(workshop: Workshop) -> None:
    (entry,) = enter([Place("go test -asan", Language.GO, without_go)], workshop)
    assert "Go was not found" in entry.absence


def test_leakcheck_itself_is_never_merely_absent(workshop: Workshop) -> None:
    with pytest.raises(ToolMissing):
        enter([Place("leakcheck", Language.GO, without_go, is_own=True)], workshop)


def test_no_two_lines_of_the_table_look_the_same() -> None:
    assert len({(place.name, place.language) for place in LINE_UP}) == len(LINE_UP)


def test_only_leakcheck_has_to_be_right() -> None:
    assert {place.name.split()[0] for place in LINE_UP if place.is_own} == {"leakcheck"}


def test_a_compiler_without_a_runtime_says_its_bare_name() -> None:
    assert is_runtime_found("/usr/lib/gcc/x86_64-linux-gnu/12/libasan.so\n")
    assert not is_runtime_found("libasan.so\n")
    assert not is_runtime_found("")


def test_a_flag_stands_right_after_the_compiler() -> None:
    plain = Command(("cc", "-O2", "x.c"))
    assert with_flag(plain, "-fsanitize=leak").argv == ("cc", "-fsanitize=leak", "-O2", "x.c")
    assert with_flag(plain) == plain
