"""What the agent wrote of the program's memory while it ran (docs/agent.md)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from leakcheck.evidence import parse_tests, read_text
from leakcheck.heapprofile import HeapProfile, parse_heap_profile

if TYPE_CHECKING:
    from pathlib import Path

    from leakcheck.evidence import RowTest

__all__ = ["Snapshot", "read_snapshots"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """All that was allocated up to one moment of a run, and the tests of its rows."""

    heap: HeapProfile
    tests: tuple[RowTest, ...] = ()
    time_ns: int = 0


def read_snapshots(run_directory: Path) -> tuple[Snapshot, ...]:
    """Read the snapshots in a run directory, oldest first. Raises `MalformedReport`.

    One that was begun and not finished when the program was killed is none.
    """
    return tuple(map(read_snapshot, sorted(run_directory.glob("snapshot.*.heap"))))


def read_snapshot(path: Path) -> Snapshot:
    """Read one; the names of its tests stand beside it."""
    tests = path.with_suffix(".tests")
    return Snapshot(
        heap=parse_heap_profile(read_text(path), source=path.name),
        tests=parse_tests(read_text(tests), source=tests.name),
        time_ns=path.stat().st_mtime_ns,
    )
