from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from report_samples import captured_files

from leakcheck.engines.agent import CHECK_DEADLINE_S, Findings, Preloads, arm, read_findings
from leakcheck.evidence import AgentReport, NoReport, Silence
from leakcheck.launch.program import CHECK_GRACE_S
from leakcheck.launch.rundirectory import Orders
from leakcheck.model import LeakKind, Level
from leakcheck.symbolise import Symboliser

if TYPE_CHECKING:
    from collections.abc import Mapping

PRELOADS = Preloads(agent=Path("/c/agent.so"), tcmalloc=Path("/lib/tcmalloc.so"), users="/u.so")


def leave_report(run_dir: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        (run_dir / name).write_text(text)


def test_the_agent_finds_its_orders_and_itself(tmp_path: Path) -> None:
    orders = Orders(level=Level.STRICT, go_layout=(("go", "1"),))

    environment = arm(tmp_path, PRELOADS, {"HOME": "/root"}, orders)

    assert (tmp_path / "agent.conf").read_text() == "level strict\ndeadline_ms 50000\ngo 1\n"
    assert environment == {
        "HOME": "/root",
        "LD_PRELOAD": "/c/agent.so /lib/tcmalloc.so /u.so",
        "LEAKCHECK_AGENT_RUN_DIR": str(tmp_path),
        "LEAKCHECK_AGENT_KEEP": "LD_PRELOAD=/u.so",
    }


def test_a_program_with_its_own_tcmalloc_gets_the_agent_alone(tmp_path: Path) -> None:
    preloads = Preloads(agent=Path("/c/agent.so"), tcmalloc=None)

    assert arm(tmp_path, preloads, {}, Orders(level=Level.NORMAL))["LD_PRELOAD"] == "/c/agent.so"


def test_libraries_in_awkward_folders_are_preloaded_through_links(tmp_path: Path) -> None:
    cache = tmp_path / "my cache"
    cache.mkdir()
    for name in ("agent.so", "tcmalloc.so"):
        (cache / name).write_text(name)
    run_dir = tmp_path / "run"
    run_dir.mkdir()
    preloads = Preloads(agent=cache / "agent.so", tcmalloc=cache / "tcmalloc.so")

    environment = arm(run_dir, preloads, {}, Orders(level=Level.NORMAL))

    assert environment["LD_PRELOAD"] == f"{run_dir}/agent.so {run_dir}/tcmalloc.so"
    assert (run_dir / "agent.so").read_text() == "agent.so"


def test_the_check_ends_before_the_program_is_ended() -> None:
    assert CHECK_DEADLINE_S < CHECK_GRACE_S


def test_a_whole_report_becomes_leaks_with_stacks(tmp_path: Path) -> None:
    leave_report(tmp_path, captured_files())

    findings = read_findings(tmp_path, Symboliser(tmp_path / "cache"))

    assert isinstance(findings.outcome, AgentReport)
    for kind, profile in (
        (LeakKind.DIRECT, findings.outcome.direct),
        (LeakKind.INDIRECT, findings.outcome.indirect),
    ):
        leaks = [leak for leak in findings.leaks if leak.kind is kind]
        assert sum(leak.leaked_objects for leak in leaks) == profile.objects
        assert sum(leak.leaked_bytes for leak in leaks) == profile.bytes
        assert all(leak.stack for leak in leaks)


@pytest.mark.parametrize("cut", ["evidence", "direct.heap", "indirect.heap", "owners"])
def test_a_report_without_one_of_its_files_has_no_leaks(tmp_path: Path, cut: str) -> None:
    leave_report(tmp_path, {name: text for name, text in captured_files().items() if name != cut})

    findings = read_findings(tmp_path, Symboliser(tmp_path / "cache"))

    assert isinstance(findings.outcome, NoReport)
    assert findings.leaks == ()


def test_an_agent_that_gave_up_is_quoted(tmp_path: Path) -> None:
    leave_report(tmp_path, {"failure": "no malloc hooks in this program\n"})

    assert read_findings(tmp_path, Symboliser(tmp_path)) == Findings(
        outcome=NoReport(silence=Silence.FAILURE, reason="no malloc hooks in this program")
    )


def test_an_empty_run_directory_is_no_report(tmp_path: Path) -> None:
    findings = read_findings(tmp_path, Symboliser(tmp_path))

    assert findings == Findings(outcome=NoReport(silence=Silence.MISSING))
