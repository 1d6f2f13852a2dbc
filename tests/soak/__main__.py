"""`python -m tests.soak --runs 10000`: no hang and no wrong count, however often.

Ends with 1 if any run was wrong, 2 when it cannot begin.
"""

from __future__ import annotations

import argparse
import datetime as dt
import functools
import platform
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from leakcheck.build.gocommand import ask_go
from leakcheck.build.gopackages import find_packages
from leakcheck.build.gotest import GoBuild, build_test_binary
from leakcheck.demo import parse_planted
from leakcheck.errors import LeakcheckError
from leakcheck.example import find_example
from leakcheck.launch.program import Options, package_program
from leakcheck.model import Level
from leakcheck.observation import observe_unannounced, program_environment, set_up
from leakcheck.parallel import core_count, run_parallel
from leakcheck.settings import Settings
from leakcheck.toolchain.discovery import find_go
from tests.soak.document import render_document, render_summary
from tests.soak.trial import Outcome, level_of, tallied, wrong_with
from tests.soak.unheard import Unheard
from tests.soak.watchdog import watch

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from leakcheck.demo import Planted
    from leakcheck.launch.program import Program
    from leakcheck.observation import Bench

__all__ = ["main"]

DOCUMENT = Path(__file__).parents[2] / "docs" / "soak.md"
_LIMIT_S = 60.0
_TELL_AFTER_S = 45.0
_TELL_EVERY = 100


def main(argv: Sequence[str]) -> int:
    """Run it and give the exit code."""
    options = _parser().parse_args(argv)
    console = Console(stderr=True, highlight=False)
    with tempfile.TemporaryDirectory(prefix="leakcheck-soak-") as folder:
        settings = Settings(cache_dir=Path(folder) / "cache")
        program, planted = _build(Path(folder), settings)
        benches = {level: set_up(level, settings, Unheard()) for level in Level}
        with watch(_TELL_AFTER_S, console.print):
            outcomes = _run_all(program, benches, planted, options, console)
    tallies = tallied(outcomes)
    sys.stdout.write(render_summary(tallies) + "\n")
    if options.write_docs:
        kernel = platform.release().partition("-")[0]
        machine = f"{core_count()} cores, Linux {kernel}, glibc {platform.libc_ver()[1]}"
        date = dt.datetime.now(tz=dt.timezone.utc).date().isoformat()
        text = render_document(tallies, date=date, machine=machine, limit_s=_LIMIT_S)
        DOCUMENT.write_text(text, encoding="utf-8")
    return 1 if any(tally.wrong for tally in tallies) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="nox -s soak --", description=__doc__)
    parser.add_argument("--runs", type=int, default=300, help="how many runs, over all levels")
    parser.add_argument("--at-once", type=int, default=core_count(), help="processes at a time")
    parser.add_argument("--write-docs", action="store_true", help="renew docs/soak.md")
    return parser


def _build(folder: Path, settings: Settings) -> tuple[Program, tuple[Planted, ...]]:
    """Build the demo's test binary once."""
    example = find_example()
    go = find_go(settings).path
    environment = ask_go(go, project=example)
    (package,) = find_packages(go, ".", project=example, flags=())
    build = GoBuild(go=go, project=example, environment=environment, flags=())
    program = package_program(
        package,
        build_test_binary(package, folder, build),
        Options(timeout_s=_LIMIT_S),
        goroot=environment.goroot,
        environment=program_environment(settings),
    )
    return program, parse_planted((example / "planted.json").read_text(encoding="utf-8"))


def _run_all(
    program: Program,
    benches: Mapping[Level, Bench],
    planted: tuple[Planted, ...],
    options: argparse.Namespace,
    console: Console,
) -> tuple[Outcome, ...]:
    ended = 0

    def tell(number: int, outcome: Outcome) -> None:
        nonlocal ended
        ended += 1
        if outcome.wrong:
            console.print(f"run {number} at {outcome.level.value}: {outcome.wrong}")
        if ended % _TELL_EVERY == 0:
            console.print(f"{ended} of {options.runs}")

    jobs = [
        functools.partial(_run_one, program, benches[level_of(number)], planted)
        for number in range(options.runs)
    ]
    return run_parallel(jobs, at_once=options.at_once, on_end=tell)


def _run_one(program: Program, bench: Bench, planted: tuple[Planted, ...]) -> Outcome:
    run = observe_unannounced(program, bench)
    wrong = wrong_with(run, bench.level, planted)
    return Outcome(level=bench.level, wrong=wrong, duration_s=run.duration_s)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except LeakcheckError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(error.exit_code)
