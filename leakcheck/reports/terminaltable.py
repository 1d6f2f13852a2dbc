"""The table of several runs, one row each, in columns as wide as they need to be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from leakcheck.reports.labels import CHECK_STYLE, labelled
from leakcheck.reports.sites import unaccepted
from leakcheck.reports.wording import amount, printable, test_column, totals, words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from leakcheck.model import Run

__all__ = ["COLUMNS", "needed_columns", "table_lines", "table_row"]

COLUMNS = ("Package", "Test", "Tests", "Check", "Leaked")


def table_lines(runs: Sequence[Run]) -> Iterator[Text]:
    """Write the headline and a row for each run."""
    rows = [COLUMNS, *map(table_row, runs)]
    needed = needed_columns(rows[1:])
    widths = [max(len(row[column]) for row in rows) for column in needed]
    for index, row in enumerate(rows):
        told = zip((row[column] for column in needed), widths, strict=True)
        cells = "  ".join(word.ljust(width) for word, width in told)
        style = CHECK_STYLE[runs[index - 1].check] if index else "bold"
        yield labelled("", Text(cells.rstrip(), style))
    yield Text()


def needed_columns(rows: Sequence[tuple[str, ...]]) -> tuple[int, ...]:
    """Leave out the package where all are of one and each has its test, and tests without names."""
    packages, tests = ([row[column] for row in rows] for column in (0, 1))
    if not any(tests):
        return (0, 2, 3, 4)
    return (1, 2, 3, 4) if all(tests) and len(set(packages)) == 1 else (0, 1, 2, 3, 4)


def table_row(run: Run) -> tuple[str, str, str, str, str]:
    """Sum one run up in words."""
    size, objects = totals(unaccepted(run.leaks))
    leaked = amount(size, objects) if objects else "-"
    name = printable(run.package or run.binary)
    return name, test_column(run), words(run.tests.value), words(run.check.value), leaked
