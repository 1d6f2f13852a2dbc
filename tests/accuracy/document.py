"""docs/accuracy.md: the table with its date, what it was measured with, and how it is counted."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

from leakcheck.errors import LeakcheckError
from leakcheck.process import Command, run
from leakcheck.toolchain.discovery import find_cc, find_go, list_tcmallocs
from leakcheck.toolchain.machine import read_machine
from tests.accuracy.answer import Language
from tests.accuracy.contest import cases_of
from tests.accuracy.table import render_markdown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from leakcheck.settings import Settings
    from tests.accuracy.contest import Contest, Line

__all__ = ["parse_valgrind_version", "read_versions", "render_document"]

_VALGRIND = re.compile(r"valgrind-(\d+(?:\.\d+)+)")
_TIMEOUT_S = 30.0

_DOCUMENT = """\
# Accuracy

Written by `nox -s accuracy -- --write-docs` on {date}. Numbers are of this day and machine.

{versions}
The labelled corpus (`tests/corpus/`) has {go_cases} cases in Go and {c_cases} in C and C++: each is
one run of a real program that loses a known amount, or holds all of it. leakcheck and the fast
tools were asked {repeat} a case, the slow ones {repeat_slow}.

{table}
{verdict}
## How it is counted

- All numbers are runs. *Leaks found*: in a run that loses memory, the tool reports something.
  *Exact*: it reports just the objects and bytes that are lost, direct and indirect together;
  of leakcheck the kind, the function and the test of each leak must be right too. *False alarms*:
  in a run that loses nothing, it reports something. *No verdict*: it said neither.
- leakcheck is judged at each level by what the level promises (docs/agent.md, "Levels"). Other
  tools are judged by `normal`. What is lost only while exit handlers run is asked of leakcheck
  alone, as it depends on when a tool looks. `system-call` (a program that nobody can
  observe leaving) is not asked: the tests of the corpus see to it that it is not called clean.
- valgrind: definitely and indirectly lost. `go test -asan` and `-fsanitize=leak`: the summary.
  `HEAPCHECK`: the verdict on `_main_`. Programs are built with what each tool needs, run one case
  a process with a limit of 30 s, {jobs} at a time. A tool that needs more than three minutes to go
  once through all cases is not asked the rest, which counts as no verdict.
- *Median time* is from the start of a program to its report, without builds and without the
  start of Python; for leakcheck with the reading of debug information.

## Why others differ

Looked up in single runs, with the versions of November 2026:

- HEAPCHECK has no verdict on Go: a Go program leaves without running exit handlers, where the
  checker would look. Its false alarm there is the report of a C compiler that a test started, and
  that inherited the switch.
- `go test -asan` counts everything in Go's memory as held, collected or not; valgrind too.
- In `heldobjects-deque`, `heldobjects-vector-of-pointers` and `objects-erased-from-map` a global
  container of plain pointers is destroyed before the other tools look: what they report was held
  until then.
- Sanitizers count a block of no bytes as one byte, and `memalign` and its like are rounded up in
  what tcmalloc tells HEAPCHECK.

`nox -s accuracy` prints the table; `-- --repeat 20` asks more often, `-- --only NAME` only cases
with NAME in their name, `-- --contender NAME` only some tools, `-- --json FILE` writes every run.
"""


def render_document(
    lines: Sequence[Line],
    wrong: Sequence[str],
    contest: Contest,
    *,
    versions: Mapping[str, str],
    date: str,
) -> str:
    """The whole page; `wrong` is what leakcheck got wrong."""
    go_cases, c_cases = (len(cases_of(one, "", contest.go_version)) for one in Language)
    return _DOCUMENT.format(
        date=date,
        versions="".join(f"- {name}: {version}\n" for name, version in versions.items()),
        go_cases=go_cases,
        c_cases=c_cases,
        repeat=_times(contest.repeat),
        repeat_slow=_times(contest.repeat_slow),
        jobs=contest.jobs,
        table=render_markdown(lines),
        verdict=_verdict(wrong),
    )


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def _verdict(wrong: Sequence[str]) -> str:
    if not wrong:
        return "leakcheck had no miss, no false alarm, and no wrong amount.\n"
    return "What leakcheck got wrong:\n\n" + "".join(f"- {text}\n" for text in wrong)


def read_versions(settings: Settings) -> dict[str, str]:
    """What the numbers depend on, "not on this machine" where it is missing."""
    questions: dict[str, Callable[[], str]] = {
        "Go": lambda: find_go(settings).version_text,
        "C compiler": lambda: find_cc().version,
        "tcmalloc": _tcmallocs,
        "valgrind": _valgrind,
        "kernel": _kernel,
        "C library": lambda: read_machine().libc,
    }
    return {name: _answered(ask) or "not on this machine" for name, ask in questions.items()}


def _kernel() -> str:
    version, _, _ = read_machine().kernel.partition("-")  # what a distribution adds says nothing
    return version


def parse_valgrind_version(output: str) -> str:
    """Read `valgrind-3.19.0`; "" where the output is something else."""
    match = _VALGRIND.search(output)
    return match[1] if match else ""


def _answered(ask: Callable[[], str]) -> str:
    try:
        return ask()
    except LeakcheckError:
        return ""


def _tcmallocs() -> str:
    return ", ".join(
        f"{library.path.name} {library.version or 'of unknown version'}"
        for library in list_tcmallocs()
    )


def _valgrind() -> str:
    path = shutil.which("valgrind")
    if path is None:
        return ""
    return parse_valgrind_version(run(Command((path, "--version")), timeout_s=_TIMEOUT_S).stdout)
