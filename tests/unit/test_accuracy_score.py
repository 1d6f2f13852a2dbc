from __future__ import annotations

from dataclasses import replace

from tests.accuracy.answer import NOTHING, OUT_OF_TIME, Amount, Answer, Language, Record
from tests.accuracy.contest import Line
from tests.accuracy.lineup import Entry
from tests.accuracy.score import shortcomings, tally

ONE = Amount(objects=1, bytes=101)
OWN = Entry(name="leakcheck --level normal", language=Language.C, is_own=True)


def record(
    said: Amount | None, *, leak: bool, case: str = "single-malloc", seconds: float = 0.2
) -> Record:
    return Record(
        contender=OWN.name,
        language=Language.C,
        case=case,
        expected=ONE if leak else NOTHING,
        has_leak=leak,
        answer=Answer(amount=said, duration_s=seconds),
    )


EXACT = record(ONE, leak=True)
FOUND = record(Amount(objects=2, bytes=202), leak=True)
MISSED = record(NOTHING, leak=True)
SILENT = record(None, leak=True)
CLEAN = record(NOTHING, leak=False, case="held-global")
ALARM = record(ONE, leak=False, case="held-global")
SILENT_KEEP = record(None, leak=False, case="held-global")


def test_every_run_is_counted_in_its_column() -> None:
    score = tally([EXACT, EXACT, FOUND, MISSED, SILENT, CLEAN, ALARM, SILENT_KEEP])
    assert (score.leaks, score.found, score.exact) == (5, 3, 2)
    assert (score.keeps, score.false_alarms) == (3, 1)
    assert score.silent == 2


def test_one_slow_run_does_not_move_the_median() -> None:
    seconds = [0.1, 0.2, 30.0]
    assert tally([record(ONE, leak=True, seconds=one) for one in seconds]).median_s == 0.2


def test_a_run_that_never_was_takes_no_time_but_has_no_verdict() -> None:
    unasked = replace(EXACT, answer=OUT_OF_TIME)
    score = tally([EXACT, unasked, unasked])
    assert (score.silent, score.median_s) == (2, 0.2)


def test_a_checker_that_is_always_right_has_no_shortcoming() -> None:
    assert shortcomings([Line(OWN, (EXACT, CLEAN))]) == ()


def test_every_kind_of_error_is_named_by_case_and_how_often() -> None:
    texts = shortcomings([Line(OWN, (EXACT, MISSED, FOUND, SILENT, CLEAN, ALARM, SILENT_KEEP))])
    lost, held = "expected 101 bytes in 1 objects", "expected 0 bytes in 0 objects"
    assert texts == (
        f"leakcheck --level normal: single-malloc missed 1 of 4 times, {lost}",
        f"leakcheck --level normal: single-malloc inexact 1 of 4 times, {lost}",
        f"leakcheck --level normal: single-malloc no verdict 1 of 4 times, {lost}",
        f"leakcheck --level normal: held-global false alarm 1 of 3 times, {held}",
        f"leakcheck --level normal: held-global no verdict 1 of 3 times, {held}",
    )


def test_what_it_said_instead_is_told() -> None:
    answer = Answer(amount=None, duration_s=0.1, remark="the canary was not found")
    (text,) = shortcomings([Line(OWN, (replace(EXACT, answer=answer),))])
    assert text.endswith("; said: the canary was not found")


def test_the_errors_of_others_are_not_ours() -> None:
    assert shortcomings([Line(replace(OWN, is_own=False), (MISSED, ALARM))]) == ()
