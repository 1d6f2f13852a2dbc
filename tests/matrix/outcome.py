"""Asking a place, and what it answered."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leakcheck.process import Command, run
from tests.matrix.roots import root_command

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.matrix.place import Place, Question

__all__ = ["Answer", "Outcome", "ask", "outcome_of", "question_command", "read_answer"]

CHECKOUT = Path(__file__).parents[2]
_TIMEOUT_S = 3600.0
_SHOWN_LINES = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """To one question: what was expected, as it was printed, or the last lines instead."""

    label: str
    is_right: bool
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One row of the table, the latest of its `key`. Without answers, `absence` says why."""

    key: str
    axis: str
    place: str
    date: str
    answers: tuple[Answer, ...] = ()
    absence: str = ""

    @property
    def is_right(self) -> bool:
        """Whether nothing went wrong; so it is where nothing was asked."""
        return all(answer.is_right for answer in self.answers)

    def as_json(self) -> dict[str, Any]:
        """Make it plain data."""
        return asdict(self)


def outcome_of(data: Mapping[str, Any]) -> Outcome:
    """Undo `as_json`."""
    answers = tuple(Answer(**answer) for answer in data["answers"])
    return Outcome(**{**data, "answers": answers})


def ask(place: Place, *, key: str, date: str) -> Outcome:
    """Ask all questions, one after the other."""
    return Outcome(
        key=key,
        axis=place.axis.value,
        place=place.name,
        date=date,
        answers=tuple(_ask_one(place, question) for question in place.questions),
        absence=place.absence,
    )


def _ask_one(place: Place, question: Question) -> Answer:
    completed = run(question_command(place, question), timeout_s=_TIMEOUT_S)
    return read_answer(question, completed.stdout + completed.stderr)


def question_command(place: Place, question: Question) -> Command:
    """Build the command that asks; in this checkout, or in the copy that the root holds."""
    if place.root is not None:
        return root_command(place.root, question.argv)
    argv = question.argv if question.is_program else (sys.executable, *question.argv)
    environment = {**os.environ, **dict(place.environment)}
    return Command(argv, env=tuple(environment.items()), cwd=question.folder or CHECKOUT)


def read_answer(question: Question, output: str) -> Answer:
    """Look for what is expected."""
    match = re.search(question.expected, output)
    lines = [line for line in output.splitlines() if line.strip()]
    said = match[0] if match else "\n".join(lines[-_SHOWN_LINES:])
    return Answer(label=question.label, is_right=match is not None, said=said)
