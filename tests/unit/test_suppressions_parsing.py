"""Suppression files: what is read, and how a bad line is told."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from leakcheck.errors import BadInput
from leakcheck.suppressions import parse_suppressions, read_suppressions
from leakcheck.suppressions.rules import BlockRule, FramePattern, LineRule, Place

if TYPE_CHECKING:
    from pathlib import Path

    from leakcheck.suppressions import Rule

BOTH = """\
# what the libraries keep
  leak:^libfont*$

{
   <the X library>
   Memcheck:Leak
   match-leak-kinds: definite, indirect
   fun:malloc
   ...
   obj:*/libX11.so**
   src:open.c:12
   src:dir/*.c
}
leak:two words
"""


def refusal(text: str) -> str:
    """Why a text is refused."""
    with pytest.raises(BadInput) as caught:
        parse_suppressions(text, source="known.supp")
    assert "known.supp" in caught.value.what
    assert caught.value.hint
    return caught.value.why


def block(*lines: str) -> str:
    return "\n".join(("{", *lines, "}"))


def test_lines_and_blocks_stand_in_one_file() -> None:
    first, second, third = parse_suppressions(BOTH, source="k")

    assert first == LineRule(origin="k:2 leak:^libfont*$", pattern="^libfont*$")
    assert isinstance(second, BlockRule)
    assert second.origin == "k:4 <the X library>"
    assert second.kinds == {"definite", "indirect"}
    assert second.frames == (
        FramePattern(place=Place.FUNCTION, pattern="malloc"),
        FramePattern(place=Place.ANY_FRAMES),
        FramePattern(place=Place.OBJECT, pattern="*/libX11.so*"),
        FramePattern(place=Place.SOURCE, pattern="open.c", line=12),
        FramePattern(place=Place.SOURCE, pattern="dir/*.c"),
    )
    assert third == LineRule(origin="k:14 leak:two words", pattern="two words")


@pytest.mark.parametrize(
    ("kinds", "meant"),
    [
        ("definite", {"definite"}),
        ("all", {"definite", "indirect", "possible", "reachable"}),
        ("none", set()),
        ("none,indirect", {"indirect"}),
    ],
)
def test_a_block_says_which_kinds_it_is_for(kinds: str, meant: set[str]) -> None:
    text = block("x", "Memcheck:Leak", f"match-leak-kinds: {kinds}", "fun:f")
    (rule,) = parse_suppressions(text, source="k")
    assert isinstance(rule, BlockRule)
    assert rule.kinds == meant


@pytest.mark.parametrize(
    "error", ["Memcheck:Cond", "Helgrind:Race", "Memcheck:Param", "drd:ConflictingAccess"]
)
def test_a_block_for_another_error_is_read_and_says_that_it_is_no_leak(error: str) -> None:
    (rule,) = parse_suppressions(block("x", error, "write(buf)", "fun:f"), source="k")
    assert isinstance(rule, BlockRule)
    assert not rule.is_for_leaks
    assert rule.origin == f"k:1 x ({error} is no leak)"


def test_a_block_may_be_for_several_tools() -> None:
    (rule,) = parse_suppressions(block("x", "Addrcheck,Memcheck:Leak", "fun:f"), source="k")
    assert isinstance(rule, BlockRule)
    assert rule.is_for_leaks


def test_mangled_names_of_valgrind_become_those_of_the_report() -> None:
    (rule,) = parse_suppressions(block("x", "Memcheck:Leak", "fun:_ZN5QView4showEv"), source="k")
    assert isinstance(rule, BlockRule)
    assert rule.frames[0].pattern == "QView::show()"


@pytest.mark.parametrize(
    ("text", "line", "quoted"),
    [
        ("leak:f\nlaek:f\n", 2, "'laek:f'"),
        ("leak", 1, "'leak'"),
        ("leak:", 1, "'leak:'"),
        ("leak:*", 1, "'leak:*'"),
        ("leak: ^$", 1, "'leak: ^$'"),
        ("interceptor_via_lib:x", 1, "'interceptor_via_lib:x'"),
        ("race:f", 1, "'race:f'"),
        ("}", 1, "'}'"),
        ("{ x", 1, "'{ x'"),
        ("{", 1, "'{'"),
        ("{\n}", 2, "'}'"),
        ("{\nname\n}", 3, "'}'"),
        ("{\nname\nMemcheck Leak\n}", 3, "'Memcheck Leak'"),
        ("{\nname\nMemcheck:Leak\nfun:f\n", 4, "'fun:f'"),
        ("{\nname\nMemcheck:Leak\nmatch-leak-kinds: most\nfun:f\n}", 4, "most"),
        ("{\nname\nMemcheck:Leak\nfun:f\nmatch-leak-kinds: all\n}", 5, "match-leak-kinds: all"),
        ("{\nname\nMemcheck:Leak\nfun:\n}", 4, "'fun:'"),
        ("{\nname\nMemcheck:Leak\nfunc:f\n}", 4, "'func:f'"),
        ("{\nname\nMemcheck:Leak\n}", 3, "'Memcheck:Leak'"),
        ("{\nname\nMemcheck:Leak\n...\n}", 3, "'Memcheck:Leak'"),
        ("{\nname\nMemcheck:Leak\nfun:*alloc\n...\n}", 3, "'Memcheck:Leak'"),
        ("{\nname\nMemcheck:Leak\nobj:*\n}", 3, "'Memcheck:Leak'"),
    ],
)
def test_a_bad_line_is_told_with_its_number(text: str, line: int, quoted: str) -> None:
    why = refusal(text)
    assert why.startswith(f"line {line}: ")
    assert quoted in why


def test_a_long_bad_line_is_cut() -> None:
    assert len(refusal("x" * 1_000_000)) < 300


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"no\.supp.*No such file"):
        read_suppressions(tmp_path / "no.supp")


def test_a_file_may_hold_any_bytes(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"\xff\xfe leak\nleak:f")
    with pytest.raises(BadInput, match="line 1"):
        read_suppressions(tmp_path / "x")


WORDS = st.sampled_from(
    ["{", "}", "leak:", "fun:", "obj:", "src:", "...", "Memcheck:Leak", "match-leak-kinds:", "#"]
)


@given(st.lists(WORDS | st.text(max_size=8)).map("\n".join) | st.text())
@example("{\nx\nMemcheck:Leak\nfun:_Z")
@example("leak:f\0")
def test_any_text_is_read_or_refused(text: str) -> None:
    rules: tuple[Rule, ...] = ()
    with contextlib.suppress(BadInput):
        rules = parse_suppressions(text, source="k")
    assert all(rule.origin.startswith("k:") for rule in rules)


@pytest.mark.parametrize(
    "text",
    [
        "leak:f\n" * 150_000,
        "{\nx\nMemcheck:Leak\n" + "fun:f\n" * 170_000 + "}",
        "{\nx\nMemcheck:Leak\nsrc:" + ":1" * 500_000 + "\n}",
        "{\nx\nMemcheck:Leak\nfun:_Z" + "NS_" * 330_000 + "\n}",
        "{\n" * 500_000,
        " " * 1_000_000,
        "{\nx\n" + "A" * 1_000_000 + "\n}",
    ],
    ids=["lines", "frames", "source", "mangled", "braces", "blanks", "tool"],
)
def test_a_megabyte_of_garbage_is_read_or_refused_at_once(text: str) -> None:
    begin = time.monotonic()
    with contextlib.suppress(BadInput):
        parse_suppressions(text, source="k")
    assert time.monotonic() - begin < 10
