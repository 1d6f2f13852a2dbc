"""The table, for the terminal and as Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

from tests.accuracy.score import tally

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.accuracy.contest import Line

__all__ = ["COLUMNS", "cells", "render_markdown", "render_terminal"]

COLUMNS = (
    "contender",
    "programs",
    "leaks found",
    "exact",
    "false alarms",
    "no verdict",
    "median time",
)
_FIRST_NUMBER = 2


def cells(line: Line) -> tuple[str, ...]:
    """One row; a column that has no meaning for it is a dash."""
    entry = line.entry
    if entry.contender is None:
        absent = f"not on this machine: {entry.absence}"
        return (entry.name, entry.language.value, absent, "-", "-", "-", "-")
    if not line.records:
        return (entry.name, entry.language.value, "no such case", "-", "-", "-", "-")
    score = tally(line.records)
    return (
        entry.name,
        entry.language.value,
        f"{score.found}/{score.leaks}",
        f"{score.exact}/{score.leaks}",
        f"{score.false_alarms}/{score.keeps}",
        f"{score.silent}/{score.leaks + score.keeps}",
        f"{score.median_s:.2f} s",
    )


def render_terminal(lines: Iterable[Line]) -> Table:
    """Rows in the order given."""
    table = Table(*COLUMNS[:_FIRST_NUMBER])
    for name in COLUMNS[_FIRST_NUMBER:]:
        table.add_column(name, justify="right")
    for line in lines:
        table.add_row(*cells(line))
    return table


def render_markdown(lines: Iterable[Line]) -> str:
    """The same rows; ends with a newline."""
    rule = ("---",) * _FIRST_NUMBER + ("--:",) * (len(COLUMNS) - _FIRST_NUMBER)
    rows = (COLUMNS, rule, *(_marked(cells(line)) for line in lines))
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _marked(row: tuple[str, ...]) -> tuple[str, ...]:
    name, *others = (text.replace("|", "\\|").replace("\n", " ") for text in row)
    return (f"`{name}`", *others)
