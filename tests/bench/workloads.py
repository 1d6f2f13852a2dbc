"""What the contenders have to do: programs that work an allocator, and a real test suite."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from pathlib import Path

from tests.accuracy.answer import Amount

__all__ = ["LOST", "WORKLOADS", "WORK_PROJECT", "Suite", "Workload"]

WORK_PROJECT = Path(__file__).with_name("workloads")
LOST = Amount(7, 7000)
"""What each workload leaks on purpose; `lostBlocks` and `lostBytes` in its tests."""


class Suite(enum.Enum):
    """Whose tests they are."""

    WORK = "work"
    SQLITE = "sqlite"
    BIG = "big"


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """One test, or a whole suite. `count` is how much it does, `short` how much in a hurry.

    `lost` is what a checker has to find; None where only that it has a verdict is asked.
    """

    name: str
    title: str
    suite: Suite = Suite.WORK
    test: str = "."
    count: int = 0
    short: int = 0
    lost: Amount | None = LOST


WORKLOADS = (
    Workload(
        name="churn",
        title="8 M malloc and free in C, one thread",
        test="^TestChurn$",
        count=8_000_000,
        short=20_000,
    ),
    Workload(
        name="churn-4",
        title="the same work on four threads",
        test="^TestChurnFour$",
        count=8_000_000,
        short=20_000,
    ),
    Workload(
        name="deep",
        title="2 M malloc and free below 20 C frames without frame pointers",
        test="^TestDeep$",
        count=2_000_000,
        short=5_000,
    ),
    Workload(
        name="live",
        title="1 M blocks in use at the end",
        test="^TestLive$",
        count=1_000_000,
        short=20_000,
    ),
    Workload(
        name="threads",
        title="4 M malloc and free on 64 threads of C",
        test="^TestThreads$",
        count=4_000_000,
        short=20_000,
    ),
    Workload(
        name="go-heap",
        title="2 M live Go objects, 500 MB, and little C",
        test="^TestGoHeap$",
        count=2_000_000,
        short=10_000,
    ),
    Workload(
        name="sqlite",
        title="the test suite of github.com/mattn/go-sqlite3",
        suite=Suite.SQLITE,
        lost=None,
    ),
)
