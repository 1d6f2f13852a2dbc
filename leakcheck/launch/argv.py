"""The arguments of a Go test binary, as `go test` passes them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from leakcheck.launch.duration import render_duration

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = [
    "MARKED_OUTPUT",
    "NO_TEST_PATTERN",
    "go_test_argv",
    "isolated_argv",
    "isolated_test",
]

MARKED_OUTPUT = "-test.v=test2json"
"""Makes package testing name each test, and mark the lines that are its own."""


NO_TEST_PATTERN = "^$"
"""Matches no test: the program starts, runs `TestMain` if there is one, and ends."""

COUNT = "-test.count"

_ALWAYS = "-test.paniconexit0"
_ISOLATED = re.compile(r"-test\.run=\^(\w*)\$(?:/.*|\|.*)?", re.DOTALL)


def go_test_argv(  # noqa: PLR0913 - all that go test passes on, all by name
    binary: Path,
    *,
    test: str | None = None,
    timeout_s: float,
    verbose: bool = False,
    marked: bool = False,
    repeat: int = 1,
) -> tuple[str, ...]:
    """Build `BINARY -test.paniconexit0 -test.timeout=30m0s` and what the user asked for.

    `test` is a regular expression as `go test -run` takes it. With `-test.timeout` Go itself
    dumps all goroutines when the time is over; 0 means no limit. With `marked` each test is named
    for `leakcheck.testlog` to read. `repeat` runs all tests so many times, one run after the other.
    """
    options = [_ALWAYS, f"-test.timeout={render_duration(timeout_s)}"]
    if marked:
        options.append(MARKED_OUTPUT)
    elif verbose:
        options.append("-test.v=true")
    if repeat > 1:
        options.append(f"{COUNT}={repeat}")
    if test is not None:
        options.append(f"-test.run={test}")
    return (str(binary), *options)


def once_argv(argv: Sequence[str]) -> tuple[str, ...]:
    """Leave out what makes the tests run more than once."""
    return tuple(word for word in argv if not word.startswith(f"{COUNT}="))


def isolated_argv(argv: Sequence[str], pattern: str) -> tuple[str, ...]:
    """Narrow what `go_test_argv` built, without `test`, to one test or to NO_TEST_PATTERN.

    The pattern comes first, which is how `isolated_test` knows the result again.
    """
    return (argv[0], f"-test.run={pattern}", *argv[1:])


def isolated_test(argv: Sequence[str]) -> str | None:
    """Name the one test that `isolated_argv` let run, "" for none; None for any other argv."""
    found = _ISOLATED.fullmatch(argv[1]) if _ALWAYS in argv[2:3] else None
    return found[1] if found else None
