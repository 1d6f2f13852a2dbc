"""The report for people; the expected texts are in tests/testdata/terminal."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_samples import (
    CRASHED,
    LEAK,
    LEAKING,
    LEAKS,
    PROOF,
    RUN,
    VIEW,
    expected_path,
    terminal_reports,
)
from rich.console import Console

from leakcheck.judge import judge
from leakcheck.model import Check, Evidence, Leak, Level, Report
from leakcheck.reports.terminal import View, print_terminal, render_terminal

REPORTS = terminal_reports()
LEAKY = judge([LEAKING], level=Level.NORMAL)
ESCAPE = re.compile(r"\x1b\[[0-9;]*m")


def printed(report: Report, view: View = VIEW, **options: object) -> str:
    """What a console with these options gets."""
    stream = io.StringIO()
    print_terminal(report, Console(file=stream, **options), view)  # type: ignore[arg-type]
    return stream.getvalue()


@pytest.mark.parametrize("name", REPORTS)
def test_the_report_reads_as_expected(name: str) -> None:
    report, view = REPORTS[name]
    assert render_terminal(report, view).plain == expected_path(name).read_text()


@pytest.mark.parametrize("name", REPORTS)
@pytest.mark.parametrize("width", [20, 80, 500])
def test_a_log_gets_plain_lines_of_any_length(name: str, width: int) -> None:
    report, view = REPORTS[name]
    assert printed(report, view, width=width) == expected_path(name).read_text()


@pytest.mark.parametrize("name", REPORTS)
def test_a_terminal_gets_the_same_text_in_colour(name: str) -> None:
    report, view = REPORTS[name]
    coloured = printed(report, view, force_terminal=True, width=40, color_system="standard")
    assert "\x1b[" in coloured
    assert ESCAPE.sub("", coloured) == expected_path(name).read_text()


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [
        ("utf-8", "… and 2 more leaks, größer"),
        ("latin-1", "... and 2 more leaks, größer"),
        ("ascii", "... and 2 more leaks, gr\\xf6\\xdfer"),
    ],
)
def test_an_output_of_any_encoding_gets_the_report(encoding: str, shown: str) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    report = judge([replace(LEAKING, package="größer")], level=Level.NORMAL)
    print_terminal(report, Console(file=stream), View(max_leaks=2))
    stream.seek(0)
    text = stream.read()
    more, name = shown.split(", ")
    assert more in text
    assert name in text


def test_no_color_is_respected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert not re.search(r"\x1b\[[0-9;]*3[0-7]m", printed(LEAKY, force_terminal=True))


@pytest.mark.parametrize("options", [{}, {"force_terminal": True, "width": 20}])
def test_the_sentence_people_search_for_stands_alone_on_its_line(
    options: dict[str, object],
) -> None:
    lines = printed(LEAKY, **options).splitlines()
    assert "Leak check _main_ detected leaks of 4122 bytes in 67 objects" in lines


@pytest.mark.parametrize("report", [judge([run], level=Level.NORMAL) for run in (RUN, CRASHED)])
def test_the_sentence_is_only_written_for_leaks(report: Report) -> None:
    assert "detected leaks" not in render_terminal(report).plain


@pytest.mark.parametrize("report", [report for report, _ in REPORTS.values()], ids=list(REPORTS))
def test_the_last_line_says_both_verdicts_and_the_exit_code(report: Report) -> None:
    last = render_terminal(report).plain.splitlines()[-1]
    assert last.lstrip().startswith(f"Summary tests {report.tests.value.replace('_', ' ')}, ")
    assert f"exit code {int(report.exit_code)}: " in last
    wording = {Check.CLEAN: "no leaks", Check.LEAKS: "leaked ", Check.NOT_CHECKED: "not checked"}
    assert wording[report.check] in last


def test_every_run_says_how_its_tests_ended_and_what_the_check_found() -> None:
    report = judge([LEAKING, RUN, CRASHED], level=Level.NORMAL)
    text = render_terminal(report).plain
    assert len(re.findall(r"^ +Tests ", text, re.MULTILINE)) == 3
    assert len(re.findall(r"^Leak check _main_", text, re.MULTILINE)) == 3


def leak_sizes(text: str) -> list[int]:
    """The bytes of the leaks shown, in their order."""
    sizes = re.findall(r"^ +Leak ([0-9,]+) bytes? in ", text, re.MULTILINE)
    return [int(size.replace(",", "")) for size in sizes]


@given(
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(1, 99)), max_size=20), st.integers(0, 20)
)
def test_the_largest_leaks_come_first_and_the_rest_is_counted(
    found: list[tuple[int, int]], shown: int
) -> None:
    leaks = tuple(
        replace(LEAK, id=str(number), leaked_bytes=size, leaked_objects=objects)
        for number, (size, objects) in enumerate(found)
    )
    check = Check.LEAKS if leaks else Check.CLEAN
    report = judge([replace(RUN, check=check, leaks=leaks)], level=Level.NORMAL)
    text = render_terminal(report, View(max_leaks=shown)).plain
    expected = sorted((size for size, _ in found), reverse=True)[: shown or None]
    assert leak_sizes(text) == expected
    rest = len(found) - len(expected)
    assert (f"… and {rest} more leak" in text) is (rest > 0)


@given(st.permutations(LEAKS))
def test_the_order_of_the_input_does_not_show(leaks: list[Leak]) -> None:
    report = judge([replace(LEAKING, leaks=tuple(leaks))], level=Level.NORMAL)
    assert render_terminal(report, VIEW).plain == expected_path("leaks").read_text()


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({}, "8,000,029 allocations seen, canary found, Go liveness conservative"),
        ({"go_liveness": "exact"}, "canary found, Go liveness exact\n"),
        ({"go_liveness": "-"}, "canary found\n"),
        ({"go_frames": "no: no DWARF"}, "Go frames no (no DWARF)"),
        ({"go_frames": "-"}, "canary found, Go liveness"),
        ({"unwinder": "frame-pointers"}, "C frames by frame-pointers"),
        ({"engine": "heapcheck"}, " gperftools' own heap checker, canary found, Go liveness"),
        ({"complaints": "might report false leaks"}, "it says: might report false leaks"),
        ({"complaints": "-"}, "(no companion in this binary)\n"),
        ({"threads_unanswered": "1"}, "1 thread did not answer"),
        ({"threads_unanswered": "2"}, "2 threads did not answer"),
    ],
)
def test_the_evidence_is_one_line(fields: dict[str, str], sentence: str) -> None:
    evidence = Evidence(fields=tuple((dict(PROOF.fields) | fields).items()))
    report = judge([replace(RUN, evidence=evidence)], level=Level.NORMAL)
    assert sentence in render_terminal(report).plain


def test_names_cannot_move_the_cursor_or_add_lines() -> None:
    nasty = "x\x1b[2J\n\r\x9b\u202e\udcffy"
    frame = replace(LEAK.stack[0], function=nasty, file=f"/{nasty}", module=nasty)
    run = replace(
        LEAKING,
        package=nasty,
        leaks=(replace(LEAK, stack=(frame,), test=nasty),),
    )
    report = judge(
        [run, replace(CRASHED, reason=nasty)], level=Level.NORMAL, skipped=[(nasty, nasty)]
    )
    text = render_terminal(report).plain
    assert not re.search("[\x1b\r\x9b\u202e\udcff]", text)
    assert text.count("\\x1b[2J\\n") == text.count("\\x1b") > 5


def test_markup_in_names_is_only_text() -> None:
    run = replace(RUN, package="[red]x[/red] :smile:")
    assert "[red]x[/red] :smile:" in printed(judge([run], level=Level.NORMAL), force_terminal=True)
