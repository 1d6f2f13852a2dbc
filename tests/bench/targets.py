"""What leakcheck has to reach, as ratios within one run of the benchmark, and how it stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.bench.contest import Cell
    from tests.bench.meter import Measurement
    from tests.bench.scaling import Growth, Reading

__all__ = ["Target", "growth_targets", "ratio_targets", "reading_targets", "start_up_target"]

_OURS = "leakcheck normal"
_CHURNS = ("churn-4", "churn")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A bound: the value must not be above it, or not below it when `is_least`."""

    name: str
    bound: float
    value: float
    unit: str
    is_least: bool = False

    @property
    def is_met(self) -> bool:
        """Whether the value is on the right side of the bound."""
        return self.value >= self.bound if self.is_least else self.value <= self.bound


def ratio_targets(cells: Sequence[Cell]) -> tuple[Target, ...]:
    """Those between contenders; what was not measured on this machine is left out."""
    asked = (
        (
            "churn: times faster than HEAPCHECK",
            40.0,
            ("HEAPCHECK", "churn"),
            (_OURS, "churn"),
            True,
        ),
        ("churn: times faster than -asan", 3.0, ("go test -asan", "churn"), (_OURS, "churn"), True),
        ("churn: LeakSanitizer's time", 2.0, (_OURS, "churn"), ("LeakSanitizer", "churn"), False),
        ("deep: LeakSanitizer's time", 3.0, (_OURS, "deep"), ("LeakSanitizer", "deep"), False),
        ("real suite: tcmalloc's time", 1.3, (_OURS, "sqlite"), ("tcmalloc", "sqlite"), False),
        (
            "four threads to one, same work: processor time",
            1.0,
            (_OURS, "churn-4"),
            (_OURS, "churn"),
            False,
        ),
    )
    found = [
        _ratio(cells, name, bound, of, to, is_least=is_least)
        for name, bound, of, to, is_least in asked
    ]
    return tuple(target for target in (*found, _wall_of_threads(cells)) if target is not None)


def _wall_of_threads(cells: Sequence[Cell]) -> Target | None:
    """Whether threads that run at the same time are done sooner, or in each other's way."""
    four, one = (_median(cells, _OURS, name, lambda one: one.wall_s) for name in _CHURNS)
    if four is None or not one:
        return None
    return Target(
        name="four threads to one, same work: wall clock", bound=1.0, value=four / one, unit="x"
    )


def growth_targets(growth: Sequence[Growth]) -> tuple[Target, ...]:
    """The check of 1 M blocks, that it grows no faster than they do, and memory for each."""
    (million,) = (one for one in growth if one.blocks == 1_000_000)
    least, most = growth[0], growth[-1]
    per_block = (most.check_s / most.blocks) / (least.check_s / least.blocks)
    return (
        Target(name="1 M live blocks: check", bound=1.0, value=million.check_s, unit="s"),
        Target(
            name=f"a block's check, {most.blocks:,} to {least.blocks:,}",
            bound=1.5,
            value=per_block,
            unit="x",
        ),
        Target(
            name="memory for a live block, the most of all sizes",
            bound=64.0,
            value=max(one.block_bytes for one in growth),
            unit="bytes",
        ),
    )


def reading_targets(reading: Reading) -> tuple[Target, ...]:
    """From the end of the tests to the report, and to the profile, of a large binary."""
    size = f"{reading.binary_bytes / 1e6:.0f} MB"
    return (
        Target(name=f"report of {size}, warm cache", bound=1.0, value=reading.warm_s, unit="s"),
        Target(name=f"report of {size}, cold", bound=4.0, value=reading.cold_s, unit="s"),
        Target(name=f"profile of {size}, warm cache", bound=3.0, value=reading.profile_s, unit="s"),
    )


def start_up_target(seconds: float) -> Target:
    """The Python side by itself."""
    return Target(name="`leakcheck leak --help`", bound=0.4, value=seconds, unit="s")


def _ratio(  # noqa: PLR0913 - one call, above
    cells: Sequence[Cell],
    name: str,
    bound: float,
    of: tuple[str, str],
    to: tuple[str, str],
    *,
    is_least: bool,
) -> Target | None:
    above, below = _cpu_s(cells, *of), _cpu_s(cells, *to)
    if above is None or not below:
        return None
    return Target(name=name, bound=bound, value=above / below, unit="x", is_least=is_least)


def _cpu_s(cells: Sequence[Cell], contender: str, workload: str) -> float | None:
    """Processor time: of a busy machine the wall clock says little."""
    return _median(cells, contender, workload, lambda one: one.cpu_s)


def _median(
    cells: Sequence[Cell], contender: str, workload: str, of: Callable[[Measurement], float]
) -> float | None:
    for cell in cells:
        if (cell.entry.name, cell.workload.name) == (contender, workload):
            return cell.median(of)
    return None
