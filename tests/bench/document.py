"""docs/speed.md: the tables with their date and machine, the targets, and what was looked into."""

from __future__ import annotations

import itertools
import os
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.table import as_markdown, render_workload

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.bench.contest import Cell, Contest
    from tests.bench.scaling import Growth
    from tests.bench.targets import Target

__all__ = ["describe_machine", "render_document", "render_growth", "render_targets"]

_NOTES = Path(__file__).with_name("notes.md")
_DOCUMENT = """\
# Speed

Written by `nox -s bench -- --write-docs` on {date}. Numbers are of this day and machine.

{about}
All contenders ran by turns in one go: {rounds} rounds, {rounds_slow} of those that are slow.
Numbers are medians. CPU is processor time in user and kernel, of the program and of what it waited
for: on a machine that does other work too it says more than the wall clock. Peak memory is that of
the largest process. *Tests' end to verdict* is from the last test to the verdict, stacks named.

![Processor time of all contenders](speed.png)

## Targets

{targets}
## Workloads

{workloads}
## Blocks in use at the end

{growth}
{notes}"""


def render_document(  # noqa: PLR0913 - all that a run gave, by name
    *,
    cells: Sequence[Cell],
    targets: Sequence[Target],
    growth: Sequence[Growth],
    contest: Contest,
    about: Mapping[str, str],
    date: str,
) -> str:
    """The whole page."""
    grouped = itertools.groupby(cells, key=lambda cell: cell.workload.name)
    return _DOCUMENT.format(
        date=date,
        about="".join(f"- {name}: {text}\n" for name, text in about.items()),
        rounds=contest.rounds,
        rounds_slow=contest.rounds_slow,
        targets=render_targets(targets),
        workloads="\n".join(render_workload(tuple(group)) for _, group in grouped),
        growth=render_growth(growth),
        notes=_NOTES.read_text(),
    )


def render_targets(targets: Sequence[Target]) -> str:
    """One line each; ends with a newline."""
    rows = [
        (
            target.name,
            f"{'≥' if target.is_least else '≤'} {target.bound:g} {target.unit}",
            f"{target.value:.2f} {target.unit}",
            "met" if target.is_met else "**missed**",
        )
        for target in targets
    ]
    return as_markdown(("what", "target", "measured", ""), rows)


def render_growth(growth: Sequence[Growth]) -> str:
    """One line for each number of blocks; ends with a newline."""
    rows = [
        (
            f"{one.blocks:,}",
            f"{one.check_s:.3f} s",
            f"{one.verdict_s:.2f} s",
            f"{one.block_bytes:.0f} bytes",
        )
        for one in growth
    ]
    return as_markdown(("blocks", "check", "tests' end to verdict", "memory for each"), rows)


def describe_machine(cpuinfo: str, cpu_count: int) -> str:
    """Read `model name : AMD EPYC` of /proc/cpuinfo."""
    for line in cpuinfo.splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return f"{value.strip()}, {cpu_count} cores, load {os.getloadavg()[0]:.1f}"
    return f"{cpu_count} cores"
