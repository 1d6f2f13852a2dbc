"""The Makefile hands its variables to the tasks; a script stands for `leakcheck` and `nox`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAM = f"""#!{sys.executable}
import json, os, sys
json.dump([os.path.basename(sys.argv[0]), *sys.argv[1:]], open(os.environ["CALLS"], "w"))
json.dump(dict(os.environ), open(os.environ["CALLS"] + ".env", "w"))
sys.exit(int(os.environ.get("EXIT", "0")))
"""
VARIABLES = (
    "PROJECT",
    "PACKAGE",
    "TEST",
    "LEVEL",
    "ENGINE",
    "BINARY",
    "TIMEOUT",
    "JSON",
    "SHARD",
    "DURATIONS",
    "SUPPRESSIONS",
    "BASELINE",
    "REPEAT",
    "ISOLATE",
    "ARGS",
    "PROFILE",
    "BASE",
    "SAMPLE",
    "PEEK",
    "OUTPUT",
    "PORT",
    "INTERVAL",
    "INUSE_STEP",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    root: Path

    def make(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        # PYTHON=true stands for a set-up that has nothing to do.
        inherited = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
        return subprocess.run(
            ["make", "PYTHON=true", *arguments],
            cwd=self.root,
            env={**inherited, "CALLS": str(self.root / "calls"), **environment},
            capture_output=True,
            text=True,
            check=False,
        )

    def called(self) -> list[str]:
        call: list[str] = json.loads((self.root / "calls").read_text())
        return call

    def environment(self) -> dict[str, str]:
        found: dict[str, str] = json.loads((self.root / "calls.env").read_text())
        return found


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    programs = tmp_path / ".venv" / "bin"
    programs.mkdir(parents=True)
    for name in ("leakcheck", "nox"):
        (programs / name).write_text(PROGRAM)
        (programs / name).chmod(0o755)
    shutil.copy(ROOT / "Makefile", tmp_path)
    return Checkout(root=tmp_path)


@pytest.mark.parametrize(
    ("arguments", "call"),
    [
        (["demo"], ["leakcheck", "demo"]),
        (["doctor"], ["leakcheck", "doctor"]),
        (["test-tcmalloc"], ["leakcheck", "leak"]),
        (["test-tcmalloc-strict"], ["leakcheck", "strict"]),
        (["test-tcmalloc-draconian"], ["leakcheck", "draconian"]),
        (
            ["profile", "TEST=T", "LEVEL=strict"],
            ["leakcheck", "profile", "--level", "strict", "--test", "T"],
        ),
        (
            ["profile", "INTERVAL=5s", "INUSE_STEP=1MiB"],
            ["leakcheck", "profile", "--interval", "5s", "--inuse-step", "1MiB"],
        ),
        (["pprof-text", "PEEK=a|b"], ["leakcheck", "pprof-text", "--peek", "a|b"]),
        (["pprof-pdf", "OUTPUT=g.pdf"], ["leakcheck", "pprof-pdf", "--output", "g.pdf"]),
        (["pprof-http", "PORT=81"], ["leakcheck", "pprof-http", "--port", "81"]),
        (["test"], ["nox", "-s", "tests"]),
        (["test", "ARGS=-k judge -x"], ["nox", "-s", "tests", "--", "-k", "judge", "-x"]),
        (["lint"], ["nox", "-s", "lint", "typecheck"]),
        (["test-tcmalloc", "ISOLATE=1"], ["leakcheck", "leak", "--isolate"]),
        (["test-tcmalloc-strict", "ISOLATE=0"], ["leakcheck", "strict"]),
        (
            ["test-tcmalloc", "LEVEL=strict", "TEST=TestProbe"],
            ["leakcheck", "leak", "--level", "strict", "--test", "TestProbe"],
        ),
        (
            ["test-tcmalloc", "BINARY=./a.out", "ARGS=-n 3 'two words'"],
            ["leakcheck", "leak", "--binary", "./a.out", "--", "-n", "3", "two words"],
        ),
    ],
    ids=" ".join,
)
def test_a_target_calls_one_task(checkout: Checkout, arguments: list[str], call: list[str]) -> None:
    done = checkout.make(*arguments)
    assert (done.returncode, done.stderr) == (0, "")
    assert checkout.called() == call


@pytest.mark.parametrize("target", ["pprof-text", "pprof-pdf", "pprof-http"])
def test_which_profile_is_shown_is_handed_on(checkout: Checkout, target: str) -> None:
    options = ("PROFILE", "BASE", "SAMPLE", "PROJECT", "BINARY")
    checkout.make(target, *(f"{name}=the {name}" for name in options))
    expected = [word for name in options for word in (f"--{name.lower()}", f"the {name}")]
    assert checkout.called()[2:] == expected


@pytest.mark.parametrize("target", ["test-tcmalloc", "test-tcmalloc-strict", "profile"])
def test_every_option_is_handed_on(checkout: Checkout, target: str) -> None:
    options = (
        "PROJECT",
        "PACKAGE",
        "TEST",
        "ENGINE",
        "BINARY",
        "TIMEOUT",
        "JSON",
        "SHARD",
        "DURATIONS",
        "SUPPRESSIONS",
        "BASELINE",
        "REPEAT",
    )
    checkout.make(target, *(f"{name}=the {name}" for name in options))
    expected = [word for name in options for word in (f"--{name.lower()}", f"the {name}")]
    assert checkout.called()[2:] == expected


@pytest.mark.parametrize(
    ("written", "regex"),
    [
        ("^TestA|TestB$$", "^TestA|TestB$"),
        ("^TestA$|^TestB$", "^TestA$|^TestB$"),
        ("^TestA|TestB$", "^TestA|TestB$"),
        ("^(TestA|TestB)/sub  case#1", "^(TestA|TestB)/sub  case#1"),
        ("Test$(HOME)", "Test$(HOME)"),
        ("Test'quoted'", "Test'quoted'"),
        ('Test"x"; echo `id` \\d & *', 'Test"x"; echo `id` \\d & *'),
        ("Test(", "Test("),
        ("Test,a,b", "Test,a,b"),
        ("Tést", "Tést"),
    ],
)
def test_a_regex_arrives_as_it_was_written(checkout: Checkout, written: str, regex: str) -> None:
    done = checkout.make("test-tcmalloc", f"TEST={written}")
    assert (done.returncode, done.stderr) == (0, "")
    assert checkout.called() == ["leakcheck", "leak", "--test", regex]


def test_options_may_come_from_the_environment(checkout: Checkout) -> None:
    checkout.make("test-tcmalloc", TEST="^TestA$|B")
    assert checkout.called() == ["leakcheck", "leak", "--test", "^TestA$|B"]


def test_the_tested_program_s_environment_holds_nothing_of_make(checkout: Checkout) -> None:
    checkout.make("test-tcmalloc", *(f"{name}=x" for name in VARIABLES), HEAPCHECK="strict")
    environment = checkout.environment()
    assert environment["HEAPCHECK"] == "strict"
    assert set(environment).isdisjoint({*VARIABLES, "MAKEFLAGS", "MFLAGS"})


@pytest.mark.parametrize("code", [1, 2, 130])
def test_make_says_the_exit_code_of_the_task(checkout: Checkout, code: int) -> None:
    done = checkout.make("test-tcmalloc", EXIT=str(code))
    assert done.returncode == 2
    assert f"Error {code}\n" in done.stderr


def test_nothing_runs_when_the_set_up_fails(checkout: Checkout) -> None:
    done = checkout.make("test-tcmalloc", "PYTHON=false")
    assert done.returncode == 2
    assert not (checkout.root / "calls").exists()


def test_help_is_the_default_and_names_every_target(checkout: Checkout) -> None:
    text = checkout.make().stdout
    named = {line.split()[0] for line in text.splitlines() if line and line[0].islower()}
    makefile = (ROOT / "Makefile").read_text()
    declared = makefile.partition(".PHONY:")[2].partition("\n\n")[0].replace("\\\n", " ").split()
    assert named == set(declared) - {"ready"}


def test_clean_leaves_only_the_source(checkout: Checkout) -> None:
    (checkout.root / "bootstrap" / "__pycache__").mkdir(parents=True)
    assert checkout.make("clean").returncode == 0
    assert sorted(path.name for path in checkout.root.rglob("*")) == ["Makefile", "bootstrap"]
