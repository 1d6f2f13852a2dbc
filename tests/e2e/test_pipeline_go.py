"""Real Go packages with C in them, through the whole pipeline."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from conftest import PROJECTS

from leakcheck.errors import BadInput, BuildFailed, ExitCode, NotChecked
from leakcheck.model import Check, LeakKind, Level
from leakcheck.model import Tests as Verdict
from leakcheck.process import Command, run
from leakcheck.toolchain.discovery import list_tcmallocs

if TYPE_CHECKING:
    from conftest import Checker

    from leakcheck.model import Leak, Report

pytestmark = pytest.mark.e2e

DIRECT, INDIRECT = LeakKind.DIRECT, LeakKind.INDIRECT


def amounts(report: Report) -> set[tuple[str | None, LeakKind, int, int]]:
    return {
        (leak.test, leak.kind, leak.leaked_objects, leak.leaked_bytes)
        for run_ in report.runs
        for leak in run_.leaks
    }


def places(leak: Leak) -> list[str]:
    """The user's frames, as `function file:line`."""
    return [
        f"{frame.function.rpartition('/')[2]} {Path(frame.file).name}:{frame.line}"
        for frame in leak.stack
        if frame.file and "gomodule" in frame.file
    ]


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        ("TestBlocks", {("TestBlocks", DIRECT, 3, 120)}),
        ("TestList", {("TestList", DIRECT, 1, 16), ("TestList", INDIRECT, 3, 48)}),
        ("TestString", {("TestString", DIRECT, 1, 6)}),
        ("TestSubtest", {("TestSubtest/inner", DIRECT, 2, 14)}),
    ],
)
@pytest.mark.parametrize("level", [Level.NORMAL, Level.STRICT])
def test_a_leak_in_c_called_from_go_is_found_with_its_exact_count(
    checker: Checker,
    test: str,
    expected: set[tuple[str | None, LeakKind, int, int]],
    level: Level,
) -> None:
    report = checker.go("./leaky", test=f"^{test}$", level=level)

    assert amounts(report) == expected
    assert report.exit_code == ExitCode.FAILED
    assert report.tests is Verdict.PASSED
    assert report.leaked_bytes == sum(size for *_, size in expected)


def test_a_leak_shows_the_lines_of_c_and_of_go(checker: Checker) -> None:
    report = checker.go("./leaky", test="^TestBlocks$")

    (leak,) = report.runs[0].leaks
    assert places(leak) == [
        "lose_blocks leaky.c:14",
        "leaky.LoseBlocks leaky.go:8",
        "leaky.TestBlocks leaky_test.go:5",
    ]


def test_the_same_leak_has_the_same_id_in_another_run(checker: Checker) -> None:
    first, second = (checker.go("./leaky") for _ in range(2))

    assert [leak.id for leak in first.runs[0].leaks] == [leak.id for leak in second.runs[0].leaks]


def test_a_test_without_leaks_in_a_leaky_package_is_clean(checker: Checker) -> None:
    report = checker.go("./leaky", test="^TestNothing$")

    assert report.check is Check.CLEAN
    assert report.exit_code == ExitCode.OK


@pytest.mark.parametrize("level", [Level.NORMAL, Level.STRICT])
def test_memory_that_is_freed_or_still_held_is_clean(checker: Checker, level: Level) -> None:
    report = checker.go("./clean", level=level)

    assert report.check is Check.CLEAN, amounts(report)
    assert report.tests is Verdict.PASSED, checker.watcher.shown.decode()
    assert report.exit_code == ExitCode.OK


def test_a_stricter_level_finds_what_a_laxer_one_found(checker: Checker) -> None:
    def objects_by_id(level: Level) -> dict[str, int]:
        leaks = checker.go("./leaky", level=level).runs[0].leaks
        return {leak.id.partition("-")[0]: leak.leaked_objects for leak in leaks}

    normal, strict, draconian = map(objects_by_id, Level)

    assert normal
    assert all(strict[key] >= count for key, count in normal.items())
    assert all(draconian[key] >= count for key, count in strict.items())


def test_at_level_draconian_what_is_still_held_is_a_leak(checker: Checker) -> None:
    report = checker.go("./clean", test="^TestKeptInC$", level=Level.DRACONIAN)

    assert ("TestKeptInC", DIRECT, 1, 100) in amounts(report)


def test_a_failing_test_that_also_leaks_reports_both(checker: Checker) -> None:
    report = checker.go("./failing")

    assert report.tests is Verdict.FAILED
    assert amounts(report) == {("TestFailsAndLeaks", DIRECT, 1, 77)}
    assert report.exit_code == ExitCode.FAILED


@pytest.mark.parametrize(
    ("test", "cause"),
    [
        ("TestSegfault", "SIGSEGV"),
        ("TestPanic", "panic: on purpose"),
        ("TestAbort", "SIGABRT"),
        ("TestKilled", "SIGKILL"),
    ],
)
def test_a_crash_is_a_failure_that_says_the_leaks_were_not_checked(
    checker: Checker, test: str, cause: str
) -> None:
    report = checker.go("./crashing", test=f"^{test}$")

    assert report.tests is Verdict.CRASHED
    assert report.check is Check.NOT_CHECKED
    assert cause in report.reason
    assert report.exit_code != ExitCode.OK
    assert report.runs[0].leaks == ()


def test_a_test_that_leaves_by_os_exit_failed_and_is_checked(checker: Checker) -> None:
    report = checker.go("./crashing", test="^TestExit$")

    assert (report.tests, report.check) == (Verdict.FAILED, Check.CLEAN)
    assert report.exit_code == ExitCode.FAILED


def test_a_test_out_of_time_shows_where_it_hangs(checker: Checker) -> None:
    report = checker.go("./hanging", timeout_s=1.0)

    assert report.tests is Verdict.TIMED_OUT
    assert report.check is Check.NOT_CHECKED
    assert report.exit_code == ExitCode.FAILED
    assert b"hanging.Wait" in checker.watcher.shown
    assert report.runs[0].duration_s < 20


def test_a_regular_expression_that_matches_no_test_is_not_called_clean(checker: Checker) -> None:
    report = checker.go("./leaky", test="^TestNoSuch$")

    assert report.tests is Verdict.NONE_RAN
    assert report.exit_code == ExitCode.NOT_CHECKED


@pytest.mark.parametrize(
    ("package", "why"), [("./pure", "no cgo"), ("./untested", "no test files")]
)
def test_a_package_without_c_or_tests_is_not_called_clean(
    checker: Checker, package: str, why: str
) -> None:
    with pytest.raises(NotChecked, match=why):
        checker.go(package)


def test_c_that_only_the_tests_reach_is_checked(checker: Checker) -> None:
    report = checker.go("./indirect")

    assert amounts(report) == {("TestThroughAnotherPackage", DIRECT, 1, 55)}


def test_several_packages_run_each_in_its_folder(checker: Checker) -> None:
    report = checker.go("./...", test="TestBlocks|TestRunsInItsFolder|TestDouble")

    by_package = {run_.package.rpartition("/")[2]: run_ for run_ in report.runs}
    assert by_package["leaky"].check is Check.LEAKS
    assert by_package["clean"].tests is Verdict.PASSED
    assert set(report.skipped) == {
        ("example.com/gomodule/pure", "no cgo"),
        ("example.com/gomodule/untested", "no test files"),
    }
    assert report.exit_code == ExitCode.FAILED


def test_a_package_that_does_not_compile_is_told_in_gos_words(checker: Checker) -> None:
    with pytest.raises(BuildFailed, match=r"broken\.go:8:28: undefined: noSuchName"):
        checker.go("./broken", project=PROJECTS / "gobroken")


def test_beside_a_package_that_does_not_compile_the_others_run(checker: Checker) -> None:
    report = checker.go("./...", project=PROJECTS / "gobroken")

    assert [run_.check for run_ in report.runs] == [Check.NOT_CHECKED, Check.CLEAN]
    assert report.exit_code == ExitCode.NOT_CHECKED


def test_a_folder_without_a_module_is_bad_input(checker: Checker, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"go\.mod"):
        checker.go(".", project=tmp_path)


def test_nothing_is_written_into_the_project(checker: Checker, tmp_path: Path) -> None:
    project = tmp_path / "gomodule"
    shutil.copytree(PROJECTS / "gomodule", project)
    before = {path: path.stat().st_mtime_ns for path in project.rglob("*")}

    checker.go("./leaky", project=project)

    assert {path: path.stat().st_mtime_ns for path in project.rglob("*")} == before


def test_awkward_folders_are_no_obstacle(checker: Checker, tmp_path: Path) -> None:
    project = tmp_path / "my project"
    shutil.copytree(PROJECTS / "gomodule", project)
    settings = replace(checker.settings, cache_dir=tmp_path / "the cache")

    report = replace(checker, settings=settings).go("./leaky", project=project, test="TestBlocks")

    assert amounts(report) == {("TestBlocks", DIRECT, 3, 120)}


@pytest.mark.parametrize(
    "flags",
    [
        ("-race",),
        ("-trimpath",),
        ("-buildmode=pie",),
        ("-ldflags=-s -w",),
        ("-ldflags=-X example.com/gomodule/leaky.unused=1",),
        ("-gcflags=-N -l",),
        ("-tags", "some other"),
        ("-cover",),
    ],
    ids=" ".join,
)
def test_build_flags_of_the_user_do_not_change_the_counts(
    checker: Checker, flags: tuple[str, ...]
) -> None:
    settings = replace(checker.settings, go_flags=flags)

    report = replace(checker, settings=settings).go("./leaky", test="^TestList$")

    sizes = {(kind, objects, size) for _, kind, objects, size in amounts(report)}
    assert sizes == {(DIRECT, 1, 16), (INDIRECT, 3, 48)}


def test_a_static_test_binary_is_not_called_clean(checker: Checker) -> None:
    settings = replace(
        checker.settings, go_flags=("-ldflags=-linkmode=external -extldflags=-static",)
    )

    with pytest.raises(NotChecked, match="static"):
        replace(checker, settings=settings).go("./leaky")


@pytest.mark.parametrize("library", list_tcmallocs(), ids=lambda library: library.path.name)
def test_every_tcmalloc_of_the_machine_finds_the_same(checker: Checker, library: object) -> None:
    settings = replace(checker.settings, tcmalloc=library.path)  # type: ignore[attr-defined]

    report = replace(checker, settings=settings).go("./leaky", test="TestBlocks|TestList")

    assert amounts(report) == {
        ("TestBlocks", DIRECT, 3, 120),
        ("TestList", DIRECT, 1, 16),
        ("TestList", INDIRECT, 3, 48),
    }


def test_a_test_binary_built_elsewhere_is_run_as_a_test(checker: Checker, tmp_path: Path) -> None:
    binary = tmp_path / "leaky.test"
    built = run(
        Command(("go", "test", "-c", "-o", str(binary), "./leaky"), cwd=PROJECTS / "gomodule")
    )
    assert built.returncode == 0, built.stderr

    report = checker.binary(binary, test="^TestBlocks$", level=Level.DRACONIAN)

    assert ("TestBlocks", DIRECT, 3, 120) in amounts(report)
    assert report.runs[0].evidence.text("go_liveness").startswith("conservative: ")
