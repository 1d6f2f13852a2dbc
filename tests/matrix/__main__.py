"""`python -m tests.matrix`: other Go releases, gperftools, compilers and systems, really run.

Results are kept in a file, so that places can be asked one at a time. Ends with 1 if any answer
was wrong.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from leakcheck.settings import Settings
from tests.accuracy.document import read_versions
from tests.matrix.document import render_document
from tests.matrix.lineup import LINE_UP, arrive
from tests.matrix.outcome import ask, outcome_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.matrix.outcome import Outcome

__all__ = ["main"]

DOCUMENT = Path(__file__).parents[2] / "docs" / "compatibility.md"
FOLDER = Path("~/.cache/leakcheck/matrix").expanduser()


def main(argv: Sequence[str]) -> int:
    """Run it and give the exit code."""
    options = _parser().parse_args(argv)
    options.folder.mkdir(parents=True, exist_ok=True)
    kept = options.folder / "outcomes.json"
    for entry in LINE_UP:
        if options.only in entry.key:
            _say(f"{entry.key} …")
            outcome = ask(arrive(entry, options.folder), key=entry.key, date=_today())
            _tell(outcome)
            kept.write_text(_render({**_read(kept), entry.key: outcome}))
    known = _read(kept)
    outcomes = [known[entry.key] for entry in LINE_UP if entry.key in known]
    if options.write_docs:
        DOCUMENT.write_text(render_document(outcomes, machine=_machine(options.folder)))
    return 0 if all(outcome.is_right for outcome in outcomes) else 1


def _read(kept: Path) -> dict[str, Outcome]:
    """Read what is known, by key."""
    if not kept.exists():
        return {}
    return {one["key"]: outcome_of(one) for one in json.loads(kept.read_text())}


def _render(outcomes: Mapping[str, Outcome]) -> str:
    return json.dumps([one.as_json() for one in outcomes.values()], indent=1) + "\n"


def _tell(outcome: Outcome) -> None:
    if outcome.absence:
        _say(f"   not tested: {outcome.absence}")
    for answer in outcome.answers:
        _say(f"   {answer.label}: {'' if answer.is_right else 'WRONG '}{answer.said}")


def _machine(folder: Path) -> str:
    versions = read_versions(Settings(cache_dir=folder))
    return ", ".join(
        f"{name} {version}" for name, version in versions.items() if name != "valgrind"
    )


def _today() -> str:
    return dt.datetime.now(tz=dt.timezone.utc).date().isoformat()


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="nox -s matrix --", description=__doc__)
    parser.add_argument("--only", default="", metavar="TEXT", help="places with TEXT in their name")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="what is built and found out")
    parser.add_argument("--write-docs", action="store_true", help="write docs/compatibility.md")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
