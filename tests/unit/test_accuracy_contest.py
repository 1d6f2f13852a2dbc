from __future__ import annotations

import time
from dataclasses import dataclass

import pytest

from leakcheck.model import Level
from tests.accuracy.answer import NOTHING, OUT_OF_TIME, Amount, Answer, Language
from tests.accuracy.contest import Contest, ask_in_time, cases_of
from tests.accuracy.lineup import Entry
from tests.corpus.ccases import C_CASES

GO_VERSION = (1, 26, 8)


@dataclass(frozen=True)
class Pessimist:
    """Says of every program that it loses 101 bytes."""

    language: Language = Language.C
    level: Level = Level.NORMAL

    def ask(self, _case: object) -> Answer:
        return Answer(amount=Amount(1, 101), duration_s=0.1)


def contest(only: str, *, repeat: int = 2) -> Contest:
    return Contest(repeat=repeat, repeat_slow=1, jobs=1, only=only, go_version=GO_VERSION)


def names(language: Language, only: str = "", version: tuple[int, ...] = GO_VERSION) -> set[str]:
    return {str(case) for case in cases_of(language, only, version)}


def test_each_language_has_its_own_cases() -> None:
    assert "single-malloc" in names(Language.C)
    assert "leaks-TestMalloc" in names(Language.GO)
    assert not names(Language.C) & names(Language.GO)


def test_cases_are_chosen_by_a_part_of_their_name_in_any_case() -> None:
    assert names(Language.GO, "testcstring") == {"leaks-TestCString", "leaks-TestCStringInALoop"}


def test_a_case_that_this_go_cannot_compile_is_not_asked() -> None:
    assert "keeps-TestAddCleanup" not in names(Language.GO, version=(1, 23, 4))
    assert "keeps-TestAddCleanup" in names(Language.GO, version=(1, 24))


def test_an_ending_that_nobody_can_observe_is_not_asked() -> None:
    unobservable = {str(case) for case in C_CASES if not case.is_checked}
    assert unobservable
    assert not unobservable & names(Language.C)


@pytest.mark.parametrize(("is_own", "asked"), [(True, True), (False, False)])
def test_what_is_lost_in_an_exit_handler_is_asked_of_leakcheck_alone(
    is_own: bool, asked: bool
) -> None:
    chosen = contest("").cases(Pessimist(), is_own=is_own)
    assert any(case.name == "in-exit-handler" for case in chosen) is asked


def test_each_case_is_asked_as_often_as_it_is_said() -> None:
    fast = Entry(name="fast", language=Language.C, contender=Pessimist())
    slow = Entry(name="slow", language=Language.C, contender=Pessimist(), is_slow=True)
    absent = Entry(name="absent", language=Language.C, absence="not there")
    said: list[str] = []

    lines = contest("held-global", repeat=3).hold([fast, slow, absent], said.append)

    assert [len(line.records) for line in lines] == [3, 1, 0]
    assert said == ["fast, C", "slow, C", "absent, C"]


def test_a_contender_that_takes_too_long_is_not_asked_the_rest() -> None:
    (case,) = cases_of(Language.C, "single-malloc", GO_VERSION)
    assert ask_in_time(Pessimist(), time.monotonic() + 60, case) == Pessimist().ask(case)
    assert ask_in_time(Pessimist(), time.monotonic() - 1, case) == OUT_OF_TIME


def test_a_record_knows_what_was_expected() -> None:
    entry = Entry(name="pessimist", language=Language.C, contender=Pessimist())
    (malloc,) = contest("single-malloc", repeat=1).hold([entry], print)[0].records
    (kept,) = contest("held-global", repeat=1).hold([entry], print)[0].records
    assert (malloc.has_leak, malloc.expected) == (True, Amount(1, 101))
    assert (kept.has_leak, kept.expected) == (False, NOTHING)
