from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakcheck.launch.testpattern import (
    list_patterns,
    one_test_pattern,
    parse_test_list,
    split_pattern,
)


@pytest.mark.parametrize(
    ("pattern", "parts"),
    [
        ("", (("",),)),
        ("TestA", (("TestA",),)),
        ("TestA/sub/deep", (("TestA", "sub", "deep"),)),
        ("TestA/x|TestB", (("TestA", "x"), ("TestB",))),
        ("^(TestA|Test/B)$/x", (("^(TestA|Test/B)$", "x"),)),
        ("Test[/|]x/y", (("Test[/|]x", "y"),)),
        (r"Test\/a/b", ((r"Test\/a", "b"),)),
        ("Test]/a", (("Test]", "a"),)),
        ("Test[(]/a", (("Test[(]", "a"),)),
        ("/sub", (("", "sub"),)),
        ("TestA|", (("TestA",), ("",))),
        ("Test\\", (("Test\\",),)),
    ],
)
def test_a_pattern_is_cut_where_package_testing_cuts_it(
    pattern: str, parts: tuple[tuple[str, ...], ...]
) -> None:
    assert split_pattern(pattern) == parts


@given(st.text(alphabet="Test/|[]()\\^$.*"))
def test_no_character_of_a_pattern_is_lost(pattern: str) -> None:
    assert "|".join("/".join(elements) for elements in split_pattern(pattern)) == pattern


@pytest.mark.parametrize(
    ("pattern", "asked"),
    [
        pytest.param(None, ((".", ()),), id="all"),
        pytest.param("", ((".", ()),), id="empty"),
        pytest.param("^TestA$", (("^TestA$", ()),), id="one"),
        pytest.param("TestA/x", (("TestA", ("x",)),), id="subtest"),
        pytest.param("TestA|TestB", (("(?:TestA)|(?:TestB)", ()),), id="asked once for both"),
        pytest.param("TestA/x|TestB", (("TestA", ("x",)), ("TestB", ())), id="asked twice"),
        pytest.param("/x", ((".", ("x",)),), id="a subtest of any"),
    ],
)
def test_only_top_level_parts_are_asked_for(
    pattern: str | None, asked: tuple[tuple[str, tuple[str, ...]], ...]
) -> None:
    assert list_patterns(pattern) == asked


def test_benchmarks_and_lines_of_a_testmain_are_no_tests() -> None:
    output = "connecting to db\nTestA\nBenchmarkB\nFuzzC\nExampleD_e\nTest日本\nTestA: x\n"

    assert parse_test_list(output) == ("TestA", "FuzzC", "ExampleD_e", "Test日本")


@given(st.text())
def test_whatever_a_program_prints_only_names_are_read(output: str) -> None:
    assert all(re.fullmatch(r"(Test|Fuzz|Example)\w*", name) for name in parse_test_list(output))


@pytest.mark.parametrize(
    ("rests", "pattern"),
    [
        ([()], "^TestA$"),
        ([("x",)], "^TestA$/x"),
        ([("x", "y"), ("z",)], "^TestA$/x/y|^TestA$/z"),
        ([("x",), ()], "^TestA$"),
    ],
)
def test_one_test_keeps_its_patterns_of_subtests(
    rests: list[tuple[str, ...]], pattern: str
) -> None:
    assert one_test_pattern("TestA", rests) == pattern
