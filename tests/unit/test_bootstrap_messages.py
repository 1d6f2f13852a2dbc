from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bootstrap.__main__ import old_python_message
from bootstrap.command_line import main
from bootstrap.errors import SetupError, render_error
from bootstrap.progress import render_step
from bootstrap.system import last_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).parents[2]


def test_labels_end_in_the_same_column() -> None:
    lines = [render_step(label, "x", colour=False) for label in ("Creating", "Installing")]
    assert lines == ["    Creating x\n", "  Installing x\n"]


def test_colour_wraps_the_label_only() -> None:
    assert render_step("Creating", ".venv", colour=True) == (
        "\x1b[1;32m    Creating\x1b[0m .venv\n"
    )


def test_an_error_says_what_why_and_what_to_type() -> None:
    error = SetupError("no gcc", why="line one\nline two", hint="apt-get install gcc")
    assert render_error(error) == (
        "error: no gcc\n       line one\n       line two\n  type: apt-get install gcc\n"
    )


def test_an_error_without_a_hint_has_no_line_for_it() -> None:
    assert render_error(SetupError("no gcc")) == "error: no gcc\n"


def test_the_end_of_an_output_is_kept_without_its_blank_lines() -> None:
    output = "Reading lists\n\n" + "".join(f"line {number}\n\n" for number in range(20))
    assert last_lines(output, count=2) == "line 18\nline 19"


def test_a_silent_command_has_no_last_lines() -> None:
    assert last_lines("\n \n") == ""


def test_an_old_python_is_told_of_a_newer_one_on_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("python3.10", "python3.12"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    message = old_python_message("/usr/bin/python3", "3.9.2")
    assert "/usr/bin/python3 is Python 3.9.2" in message
    assert "type: PYTHON=python3.12 make setup" in message


def test_an_old_python_alone_is_told_how_to_name_a_newer_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "PYTHON=/path/to/python3.12 make setup" in old_python_message("python3", "3.8.0")


@pytest.mark.parametrize("name", ["__init__.py", "__main__.py"])
def test_what_an_old_python_reads_is_in_its_grammar(name: str) -> None:
    tree = ast.parse((ROOT / "bootstrap" / name).read_text(), feature_version=(3, 6))
    futures = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
    assert all(node.module != "__future__" for node in futures)


def test_the_version_is_checked_before_anything_newer_is_imported() -> None:
    tree = ast.parse((ROOT / "bootstrap" / "__main__.py").read_text())
    check = next(index for index, node in enumerate(tree.body) if isinstance(node, ast.If))
    imported = [node for node in tree.body[:check] if isinstance(node, ast.ImportFrom)]
    assert imported == []


@pytest.mark.parametrize("argv", [("--sideways",), ("extra",)], ids=["option", "word"])
def test_an_unknown_option_is_refused(
    argv: Sequence[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as refused:
        main(argv)
    assert refused.value.code == 2
    assert argv[0] in capsys.readouterr().err


def test_the_package_runs_as_a_module() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bootstrap", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "--keep-going" in done.stdout
