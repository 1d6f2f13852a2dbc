"""The private directory of one run, where the agent finds its orders and leaves its report."""

from __future__ import annotations

import contextlib
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from leakcheck.errors import BadInput
from leakcheck.model import EngineName

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from leakcheck.model import Level

__all__ = [
    "Orders",
    "ProfilePlan",
    "agent_configuration",
    "run_directory",
    "write_agent_configuration",
]

CONFIGURATION_NAME = "agent.conf"
LAST_WORDS_NAME = "words"
LAST_WORDS_BYTES = 4096
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


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfilePlan:
    """When to take snapshots: after each interval, whenever a step more is in use; 0 is never."""

    interval_ms: int = 0
    step_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """What the agent is told; `go_layout` is empty for a program without Go.

    `max_blocks` is how many blocks in use at one time are recorded, 0 is no limit.
    With a `profile` it reports all that was ever allocated.
    """

    level: Level
    engine: EngineName = EngineName.AGENT
    malloc_stats: int = 0
    max_blocks: int = 0
    profile: ProfilePlan | None = None
    go_layout: Sequence[tuple[str, str]] = ()


def agent_configuration(orders: Orders, *, deadline_ms: int) -> str:
    """Write the text of `agent.conf` (docs/agent.md)."""
    pairs = [("level", orders.level.value), ("deadline_ms", str(deadline_ms))]
    if orders.engine is not EngineName.AGENT:
        pairs.append(("engine", orders.engine.value))
    if orders.malloc_stats:
        pairs.append(("malloc_stats", str(orders.malloc_stats)))
    if orders.max_blocks:
        pairs.append(("max_blocks", str(orders.max_blocks)))
    if orders.profile is not None:
        pairs += profile_orders(orders.profile)
    return "".join(f"{key} {_one_line(value)}\n" for key, value in (*pairs, *orders.go_layout))


def profile_orders(plan: ProfilePlan) -> list[tuple[str, str]]:
    """Ask for a profile, and for the snapshots that are planned."""
    pairs = (
        ("snapshot_interval_ms", plan.interval_ms),
        ("snapshot_step_bytes", plan.step_bytes),
    )
    return [("profile", "1"), *((key, str(number)) for key, number in pairs if number)]


def write_agent_configuration(run_dir: Path, text: str) -> Path:
    """Put `agent.conf` and the page for the agent's last words into the run directory.

    Returns the path of `agent.conf`. Raises BadInput when the disk is full.
    """
    path = run_dir / CONFIGURATION_NAME
    try:
        path.write_text(text, encoding="utf-8")
        (run_dir / LAST_WORDS_NAME).write_bytes(bytes(LAST_WORDS_BYTES))
    except OSError as error:
        raise BadInput(
            f"{run_dir} cannot be written",
            why=error.strerror or str(error),
            hint="export TMPDIR=/var/tmp",
        ) from error
    return path


def _one_line(value: str) -> str:
    return " ".join(value.split())
