from __future__ import annotations

import itertools
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from report_samples import LEAK, LEAKING, RUN

from leakcheck.commandline import Choices, exit_code_of, run_merge
from leakcheck.errors import BadInput, ExitCode
from leakcheck.judge import judge, title
from leakcheck.launch.argv import NO_TEST_PATTERN, isolated_argv
from leakcheck.merge import NamedReport, merge_reports
from leakcheck.model import Check, Level, Part, Report, Run
from leakcheck.model import Tests as Verdict
from leakcheck.pipeline import refused
from leakcheck.reports import parse_json, render_json
from leakcheck.shards import as_part

if TYPE_CHECKING:
    from pathlib import Path

A, B, C = (replace(RUN, package=f"example.com/m/{name}") for name in "abc")
LEAKY = replace(LEAKING, package="example.com/m/b", argv=RUN.argv)
SKIPPED = (("example.com/m/pure", "no cgo"),)
UNITS = tuple(run.package for run in (A, B, C))


def part(index: int, *runs: Run, count: int = 2, units: tuple[str, ...] = UNITS) -> NamedReport:
    report = judge(runs, level=Level.NORMAL, skipped=SKIPPED)
    return NamedReport(
        f"{index}.json", as_part(report, Part(index=index, count=count, units=units))
    )


def alone(pattern: str, **fields: Any) -> Run:
    """The run of one test of package a, or of none."""
    argv = isolated_argv(("x.test", "-test.paniconexit0", "-test.timeout=30m0s"), pattern)
    return replace(A, argv=argv, **fields)


def refusal(*parts: NamedReport) -> str:
    with pytest.raises(BadInput) as caught:
        merge_reports(parts)
    return str(caught.value)


# What comes out


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_the_merged_report_is_the_unsharded_one(order: tuple[int, ...]) -> None:
    parts = [part(1, A, count=3), part(2, C, count=3), part(3, LEAKY, count=3)]

    merged = merge_reports([parts[index] for index in order])

    assert merged == judge([A, LEAKY, C], level=Level.NORMAL, skipped=SKIPPED)


def test_a_rule_is_unused_when_no_shard_had_use_for_it() -> None:
    unused = (("k:1 leak:f", "k:2 leak:g"), ("k:2 leak:g", "k:3 leak:h"))
    parts = [
        named._replace(report=replace(named.report, unused_suppressions=rules))
        for named, rules in zip((part(1, A, B), part(2, C)), unused, strict=True)
    ]

    assert merge_reports(parts).unused_suppressions == ("k:2 leak:g",)


def test_a_known_leak_that_two_shards_have_counts_with_all_its_objects() -> None:
    leak = replace(LEAK, in_baseline=True, known_objects=LEAK.leaked_objects)
    runs = [
        replace(alone(f"^{name}$"), check=Check.CLEAN, leaks=(leak,)) for name in ("TestA", "TestB")
    ]
    units = tuple(title(run) for run in runs)

    def merged(known: int) -> Report:
        shares = [replace(run, leaks=(replace(leak, known_objects=known),)) for run in runs]
        return merge_reports(
            [part(index, share, units=units) for index, share in enumerate(shares, 1)]
        )

    assert merged(2 * LEAK.leaked_objects).check is Check.CLEAN
    grown = merged(2 * LEAK.leaked_objects - 1)
    assert grown.check is Check.LEAKS
    assert grown.leaked_objects == 2 * LEAK.leaked_objects


def test_a_single_shard_can_be_merged() -> None:
    assert merge_reports([part(1, A, B, C, count=1)]).check is Check.CLEAN


def test_an_empty_shard_is_part_of_the_whole() -> None:
    merged = merge_reports([part(1, A, count=2, units=UNITS[:1]), part(2, units=UNITS[:1])])

    assert merged == judge([A], level=Level.NORMAL, skipped=SKIPPED)


def test_the_process_without_a_test_is_told_once() -> None:
    none = alone(NO_TEST_PATTERN, tests=Verdict.NONE_RAN)
    one, two = alone("^TestOne$"), alone("^TestTwo$")
    units = (f"{A.package} TestOne", f"{A.package} TestTwo", A.package)

    merged = merge_reports(
        [
            part(1, one, none, units=units),
            part(2, two, replace(none, duration_s=9.0), units=units),
        ]
    )

    assert merged.runs == (one, two, none)


def test_processes_without_a_test_that_disagree_are_both_told() -> None:
    clean = alone(NO_TEST_PATTERN, tests=Verdict.NONE_RAN)
    leaky = replace(clean, check=Check.LEAKS, leaks=(LEAK,))
    one, two = alone("^TestOne$"), alone("^TestTwo$")
    units = (f"{A.package} TestOne", f"{A.package} TestTwo", A.package)

    merged = merge_reports([part(1, one, clean, units=units), part(2, two, leaky, units=units)])

    assert merged.runs == (one, two, clean, leaky)
    assert merged.check is Check.LEAKS


def test_a_shard_that_ended_before_its_time_is_not_forgotten() -> None:
    ended = refused(KeyboardInterrupt())

    merged = merge_reports(
        [part(1, A, B, C), NamedReport("2.json", as_part(ended, Part(index=2, count=2)))]
    )

    assert (merged.check, merged.exit_code) == (Check.NOT_CHECKED, ExitCode.NOT_CHECKED)
    assert merged.reason == "shard 2/2: interrupted"


def test_a_clean_verdict_is_judged_anew_and_not_taken_over() -> None:
    lying = part(1, replace(A, evidence=replace(A.evidence, fields=())), B, C, count=1)

    assert merge_reports([lying]).check is Check.NOT_CHECKED


# What is refused


def test_no_report_is_refused() -> None:
    assert refusal() == "no report was named"


def test_a_report_of_a_whole_check_is_refused() -> None:
    whole = NamedReport("w.json", judge([A], level=Level.NORMAL))
    assert "w.json is no part of a check" in refusal(whole, part(1, A))


@pytest.mark.parametrize(
    ("there", "missing"), [((1, 3), "2/3"), ((2,), "1/3, 3/3"), ((1, 2), "3/3")]
)
def test_a_missing_shard_is_named(there: tuple[int, ...], missing: str) -> None:
    parts = [part(index, A, B, C, count=3) for index in there]
    assert refusal(*parts).startswith(f"shard {missing} is missing")


def test_the_same_shard_twice_is_refused() -> None:
    assert refusal(part(1, A), part(1, A)) == "shard 1/2 is there twice: 1.json and 1.json"


def test_shards_of_different_counts_are_refused() -> None:
    assert "they differ in the number of shards: 2 and 3" in refusal(
        part(1, A), part(2, B, C, count=3)
    )


def test_shards_of_different_levels_are_refused() -> None:
    strict = part(2, B, C)
    strict = strict._replace(report=replace(strict.report, level=Level.STRICT))
    assert (
        "1.json and 2.json are of different checks: they differ in the level: normal and strict"
        in refusal(part(1, A), strict)
    )


def test_shards_of_different_commits_are_refused() -> None:
    first, second = (part(1, A, LEAKY), part(2, C))
    said = refusal(at(first, "1234"), at(second, "5678"))

    assert (
        said
        == "1.json and 2.json are of different checks: they differ in the commit: 1234 and 5678"
    )


def test_a_commit_that_git_does_not_name_is_no_difference() -> None:
    merged = merge_reports([at(part(1, A, LEAKY), "1234"), part(2, C)])

    assert merged.runs == (A, LEAKY, C)


def at(named: NamedReport, revision: str) -> NamedReport:
    assert named.report.shard
    shard = replace(named.report.shard, revision=revision)
    return named._replace(report=replace(named.report, shard=shard))


def test_shards_of_different_tests_are_refused() -> None:
    assert "they differ in what was shared out" in refusal(part(1, A), part(2, B, units=UNITS[:2]))


def test_shards_of_different_options_are_refused() -> None:
    other = replace(B, argv=(B.argv[0], "-test.run=TestA"))
    assert "they differ in the options" in refusal(part(1, A), part(2, other, C))


def test_what_nobody_ran_is_named() -> None:
    assert refusal(part(1, A), part(2, C)).startswith("no shard ran example.com/m/b")


def test_what_ran_in_two_shards_is_refused() -> None:
    assert "example.com/m/b ran in more than one shard" in refusal(part(1, A, B), part(2, B, C))


# The task


def saved(folder: Path, *parts: NamedReport) -> list[str]:
    for name, report in parts:
        (folder / name).write_text(render_json(report))
    return [str(folder / name) for name, _ in parts]


def test_files_become_one_file_and_its_exit_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = saved(tmp_path, part(2, LEAKY, C), part(1, A))
    whole = tmp_path / "whole.json"

    assert run_merge(names, Choices(json=str(whole))) == ExitCode.FAILED

    merged = parse_json(whole.read_text())
    assert (merged.check, merged.shard) == (Check.LEAKS, None)
    assert "Leak check _main_ detected leaks of" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "said"), [("{", "cannot read"), (None, "No such file"), ("{}", "not of schema")]
)
def test_a_file_that_is_no_report_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str | None, said: str
) -> None:
    path = tmp_path / "part.json"
    if text is not None:
        path.write_text(text)

    assert exit_code_of(lambda: run_merge([str(path)], Choices())) == ExitCode.NOT_CHECKED

    told = capsys.readouterr().err
    assert said in told
    assert "part.json" in told


def test_a_refused_merge_leaves_no_report_of_an_earlier_one(tmp_path: Path) -> None:
    names = saved(tmp_path, part(1, A))
    whole = tmp_path / "whole.json"
    whole.write_text("earlier")

    assert exit_code_of(lambda: run_merge(names, Choices(json=str(whole)))) == 2

    written: Report = parse_json(whole.read_text())
    assert written.check is Check.NOT_CHECKED
    assert "shard 2/2 is missing" in json.loads(whole.read_text())["reason"]
