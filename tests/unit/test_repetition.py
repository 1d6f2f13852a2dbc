"""Growth, told by comparing many runs with one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_samples import LEAK, c_frame

from leakcheck.commandline import Choices, request_of
from leakcheck.errors import BadInput
from leakcheck.launch.argv import go_test_argv, once_argv
from leakcheck.model import Growth, Leak
from leakcheck.repetition import with_growth

if TYPE_CHECKING:
    from pathlib import Path

ONCE, PER_RUN, UNKNOWN = Growth.ONCE, Growth.PER_RUN, Growth.UNKNOWN


def lost(objects: int) -> Leak:
    return replace(LEAK, leaked_objects=objects)


@pytest.mark.parametrize(
    ("before", "after", "growth", "per_run"),
    [
        (10, 10, ONCE, None),
        (1, 10, PER_RUN, 1.0),
        (3, 30, PER_RUN, 3.0),
        (4, 13, PER_RUN, 1.0),
        (1, 5, UNKNOWN, None),
        (10, 9, UNKNOWN, None),
        (2, 20, PER_RUN, 2.0),
    ],
)
def test_ten_runs_are_compared_with_one(
    before: int, after: int, growth: Growth, per_run: float | None
) -> None:
    (told,) = with_growth([lost(after)], [lost(before)], 10)
    assert (told.growth, told.objects_per_run) == (growth, per_run)


def test_what_one_run_does_not_leak_grows_by_what_the_others_leak() -> None:
    other = replace(LEAK, stack=(c_frame("other"),))
    (told,) = with_growth([lost(9)], [other], 10)
    assert (told.growth, told.objects_per_run) == (PER_RUN, 1.0)


def test_without_a_comparison_nothing_is_known() -> None:
    (told,) = with_growth([lost(10)], None, 10)
    assert told.growth is UNKNOWN


def test_other_addresses_of_another_process_are_the_same_leak() -> None:
    elsewhere = tuple(replace(frame, address=frame.address + 64) for frame in LEAK.stack)
    (told,) = with_growth([LEAK], [replace(LEAK, stack=elsewhere)], 3)
    assert told.growth is ONCE


@given(st.integers(2, 50), st.integers(1, 20), st.integers(0, 20))
def test_what_each_run_and_what_the_first_leaks_are_told_apart(
    repeat: int, each: int, first: int
) -> None:
    (told,) = with_growth([lost(first + each * repeat)], [lost(first + each)], repeat)
    assert (told.growth, told.objects_per_run) == (PER_RUN, each)


def test_the_number_of_runs_is_an_argument_that_can_be_taken_back(tmp_path: Path) -> None:
    argv = go_test_argv(tmp_path, timeout_s=1, repeat=7, test="T")
    assert "-test.count=7" in argv
    assert once_argv(argv) == go_test_argv(tmp_path, timeout_s=1, test="T")


@pytest.mark.parametrize("text", ["0", "-1", "x", "", "1.5", "9" * 5000])
def test_what_is_no_number_of_runs_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="--repeat"):
        request_of(Choices(repeat=text))


def test_the_number_of_runs_is_read() -> None:
    assert request_of(Choices(repeat="10")).options.repeat == 10
