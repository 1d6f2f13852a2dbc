"""The tables, for the terminal and as Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tests.bench.contest import Cell

__all__ = ["COLUMNS", "as_markdown", "cells", "render_terminal", "render_workload"]

COLUMNS = (
    "contender",
    "wall",
    "CPU",
    "to tcmalloc",
    "peak memory",
    "tests' end to verdict",
    "found",
)
_BASE = "tcmalloc"


def cells(cell: Cell, base: Cell | None) -> tuple[str, ...]:
    """One row; a column that has no meaning for it is a dash."""
    wall_s = cell.median(lambda one: one.wall_s)
    cpu_s = cell.median(lambda one: one.cpu_s)
    peak_kib = cell.median(lambda one: one.peak_kib)
    base_s = base.median(lambda one: one.cpu_s) if base else None
    ratio = f"{cpu_s / base_s:.1f}x" if cpu_s is not None and base_s else "-"
    return (
        cell.entry.name,
        _seconds(wall_s),
        _seconds(cpu_s),
        ratio,
        "-" if peak_kib is None else f"{peak_kib / 1024:.0f} MB",
        _seconds(cell.verdict_s()),
        _found(cell),
    )


def render_terminal(of_workload: Sequence[Cell]) -> Table:
    """All contenders on one workload, in the order given."""
    table = Table(title=of_workload[0].workload.title, title_justify="left")
    table.add_column(COLUMNS[0])
    for name in COLUMNS[1:]:
        table.add_column(name, justify="right")
    for row in _rows(of_workload):
        table.add_row(*row)
    return table


def render_workload(of_workload: Sequence[Cell]) -> str:
    """The same as Markdown, with the title above; ends with a newline."""
    rows = [(f"`{row[0]}`", *row[1:]) for row in _rows(of_workload)]
    workload = of_workload[0].workload
    return f"### {workload.name}: {workload.title}\n\n{as_markdown(COLUMNS, rows)}"


def as_markdown(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table whose first column is text, the others numbers."""
    rule = ("---", *("--:" for _ in columns[1:]))
    lines = (columns, rule, *rows)
    return "".join(f"| {' | '.join(map(_escaped, line))} |\n" for line in lines)


def _rows(of_workload: Sequence[Cell]) -> list[tuple[str, ...]]:
    base = next((cell for cell in of_workload if cell.entry.name == _BASE), None)
    return [cells(cell, base) for cell in of_workload]


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f} s"


def _found(cell: Cell) -> str:
    if cell.remark:
        return cell.remark
    said = next((one.said for one in cell.samples if one.said is not None), None)
    return "-" if said is None else f"{said.objects} blocks"
