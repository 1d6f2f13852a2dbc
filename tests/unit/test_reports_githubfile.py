from __future__ import annotations

import re
from dataclasses import replace
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_samples import CRASHED, HOLDING, LEAK, LEAKING, PLACES, PROJECT, RUN, c_frame
from report_strategies import REPORTS

from leakcheck.judge import judge
from leakcheck.model import Check, Leak, Level, Report, Run
from leakcheck.pipeline import refused
from leakcheck.reports import render_annotations, render_markdown
from leakcheck.reports.githubfile import MAX_ANNOTATIONS, command

COMMAND = re.compile(r"::(error|warning)(?: ((?:[a-z]+=[^,:]*,?)*))?::(.*)")


def annotations(report: Report) -> list[tuple[str, dict[str, str], str]]:
    """The commands as GitHub reads them: name, properties, message."""
    found = []
    for line in render_annotations(report, PLACES).split("\n")[:-1]:
        match = COMMAND.fullmatch(line)
        assert match, line
        properties = dict(word.split("=", 1) for word in (match[2] or "").split(",") if word)
        found.append((match[1], {k: unquote(v) for k, v in properties.items()}, unquote(match[3])))
    return found


@pytest.mark.parametrize(
    ("line", "written"),
    [
        (command("group", "example.com/m"), "::group::example.com/m"),
        (command("endgroup", ""), "::endgroup::"),
        (command("error", "a\nb\r50%", line=3), "::error line=3::a%0Ab%0D50%25"),
        (command("error", "m:,", title="a: b, 1%", file=None), "::error title=a%3A b%2C 1%25::m:,"),
    ],
)
def test_commands_are_escaped_as_github_wants_it(line: str, written: str) -> None:
    assert line == written


@given(st.text(), st.text())
def test_no_text_ends_a_command_or_begins_another(message: str, title: str) -> None:
    line = command("error", message, title=title)
    assert not set(line) & set("\r\n")
    assert line.count("::") == 2 + message.count("::")


def leaky(*leaks: Leak) -> Run:
    return replace(RUN, check=Check.LEAKS, leaks=leaks)


def leaks_at(count: int) -> tuple[Leak, ...]:
    """Leaks at lines of their own, larger from line to line."""
    return tuple(
        replace(LEAK, id=f"id{n}", leaked_bytes=n, stack=(c_frame("f", f"{PROJECT}/a.c:{n}"),))
        for n in range(1, count + 1)
    )


def test_a_leak_is_an_error_at_its_line_relative_to_the_repository() -> None:
    report = judge([leaky(LEAK)], level=Level.NORMAL)
    ((name, properties, message),) = annotations(report)
    assert (name, properties["file"], properties["line"]) == ("error", "c/probe.c", "41")
    assert properties["title"] == "100 bytes in 1 object leaked, example.com/ann/mediaprobe"
    assert message.startswith(f"100 bytes in 1 object, direct leak  {LEAK.id}\n  at probe_open")
    assert message.endswith("\nTest TestProbe")


def test_a_leak_outside_the_repository_names_no_file() -> None:
    leak = replace(LEAK, stack=(c_frame("f", "/usr/include/f.h:3"),))
    ((_, properties, _),) = annotations(judge([leaky(leak)], level=Level.NORMAL))
    assert set(properties) == {"title"}


def test_at_most_ten_errors_are_written_and_the_rest_is_summed_up() -> None:
    report = judge([leaky(*leaks_at(13))], level=Level.NORMAL)
    *errors, (name, properties, message) = annotations(report)
    assert [properties["line"] for _, properties, _ in errors] == [
        str(line) for line in range(13, 3, -1)
    ]
    assert (name, properties["title"]) == ("warning", "More memory leaked")
    assert message == "6 bytes in 3 objects at 3 more places: see the log"


def test_what_was_not_checked_comes_first_and_counts() -> None:
    report = judge([leaky(*leaks_at(13)), CRASHED], level=Level.NORMAL)
    first, *others = annotations(report)
    assert first[1]["title"] == "Leaks not checked"
    assert "the program crashed (SIGSEGV)" in first[2]
    assert [name for name, _, _ in others] == ["error"] * 9 + ["warning"]


def test_accepted_leaks_are_no_errors() -> None:
    accepted = tuple(leak for leak in LEAKING.leaks if leak.suppressed_by or leak.in_baseline)
    assert annotations(judge([replace(RUN, leaks=accepted)], level=Level.NORMAL)) == []


def test_a_refused_call_is_an_error() -> None:
    ((name, _, message),) = annotations(refused(ValueError("no tcmalloc")))
    assert (name, message) == ("error", "no tcmalloc")


@given(REPORTS)
def test_any_report_gives_whole_commands_and_no_more_errors_than_are_shown(report: Report) -> None:
    names = [name for name, _, _ in annotations(report)]
    assert names.count("error") <= MAX_ANNOTATIONS


# The job summary


def summary(report: Report) -> str:
    return render_markdown(report, PLACES)


def test_the_summary_has_the_verdict_the_runs_and_the_leaks() -> None:
    report = judge([LEAKING, CRASHED], level=Level.NORMAL, skipped=[("example.com/p", "no cgo")])
    text = summary(replace(report, unused_suppressions=("leak:gone",)))
    assert "No leak matches the suppression <code>leak\\:gone</code>" in text
    assert text.startswith("## ❌ Leak check: leaked 4,122 bytes in 67 objects")
    assert "| Package | Tests | Check | Leaked |\n| --- | --- | --- | --- |\n" in text
    assert "<b>4,096 bytes in 64 objects</b> at <code>mediaprobe.New  probe.go:88</code>" in text
    assert "Suppressed by <code>leak:probe_open</code>" in text.replace("\\", "")
    assert "was not checked: the program crashed" in text
    assert "Skipped <code>example" in text
    assert text.endswith("\n\n")


def test_what_a_leak_holds_is_part_of_it() -> None:
    text = summary(judge([HOLDING], level=Level.NORMAL))
    assert "<b>9,048 bytes in 5 objects</b>" in text
    assert "+ 3 indirect objects, 9,000 bytes held by it" in text
    assert text.count("<details>") == 3


def test_of_very_many_leaks_the_rest_is_summed_up() -> None:
    text = summary(judge([leaky(*leaks_at(60))], level=Level.NORMAL))
    assert text.count("<details>") == 50
    assert "… and 10 more leaks, 55 bytes" in text


def test_a_summary_that_github_would_not_show_is_cut() -> None:
    deep = tuple(
        replace(leak, stack=tuple(c_frame("f" * 500, f"{PROJECT}/{n}.c:{n}") for n in range(50)))
        for leak in leaks_at(50)
    )
    text = summary(judge([leaky(*deep)], level=Level.NORMAL))
    assert 900_000 < len(text.encode()) < 1024 * 1024
    assert text.endswith("The rest is left out here: see the log.\n\n")


def test_names_are_neither_markup_nor_mentions() -> None:
    nasty = "*a*|b`c`<script>[x](y)@ann"
    leak = replace(LEAK, test=nasty, stack=(c_frame(nasty, f"{PROJECT}/a.c:1"),))
    text = summary(judge([replace(RUN, package=nasty, leaks=(leak,))], level=Level.NORMAL))
    assert "<script>" not in text
    assert not re.search(r"(?<!\\)\*a", re.sub(r"<(details|pre)>.*", "", text))


@given(REPORTS)
def test_any_report_gives_a_summary_whose_blocks_are_whole(report: Report) -> None:
    text = summary(report)
    assert text.count("<details>") == text.count("</details>")
    for block in re.findall(r"<pre>(.*?)</pre>", text, re.DOTALL):
        assert "\n" not in block
