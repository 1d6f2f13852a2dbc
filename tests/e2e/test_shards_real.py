"""Real shards, put together: what comes out is what one machine finds."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from conftest import PROJECTS

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import ConsoleScript

pytestmark = pytest.mark.e2e

QUICK = "One|Two|None|Seeds|Lose|First|Crash"


@pytest.fixture
def project(tmp_path: Path) -> str:
    """A copy, because its tests write files beside them."""
    return str(shutil.copytree(PROJECTS / "goisolated", tmp_path / "project"))


def comparable(report: dict[str, Any]) -> dict[str, Any]:
    """A report without what differs from run to run: durations, evidence, addresses."""
    for run in report["runs"]:
        del run["duration_s"], run["evidence"]
        for leak in run["leaks"]:
            for frame in leak["stack"]:
                del frame["address"]
    return report


@pytest.mark.parametrize("isolate", [(), ("--isolate",)], ids=["packages", "tests"])
def test_the_merged_report_equals_that_of_one_machine(
    leakcheck: ConsoleScript, project: str, isolate: tuple[str, ...]
) -> None:
    words = ("leak", "--project", project, "--package", "./...", "--test", QUICK, *isolate)
    whole = leakcheck(*words, "--json=whole.json")
    # By the durations of the whole: the shards differ in size, and still agree.
    by = "--durations=whole.json"
    for index in (1, 2):
        leakcheck(*words, by, f"--shard={index}/2", f"--json={index}.json")

    merged = leakcheck("merge", "2.json", "1.json", "--json", "merged.json")

    assert merged.exit_code == whole.exit_code == 1, merged.err
    assert merged.summary == whole.summary
    assert comparable(leakcheck.json("merged.json")) == comparable(leakcheck.json("whole.json"))
    parts = [leakcheck.json(f"{index}.json")["runs"] for index in (1, 2)]
    assert all(parts)


def test_a_missing_shard_is_not_checked_and_is_said_to_be_missing(
    leakcheck: ConsoleScript, project: str
) -> None:
    leakcheck("leak", "--project", project, "--package=./threads", "--shard=1/2", "--json=1.json")

    merged = leakcheck("merge", "1.json", "--json=merged.json")

    assert merged.exit_code == 2
    assert "shard 2/2 is missing" in merged.err
    assert leakcheck.json("merged.json")["check"] == "not_checked"


def test_a_shard_that_cannot_begin_says_in_its_report_which_it_is(
    leakcheck: ConsoleScript,
) -> None:
    ended = leakcheck("leak", "--project", "nowhere", "--shard=2/2", "--json=2.json")

    assert ended.exit_code == 2
    shard = leakcheck.json("2.json")["shard"]
    assert (shard["index"], shard["count"], shard["units"]) == (2, 2, [])
    assert json.dumps("the project nowhere is not a folder")[1:-1] in ended.err
