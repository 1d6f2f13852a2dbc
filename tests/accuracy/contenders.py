"""Those who are asked: leakcheck itself, and other tools around the same programs.

A contender is a value that can be sent to another process; `ask` runs one case.
"""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path  # noqa: TC003 - a field's type
from typing import TYPE_CHECKING, Any, Protocol

from leakcheck.ending import signal_name
from leakcheck.errors import LeakcheckError
from leakcheck.model import Check, Level
from leakcheck.process import Command, Completed, supervise
from leakcheck.settings import KEYS
from tests.accuracy.answer import Amount, Answer, Language
from tests.corpus.case import joined
from tests.corpus.findings import found_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.corpus.case import Case, Found

__all__ = [
    "Anchor",
    "Contender",
    "Leakcheck",
    "anchor_environment",
    "answer_of_report",
    "answer_of_tool",
    "program_command",
]

_TIMEOUT_S = 30.0
_GRACE_S = 1.0
_FOREIGN_KEYS = frozenset({"ASAN_OPTIONS", "LSAN_OPTIONS", "VALGRIND_OPTS", "PPROF_PATH"})


class Contender(Protocol):
    """Whoever can be asked about programs of one language."""

    @property
    def language(self) -> Language:
        """Whose cases it is asked."""

    @property
    def level(self) -> Level:
        """By which level of the cases it is judged."""

    def ask(self, case: Case) -> Answer:
        """Run one case and read the report."""


class Checker(Protocol):
    """The corpus, built for leakcheck; `tests.corpus.workshop` has both kinds."""

    def check(self, case: Case, level: Level) -> dict[str, Any]:
        """Give the JSON report of one case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leakcheck:
    """The checker of this repository at one level."""

    language: Language
    level: Level
    checker: Checker

    def ask(self, case: Case) -> Answer:
        """Check the case; what leakcheck refuses is no verdict."""
        started = time.monotonic()
        try:
            report = self.checker.check(case, self.level)
        except LeakcheckError as error:
            return Answer(amount=None, duration_s=time.monotonic() - started, remark=str(error))
        duration_s = time.monotonic() - started
        return answer_of_report(report, case.expected(self.level), duration_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """Another tool: `prefix` and `environment` put it around the program, `read` its report.

    `folder` holds the programs, built as the tool needs them; `sources` the Go packages, in
    which their tests run. It is judged by what is lost at normal: what only a reading of Go's
    types can tell is asked of nobody else.
    """

    language: Language
    folder: Path
    sources: Path
    read: Callable[[str], Amount | None]
    prefix: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    level: Level = Level.NORMAL

    def ask(self, case: Case) -> Answer:
        """Run the program under the tool."""
        completed = supervise(
            program_command(self, case),
            timeout_s=_TIMEOUT_S,
            on_output=None,
            dump_signal=signal.SIGTERM,
            grace_s=_GRACE_S,
        )
        return answer_of_tool(completed, self.read)


def program_command(anchor: Anchor, case: Case) -> Command:
    """Build the command that runs one case, as `go test` or a shell would start it."""
    if anchor.language is Language.GO:
        program, cwd = f"{case.program}.test", anchor.sources / case.program
        arguments: tuple[str, ...] = (f"-test.run=^{case.name}$",)
    else:
        program, cwd, arguments = case.program, anchor.folder, (case.name,)
    return Command(
        (*anchor.prefix, str(anchor.folder / program), *arguments),
        env=anchor_environment(os.environ.items(), anchor.environment),
        cwd=cwd,
    )


def anchor_environment(
    base: Any, added: tuple[tuple[str, str], ...]
) -> tuple[tuple[str, str], ...]:
    """Take options of all these tools out of `base`, and add those that the contender needs."""
    ours = {key.name for key in KEYS} | _FOREIGN_KEYS
    return (*((name, value) for name, value in base if name not in ours), *added)


def answer_of_tool(completed: Completed, read: Callable[[str], Amount | None]) -> Answer:
    """Read the report; a program that was killed or did not end has no verdict."""
    remark = ""
    if completed.timed_out:
        remark = "did not end"
    elif completed.returncode < 0:
        remark = f"ended by {signal_name(-completed.returncode)}"
    amount = None if remark else read(completed.stdout)
    if amount is None and not remark:
        remark = "no report"
    return Answer(amount=amount, duration_s=completed.duration_s, remark=remark)


def answer_of_report(
    report: dict[str, Any], expected: tuple[Found, ...], duration_s: float
) -> Answer:
    """Compare what leakcheck found in a case, function, kind and test included."""
    (run,) = report["runs"]
    if report["check"] == Check.NOT_CHECKED.value:
        return Answer(amount=None, duration_s=duration_s, remark=run["reason"] or "not checked")
    found = found_in(run)
    amount = Amount(sum(one.objects for one in found), sum(one.bytes for one in found))
    wrong = "" if found == joined(expected) else "; ".join(map(_described, found)) or "nothing"
    return Answer(amount=amount, duration_s=duration_s, remark=wrong)


def _described(one: Found) -> str:
    """`direct 101 bytes in 1 objects of leak_malloc in TestMalloc`."""
    where = f" in {one.test}" if one.test else ""
    return f"{one.kind} {Amount(one.objects, one.bytes)} of {one.function or '?'}{where}"
