"""What a contender says of one run, and whether that is right."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from leakcheck.model import Level
    from tests.corpus.case import Case

__all__ = [
    "NOTHING",
    "OUT_OF_TIME",
    "Amount",
    "Answer",
    "Language",
    "Outcome",
    "Record",
    "expected_amount",
    "is_disputed",
    "outcome_of",
]


class Language(enum.Enum):
    """What the programs of a case are: Go test binaries, or programs in C and C++."""

    GO = "Go"
    C = "C"


@dataclass(frozen=True, slots=True)
class Amount:
    """Lost blocks, direct and indirect together, and their bytes."""

    objects: int
    bytes: int

    def __str__(self) -> str:
        return f"{self.bytes} bytes in {self.objects} objects"


NOTHING = Amount(0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`amount` is None where there was no verdict, and `remark` says why.

    With an amount, `remark` says what is wrong with the rest of the report: the kind, function
    or test of a leak. Only leakcheck is asked for these. `duration_s` is from the program's
    start to the end of the report.
    """

    amount: Amount | None
    duration_s: float
    remark: str = ""


OUT_OF_TIME = Answer(amount=None, duration_s=0.0, remark="not asked: out of time")
"""Of a case whose turn came too late."""


class Outcome(enum.Enum):
    """EXACT, FOUND, MISSED are of cases with a leak, CLEAN and FALSE_ALARM of those without."""

    EXACT = "exact"
    FOUND = "found"
    MISSED = "missed"
    CLEAN = "clean"
    FALSE_ALARM = "false alarm"
    SILENT = "no verdict"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One run of one case by one contender, `contender` and `language` as in the table."""

    contender: str
    language: Language
    case: str
    expected: Amount
    has_leak: bool
    answer: Answer

    @property
    def outcome(self) -> Outcome:
        """How the answer compares with what is expected."""
        return outcome_of(self.answer, self.expected, has_leak=self.has_leak)


def expected_amount(case: Case, level: Level) -> Amount:
    """All that is lost in a case at a level."""
    found = case.expected(level)
    return Amount(sum(one.objects for one in found), sum(one.bytes for one in found))


def is_disputed(case: Case) -> bool:
    """Say whether a case has an answer for leakcheck's levels alone.

    What an exit handler loses is lost for a tool that looks after the handlers, and not there
    yet for one that looks before them.
    """
    return bool(case.draconian) and not case.strict


def outcome_of(answer: Answer, expected: Amount, *, has_leak: bool) -> Outcome:
    """Compare; a leak is found if anything at all is reported in its case."""
    if answer.amount is None:
        return Outcome.SILENT
    is_alarm = answer.amount.objects > 0
    if not has_leak:
        return Outcome.FALSE_ALARM if is_alarm else Outcome.CLEAN
    if not is_alarm:
        return Outcome.MISSED
    is_exact = answer.amount == expected and not answer.remark
    return Outcome.EXACT if is_exact else Outcome.FOUND
