"""The classic engine: its environment, its findings, and the profiles it leaves."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from checker_samples import PROFILE, captured_profile
from report_samples import TESTDATA

from leakcheck.checkerreport import CheckerReport
from leakcheck.engines.agent import Findings, Preloads
from leakcheck.engines.heapcheck import arm, read_findings, read_profile, read_words
from leakcheck.evidence import NoReport, Silence
from leakcheck.launch.rundirectory import Orders
from leakcheck.model import EngineName, LeakKind, Level
from leakcheck.symbolise import Symboliser

PRELOADS = Preloads(agent=Path("/c/agent.so"), tcmalloc=Path("/lib/libtcmalloc.so.4"))


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    return shutil.copytree(TESTDATA / "checker", tmp_path / "run")


@pytest.mark.parametrize("level", list(Level))
def test_the_checker_is_told_the_level_and_where_to_report(tmp_path: Path, level: Level) -> None:
    orders = Orders(level=level, engine=EngineName.HEAPCHECK)

    environment = arm(tmp_path, PRELOADS, {"HEAPCHECK": "local", "HEAPPROFILE": "/x"}, orders)

    assert environment == {
        "HEAPCHECK": level.value,
        "HEAP_CHECK_DUMP_DIRECTORY": str(tmp_path),
        "PERFTOOLS_VERBOSE": "-1",
        "LD_PRELOAD": "/c/agent.so /lib/libtcmalloc.so.4",
        "LEAKCHECK_AGENT_RUN_DIR": str(tmp_path),
    }
    assert "engine heapcheck\n" in (tmp_path / "agent.conf").read_text()


def test_the_users_verbosity_is_kept(tmp_path: Path) -> None:
    orders = Orders(level=Level.NORMAL, engine=EngineName.HEAPCHECK)

    environment = arm(tmp_path, PRELOADS, {"PERFTOOLS_VERBOSE": "3"}, orders)

    assert environment["PERFTOOLS_VERBOSE"] == "3"


def test_all_leaks_are_direct_and_none_is_missing(run_dir: Path, tmp_path: Path) -> None:
    findings = read_findings(run_dir, Symboliser(tmp_path / "cache"))

    assert isinstance(findings.outcome, CheckerReport)
    assert sum(leak.leaked_objects for leak in findings.leaks) == 7
    assert sum(leak.leaked_bytes for leak in findings.leaks) == 528
    assert {leak.kind for leak in findings.leaks} == {LeakKind.DIRECT}
    assert all(leak.stack for leak in findings.leaks)


def test_an_empty_run_directory_is_no_report(tmp_path: Path) -> None:
    findings = read_findings(tmp_path, Symboliser(tmp_path / "cache"))

    assert findings == Findings(outcome=NoReport(silence=Silence.MISSING))
    assert read_words(tmp_path) == ""


def test_the_profile_is_read_as_it_is(run_dir: Path) -> None:
    assert read_profile(run_dir) == captured_profile()[PROFILE].encode()


def test_a_checker_that_crashed_left_no_profile(tmp_path: Path) -> None:
    assert read_profile(tmp_path) is None
