"""docs/compatibility.md: what was run where, and what was not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.matrix.place import Axis

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.matrix.outcome import Outcome

__all__ = ["render_document"]

_DOCUMENT = """\
# Compatibility

Written by `nox -s matrix -- --write-docs`. Each row was really run on its date, on Linux on x86-64:
the cases of the labelled corpus (`tests/corpus/`) at levels normal and strict, each with a known
amount that is lost or held, and the bundled example with its planted leaks. *N runs, 0 wrong* means
that the kind, the function, the test, the objects and the bytes were right in every one; cases
that are known to go wrong (`tests/corpus/shortfalls.py`) are not counted.

Where a row names no other, the machine is {machine}.
{tables}
## Not tested

{absent}- **Linux on arm64**: the code is there and was run under an emulator alone, never on such a
  processor: [what was run](agent.md#processors).
- Other distributions than Debian.
- musl (Alpine) is not supported: the agent needs glibc.
- Go 1.20 and older are not supported.

## Not supported

- **Every processor but x86-64 and arm64**: the agent patches code, and its stack walk and raw
  system calls are written for these two; it refuses to compile elsewhere.
- **macOS**: use `leaks --atExit -- PROGRAM` (Xcode), or run leakcheck in a Linux x86-64 container.
- **Windows**: use WSL 2, where leakcheck runs as on any Linux.

On all of these every task ends with *not checked* and exit code 2.
"""


def render_document(outcomes: Sequence[Outcome], *, machine: str) -> str:
    """Write the whole page."""
    asked = [outcome for outcome in outcomes if not outcome.absence]
    absent = [outcome for outcome in outcomes if outcome.absence]
    return _DOCUMENT.format(
        machine=machine,
        tables="".join(_table(axis, asked) for axis in Axis),
        absent="".join(
            f"- {outcome.axis} {outcome.place}: {_cell(outcome.absence)}\n" for outcome in absent
        ),
    )


def _table(axis: Axis, outcomes: Sequence[Outcome]) -> str:
    rows = [outcome for outcome in outcomes if outcome.axis == axis.value]
    if not rows:
        return ""
    lines = "".join(f"| {row.place} | {row.date} | {_answers(row)} |\n" for row in rows)
    return f"\n## {axis.value}\n\n| | run on | answers |\n|---|---|---|\n{lines}"


def _answers(outcome: Outcome) -> str:
    return "; ".join(
        f"{answer.label}: {'' if answer.is_right else '**wrong** '}{_cell(answer.said)}"
        for answer in outcome.answers
    )


def _cell(text: str) -> str:
    """Keep a table's cell in one line."""
    return " ".join(text.replace("|", "\\|").split())
