"""Runs cases many times and counts what was found: `python -m tests.corpus --repeat 20 TestMap`.

Prints one line for each case and level that was not right every time, then a summary.
"""

from __future__ import annotations

import argparse
import itertools
import re
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from leakcheck.model import Level
from leakcheck.settings import Settings, load_environment
from leakcheck.toolchain.discovery import find_go
from tests.corpus.case import amounts, joined
from tests.corpus.ccases import C_CASES
from tests.corpus.findings import found_in
from tests.corpus.gocases import GO_CASES
from tests.corpus.shortfalls import shortfall_of
from tests.corpus.workshop import CPrograms, GoTests

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.corpus.case import Case, Found

Answer = tuple[str, tuple["Found", ...]]


def main(argv: Sequence[str] | None = None) -> int:
    """Run it; 1 if anything was wrong once."""
    parser = argparse.ArgumentParser(prog="python -m tests.corpus", description=__doc__)
    parser.add_argument("cases", nargs="?", default="", help="regular expression")
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--level", action="append", choices=[level.value for level in Level])
    options = parser.parse_args(argv)
    levels = [Level(name) for name in options.level or ("normal", "strict")]
    settings = Settings.from_mapping(load_environment(Path.cwd()))
    version = find_go(settings).version[:2]
    go_cases, c_cases = (
        [
            case
            for case in cases
            if case.is_checked and case.since <= version and re.search(options.cases, str(case))
        ]
        for cases in (GO_CASES, C_CASES)
    )
    wrong = known = 0
    with tempfile.TemporaryDirectory() as folder:
        for cases, kind in ((go_cases, GoTests), (c_cases, CPrograms)):
            if not cases:
                continue
            place = Path(folder) / kind.__name__
            place.mkdir()
            bench = kind.build(settings, place)
            for case, level in itertools.product(cases, levels):
                times = show(case, level, ask(bench, case, level, options.repeat))
                known += times if shortfall_of(case, level) else 0
                wrong += 0 if shortfall_of(case, level) else times
    total = (len(go_cases) + len(c_cases)) * len(levels) * options.repeat
    print(f"{total} runs, {wrong} wrong{f', and {known} as is known' if known else ''}")  # noqa: T201
    return 1 if wrong else 0


def ask(bench: GoTests | CPrograms, case: Case, level: Level, repeat: int) -> Counter[Answer]:
    """Run a case so many times; how often each answer came."""
    answers: Counter[Answer] = Counter()
    for _ in range(repeat):
        (run,) = bench.check(case, level)["runs"]
        answers[run["reason"], found_in(run)] += 1
    return answers


def is_right(case: Case, level: Level, answer: Answer) -> bool:
    """Tell whether that is what must be found."""
    reason, found = answer
    if level is Level.DRACONIAN:
        return not reason and amounts(case.draconian) <= amounts(found)
    return not reason and found == joined(case.expected(level))


def show(case: Case, level: Level, answers: Mapping[Answer, int]) -> int:
    """Print the wrong answers; how many runs gave one."""
    wrong = {
        answer: times for answer, times in answers.items() if not is_right(case, level, answer)
    }
    for (reason, found), times in wrong.items():
        text = "; ".join(
            f"{one.kind} {one.objects}x{one.bytes} {one.function} {one.test}" for one in found
        )
        print(f"{case} {level.value}: {times} times {reason or text or 'nothing'}")  # noqa: T201
    sys.stdout.flush()
    return sum(wrong.values())


if __name__ == "__main__":
    sys.exit(main())
