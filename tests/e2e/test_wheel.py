"""The wheel in an environment of its own, and a repository that takes leakcheck in with it."""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import PROJECTS, ROOT

from leakcheck.process import Command, Completed, run
from leakcheck.settings import KEYS

pytestmark = pytest.mark.e2e

EXAMPLE = ROOT / "examples" / "mediaprobe"
OTHER_PACKAGES = shutil.ignore_patterns("crashing", "failing", "hanging", "indirect")
ALL_LEAKS = "detected leaks of 207009 bytes in 63 objects"
TAKEN = """\
from invoke import task

@task
def leak(context):
    print("the repository's own leak")
"""
OWN_SESSION = """\
import nox

@nox.session(venv_backend="none")
def leak(session):
    session.log("the repository's own leak")
"""


@dataclass(frozen=True)
class Installed:
    """An environment that has leakcheck from the wheel, and nothing of this checkout."""

    programs: Path
    cache_dir: Path

    def __call__(self, folder: Path, program: str, *words: str) -> Completed:
        ours = {key.name for key in KEYS} | {"PYTHONPATH", "VIRTUAL_ENV", "MAKEFLAGS", "MAKELEVEL"}
        kept = {key: value for key, value in os.environ.items() if key not in ours}
        path = os.pathsep.join((str(self.programs), kept["PATH"]))
        environment = {**kept, "PATH": path, "LEAKCHECK_CACHE_DIR": str(self.cache_dir)}
        command = Command(("env", program, *words), env=tuple(environment.items()), cwd=folder)
        return run(command)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory, cache_dir: Path) -> Installed:
    """Install the wheel; what it depends on is borrowed from the environment of the tests."""
    folder = tmp_path_factory.mktemp("wheel")
    must(ROOT, sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder))
    (wheel,) = folder.glob("*.whl")
    venv = folder / "venv"
    must(folder, sys.executable, "-m", "venv", "--without-pip", str(venv))
    python = str(venv / "bin" / "python")
    pip = (sys.executable, "-m", "pip", "--python", python)
    must(folder, *pip, "install", "--no-deps", "--no-index", str(wheel))
    # A path in a .pth file comes last, and its own .pth files, the editable install, do not count.
    (site,) = venv.glob("lib/python*/site-packages")
    (site / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    for name in ("inv", "nox"):
        module = "invoke" if name == "inv" else name
        script = venv / "bin" / name
        script.write_text(f'#!/bin/sh\nexec "{python}" -m {module} "$@"\n')
        script.chmod(0o755)
    return Installed(venv / "bin", cache_dir)


def must(folder: Path, *argv: str) -> str:
    completed = run(Command(argv, cwd=folder))
    assert completed.returncode == 0, completed.stdout + completed.stderr
    return completed.stdout


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with the example's sources."""
    return Path(shutil.copytree(EXAMPLE, tmp_path / "repository"))


def test_the_wheel_runs_without_the_checkout(installed: Installed, tmp_path: Path) -> None:
    where = installed(tmp_path, "python", "-c", "import leakcheck; print(leakcheck.__file__)")

    assert where.stdout.startswith(str(installed.programs.parent))
    assert installed(tmp_path, "leakcheck", "--version").stdout.startswith("leakcheck 0.")


def test_the_demo_of_the_wheel_finds_what_is_planted(installed: Installed, tmp_path: Path) -> None:
    demo = installed(tmp_path, "leakcheck", "demo")

    assert "Found 8 of 8 planted leaks, and nothing else." in demo.stdout, demo.stderr


def test_a_repository_is_checked_after_init_in_every_way(
    installed: Installed, repository: Path
) -> None:
    assert installed(repository, "leakcheck", "init").returncode == 0

    for words in (
        ("leakcheck", "leak"),
        ("inv", "leak"),
        ("make", "test-tcmalloc"),
        ("nox", "-s", "leak(normal)"),
    ):
        checked = installed(repository, *words)
        assert ALL_LEAKS in checked.stdout, (words, checked.stderr)
        assert checked.returncode != 0


def test_what_init_writes_is_understood_by_make_and_nox(
    installed: Installed, repository: Path
) -> None:
    installed(repository, "leakcheck", "init")

    sessions = installed(repository, "nox", "--list").stdout
    commands = installed(
        repository, "make", "-n", "test-tcmalloc", "TEST=^TestA|B$$", "ISOLATE=1"
    ).stdout
    assert "leak(strict)" in sessions
    command = "leakcheck leak --project '.' --package '.' --suppressions 'leakcheck.supp'"
    assert f"{command} --test '^TestA|B$' --isolate" in " ".join(commands.split())


def to_add(said: str, name: str) -> str:
    """The lines that init says to add to a file."""
    below = said.partition(f"at the end of {name}:\n")[2].splitlines(keepends=True)
    return "".join(line.strip(" ") for line in takewhile(lambda line: line[:16].isspace(), below))


def test_a_name_that_is_taken_stays_the_repositorys(installed: Installed, repository: Path) -> None:
    (repository / "tasks.py").write_text(TAKEN)
    (repository / "noxfile.py").write_text(OWN_SESSION)

    said = installed(repository, "leakcheck", "init").stdout
    for name in ("tasks.py", "noxfile.py"):
        with (repository / name).open("a") as stream:
            stream.write(to_add(said, name))

    assert "own leak" in installed(repository, "inv", "leak").stdout
    assert ALL_LEAKS in installed(repository, "inv", "leakcheck.leak").stdout
    sessions = installed(repository, "nox", "--list").stdout
    assert "* leak\n" in sessions
    assert "leakcheck(normal)" in sessions


def runs_leakcheck(script: str) -> bool:
    return any(f"leakcheck {task}" in script for task in ("leak", "merge"))


def scripts(job: dict[str, Any], **matrix: str) -> list[str]:
    """What a job of the workflow runs of leakcheck, as a script, with the values of its matrix."""
    steps = [step for step in job["steps"] if runs_leakcheck(step.get("run", ""))]
    texts = []
    for step in steps:
        text = "".join(f"export {name}='{value}'\n" for name, value in step.get("env", {}).items())
        text += step["run"]
        for name, value in matrix.items():
            text = text.replace(f"${{{{ matrix.{name} }}}}", value)
        texts.append(text)
    return texts


def test_the_workflows_own_commands_give_the_verdict_of_one_machine(
    installed: Installed, tmp_path: Path
) -> None:
    shutil.copytree(PROJECTS / "gomodule", tmp_path / "go", ignore=OTHER_PACKAGES)
    installed(tmp_path, "leakcheck", "init")
    jobs = yaml.safe_load((tmp_path / ".github/workflows/leakcheck.yml").read_text())["jobs"]

    whole = installed(tmp_path, "leakcheck", "leak", "--project", "go", "--package", "./...")
    for shard in jobs["check"]["strategy"]["matrix"]["shard"]:
        values = {"module.folder": "go", "shard": str(shard)}
        (script,) = scripts(jobs["check"], **values)
        checked = installed(tmp_path, "bash", "-e", "-c", script)
        assert checked.returncode in (0, 1), checked.stderr
    (script,) = scripts(jobs["report"], name="go")
    merged = installed(tmp_path, "bash", "-e", "-c", script)

    assert merged.returncode == whole.returncode == 1
    assert merged.stdout.splitlines()[-1] == whole.stdout.splitlines()[-1]


def test_a_module_in_a_folder_is_found(installed: Installed, tmp_path: Path) -> None:
    shutil.copytree(PROJECTS / "gomodule", tmp_path / "go")
    (tmp_path / "Makefile").write_text("all:\n\t@echo mine\n")

    said = installed(tmp_path, "leakcheck", "init").stdout

    assert "Module go: C is reached by ./" in said
    assert "include leakcheck.mk" in said
    with (tmp_path / "Makefile").open("a") as stream:
        stream.write("include leakcheck.mk\n")
    assert installed(tmp_path, "make").stdout == "mine\n"
    checked = installed(tmp_path, "make", "test-tcmalloc", "PACKAGE=./leaky", "TEST=TestBlocks")
    assert "detected leaks of 120 bytes in 3 objects" in checked.stdout, checked.stderr
