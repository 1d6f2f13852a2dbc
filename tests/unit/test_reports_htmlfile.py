"""The HTML page as text; in a browser it is looked at in tests/e2e."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from report_samples import (
    HOLDER,
    HOLDING,
    LEAK,
    LEAKING,
    PLACES,
    RUN,
    FakeSources,
    c_frame,
    terminal_reports,
)
from report_strategies import REPORTS

from leakcheck.judge import judge
from leakcheck.model import Level, Report, Run
from leakcheck.pipeline import refused
from leakcheck.reports import render_html
from leakcheck.reports.sources import NoSources

VOID = {"meta", "input", "br"}
LOADING = {"src", "srcset", "data", "poster", "action", "background"}


class Page(HTMLParser):
    """Reads a page: rows of leaks, links, ids, words, and whether its tags are balanced."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.leaks: list[dict[str, str]] = []
        self.links: list[str] = []
        self.ids: list[str] = []
        self.loads: list[str] = []
        self.words = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)
        attributes = {name: value or "" for name, value in attrs}
        if tag == "tbody" and "data-id" in attributes:
            self.leaks.append(attributes)
        self.ids += [attributes["id"]] if "id" in attributes else []
        self.links += [attributes["href"]] if "href" in attributes else []
        self.loads += [tag] if tag in {"link", "img", "iframe"} or LOADING & set(attributes) else []

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] not in (["style"], ["script"]):
            self.words += data


def rendered(report: Report) -> str:
    return render_html(report, PLACES, NoSources())


def page_of(*runs: Run) -> Page:
    return Page(rendered(judge(runs, level=Level.NORMAL)))


@pytest.mark.parametrize("name", terminal_reports())
def test_every_kind_of_report_is_a_page_that_loads_nothing(name: str) -> None:
    report, _ = terminal_reports()[name]
    text = rendered(report)
    page = Page(text)
    assert page.loads == []
    assert all(link.startswith("#") and link[1:] in page.ids for link in page.links)
    assert "default-src 'none'" in text
    assert not re.search(r"url\(|@import|https?:", text)
    assert len(page.ids) == len(set(page.ids))


@given(REPORTS)
@settings(max_examples=30)
def test_any_report_is_a_whole_page_with_all_leaks(report: Report) -> None:
    page = Page(rendered(report))
    leaks = [leak for run in report.runs for leak in run.leaks]
    assert [int(row["data-bytes"]) for row in page.leaks] == [leak.leaked_bytes for leak in leaks]
    assert [int(row["data-objects"]) for row in page.leaks] == [
        leak.leaked_objects for leak in leaks
    ]


def test_a_row_says_whether_its_leak_is_accepted_and_by_what() -> None:
    page = Page(
        rendered(replace(judge([LEAKING], level=Level.NORMAL), unused_suppressions=("leak:gone",)))
    )
    assert "leak:gone" in page.words
    states = {row["data-id"]: row["data-state"] for row in page.leaks}
    assert states["eeeeeeeeeeee"] == "suppressed"
    assert states["ffffffffffff"] == "in baseline"
    assert states["aaaaaaaaaaaa"] == "new"
    assert "Suppressed by leak:probe_open" in page.words


def test_leaks_and_their_holders_point_to_each_other() -> None:
    page = page_of(HOLDING)
    assert f"#leak-0-{HOLDER.id}" in page.links
    assert "#leak-0-777777777777" in page.links
    assert "Holds 9,000 bytes in 3 objects, 777777777777" in page.words
    assert f"Held by {HOLDER.id}" in page.words


def test_source_is_quoted_and_its_line_marked() -> None:
    run = replace(RUN, leaks=(LEAK,))
    text = render_html(judge([run], level=Level.NORMAL), PLACES, FakeSources())
    marked = re.findall(r'<span class="line here"><span class="gutter">(\d+)</span>(.*)', text)
    assert marked[0] == ("41", "  line 41 of probe.c")
    assert Page(text).words.count("line 40 of probe.c") == 1


def test_names_are_text_and_never_markup() -> None:
    nasty = "</script><script>alert(1)</script>'\"<b>&amp;\x1b"
    leak = replace(LEAK, id=nasty, test=nasty, stack=(c_frame(nasty),), suppressed_by=nasty)
    run = replace(LEAKING, package=nasty, reason=nasty, leaks=(leak,))
    report = judge([run], level=Level.NORMAL, skipped=[(nasty, nasty)])
    text = rendered(replace(report, reason=nasty))
    assert text.count("<script>") == 1
    assert "<b>" not in text
    assert "</script><script>alert(1)" in html.unescape(text)


def test_the_same_leak_in_two_runs_has_two_anchors() -> None:
    run = replace(RUN, leaks=(LEAK,))
    page = page_of(run, run)
    assert [row["id"] for row in page.leaks] == [f"leak-0-{LEAK.id}", f"leak-1-{LEAK.id}"]


def test_a_refused_call_is_a_page_with_the_reason() -> None:
    page = Page(rendered(refused(ValueError("no tcmalloc"))))
    assert "no tcmalloc" in page.words
    assert "Nothing ran." in page.words
