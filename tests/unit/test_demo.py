from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_samples import RUN, c_frame, cgo_stack, go_frame

from leakcheck import demo
from leakcheck.demo import (
    Match,
    Planted,
    compare,
    demo_exit_code,
    parse_planted,
    render_comparison,
    run_demo,
)
from leakcheck.errors import ExitCode, MalformedReport
from leakcheck.example import find_example
from leakcheck.judge import judge
from leakcheck.model import Check, Evidence, Leak, LeakKind, Level

if TYPE_CHECKING:
    from pathlib import Path

    from leakcheck.model import Frame, Report

CONTEXT = Planted(
    name="context",
    test="TestProbe",
    function="context_new",
    go_function="mediaprobe.Open",
    file="context.c",
    objects=1,
    bytes=56,
    kind=LeakKind.DIRECT,
)
STREAMS = replace(CONTEXT, name="streams", kind=LeakKind.INDIRECT, objects=2, bytes=96)
EXTRADATA = replace(STREAMS, name="extradata", bytes=45)
WORKER = replace(CONTEXT, name="worker", test=None, function="worker", go_function="", bytes=8)
TAG = replace(
    CONTEXT,
    name="tag",
    function="mediaprobe.Open",
    file="probe.go",
    objects=3,
    bytes=25,
    needs="exact-go-liveness",
)


def leak_of(planted: Planted, **changes: Any) -> Leak:
    """The leak that `planted` should be found as."""
    c_stack: tuple[Frame, ...] = (c_frame(planted.function, f"/x/{planted.file}:7"),)
    if planted.go_function == planted.function:
        c_stack = ()
    go_stack = cgo_stack("open") if planted.go_function else (c_frame("start_thread"),)
    leak = Leak(
        id="0123456789ab",
        leaked_bytes=planted.bytes,
        leaked_objects=planted.objects,
        kind=planted.kind,
        stack=(*c_stack, *go_stack),
        test=planted.test,
    )
    return replace(leak, **changes)


ALL = (CONTEXT, STREAMS, EXTRADATA, WORKER, TAG)


def report_of(*leaks: Leak, check: Check = Check.LEAKS, liveness: str = "exact") -> Report:
    proof = Evidence(fields=(*RUN.evidence.fields[:-1], ("go_liveness", liveness)))
    run = replace(RUN, check=check, leaks=leaks, evidence=proof)
    return judge((run,), level=Level.NORMAL)


def verdict(*leaks: Leak, go_is_exact: bool = True) -> ExitCode:
    return demo_exit_code(report_of(*leaks), compare(ALL, leaks, go_is_exact=go_is_exact))


def test_exactly_what_was_planted_is_right() -> None:
    leaks = [leak_of(planted) for planted in ALL]

    matches = compare(ALL, leaks)

    assert [match.planted for match in matches] == list(ALL)
    assert all(match.is_right for match in matches)
    assert verdict(*leaks) is ExitCode.OK


@given(st.permutations(ALL))
def test_the_order_of_the_leaks_does_not_matter(order: list[Planted]) -> None:
    assert verdict(*(leak_of(planted) for planted in order)) is ExitCode.OK


@given(st.sampled_from(ALL))
def test_one_that_is_missing_is_a_failure(missing: Planted) -> None:
    leaks = [leak_of(planted) for planted in ALL if planted is not missing]

    assert verdict(*leaks) is ExitCode.FAILED


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"leaked_bytes": 57}, id="bytes"),
        pytest.param({"leaked_objects": 2}, id="objects"),
        pytest.param({"kind": LeakKind.INDIRECT}, id="kind"),
        pytest.param({"test": "TestOther"}, id="test"),
        pytest.param({"test": None}, id="no test"),
        pytest.param({"stack": cgo_stack("open")}, id="no C function"),
        pytest.param(
            {"stack": (c_frame("context_new", "/x/other.c:7"), *cgo_stack("open"))}, id="file"
        ),
        pytest.param(
            {"stack": (c_frame("context_new", "/x/context.c:7"), *cgo_stack("open", go="Close"))},
            id="Go function",
        ),
    ],
)
def test_a_leak_that_differs_is_a_failure(changes: dict[str, Any]) -> None:
    others = [leak_of(planted) for planted in ALL[1:]]

    assert verdict(leak_of(CONTEXT, **changes), *others) is ExitCode.FAILED


def test_a_leak_nobody_planted_is_a_failure_and_has_a_row_of_its_own() -> None:
    extra = leak_of(CONTEXT, stack=(c_frame("elsewhere", "/x/a.c:1"),))
    leaks = [*map(leak_of, ALL), extra]

    matches = compare(ALL, leaks)

    assert matches[-1] == Match(planted=None, leaks=(extra,))
    assert not matches[-1].is_right
    assert verdict(*leaks) is ExitCode.FAILED


@pytest.mark.parametrize(
    ("test", "is_right"),
    [("TestProbe/short", True), ("TestProbe", True), ("TestProbe/long", False), (None, False)],
)
def test_a_subtest_counts_where_it_can_be_told(test: str | None, is_right: bool) -> None:
    planted = replace(CONTEXT, test="TestProbe/short")

    assert compare((planted,), [leak_of(planted, test=test)])[0].is_right is is_right


def test_two_of_one_function_are_told_apart_by_their_size() -> None:
    matches = compare((STREAMS, EXTRADATA), [leak_of(EXTRADATA), leak_of(STREAMS)])

    assert [match.bytes for match in matches] == [96, 45]


def test_a_leak_in_two_stacks_is_added_up() -> None:
    half = leak_of(STREAMS, leaked_objects=1, leaked_bytes=48)

    (match,) = compare((STREAMS,), [half, half])

    assert match.is_right
    assert (match.objects, match.bytes) == (2, 96)


def test_what_needs_exact_go_memory_may_be_missing_without_it() -> None:
    leaks = [leak_of(planted) for planted in ALL if planted is not TAG]

    assert verdict(*leaks, go_is_exact=False) is ExitCode.OK
    assert verdict(*leaks, go_is_exact=True) is ExitCode.FAILED


def test_what_needs_exact_go_memory_is_right_when_found_without_it() -> None:
    assert verdict(*map(leak_of, ALL), go_is_exact=False) is ExitCode.OK


def test_an_excuse_is_no_licence_for_wrong_counts() -> None:
    leaks = [*map(leak_of, ALL[:-1]), leak_of(TAG, leaked_objects=2)]

    assert verdict(*leaks, go_is_exact=False) is ExitCode.FAILED


def test_an_example_that_was_not_checked_says_nothing() -> None:
    report = judge((replace(RUN, check=Check.NOT_CHECKED, reason="no canary"),), level=Level.NORMAL)

    assert demo_exit_code(report, compare((), ())) is ExitCode.NOT_CHECKED


def test_an_example_that_was_checked_in_part_says_nothing() -> None:
    leaks = tuple(map(leak_of, ALL))
    report = replace(report_of(*leaks), reason="one package was not checked")

    assert demo_exit_code(report, compare(ALL, leaks)) is ExitCode.NOT_CHECKED


def test_the_table_shows_counts_and_lines_of_c_and_go() -> None:
    extra = leak_of(CONTEXT, stack=(c_frame("elsewhere", "/x/a.c:1"),), leaked_bytes=3)

    text = render_comparison(compare((CONTEXT, WORKER), [leak_of(CONTEXT), extra])).plain

    assert text == (
        "Planted        expected  found     C            Go\n"
        "context        1 / 56 B  1 / 56 B  context.c:7  probe.go:88\n"
        "worker         1 / 8 B   0 / 0 B   -            -\n"
        "(not planted)  -         1 / 3 B   a.c:1        -"
    )


def test_the_line_in_c_is_the_users_and_not_a_librarys() -> None:
    stack = (
        replace(c_frame("strdup", "/libc/strdup.c:42"), module="libc.so.6"),
        c_frame("context_new", "/x/context.c:17"),
        *cgo_stack("open"),
    )

    text = render_comparison(compare((CONTEXT,), [leak_of(CONTEXT, stack=stack)])).plain

    assert "context.c:17" in text
    assert "strdup.c" not in text


def test_a_row_that_is_excused_says_why() -> None:
    text = render_comparison(compare((TAG,), (), go_is_exact=False)).plain

    assert "3 / 25 B, if Go's memory is known" in text


def test_the_examples_own_list_can_be_read() -> None:
    planted = parse_planted((find_example() / "planted.json").read_text())

    names = [each.name for each in planted]
    assert len(names) == len(set(names)) >= 5
    assert all(each.objects > 0 and each.bytes >= each.objects for each in planted)
    assert all((find_example() / each.file).is_file() for each in planted)


def test_a_list_without_needs_needs_nothing() -> None:
    entry: dict[str, Any] = {
        "name": "context",
        "test": "TestProbe",
        "function": "context_new",
        "go_function": "mediaprobe.Open",
        "file": "context.c",
        "objects": 1,
        "bytes": 56,
        "kind": "direct",
        "why": "a comment",
    }

    assert parse_planted(json.dumps({"leaks": [entry]})) == (CONTEXT,)

    entry |= {"subtest": "short", "needs": "x"}

    assert parse_planted(json.dumps({"leaks": [entry]})) == (
        replace(CONTEXT, test="TestProbe/short", needs="x"),
    )


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "3", '{"leaks": 3}', '{"leaks": [{}]}', '{"leaks": [3]}']
)
def test_a_list_that_cannot_be_read_is_an_error(text: str) -> None:
    with pytest.raises(MalformedReport, match=r"planted\.json"):
        parse_planted(text)


def test_the_demo_checks_all_of_the_example_at_level_normal(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = []
    example = tmp_path / "example"
    example.mkdir()
    (example / "planted.json").write_text('{"leaks": []}')

    def check(request: Any, *_: Any) -> Report:
        asked.append((request.project, request.package, request.level))
        return report_of(leak_of(CONTEXT))

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HEAPCHECK", "draconian")
    monkeypatch.setattr(demo, "find_example", lambda: example)
    monkeypatch.setattr(demo, "check", check)

    assert run_demo() == ExitCode.FAILED

    assert asked == [(example, "./...", Level.NORMAL)]
    printed = capsys.readouterr().out
    assert "Leak check _main_ detected leaks of 56 bytes in 1 objects" in printed
    assert printed.endswith("Found 0 of 0 planted leaks, and 1 that nobody planted.\n")


def test_frames_of_other_packages_do_not_count_as_the_caller() -> None:
    stack = (
        c_frame("context_new", "/x/context.c:7"),
        go_frame("example.com/other.Open", "/x/other.go:1"),
    )

    (match, extra) = compare((CONTEXT,), [leak_of(CONTEXT, stack=stack)])

    assert match.leaks == ()
    assert extra.planted is None
