"""The labelled corpus in C and C++: exactly what is lost is found, and nothing that is held."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from leakcheck.model import Check, Level
from leakcheck.model import Tests as Verdict
from leakcheck.settings import Settings
from tests.corpus.case import amounts, joined
from tests.corpus.ccases import C_CASES
from tests.corpus.findings import found_in
from tests.corpus.parameters import each_at
from tests.corpus.workshop import CPrograms

if TYPE_CHECKING:
    from pathlib import Path

    from tests.corpus.case import Case

pytestmark = pytest.mark.e2e

CHECKED = [case for case in C_CASES if case.is_checked]
UNOBSERVABLE = [case for case in C_CASES if not case.is_checked]


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory, cache_dir: Path) -> CPrograms:
    return CPrograms.build(Settings(cache_dir=cache_dir), tmp_path_factory.mktemp("ccorpus"))


@pytest.mark.parametrize(("case", "level"), each_at(CHECKED, Level.NORMAL, Level.STRICT))
def test_exactly_what_is_lost_is_found(programs: CPrograms, case: Case, level: Level) -> None:
    report = programs.check(case, level)

    (run,) = report["runs"]
    assert run["reason"] == ""
    assert found_in(run) == joined(case.expected(level))
    assert report["check"] == (Check.LEAKS if case.expected(level) else Check.CLEAN).value
    assert report["tests"] == Verdict.PASSED.value


@pytest.mark.parametrize(("case", "level"), each_at(CHECKED, Level.DRACONIAN))
def test_draconian_finds_no_less_than_strict(programs: CPrograms, case: Case, level: Level) -> None:
    (run,) = programs.check(case, level)["runs"]

    found = found_in(run)
    assert amounts(case.draconian) <= amounts(found)
    if case.is_freed_at_exit:  # what libraries never free is not the case's
        assert {one.function for one in found} <= {""}


@pytest.mark.parametrize(("case", "level"), each_at(UNOBSERVABLE, *Level))
def test_what_nobody_saw_is_not_called_clean(programs: CPrograms, case: Case, level: Level) -> None:
    report = programs.check(case, level)

    assert report["check"] == Check.NOT_CHECKED.value
    assert report["exit_code"] == 2
