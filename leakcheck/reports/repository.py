"""The folder that services count paths from."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["repository_of"]


def repository_of(folder: Path, workspace: Path | None) -> Path:
    """Choose GitHub's workspace for a folder in it, else the git repository it is in, else it."""
    start = folder.resolve()
    if workspace and start.is_relative_to(workspace.resolve()):
        return workspace.resolve()
    return next((each for each in (start, *start.parents) if (each / ".git").exists()), start)
