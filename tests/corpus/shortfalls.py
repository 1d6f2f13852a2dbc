"""What the checker does not get right yet, and why. The cases stay as they must be.

A case that begins to pass fails its test until its line is gone from here, unless what goes
wrong is a matter of chance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from leakcheck.model import Level
    from tests.corpus.case import Case

__all__ = ["SHORTFALLS", "Shortfall", "shortfall_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortfall:
    """`cases` go wrong at `levels` because of `reason`; not each time if `is_chance`."""

    reason: str
    cases: tuple[str, ...]
    levels: tuple[Level, ...]
    is_chance: bool = False


SHORTFALLS: tuple[Shortfall, ...] = ()


def shortfall_of(case: Case, level: Level) -> Shortfall | None:
    """The entry of a case, if it has one."""
    name = str(case)
    return next((one for one in SHORTFALLS if name in one.cases and level in one.levels), None)
