"""Asks every contender about every case, on all cores."""

from __future__ import annotations

import math
import multiprocessing
import signal
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from tests.accuracy.answer import OUT_OF_TIME, Language, Record, expected_amount, is_disputed
from tests.corpus.ccases import C_CASES
from tests.corpus.gocases import GO_CASES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tests.accuracy.answer import Answer
    from tests.accuracy.contenders import Contender
    from tests.accuracy.lineup import Entry
    from tests.corpus.case import Case

__all__ = ["Contest", "Line", "ask_in_time", "cases_of"]

_PATIENCE_S = 180.0  # once through all cases of a contender


@dataclass(frozen=True, slots=True)
class Line:
    """All that one contender answered."""

    entry: Entry
    records: tuple[Record, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contest:
    """How often each case is asked, on how many cores; `only` is a part of a case's name."""

    repeat: int
    repeat_slow: int
    jobs: int
    only: str
    go_version: tuple[int, ...]

    def hold(self, entries: Sequence[Entry], say: Callable[[str], None]) -> tuple[Line, ...]:
        """Ask one contender after the other; those who are absent have no records."""
        context = multiprocessing.get_context("spawn")
        lines = []
        with ProcessPoolExecutor(self.jobs, context, leave_interrupts) as pool:
            try:
                for entry in entries:
                    say(f"{entry.name}, {entry.language.value}")
                    lines.append(Line(entry, tuple(self._records(entry, pool))))
            except BaseException:  # Ctrl-C too: what runs ends by itself, the rest never starts
                pool.shutdown(cancel_futures=True)
                raise
        return tuple(lines)

    def cases(self, contender: Contender, *, is_own: bool) -> tuple[Case, ...]:
        """All cases of the contender's language; the disputed ones are leakcheck's alone."""
        chosen = cases_of(contender.language, self.only, self.go_version)
        return tuple(case for case in chosen if is_own or not is_disputed(case))

    def _records(self, entry: Entry, pool: ProcessPoolExecutor) -> Iterator[Record]:
        contender = entry.contender
        if contender is None:
            return
        cases = self.cases(contender, is_own=entry.is_own)
        times = self.repeat_slow if entry.is_slow else self.repeat
        # leakcheck has to answer all, however long that takes
        deadline = math.inf if entry.is_own else time.monotonic() + times * _PATIENCE_S
        asked = cases * times
        ask = partial(ask_in_time, contender, deadline)
        for case, answer in zip(asked, pool.map(ask, asked), strict=True):
            yield Record(
                contender=entry.name,
                language=entry.language,
                case=str(case),
                expected=expected_amount(case, contender.level),
                has_leak=bool(case.expected(contender.level)),
                answer=answer,
            )


def leave_interrupts() -> None:
    """Let Ctrl-C be the first process's: a worker that it ends leaves the others waiting."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def ask_in_time(contender: Contender, deadline: float, case: Case) -> Answer:
    """Ask, unless the monotonic clock has passed the deadline: a tool that hangs is left alone."""
    return contender.ask(case) if time.monotonic() < deadline else OUT_OF_TIME


def cases_of(language: Language, only: str, go_version: tuple[int, ...]) -> tuple[Case, ...]:
    """The cases of a language whose name contains `only`, that this go can compile.

    An ending that nobody can observe has no right answer but "not checked", and is left to the
    tests of the corpus.
    """
    cases = GO_CASES if language is Language.GO else C_CASES
    return tuple(
        case
        for case in cases
        if case.is_checked and case.since <= go_version and only.lower() in str(case).lower()
    )
