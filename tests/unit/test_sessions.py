from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from leakcheck.model import Level
from leakcheck.sessions import leak_argv, path_with_own_programs, task_argv

if TYPE_CHECKING:
    from collections.abc import Sequence


TASK = (sys.executable, "-m", "leakcheck", "leak")
PROFILE_SESSIONS = ["profile", "pprof-text", "pprof-pdf", "pprof-http"]
NOXFILE = """\
from leakcheck.model import Level
from leakcheck.sessions import register

register({arguments})
"""


def test_a_session_is_the_task_at_its_level() -> None:
    assert leak_argv(Level.STRICT, ()) == (*TASK, "--level", "strict")


def test_what_follows_the_dashes_goes_to_the_task() -> None:
    argv = leak_argv(Level.NORMAL, ("--test", "TestProbe", "--binary", "x", "--", "-n", "3"))
    assert argv[6:] == ("--test", "TestProbe", "--binary", "x", "--", "-n", "3")


def test_the_noxfile_s_project_and_package_are_defaults() -> None:
    argv = leak_argv(Level.NORMAL, ("--test", "T"), project="go", package="./...")
    defaults = ("--project", "go", "--package", "./...")
    assert argv == (*TASK, *defaults, "--level", "normal", "--test", "T")


@pytest.mark.parametrize("given", [("--project", "mine"), ("--project=mine",)])
def test_an_option_of_the_user_wins_over_the_noxfile(given: Sequence[str]) -> None:
    argv = task_argv("leak", given, project="go", package=".")
    assert argv == (*TASK, "--package", ".", *given)


def test_an_argument_of_the_program_is_no_option_of_ours() -> None:
    argv = task_argv("leak", ("--", "--project", "x"), project="go")
    assert argv == (*TASK, "--project", "go", "--", "--project", "x")


def test_a_profile_is_shown_by_the_task_of_that_name() -> None:
    argv = task_argv("pprof-text", ("--peek", "malloc"), project="go")
    assert argv[2:] == ("leakcheck", "pprof-text", "--project", "go", "--peek", "malloc")


def test_the_tests_find_go_in_the_environment_after_the_one_on_path() -> None:
    programs = Path(sys.executable).parent
    assert path_with_own_programs("/usr/local/go/bin:/bin") == f"/usr/local/go/bin:/bin:{programs}"


def nox_json(directory: Path, *arguments: str) -> list[dict[str, object]]:
    done = subprocess.run(
        [sys.executable, "-m", "nox", "--list", "--json", *arguments],
        cwd=directory,
        env={**os.environ, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    sessions: list[dict[str, object]] = json.loads(done.stdout)
    return sessions


def test_one_call_gives_another_repository_a_session_for_each_level(tmp_path: Path) -> None:
    (tmp_path / "noxfile.py").write_text(NOXFILE.format(arguments=""))
    names = [session["session"] for session in nox_json(tmp_path)]
    assert names == ["leak(normal)", "leak(strict)", "leak(draconian)"]


def test_a_repository_may_choose_its_levels(tmp_path: Path) -> None:
    arguments = "project='go', levels=[Level.STRICT]"
    (tmp_path / "noxfile.py").write_text(NOXFILE.format(arguments=arguments))
    names = [session["session"] for session in nox_json(tmp_path)]
    assert names == ["leak(strict)"]


def test_profiles_are_made_and_shown_only_when_asked_for(tmp_path: Path) -> None:
    (tmp_path / "noxfile.py").write_text(NOXFILE.format(arguments=""))
    asked = nox_json(tmp_path, "--sessions", *PROFILE_SESSIONS)
    assert [session["session"] for session in asked] == PROFILE_SESSIONS


def test_sessions_of_another_name_leave_the_repositorys_own_alone(tmp_path: Path) -> None:
    (tmp_path / "noxfile.py").write_text(NOXFILE.format(arguments="name='leakcheck'"))
    names = [str(session["session"]) for session in nox_json(tmp_path)]
    assert all(name.startswith(("leakcheck(", "leakcheck-")) for name in names)
