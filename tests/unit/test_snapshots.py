"""Reading what the agent wrote while the program ran."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from profile_samples import heap, row

from leakcheck.errors import MalformedReport
from leakcheck.evidence import RowTest
from leakcheck.heapprofile import render_heap_profile
from leakcheck.snapshots import Snapshot, read_snapshots

if TYPE_CHECKING:
    from pathlib import Path

HEAP = heap(row(1, 8, 0x400010))


def leave(folder: Path, number: int, *, at: int) -> None:
    path = folder / f"snapshot.{number:06}.heap"
    path.write_text(render_heap_profile(HEAP))
    path.with_suffix(".tests").write_text("inuse 0 TestX\n")
    os.utime(path, ns=(at, at))


def test_snapshots_are_read_in_their_order(tmp_path: Path) -> None:
    leave(tmp_path, 10, at=3)
    leave(tmp_path, 9, at=2)

    tests = (RowTest(kind=None, row=0, test="TestX"),)
    assert read_snapshots(tmp_path) == (
        Snapshot(heap=HEAP, tests=tests, time_ns=2),
        Snapshot(heap=HEAP, tests=tests, time_ns=3),
    )


def test_a_snapshot_that_was_not_finished_is_none(tmp_path: Path) -> None:
    (tmp_path / "snapshot.000001.tests").touch()
    (tmp_path / "snapshot.000001.heap.tmp").write_text("heap profile:")
    assert read_snapshots(tmp_path) == ()


def test_a_damaged_snapshot_is_refused(tmp_path: Path) -> None:
    leave(tmp_path, 1, at=1)
    (tmp_path / "snapshot.000001.heap").write_text("heap profile: junk\n")
    with pytest.raises(MalformedReport, match=r"snapshot\.000001\.heap"):
        read_snapshots(tmp_path)
