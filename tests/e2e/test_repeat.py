"""Tests that run several times in one process: what grows, and what was allocated once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from conftest import PROJECTS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import ConsoleScript

pytestmark = pytest.mark.e2e

PROJECT = str(PROJECTS / "gorepeat")


@pytest.mark.parametrize("isolation", [(), ("--isolate",)], ids=["together", "isolated"])
def test_each_leak_says_whether_it_grows(
    leakcheck: ConsoleScript, isolation: tuple[str, ...]
) -> None:
    words = ("leak", "--project", PROJECT, "--repeat", "4", "--json", "out.json", *isolation)
    ended = leakcheck(*words)

    assert ended.exit_code == 1, ended.err
    leaks = [leak for run in leakcheck.json("out.json")["runs"] for leak in run["leaks"]]
    assert {
        (leak["test"], leak["objects"], leak["growth"], leak["objects_per_run"]) for leak in leaks
    } == {("TestEach", 8, "per_run", 2.0), ("TestOnce", 4, "once", None)}
    assert "Growth 2 objects a run\n" in ended.out
    assert "Growth none, allocated once\n" in ended.out


def test_a_program_that_is_no_go_test_cannot_be_repeated(
    leakcheck: ConsoleScript, compiled: Callable[..., Path]
) -> None:
    ended = leakcheck("leak", "--binary", str(compiled("leak.c")), "--repeat", "2")

    assert ended.exit_code == 2
    assert "it is not a Go test binary" in ended.err
