"""Which commit a folder is at, so that parts of different commits are told apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leakcheck.errors import LeakcheckError
from leakcheck.process import Command, run

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["find_revision", "revision_command"]

_TIMEOUT_S = 10.0


def revision_command(folder: Path) -> Command:
    """Ask git for the commit that is checked out."""
    return Command(("git", "-C", str(folder), "rev-parse", "HEAD"))


def find_revision(folder: Path) -> str:
    """Name the commit; empty where git does not tell: no repository, no commit, no git."""
    try:
        asked = run(revision_command(folder), timeout_s=_TIMEOUT_S)
    except LeakcheckError:
        return ""
    return asked.stdout.strip() if asked.returncode == 0 else ""
