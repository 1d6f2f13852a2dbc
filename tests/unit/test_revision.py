"""Which commit a folder is at, by git itself."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from leakcheck.revision import find_revision, revision_command

if TYPE_CHECKING:
    import pytest


def test_git_is_asked_about_the_folder() -> None:
    argv = ("git", "-C", "/src/m", "rev-parse", "HEAD")
    assert revision_command(Path("/src/m")).argv == argv


def test_a_repository_tells_its_commit(tmp_path: Path) -> None:
    identity = ("-c", "user.name=x", "-c", "user.email=x@example.com")
    for words in (("init", "-q"), (*identity, "commit", "-q", "--allow-empty", "-m", "first")):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)

    assert len(find_revision(tmp_path)) == 40


def test_a_folder_without_a_repository_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert find_revision(tmp_path) == ""


def test_without_git_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_revision(tmp_path) == ""
