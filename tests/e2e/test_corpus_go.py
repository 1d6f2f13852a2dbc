"""The labelled corpus in Go: exactly what is lost is found, and nothing that is held."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from leakcheck.model import Check, Level
from leakcheck.settings import Settings
from leakcheck.toolchain.discovery import find_go
from tests.corpus.case import amounts, joined
from tests.corpus.findings import found_in
from tests.corpus.gocases import GO_CASES
from tests.corpus.parameters import each_at
from tests.corpus.shortfalls import shortfall_of
from tests.corpus.workshop import GO_PROJECT, GoTests

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from conftest import ConsoleScript

    from tests.corpus.case import Case, Found

pytestmark = pytest.mark.e2e

GO_VERSION = find_go(Settings(cache_dir=GO_PROJECT)).version[:2]
CASES = [case for case in GO_CASES if case.since <= GO_VERSION]
PROGRAMS = sorted({case.program for case in CASES})


@pytest.fixture(scope="session")
def go_tests(tmp_path_factory: pytest.TempPathFactory, cache_dir: Path) -> GoTests:
    return GoTests.build(Settings(cache_dir=cache_dir), tmp_path_factory.mktemp("gocorpus"))


@pytest.mark.parametrize(("case", "level"), each_at(CASES, Level.NORMAL, Level.STRICT))
def test_exactly_what_is_lost_is_found(go_tests: GoTests, case: Case, level: Level) -> None:
    report = go_tests.check(case, level)

    (run,) = report["runs"]
    assert run["reason"] == ""
    assert found_in(run) == joined(case.expected(level))
    assert report["check"] == (Check.LEAKS if case.expected(level) else Check.CLEAN).value
    assert report["tests"] == case.tests.value
    assert run["evidence"]["go_liveness"] == "exact"


@pytest.mark.parametrize("program", PROGRAMS)
def test_every_test_of_the_module_is_a_case(go_tests: GoTests, program: str) -> None:
    cases = {case.name for case in CASES if case.program == program}

    assert set(go_tests.names(program)) == cases


@pytest.mark.parametrize("level", list(Level), ids=lambda level: level.value)
def test_one_call_of_the_command_finds_all_of_it(leakcheck: ConsoleScript, level: Level) -> None:
    ended = leakcheck(
        *("leak", "--project", str(GO_PROJECT), "--package", "./..."),
        *("--level", level.value, "--json", "report.json"),
    )

    report = leakcheck.json("report.json")
    assert ended.exit_code == report["exit_code"] == 1
    found = {run["package"].partition("/")[2]: found_in(run) for run in report["runs"]}
    assert sorted(found) == PROGRAMS
    for program in PROGRAMS:
        expected = joined(
            one for case in CASES if case.program == program for one in case.expected(level)
        )
        if level is Level.DRACONIAN:
            assert amounts(sound(program, level, expected)) <= amounts(
                sound(program, level, found[program])
            )
        else:
            assert sound(program, level, found[program]) == sound(program, level, expected)


def sound(program: str, level: Level, found: Iterable[Found]) -> list[Found]:
    """What belongs to tests that are not known to go wrong; all, if the package has none such."""
    cases = [case for case in CASES if case.program == program]
    names = {case.name for case in cases if shortfall_of(case, level) is None}
    is_whole = len(names) == len(cases)
    return [one for one in found if is_whole or (one.test or "").partition("/")[0] in names]
