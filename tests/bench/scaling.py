"""What the tables of the workloads do not show: how leakcheck grows, and its own start-up."""

from __future__ import annotations

import dataclasses
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from leakcheck.process import Command, run
from tests.bench.bigproject import BIG_BINARY_BYTES
from tests.bench.contest import median_of
from tests.bench.suites import Build
from tests.bench.workloads import LOST, WORKLOADS, Suite, Workload

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.bench.contenders import Leakcheck, Sample, Tool

__all__ = [
    "BIG",
    "Growth",
    "Reading",
    "bytes_per_block",
    "measure_growth",
    "measure_reading",
    "measure_start_up",
]

_SIZES = (250_000, 500_000, 1_000_000, 2_000_000, 4_000_000)
_STARTS = 7
_TIMEOUT_S = 60.0

BIG = Workload(
    name="big", title="a test binary of 50 MB", suite=Suite.BIG, test="^TestLose$", lost=LOST
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """So many blocks in use at the end: how long the check takes, and the memory it needs.

    `block_bytes` is what leakcheck's peak is above tcmalloc's, for each block.
    """

    blocks: int
    check_s: float
    verdict_s: float
    block_bytes: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """From the end of the tests to the verdict with every frame named, by what is in the cache.

    `profile_s` is to a profile that is written too, with a warm cache.
    """

    binary_bytes: int
    cold_s: float
    warm_s: float
    profile_s: float


def measure_growth(
    leakcheck: Leakcheck, tcmalloc: Tool, rounds: int, say: Callable[[str], None]
) -> tuple[Growth, ...]:
    """Let both keep more and more blocks; medians of so many rounds."""
    live = next(workload for workload in WORKLOADS if workload.name == "live")
    leakcheck.prepare(live)
    tcmalloc.prepare(live)
    found = []
    for blocks in _SIZES:
        say(f"{blocks:,} blocks in use at the end")
        ours = [leakcheck.run(live, blocks) for _ in range(rounds)]
        plain = [tcmalloc.run(live, blocks) for _ in range(rounds)]
        found.append(_growth(blocks, ours, plain))
    return tuple(found)


def _growth(blocks: int, ours: list[Sample], plain: list[Sample]) -> Growth:
    for sample in (*ours, *plain):
        assert not sample.remark, sample.remark
    peaks = [
        median_of([one.measurement.peak_kib for one in samples if one.measurement]) or 0.0
        for samples in (ours, plain)
    ]
    return Growth(
        blocks=blocks,
        check_s=median_of([one.check_s for one in ours if one.check_s is not None]) or 0.0,
        verdict_s=median_of([one.verdict_s for one in ours if one.verdict_s is not None]) or 0.0,
        block_bytes=bytes_per_block(peaks[0], peaks[1], blocks),
    )


def bytes_per_block(peak_kib: float, plain_kib: float, blocks: int) -> float:
    """What is used above the plain program, for each block."""
    return (peak_kib - plain_kib) * 1024 / blocks


def measure_reading(leakcheck: Leakcheck, rounds: int, say: Callable[[str], None]) -> Reading:
    """Time the report of a large binary, with nothing in the cache and then with all of it."""
    say(f"{BIG.title}: building")
    leakcheck.prepare(BIG)
    size = leakcheck.bench.suites.binary(BIG.suite, Build.LEAKCHECK).stat().st_size
    assert size >= BIG_BINARY_BYTES, f"the large binary has {size} bytes"
    cold = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory(prefix="leakcheck-cold-") as folder:
            fresh = dataclasses.replace(leakcheck, cache_dir=Path(folder))
            fresh.prepare(BIG)
            say(f"{BIG.title}: cold")
            cold.append(_verdict_s(fresh))
            warm = [_verdict_s(fresh) for _ in range(rounds)]
            say(f"{BIG.title}: profile")
            profiling = dataclasses.replace(fresh, profiles=True)
            profiles = [_verdict_s(profiling) for _ in range(rounds)]
    return Reading(
        binary_bytes=size,
        cold_s=median_of(cold) or 0.0,
        warm_s=median_of(warm) or 0.0,
        profile_s=median_of(profiles) or 0.0,
    )


def _verdict_s(leakcheck: Leakcheck) -> float:
    sample = leakcheck.run(BIG, 0)
    assert not sample.remark, sample.remark
    assert sample.verdict_s is not None
    return sample.verdict_s


def measure_start_up() -> float:
    """Time `leakcheck leak --help`, median of some starts."""
    command = Command((sys.executable, "-m", "leakcheck", "leak", "--help"))
    times = []
    for _ in range(_STARTS):
        started = time.monotonic()
        assert run(command, timeout_s=_TIMEOUT_S).returncode == 0
        times.append(time.monotonic() - started)
    return median_of(times) or 0.0
