"""The classic engine: its environment, its findings, and the profiles it leaves."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from checker_samples import PROFILE, captured_profile
from report_samples import TESTDATA

from leakcheck.checkerreport import CheckerReport
from leakcheck.engines.agent import Findings, Preloads
from leakcheck.engines.heapcheck import arm, keep_profile, read_findings, read_words
from leakcheck.errors import BadInput
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


def test_profiles_are_kept_under_numbers_that_go_on(run_dir: Path, tmp_path: Path) -> None:
    prefix = str(tmp_path / "heap")

    kept = [keep_profile(run_dir, prefix) for _ in range(2)]

    assert kept == [Path(f"{prefix}.heapcheck.000{number}.heap") for number in (1, 2)]
    assert [path.read_text() for path in kept if path] == [captured_profile()[PROFILE]] * 2


def test_what_is_there_is_not_overwritten_nor_followed(run_dir: Path, tmp_path: Path) -> None:
    target = tmp_path / "target"
    (tmp_path / "heap.heapcheck.0001.heap").symlink_to(target)
    (tmp_path / "heap.heapcheck.0002.heap").write_text("mine")

    kept = keep_profile(run_dir, str(tmp_path / "heap"))

    assert kept == tmp_path / "heap.heapcheck.0003.heap"
    assert not target.exists()
    assert (tmp_path / "heap.heapcheck.0002.heap").read_text() == "mine"
    assert kept.stat().st_mode & 0o777 == 0o600


def test_a_prefix_that_cannot_be_written_is_told(run_dir: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"missing/heap\.heapcheck\.0001\.heap cannot be written"):
        keep_profile(run_dir, str(tmp_path / "missing" / "heap"))


def test_without_a_profile_nothing_is_kept(tmp_path: Path) -> None:
    assert keep_profile(tmp_path, str(tmp_path / "heap")) is None
    assert list(tmp_path.iterdir()) == []
