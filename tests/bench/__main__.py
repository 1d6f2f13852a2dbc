"""`python -m tests.bench`: leakcheck, plain allocators and other tools on the same programs.

Ends with 1 if a run did not find what it should, 2 for options that cannot be met.
"""

from __future__ import annotations

import argparse
import datetime as dt
import itertools
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from leakcheck.errors import LeakcheckError, NotChecked
from leakcheck.process import Command, run
from leakcheck.settings import Settings
from tests.accuracy.document import read_versions
from tests.bench.contenders import Leakcheck, Tool
from tests.bench.contest import Contest
from tests.bench.document import describe_machine, render_document, render_growth, render_targets
from tests.bench.lineup import LINE_UP, enter
from tests.bench.meter import Meter
from tests.bench.records import render_json
from tests.bench.scaling import measure_growth, measure_reading, measure_start_up
from tests.bench.suites import Suites
from tests.bench.table import render_terminal
from tests.bench.targets import growth_targets, ratio_targets, reading_targets, start_up_target
from tests.bench.workbench import Workbench
from tests.bench.workloads import WORKLOADS
from tests.options import count

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.bench.contest import Cell
    from tests.bench.lineup import Entry
    from tests.bench.scaling import Growth
    from tests.bench.targets import Target

__all__ = ["main"]

DOCUMENT = Path(__file__).parents[2] / "docs" / "speed.md"
_PLOT = Path(__file__).with_name("plot.py")
_PLOT_TIMEOUT_S = 120.0
_WIDTH = 140  # of a pipe: no cell is cut


def main(argv: Sequence[str]) -> int:
    """Run it and give the exit code."""
    parser = _parser()
    options = parser.parse_args(argv)
    places = [one for one in LINE_UP if _is_chosen(one.name, options.contender)]
    workloads = [one for one in WORKLOADS if _is_chosen(one.name, options.workload)]
    if not places or not workloads:
        parser.error("nobody to measure, or nothing to do: see --contender, --workload")
    if options.write_docs and (options.short or options.contender or options.workload):
        parser.error("--write-docs writes all of it: without --short, --contender, --workload")
    with tempfile.TemporaryDirectory(prefix="leakcheck-bench-") as folder:
        settings = Settings(cache_dir=Path(folder) / "cache")
        bench = _workbench(Path(folder), settings, options)
        entries = enter(places, bench, settings)
        contest = Contest(
            rounds=1 if options.short else options.rounds,
            rounds_slow=1 if options.short else options.rounds_slow,
            is_short=options.short,
        )
        errors = Console(stderr=True)

        def say(text: str) -> None:
            errors.print(text, highlight=False)

        cells = contest.hold(entries, workloads, say)
        growth: tuple[Growth, ...] = ()
        targets: tuple[Target, ...] = ()
        if not options.short:
            growth, extra = _scaling(entries, options, say)
            targets = (*ratio_targets(cells), *extra)
        return _tell(cells, growth, targets, contest, options)


def _scaling(
    entries: Sequence[Entry], options: argparse.Namespace, say: Callable[[str], None]
) -> tuple[tuple[Growth, ...], tuple[Target, ...]]:
    """Measure what needs leakcheck and tcmalloc alone, where both take part."""
    by_name = {entry.name: entry.contender for entry in entries}
    ours, plain = by_name.get("leakcheck normal"), by_name.get("tcmalloc")
    if not isinstance(ours, Leakcheck) or not isinstance(plain, Tool) or options.workload:
        return (), ()
    growth = measure_growth(ours, plain, options.rounds, say)
    reading = measure_reading(ours, options.rounds, say)
    start_up = start_up_target(measure_start_up())
    return growth, (*growth_targets(growth), *reading_targets(reading), start_up)


def _tell(
    cells: Sequence[Cell],
    growth: Sequence[Growth],
    targets: Sequence[Target],
    contest: Contest,
    options: argparse.Namespace,
) -> int:
    """Print and write what is asked for; 1 if somebody did not find what it should."""
    console = Console(width=None if sys.stdout.isatty() else _WIDTH)
    for _, group in itertools.groupby(cells, key=lambda cell: cell.workload.name):
        console.print(render_terminal(tuple(group)))
    if targets:
        console.print(render_growth(growth), render_targets(targets), markup=False)
    about = _about()
    if options.json:
        options.json.write_text(render_json(cells, targets, about))
    if options.write_docs:
        today = dt.datetime.now(tz=dt.timezone.utc).date().isoformat()
        text = render_document(
            cells=cells, targets=targets, growth=growth, contest=contest, about=about, date=today
        )
        DOCUMENT.write_text(text)
    if options.plot_with:
        _draw(options.plot_with, render_json(cells, targets, about))
    wrong = [
        f"{cell.entry.name}, {cell.workload.name}: {cell.remark}" for cell in cells if cell.remark
    ]
    for text in wrong:
        console.print(text, markup=False, highlight=False, soft_wrap=True)
    return 1 if options.short and wrong else 0


def _draw(python: str, records: str) -> None:
    """Let the interpreter that has matplotlib draw the plot beside the document."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        file.write(records)
        file.flush()
        plot = DOCUMENT.with_suffix(".png")
        drawn = run(Command((python, str(_PLOT), file.name, str(plot))), timeout_s=_PLOT_TIMEOUT_S)
    if drawn.returncode != 0:
        raise NotChecked("the plot was not drawn", why=drawn.stderr.strip()[-300:])


def _about() -> dict[str, str]:
    cpuinfo = Path("/proc/cpuinfo").read_text()
    machine = describe_machine(cpuinfo, os.cpu_count() or 1)
    return {"machine": machine, **read_versions(Settings.from_mapping(os.environ))}


def _workbench(folder: Path, settings: Settings, options: argparse.Namespace) -> Workbench:
    return Workbench(
        suites=Suites(settings=settings, folder=folder),
        meter=Meter.build(folder),
        timeout_s=options.timeout,
    )


def _is_chosen(name: str, wanted: str) -> bool:
    """Match one of several comma-separated parts of a name; none wanted are all."""
    return any(part in name for part in wanted.split(","))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="nox -s bench --", description=__doc__)
    options: tuple[tuple[str, dict[str, Any]], ...] = (
        ("--rounds", {"type": count, "default": 5, "help": "runs of each workload (5)"}),
        ("--rounds-slow", {"type": count, "default": 1, "help": "the same for the slow ones (1)"}),
        ("--timeout", {"type": count, "default": 180, "help": "seconds for one run (180)"}),
        ("--contender", {"default": "", "metavar": "NAMES", "help": "parts of names, by comma"}),
        ("--workload", {"default": "", "metavar": "NAMES", "help": "likewise"}),
        ("--short", {"action": "store_true", "help": "little work, one round: does it all run?"}),
        ("--json", {"type": Path, "metavar": "FILE", "help": "write every run"}),
        ("--write-docs", {"action": "store_true", "help": "write docs/speed.md and its plot"}),
        ("--plot-with", {"metavar": "PYTHON", "help": argparse.SUPPRESS}),
    )
    for name, settings in options:
        parser.add_argument(name, **settings)
    return parser


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except LeakcheckError as error:
        sys.exit(f"{error}")
