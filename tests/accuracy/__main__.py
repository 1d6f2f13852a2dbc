"""`python -m tests.accuracy`: the whole corpus, leakcheck and everybody else, one table.

Ends with 1 if leakcheck was wrong in any run, 2 for options that cannot be met.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from leakcheck.errors import LeakcheckError
from leakcheck.settings import Settings
from leakcheck.toolchain.discovery import find_go
from tests.accuracy.answer import Language
from tests.accuracy.contest import Contest, cases_of
from tests.accuracy.document import read_versions, render_document
from tests.accuracy.lineup import LINE_UP, Workshop, enter
from tests.accuracy.records import render_json
from tests.accuracy.score import shortcomings
from tests.accuracy.table import render_terminal
from tests.options import count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.accuracy.contest import Line

__all__ = ["main"]

DOCUMENT = Path(__file__).parents[2] / "docs" / "accuracy.md"
_WIDTH = 120  # of a pipe: no cell is cut


def main(argv: Sequence[str]) -> int:
    """Run it and give the exit code."""
    parser = _parser()
    options = parser.parse_args(argv)
    places = [place for place in LINE_UP if options.contender in place.name]
    if not places:
        parser.error(f"no contender has {options.contender!r} in its name")
    if options.write_docs and (options.only or options.contender):
        parser.error("--write-docs writes the whole table, without --only and --contender")
    with tempfile.TemporaryDirectory(prefix="leakcheck-accuracy-") as folder:
        settings = Settings(cache_dir=Path(folder) / "cache")
        contest = _contest(options, settings)
        if not any(cases_of(language, options.only, contest.go_version) for language in Language):
            parser.error(f"no case has {options.only!r} in its name")
        errors = Console(stderr=True)
        errors.print("Building the corpus")
        entries = enter(places, Workshop(settings=settings, folder=Path(folder)))
        lines = contest.hold(entries, lambda text: errors.print(f"Asking {text}", highlight=False))
        return _tell(lines, contest, options, settings)


def _tell(
    lines: tuple[Line, ...], contest: Contest, options: argparse.Namespace, settings: Settings
) -> int:
    """Print and write what is asked for; 1 if leakcheck was wrong."""
    wrong = shortcomings(lines)
    console = Console(width=None if sys.stdout.isatty() else _WIDTH)
    console.print(render_terminal(lines))
    for text in wrong:
        console.print(text, markup=False, highlight=False, soft_wrap=True)
    if options.json:
        options.json.write_text(render_json(lines))
    if options.write_docs:
        today = dt.datetime.now(tz=dt.timezone.utc).date().isoformat()
        versions = read_versions(settings)
        DOCUMENT.write_text(render_document(lines, wrong, contest, versions=versions, date=today))
    return 1 if wrong else 0


def _contest(options: argparse.Namespace, settings: Settings) -> Contest:
    return Contest(
        repeat=options.repeat,
        repeat_slow=options.repeat_slow,
        jobs=options.jobs,
        only=options.only,
        go_version=find_go(settings).version,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="nox -s accuracy --", description=__doc__)
    parser.add_argument("--repeat", type=count, default=2, help="runs of each case (2)")
    parser.add_argument(
        "--repeat-slow", type=count, default=1, help="the same for -asan and valgrind (1)"
    )
    parser.add_argument("--jobs", type=count, default=os.cpu_count() or 1, help="runs at a time")
    parser.add_argument("--only", default="", metavar="NAME", help="cases with NAME in their name")
    parser.add_argument("--contender", default="", metavar="NAME", help="likewise for contenders")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every run")
    parser.add_argument("--write-docs", action="store_true", help="write docs/accuracy.md")
    return parser


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except LeakcheckError as error:
        sys.exit(f"{error}")
