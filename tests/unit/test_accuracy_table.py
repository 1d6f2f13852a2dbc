from __future__ import annotations

import io
import json
from pathlib import Path

from rich.console import Console

from tests.accuracy.answer import NOTHING, Amount, Answer, Language, Record
from tests.accuracy.contenders import Anchor
from tests.accuracy.contest import Contest, Line
from tests.accuracy.document import parse_valgrind_version, render_document
from tests.accuracy.lineup import Entry
from tests.accuracy.records import render_json
from tests.accuracy.table import COLUMNS, cells, render_markdown, render_terminal
from tests.accuracy.toolreports import parse_valgrind

ONE = Amount(objects=1, bytes=101)
CONTENDER = Anchor(language=Language.C, folder=Path(), sources=Path(), read=parse_valgrind)
ENTRY = Entry(name="valgrind --leak-check=full", language=Language.C, contender=CONTENDER)


def record(said: Amount | None, *, leak: bool) -> Record:
    return Record(
        contender=ENTRY.name,
        language=Language.C,
        case="single-malloc",
        expected=ONE if leak else NOTHING,
        has_leak=leak,
        answer=Answer(amount=said, duration_s=0.25, remark="" if said else "no report"),
    )


LINE = Line(
    ENTRY,
    (
        record(ONE, leak=True),
        record(Amount(2, 202), leak=True),
        record(None, leak=True),
        record(ONE, leak=False),
    ),
)
ABSENT = Line(Entry(name="asan", language=Language.GO, absence="cc has no\nlibasan.so | x"), ())
CONTEST = Contest(repeat=2, repeat_slow=1, jobs=2, only="", go_version=(1, 26, 8))


def document(*wrong: str) -> str:
    return render_document(
        [LINE, ABSENT], wrong, CONTEST, versions={"Go": "1.26.8"}, date="2026-11-23"
    )


def test_a_line_is_a_count_out_of_all_for_each_column() -> None:
    assert cells(LINE) == (
        *("valgrind --leak-check=full", "C", "2/3", "1/3", "1/1", "1/4", "0.25 s"),
    )


def test_who_is_missing_is_listed_with_the_reason() -> None:
    row = cells(ABSENT)
    assert len(row) == len(COLUMNS)
    assert row[2].startswith("not on this machine: cc has no")


def test_a_contender_without_cases_is_listed_too() -> None:
    assert cells(Line(ENTRY, ()))[2] == "no such case"


def test_markdown_has_one_line_a_row_whatever_a_tool_says() -> None:
    lines = render_markdown([LINE, ABSENT]).splitlines()
    assert len(lines) == 4
    assert lines[1] == "| --- | --- | --: | --: | --: | --: | --: |"
    assert lines[3].startswith("| `asan` | Go | not on this machine: cc has no libasan.so \\| x |")


def test_the_terminal_shows_the_same_numbers() -> None:
    stream = io.StringIO()
    Console(file=stream, width=120).print(render_terminal([LINE, ABSENT]))
    shown = stream.getvalue()
    assert all(cell in shown for cell in cells(LINE))
    assert "not on this machine" in shown


def test_the_page_has_date_versions_table_and_how_often() -> None:
    page = document()
    assert "on 2026-11-23." in page
    assert "- Go: 1.26.8\n" in page
    assert render_markdown([LINE, ABSENT]) in page
    assert "were asked twice a case, the slow ones once" in " ".join(page.split())


def test_the_page_hides_no_error_of_leakcheck() -> None:
    assert "had no miss, no false alarm, and no wrong amount" in document()
    page = document("leakcheck: single-malloc missed 1 of 2 times")
    assert "- leakcheck: single-malloc missed 1 of 2 times\n" in page
    assert "had no miss" not in page


def test_the_json_file_has_every_run() -> None:
    line, absent = json.loads(render_json([LINE, ABSENT]))["contenders"]
    assert [run["outcome"] for run in line["runs"]] == [
        *("exact", "found", "no verdict", "false alarm"),
    ]
    assert line["runs"][0] == {
        "case": "single-malloc",
        "outcome": "exact",
        "expected": {"objects": 1, "bytes": 101},
        "said": {"objects": 1, "bytes": 101},
        "remark": "",
        "duration_s": 0.25,
    }
    assert line["runs"][2]["said"] is None
    assert (absent["absence"], absent["runs"]) == (ABSENT.entry.absence, [])


def test_valgrind_s_version_is_read_from_its_one_line() -> None:
    assert parse_valgrind_version("valgrind-3.19.0\n") == "3.19.0"
    assert parse_valgrind_version("not valgrind") == ""
