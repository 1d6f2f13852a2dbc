from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from leakcheck.reports.repository import repository_of

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "clone" / "go" / "mod"
    folder.mkdir(parents=True)
    return folder


def test_it_is_the_folder_that_git_is_in(project: Path, tmp_path: Path) -> None:
    (tmp_path / "clone" / ".git").mkdir()
    assert repository_of(project, None) == tmp_path / "clone"


def test_in_a_worktree_git_is_a_file(project: Path) -> None:
    (project.parent / ".git").write_text("gitdir: elsewhere\n")
    assert repository_of(project, None) == project.parent


def test_githubs_workspace_counts_first(project: Path, tmp_path: Path) -> None:
    (project / ".git").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "clone")
    assert repository_of(project, tmp_path / "link") == tmp_path / "clone"


def test_a_workspace_elsewhere_does_not_count(project: Path, tmp_path: Path) -> None:
    (project / ".git").mkdir()
    assert repository_of(project, tmp_path / "other") == project


def test_without_git_it_is_the_project(project: Path) -> None:
    assert repository_of(project, None) == project
