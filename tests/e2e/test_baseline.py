"""Baselines on real programs, and ids that survive what changes between builds and machines."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from conftest import PROJECTS, ROOT

from leakcheck.process import Command, run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Checker, ConsoleScript

    from leakcheck.model import Report

pytestmark = pytest.mark.e2e

FUNCTION = re.compile(r"^(func |static |\w+ \*?mp_\w+\()", re.MULTILINE)
EXAMPLE = ROOT / "examples" / "mediaprobe"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the Go module whose tests leak."""
    return shutil.copytree(PROJECTS / "gomodule", tmp_path / "mine")


def test_a_baseline_is_written_holds_and_tells_what_is_new_more_and_gone(
    leakcheck: ConsoleScript, project: Path
) -> None:
    words = ("--project", str(project), "--package", "./leaky")
    written = leakcheck("baseline", *words)
    path = project / "leakcheck-baseline.json"

    assert written.exit_code == 0, written.err
    assert f"Baseline 5 leaks written to {path}" in written.out
    check = ("leak", *words, "--baseline", str(path), "--json", "out.json")
    assert leakcheck(*check).exit_code == 0
    before = json.loads(path.read_text())

    tests = project / "leaky" / "leaky_test.go"
    changed = tests.read_text().replace("LoseBlocks(3, 40)", "LoseBlocks(4, 40)")
    changed = changed.replace('LoseString("hello")', "").replace("LoseBlocks(0, 1)", "LoseList(1)")
    tests.write_text(changed)
    ended = leakcheck(*check)

    assert ended.exit_code == 1
    assert "Known 3 objects in the baseline, now more\n" in ended.out
    assert "Leak check _main_ detected leaks of 176 bytes in 5 objects\n" in ended.out
    report = leakcheck.json("out.json")
    assert [gone["test"] for gone in report["gone"]] == ["TestString"]
    assert "Gone example.com/gomodule/leaky: " in ended.out

    assert leakcheck("baseline", *words).exit_code == 0
    after = json.loads(path.read_text())
    assert {leak["test"] for leak in after["leaks"]} == {
        "TestBlocks",
        "TestList",
        "TestSubtest/inner",
        "TestNothing",
    }
    assert before["leaks"][0]["first_seen"] == after["leaks"][0]["first_seen"]


def test_a_baseline_of_a_program_needs_no_project(
    leakcheck: ConsoleScript, compiled: Callable[..., Path]
) -> None:
    words = ("--binary", str(compiled("leak.c")), "--baseline", "known.json")

    assert leakcheck("baseline", *words, "--", "2").exit_code == 0
    assert leakcheck("leak", *words, "--", "2").exit_code == 0
    assert leakcheck("leak", *words, "--", "3").exit_code == 1


def test_a_failing_package_makes_no_baseline(leakcheck: ConsoleScript, project: Path) -> None:
    ended = leakcheck("baseline", "--project", str(project), "--package", "./failing")

    assert ended.exit_code == 2
    assert "no baseline was written" in ended.err
    assert not (project / "leakcheck-baseline.json").exists()


def test_a_malformed_baseline_is_told_before_anything_is_built(leakcheck: ConsoleScript) -> None:
    (leakcheck.folder / "known.json").write_text("{}")

    ended = leakcheck("leak", "--project", str(EXAMPLE), "--baseline", "known.json")

    assert ended.exit_code == 2
    assert "cannot read the baseline known.json" in ended.err
    assert "Building" not in ended.err


def ids(report: Report) -> dict[str, int]:
    return {leak.id: leak.leaked_objects for leak in report.runs[0].leaks}


def test_ids_survive_another_folder_moved_lines_and_other_build_flags(
    checker: Checker, tmp_path: Path
) -> None:
    here = ids(checker.go(".", project=EXAMPLE))
    moved = shutil.copytree(EXAMPLE, tmp_path / "elsewhere" / "of another name")
    for source in (path for path in moved.iterdir() if path.suffix in {".c", ".go"}):
        text = source.read_text()
        # Lines at the top, of another number in every file, and before every function.
        shift = "\n" * (len(text) % 7) + "// moved\n\n"
        source.write_text(shift + FUNCTION.sub(r"\n\n\1", text))
    flags = ("-trimpath", "-gcflags=-l")
    other = replace(checker, settings=replace(checker.settings, go_flags=flags))

    assert len(here) == 8
    assert ids(other.go(".", project=moved)) == here


@pytest.mark.parametrize("flags", [("-O0",), ("-O3",), ("-O2", "-static-libgcc", "-no-pie")])
def test_ids_of_a_c_program_survive_other_flags_of_the_compiler(
    checker: Checker, tmp_path: Path, flags: tuple[str, ...]
) -> None:
    def found(folder: str, *more: str) -> dict[str, int]:
        source = tmp_path / folder / "leak.c"
        source.parent.mkdir(exist_ok=True)
        moved = "\n" * len(folder) + (PROJECTS / "c" / "leak.c").read_text()
        source.write_text(moved)
        program = tmp_path / folder / "program"
        built = run(Command(("cc", "-g", *more, "-o", str(program), str(source))))
        assert built.returncode == 0, built.stderr
        return ids(checker.binary(program, "3"))

    assert found("here", "-O2") == found("over there", *flags)
