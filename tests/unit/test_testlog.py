"""What package testing prints, captured from `testdata/testlog` with two Go versions."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakcheck.model import Case, Outcome
from leakcheck.testlog import KEPT_BYTES, MarkedOutput, without_marks

CAPTURED = Path(__file__).parent.parent / "testdata" / "testlog"
VERSIONS = ["go1.21", "go1.27"]
PASSED, FAILED, SKIPPED, UNFINISHED = Outcome


def read(*pieces: bytes) -> tuple[dict[str, Case], bytes]:
    """The tests of an output that comes in pieces, and what of it is shown."""
    output = MarkedOutput()
    shown = b"".join(map(output.feed, pieces)) + output.finish()
    return {case.name: case for case in output.cases()}, shown


def outcomes(data: bytes) -> dict[str, Outcome]:
    cases, _ = read(data)
    return {name: case.outcome for name, case in cases.items()}


def captured(version: str, how: str) -> bytes:
    return (CAPTURED / f"{version}-{how}.txt").read_bytes()


@pytest.mark.parametrize("version", VERSIONS)
def test_every_test_has_its_outcome(version: str) -> None:
    assert outcomes(captured(version, "none")) == {
        "TestPasses": PASSED,
        "TestFails": FAILED,
        "TestSkips": SKIPPED,
        "TestParent": FAILED,
        "TestParent/good": PASSED,
        "TestParent/bad_(x)": FAILED,
        "TestParallelA": PASSED,
        "TestParallelB": FAILED,
        "TestPanics": PASSED,
        "Example_format": FAILED,
    }


@pytest.mark.parametrize("version", VERSIONS)
def test_what_a_test_said_is_kept_unless_it_passed(version: str) -> None:
    cases, _ = read(captured(version, "none"))
    said = {name: case.output.split() for name, case in cases.items()}
    assert said["TestPasses"] == said["TestParent/good"] == said["TestParallelA"] == []
    assert said["TestSkips"] == ["marks_test.go:11:", "not", "today"]
    assert said["TestFails"][:3] == ["marks_test.go:10:", "one", "two"]
    assert said["TestFails"][-1] == "byte"
    assert ("\x16" in said["TestFails"]) is (version > "go1.24")
    assert said["TestParallelB"] == ["marks_test.go:17:", "b"]
    assert said["Example_format"] == ["got:", "x", "want:", "y"]


@pytest.mark.parametrize("version", VERSIONS)
def test_tests_that_were_on_their_way_when_the_program_left_are_unfinished(version: str) -> None:
    found = outcomes(captured(version, "exit"))
    assert [name for name, outcome in found.items() if outcome is UNFINISHED] == [
        "TestParallelA",
        "TestParallelB",
        "TestPanics",
    ]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_test_that_panics_failed_and_says_so(version: str) -> None:
    cases, _ = read(captured(version, "panic"))
    assert cases["TestPanics"].outcome is FAILED
    assert cases["TestPanics"].output.startswith("panic: boom [recovered")


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("how", ["none", "panic", "exit"])
def test_no_mark_is_shown_and_no_word_lost(version: str, how: str) -> None:
    data = captured(version, how)
    _, shown = read(data)
    said = [line for line in without_marks(data.decode()).split("\n") if "=== NAME" not in line]
    assert [line for line in shown.decode().split("\n") if "=== NAME" not in line] == [
        line if version > "go1.24" else line.replace("bad \x16", "bad ") for line in said
    ]


@given(st.sampled_from(VERSIONS), st.lists(st.integers(0, 4000), max_size=30))
def test_it_does_not_matter_in_which_pieces_output_comes(version: str, cuts: list[int]) -> None:
    data = captured(version, "none")
    places = [0, *sorted(cuts), len(data)]
    pieces = [data[a:b] for a, b in itertools.pairwise(places)]
    assert read(*pieces) == read(data)


@given(st.binary(max_size=60), st.integers(0, 60))
def test_any_bytes_are_read_the_same_in_any_pieces(data: bytes, cut: int) -> None:
    whole = b"\x16=== RUN   TestA\n" + data
    assert read(whole[:cut], whole[cut:]) == read(whole)


@given(st.binary(max_size=60).filter(lambda data: not set(data) & set(b"\x16\x0e\x0f\x1b")))
def test_output_without_marks_is_shown_as_it_is(data: bytes) -> None:
    assert read(data) == ({}, data)


def test_a_line_that_a_test_prints_is_no_line_of_package_testing() -> None:
    assert outcomes(b"\x16=== RUN   TestA\n--- FAIL: TestA (0.00s)\n") == {"TestA": UNFINISHED}


def test_a_result_behind_output_without_an_end_is_seen() -> None:
    data = b"\x16=== RUN   TestA\nno newline\x16--- PASS: TestA (1.25s)\n"
    cases, shown = read(data)
    assert cases["TestA"] == Case(name="TestA", outcome=PASSED, duration_s=1.25)
    assert shown == b"=== RUN   TestA\nno newline--- PASS: TestA (1.25s)\n"


def run_of(verdict: bytes) -> bytes:
    return b"\x16=== RUN   TestA\nx\n\x16--- " + verdict + b": TestA (0.50s)\n"


@pytest.mark.parametrize(
    ("runs", "outcome"),
    [
        ([b"PASS", b"FAIL"], FAILED),
        ([b"FAIL", b"PASS"], FAILED),
        ([b"SKIP", b"PASS"], PASSED),
        ([b"SKIP", b"SKIP"], SKIPPED),
    ],
)
def test_of_a_test_that_runs_several_times_the_worst_counts(
    runs: list[bytes], outcome: Outcome
) -> None:
    cases, _ = read(*map(run_of, runs))
    assert (cases["TestA"].outcome, cases["TestA"].duration_s) == (outcome, 1.0)


def test_of_very_much_output_the_middle_is_left_out() -> None:
    cases, shown = read(b"\x16=== RUN   TestA\n", *[b"x" * 1000] * 100)
    assert len(cases["TestA"].output) < KEPT_BYTES + 2000
    assert "bytes of output left out" in cases["TestA"].output
    assert len(shown) == 100_000 + len("=== RUN   TestA\n")


def test_colours_of_a_test_stay() -> None:
    _, shown = read(b"\x16=== RUN   TestA\n\x1b[31mred\x1b[0m\n")
    assert shown.endswith(b"\x1b[31mred\x1b[0m\n")


def test_the_test_a_line_is_of_is_told_when_it_changes() -> None:
    data = b"\x16=== RUN   TestA\n\x16=== RUN   TestB\n\x16=== NAME  TestA\n    a.go:1: said\n"
    cases, shown = read(data)
    assert shown.endswith(b"=== RUN   TestB\n=== NAME  TestA\n    a.go:1: said\n")
    assert (cases["TestA"].output, cases["TestB"].output) == ("    a.go:1: said\n", "")
