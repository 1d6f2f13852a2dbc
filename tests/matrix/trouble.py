"""Why a place cannot be had on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leakcheck.process import run

if TYPE_CHECKING:
    from leakcheck.process import Command

__all__ = ["Unavailable", "done"]

_TIMEOUT_S = 1800.0
_SHOWN = 200


class Unavailable(Exception):  # noqa: N818 - a row of the table, no error of the user's
    """A place cannot be had; the text says why."""


def done(command: Command) -> str:
    """Run a step of the preparation; its output. Raises Unavailable with its last words."""
    completed = run(command, timeout_s=_TIMEOUT_S)
    if completed.returncode != 0:
        said = (completed.stderr.strip() or completed.stdout.strip())[-_SHOWN:]
        raise Unavailable(f"`{command.argv[0]}` failed: {said}")
    return completed.stdout
