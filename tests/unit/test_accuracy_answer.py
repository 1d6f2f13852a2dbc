from __future__ import annotations

import pytest

from leakcheck.model import Level
from tests.accuracy.answer import (
    NOTHING,
    Amount,
    Answer,
    Outcome,
    expected_amount,
    is_disputed,
    outcome_of,
)
from tests.corpus.case import Case, direct, indirect, kept, lost

ONE = Amount(objects=1, bytes=101)


def said(amount: Amount | None, remark: str = "") -> Answer:
    return Answer(amount=amount, duration_s=0.1, remark=remark)


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (said(ONE), Outcome.EXACT),
        (said(Amount(objects=1, bytes=104)), Outcome.FOUND),
        (said(Amount(objects=2, bytes=101)), Outcome.FOUND),
        (said(ONE, "the wrong test"), Outcome.FOUND),
        (said(NOTHING), Outcome.MISSED),
        (said(None, "no report"), Outcome.SILENT),
    ],
)
def test_where_something_is_lost_each_answer_has_its_name(answer: Answer, outcome: Outcome) -> None:
    assert outcome_of(answer, ONE, has_leak=True) is outcome


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (said(NOTHING), Outcome.CLEAN),
        (said(ONE), Outcome.FALSE_ALARM),
        (said(Amount(objects=1, bytes=0)), Outcome.FALSE_ALARM),
        (said(None, "no report"), Outcome.SILENT),
    ],
)
def test_where_nothing_is_lost_each_answer_has_its_name(answer: Answer, outcome: Outcome) -> None:
    assert outcome_of(answer, NOTHING, has_leak=False) is outcome


def test_a_leak_of_no_bytes_can_be_found_exactly() -> None:
    empty = Amount(objects=1, bytes=0)
    assert outcome_of(said(empty), empty, has_leak=True) is Outcome.EXACT


def test_direct_and_indirect_blocks_are_expected_together() -> None:
    case = lost("graphs", "list", direct(1, 24, "new_node"), indirect(4, 96, "new_node"))
    assert expected_amount(case, Level.NORMAL) == Amount(objects=5, bytes=120)


def test_what_is_expected_depends_on_the_level() -> None:
    case = kept("held", "mapping", direct(3, 612, "keep_in_mapping"))
    assert expected_amount(case, Level.NORMAL) == NOTHING
    assert expected_amount(case, Level.STRICT) == Amount(objects=3, bytes=612)


def test_only_a_loss_in_an_exit_handler_is_disputed() -> None:
    leak = direct(1, 121, "leak")
    assert is_disputed(Case(program="exits", name="in-exit-handler", draconian=(leak,)))
    assert not is_disputed(lost("exits", "return", leak))
    assert not is_disputed(kept("held", "global"))
    assert not is_disputed(kept("held", "mapping", leak))
