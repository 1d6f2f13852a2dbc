"""The cases as parameters of a test; what is known to go wrong is expected to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.corpus.shortfalls import shortfall_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _pytest.mark import ParameterSet

    from leakcheck.model import Level
    from tests.corpus.case import Case

__all__ = ["each_at"]


def each_at(cases: Iterable[Case], *levels: Level) -> tuple[ParameterSet, ...]:
    """Each case at each level, with the id `program-name-level`."""
    return tuple(one_at(case, level) for case in cases for level in levels)


def one_at(case: Case, level: Level) -> ParameterSet:
    """One case at one level."""
    known = shortfall_of(case, level)
    expected = pytest.mark.xfail(reason=known.reason, strict=not known.is_chance) if known else ()
    return pytest.param(case, level, id=f"{case}-{level.value}", marks=expected)
