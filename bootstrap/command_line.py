"""Options and exit codes of the set-up; the only place that catches its errors."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from bootstrap.environment import Checkout
from bootstrap.errors import SetupError, render_error
from bootstrap.progress import show_step
from bootstrap.steps import set_up

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]

OK = 0
NOT_SET_UP = 2
INTERRUPTED = 130


def main(argv: Sequence[str]) -> int:
    """Set up the checkout this package lies in; returns the exit code."""
    options = _parser().parse_args(argv)
    checkout = Checkout(root=Path(__file__).resolve().parent.parent)
    try:
        changed = set_up(checkout, for_tests=options.tests, keep_going=options.keep_going)
    except SetupError as error:
        sys.stderr.write(render_error(error))
        return NOT_SET_UP
    except KeyboardInterrupt:
        show_step("Interrupted", "type `make setup` to go on")
        return INTERRUPTED
    if not changed and not options.quiet:
        show_step("Ready", "nothing to do, .venv is up to date")
    return OK


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python3 -m bootstrap", description=__doc__)
    parser.add_argument("--quiet", action="store_true", help="say nothing when all is there")
    parser.add_argument("--tests", action="store_true", help="also what the tests need: g++")
    parser.add_argument(
        "--keep-going",
        action="store_true",
        help="go on when system packages are missing and may not be installed",
    )
    return parser
