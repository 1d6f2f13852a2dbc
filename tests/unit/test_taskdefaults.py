"""What a repository's own `tasks.py` says is checked where the command line does not."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest
from invoke.collection import Collection
from invoke.program import Program

from leakcheck import commandline, showing, tasks
from leakcheck.taskdefaults import defaults_beside, with_defaults

if TYPE_CHECKING:
    from pathlib import Path

NOTHING = {"project": None, "package": None, "baseline": None, "verbose": False}


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the tasks hand over, instead of doing it."""
    told: list[Any] = []
    monkeypatch.setattr(commandline, "run_leak", lambda choices: told.append(choices) or 0)
    monkeypatch.setattr(commandline, "init", lambda **options: told.append(options) or 0)
    monkeypatch.setattr(showing, "run_pprof_text", lambda choices: told.append(choices) or 0)
    return told


def invoke(folder: Path, *words: str) -> None:
    """Run a task of a collection that is configured by a `tasks.py` in `folder`."""
    defaults = defaults_beside(
        str(folder / "tasks.py"), project="go", package="./...", suppressions="leakcheck.supp"
    )
    # Copies, because a parser takes a task's help away from it.
    ours = Collection(*map(copy.deepcopy, (tasks.leak, tasks.init, tasks.pprof_text)))
    ours.configure(defaults)
    collection = Collection()
    collection.add_collection(ours, "leakcheck")
    Program(namespace=collection).run(["inv", *words], exit=False)


def test_a_task_checks_what_its_collection_is_configured_for(
    tmp_path: Path, told: list[commandline.Choices], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    invoke(tmp_path, "leakcheck.leak", "--test", "TestA")

    assert told == [
        commandline.Choices(
            project="go", package="./...", suppressions="leakcheck.supp", test="TestA"
        )
    ]


def test_paths_are_those_of_the_file_wherever_the_task_is_called(
    tmp_path: Path, told: list[commandline.Choices], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")

    invoke(tmp_path, "leakcheck.leak")

    assert (told[0].project, told[0].suppressions) == ("../go", "../leakcheck.supp")


def test_a_profile_is_that_of_the_project(
    tmp_path: Path, told: list[showing.ShowChoices], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    invoke(tmp_path, "leakcheck.pprof-text")

    assert told == [showing.ShowChoices(project="go")]


def test_init_is_about_the_whole_repository(tmp_path: Path, told: list[dict[str, Any]]) -> None:
    invoke(tmp_path, "leakcheck.init")

    assert told == [{"project": None, "dry_run": False}]


def test_what_the_user_says_counts() -> None:
    given = {**NOTHING, "package": "./codec", "verbose": True}

    chosen = with_defaults(given, {"package": "./...", "project": "go", "unheard": "x"})

    assert chosen == {**given, "project": "go"}


def test_a_baseline_is_used_when_it_is_there_and_for_its_own_project(tmp_path: Path) -> None:
    path = tmp_path / "leakcheck-baseline.json"
    defaults = {"baseline": str(path)}
    assert with_defaults(NOTHING, defaults)["baseline"] is None

    path.touch()

    assert with_defaults(NOTHING, defaults)["baseline"] == str(path)
    assert with_defaults({**NOTHING, "project": "other"}, defaults)["baseline"] is None
    assert with_defaults({**NOTHING, "baseline": "mine"}, defaults)["baseline"] == "mine"
