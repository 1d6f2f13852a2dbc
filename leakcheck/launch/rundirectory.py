"""The private directory of one run, where the agent finds its orders and leaves its report."""

from __future__ import annotations

import contextlib
import re
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from leakcheck.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from leakcheck.model import Level

__all__ = ["agent_configuration", "run_directory", "write_agent_configuration"]

CONFIGURATION_NAME = "agent.conf"
_NOT_PRELOADABLE = re.compile(r"[\s:]")


@contextlib.contextmanager
def run_directory() -> Iterator[Path]:
    """Make a directory (0700, unpredictable name), removed with all it holds at the end.

    It lies in TMPDIR, or in /tmp when TMPDIR could not be part of LD_PRELOAD.
    Raises BadInput when no directory can be made.
    """
    parent = tempfile.gettempdir()
    try:
        made = tempfile.mkdtemp(
            prefix="leakcheck-",
            dir="/tmp" if _NOT_PRELOADABLE.search(parent) else parent,  # noqa: S108
        )
    except OSError as error:
        raise BadInput(
            "no temporary directory can be made", why=str(error), hint="export TMPDIR=/var/tmp"
        ) from error
    directory = Path(made)
    try:
        yield directory
    finally:
        # A tested program that still runs may add files meanwhile; that is no reason to fail.
        shutil.rmtree(directory, ignore_errors=True)


def agent_configuration(
    *, level: Level, deadline_ms: int, go_layout: Sequence[tuple[str, str]] = ()
) -> str:
    """Write the text of `agent.conf` (docs/agent.md); `go_layout` is empty without Go."""
    pairs = [("level", level.value), ("deadline_ms", str(deadline_ms)), *go_layout]
    return "".join(f"{key} {_one_line(value)}\n" for key, value in pairs)


def write_agent_configuration(run_dir: Path, text: str) -> Path:
    """Put `agent.conf` into the run directory and return its path."""
    path = run_dir / CONFIGURATION_NAME
    path.write_text(text, encoding="utf-8")
    return path


def _one_line(value: str) -> str:
    return " ".join(value.split())
