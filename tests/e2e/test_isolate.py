"""Each test in a process of its own, with real Go."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from conftest import PROJECTS

from leakcheck import isolation
from leakcheck.errors import ExitCode, NotChecked
from leakcheck.launch.argv import isolated_test
from leakcheck.launch.program import Options
from leakcheck.model import Check
from leakcheck.model import Tests as Verdict
from leakcheck.pipeline import Request, check
from leakcheck.process import Command, run

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Checker, ConsoleScript

    from leakcheck.model import Report

pytestmark = pytest.mark.e2e

PROJECT = PROJECTS / "goisolated"
INIT = {(None, 1, 22), (None, 1, 30)}


def isolated(
    checker: Checker, package: str | None = None, *, binary: Path | None = None, **options: Any
) -> Report:
    """Check each test of a package of the project, or of a test binary, in its own process."""
    request = Request(
        project=PROJECT, package=package, binary=binary, options=Options(**options), isolate=True
    )
    return check(request, checker.settings, checker.watcher)


def wait_for(condition: Callable[[], bool], *, at_most_s: float = 60.0) -> None:
    """Wait until it holds."""
    deadline = time.monotonic() + at_most_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def leaks_by_test(report: Report) -> dict[str | None, set[tuple[str | None, int, int]]]:
    """Of each process, what it leaked and whose that is."""
    return {
        isolated_test(run_.argv): {
            (leak.test, leak.leaked_objects, leak.leaked_bytes) for leak in run_.leaks
        }
        for run_ in report.runs
    }


def test_a_leak_of_a_thread_of_c_is_the_tests_whose_process_it_was(checker: Checker) -> None:
    report = isolated(checker, "./threads")

    assert leaks_by_test(report) == {
        "TestOne": {("TestOne", 1, 100)},
        "TestTwo": {("TestTwo", 2, 2200)},
        "TestNone": set(),
        "FuzzSeeds": {("FuzzSeeds", 1, 40)},
        "ExampleLoseOnThread": {("ExampleLoseOnThread", 1, 60)},
        "": INIT,
    }
    assert report.leaked_bytes == 100 + 2200 + 40 + 60 + 22 + 30
    assert report.tests is Verdict.PASSED
    assert report.exit_code == ExitCode.FAILED


def test_without_isolate_nobody_can_tell_whose_it_is(checker: Checker) -> None:
    report = checker.go("./threads", project=PROJECT, test="^TestOne$")

    assert {leak.test for leak in report.runs[0].leaks} == {None}


def test_a_subtest_is_run_alone(checker: Checker) -> None:
    report = isolated(checker, "./threads", test="TestTwo/small|TestNone")

    assert leaks_by_test(report) == {
        "TestTwo": {("TestTwo", 1, 200)},
        "TestNone": set(),
        "": INIT,
    }


def test_a_test_without_leaks_is_clean_though_init_leaks(checker: Checker) -> None:
    report = isolated(checker, "./threads", test="TestNone")

    assert [run_.check for run_ in report.runs] == [Check.CLEAN, Check.LEAKS]


def test_one_that_crashes_does_not_stop_the_others(checker: Checker) -> None:
    report = isolated(checker, "./mixed")

    verdicts = {isolated_test(run_.argv): (run_.tests, run_.check) for run_ in report.runs}
    assert verdicts == {
        "TestFirst": (Verdict.PASSED, Check.CLEAN),
        "TestCrash": (Verdict.CRASHED, Check.NOT_CHECKED),
        "TestExit": (Verdict.FAILED, Check.CLEAN),
        "TestFailure": (Verdict.FAILED, Check.CLEAN),
        "TestLast": (Verdict.PASSED, Check.CLEAN),
        "": (Verdict.NONE_RAN, Check.CLEAN),
    }
    assert report.exit_code == ExitCode.FAILED
    assert "example.com/goisolated/mixed TestCrash: the program crashed (SIGSEGV)" in report.reason


def test_tests_run_side_by_side_and_their_output_one_after_the_other(
    checker: Checker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEETING_PLACE", str(tmp_path))
    monkeypatch.setattr(isolation, "core_count", lambda: 2)

    report = isolated(checker, "./meeting", test="TestLeft|TestRight")

    assert report.check is Check.CLEAN, checker.watcher.shown.decode()
    shown = checker.watcher.shown.decode()
    for name in ("left", "right"):
        assert f"=== Test{name.title()}\n{name} 1\n{name} 2\nPASS\n" in shown


def test_the_time_limit_is_each_processs_own(
    checker: Checker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEETING_PLACE", str(tmp_path))

    report = isolated(checker, "./meeting", test="TestAlone|TestLeft|TestRight", timeout_s=2.0)

    assert [run_.tests for run_ in report.runs if isolated_test(run_.argv) == "TestAlone"] == [
        Verdict.TIMED_OUT
    ]
    assert len(report.runs) == 4


def test_a_pattern_that_matches_no_test_is_not_called_clean(checker: Checker) -> None:
    report = isolated(checker, "./mixed", test="^TestNoSuch$")

    assert report.tests is Verdict.NONE_RAN
    assert report.exit_code == ExitCode.NOT_CHECKED


def test_a_pattern_that_is_none_is_told_in_gos_words(checker: Checker) -> None:
    with pytest.raises(NotChecked, match="invalid regexp"):
        isolated(checker, "./mixed", test="Test(")


def test_a_test_binary_built_elsewhere_is_isolated_too(checker: Checker, tmp_path: Path) -> None:
    binary = tmp_path / "threads.test"
    built = run(Command(("go", "test", "-c", "-o", str(binary), "./threads"), cwd=PROJECT))
    assert built.returncode == 0, built.stderr

    report = isolated(checker, binary=binary, test="^TestOne$")

    assert ("TestOne", 1, 100) in leaks_by_test(report)["TestOne"]


def test_the_table_tells_which_test_leaks_what(leakcheck: ConsoleScript) -> None:
    ended = leakcheck(
        "strict", "--project", str(PROJECT), "--package=./threads", "--isolate", "--json=out.json"
    )

    assert ended.exit_code == 1, ended.err
    rows = [line.split() for line in ended.out.splitlines()]
    assert ["TestTwo", "passed", "leaks", "2,200", "bytes", "in", "2", "objects"] in rows
    assert ["TestNone", "passed", "clean", "-"] in rows
    report = leakcheck.json("out.json")
    assert [run_["argv"][1] for run_ in report["runs"]][-1] == "-test.run=^$"
    assert len(report["runs"]) == 6
    assert report["leaked_bytes"] == sum(
        leak["bytes"] for run_ in report["runs"] for leak in run_["leaks"]
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("times", [1, 2])
def test_ctrl_c_ends_all_processes(
    leakcheck: ConsoleScript,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    number: signal.Signals,
    times: int,
) -> None:
    monkeypatch.setenv("MEETING_PLACE", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    where = ("--project", str(PROJECT), "--package=./meeting", "--isolate")
    command = leakcheck.command("leak", *where, "--test=TestAlone|TestLonely", "--json=out.json")
    signs = [tmp_path / "alone", tmp_path / "lonely"]

    running = subprocess.Popen(
        command.argv, env=dict(command.env or ()), cwd=command.cwd, start_new_session=True
    )
    wait_for(lambda: all(sign.exists() and sign.read_text() for sign in signs))
    for _ in range(times):
        running.send_signal(number)
        time.sleep(0.02)
    pressed = time.monotonic()

    assert running.wait(timeout=30) == 128 + number
    assert time.monotonic() - pressed < 5
    assert not any(Path("/proc", sign.read_text()).exists() for sign in signs)
    assert leakcheck.json("out.json")["check"] == "not_checked"
    assert list(tmp_path.glob("leakcheck-*")) == [], "no run directory stays"
