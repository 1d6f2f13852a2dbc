"""LeakSanitizer's and Valgrind's patterns, each compared with a regular expression."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakcheck.suppressions.wildcards import matches_glob, matches_template, simplified_glob

NAMES = st.text("ab", max_size=8)
TEMPLATES = st.text("ab*^$", max_size=6)
GLOBS = st.text("ab*?", max_size=6)


def template_regex(template: str) -> re.Pattern[str]:
    """The same pattern for Python: `$` ends it, a `^` counts at its start only."""
    kept, dollar, _ = template.partition("$")
    parts = kept.removeprefix("^").split("*")
    start = "^" if kept.startswith("^") else ""
    return re.compile(start + ".*".join(map(re.escape, parts)) + (r"\Z" if dollar else ""))


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("open", "probe_open_file"),
        ("^probe", "probe_open"),
        ("open$", "probe_open"),
        ("^probe*open$", "probe_and_open"),
        ("a*b*c", "xaybzc"),
        ("*open", "probe_open"),
        ("open*$", "probe_open_file"),
        ("^*open", "probe_open"),
        ("(*T).Do", "example.com/m.(*T).Do"),
    ],
)
def test_a_leaksanitizer_pattern_matches(template: str, text: str) -> None:
    assert matches_template(template, text)


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("^open", "probe_open"),
        ("probe$", "probe_open"),
        ("a*b", "ba"),
        ("open", ""),
        ("*", ""),
        ("foo$", "foofoo"),
        ("$", "foo"),
        ("open*x", "open"),
    ],
)
def test_a_leaksanitizer_pattern_does_not_match(template: str, text: str) -> None:
    assert not matches_template(template, text)


@given(TEMPLATES.filter(lambda template: "$" not in template), NAMES.filter(bool))
def test_without_an_end_a_leaksanitizer_pattern_is_a_search(template: str, text: str) -> None:
    assert matches_template(template, text) == bool(template_regex(template).search(text))


@given(TEMPLATES, NAMES)
def test_a_leaksanitizer_pattern_never_matches_more_than_it_says(template: str, text: str) -> None:
    if matches_template(template, text):
        assert template_regex(template).search(text)


@given(GLOBS, NAMES)
def test_a_valgrind_pattern_matches_the_whole_name(pattern: str, text: str) -> None:
    escaped = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")

    assert matches_glob(pattern, text) == bool(re.fullmatch(escaped, text))
    assert matches_glob(simplified_glob(pattern), text) == matches_glob(pattern, text)


@pytest.mark.parametrize("pattern", ["*a" * 500_000, "?" * 1_000_000, "*" * 1_000_000, "a" * 10**6])
def test_a_megabyte_of_pattern_takes_no_time(pattern: str) -> None:
    begin = time.monotonic()
    name = "a" * 300 + "b"

    matches_glob(simplified_glob(pattern), name)
    matches_template(pattern, name)

    assert time.monotonic() - begin < 5
