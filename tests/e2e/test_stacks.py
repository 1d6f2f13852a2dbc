"""Allocation stacks are those of the allocation, however many paths lead to one place."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from leakcheck.errors import ExitCode
from leakcheck.model import Check, Level

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Checker

    from leakcheck.model import Leak

pytestmark = pytest.mark.e2e
DIGITS = {"straight": 0, "varying": 1, "aligned": 2}
DEPTH = 5
WAY_BYTES = {"first": 1000, "second": 2000}
with_frames_of_all_kinds = pytest.mark.parametrize(
    "flags", [("-O2",), ("-O2", "-fno-omit-frame-pointer"), ("-O0",)]
)


def path_of(leak: Leak) -> int:
    """Read the path that the size tells from the functions on the stack."""
    digits = [DIGITS[name] for frame in leak.stack if (name := frame.function) in DIGITS]
    assert len(digits) == DEPTH, leak.stack
    return sum(digit * 3**place for place, digit in enumerate(reversed(digits)))


@with_frames_of_all_kinds
def test_every_block_has_the_stack_of_its_own_path(
    checker: Checker, compiled: Callable[..., Path], flags: tuple[str, ...]
) -> None:
    report = checker.binary(compiled("paths.c", *flags), "40000", level=Level.STRICT)

    (run,) = report.runs
    lost = [leak for leak in run.leaks if leak.stack[0].function == "lose"]
    assert sum(leak.leaked_objects for leak in lost) == 40_000 * 5 + 2
    for leak in lost:
        assert leak.leaked_bytes == leak.leaked_objects * (16 + path_of(leak))
        assert {"main", "lose_many"} & {frame.function for frame in leak.stack}
    assert len({path_of(leak) for leak in lost}) == 3**DEPTH


@with_frames_of_all_kinds
@pytest.mark.parametrize("kind", ["varying", "saving", "aligned"])
def test_stacks_that_the_frame_pointer_alone_tells_apart_are_told_apart(
    checker: Checker, compiled: Callable[..., Path], kind: str, flags: tuple[str, ...]
) -> None:
    report = checker.binary(compiled("frames.c", *flags), kind, "20000", level=Level.STRICT)

    (run,) = report.runs
    lost = [leak for leak in run.leaks if leak.stack[0].function == "lose"]
    assert sum(leak.leaked_objects for leak in lost) == 20_000
    for leak in lost:
        (way,) = {frame.function for frame in leak.stack} & WAY_BYTES.keys()
        assert leak.leaked_bytes == leak.leaked_objects * WAY_BYTES[way], leak.stack


def test_a_table_that_would_pass_its_limit_gives_no_verdict(
    checker: Checker, compiled: Callable[..., Path]
) -> None:
    limited = replace(checker, settings=replace(checker.settings, max_blocks=5000))
    few = limited.binary(compiled("paths.c", "-O2"), "500")
    many = limited.binary(compiled("paths.c", "-O2"), "2000")

    assert few.check is Check.LEAKS
    (run,) = many.runs
    assert (many.exit_code, run.check) == (ExitCode.NOT_CHECKED, Check.NOT_CHECKED)
    assert "more than 5,000 blocks were in use at one time" in run.reason
    assert run.evidence.number("live_objects") <= 5500  # the parts of the table fill unevenly
    assert run.evidence.number("over_limit") >= 4500
