"""Real C and C++ programs, through the whole pipeline."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from leakcheck.errors import BadInput, ExitCode, NotChecked
from leakcheck.model import Check, LeakKind, Level
from leakcheck.model import Tests as Verdict
from leakcheck.process import Command, run
from leakcheck.toolchain.discovery import list_tcmallocs

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Checker

pytestmark = pytest.mark.e2e

Compiled = "Callable[..., Path]"


@pytest.mark.parametrize("level", list(Level))
def test_every_lost_block_is_counted(
    checker: Checker, compiled: Callable[..., Path], level: Level
) -> None:
    report = checker.binary(compiled("leak.c"), "3", "50", level=level)

    mine = [leak for leak in report.runs[0].leaks if leak.stack[0].function == "lose"]
    assert [(leak.leaked_objects, leak.leaked_bytes) for leak in mine] == [(3, 150)]
    assert mine[0].kind is LeakKind.DIRECT
    assert mine[0].test is None
    assert report.exit_code == ExitCode.FAILED


def test_a_leak_shows_the_lines(checker: Checker, compiled: Callable[..., Path]) -> None:
    report = checker.binary(compiled("leak.c"))

    (leak,) = report.runs[0].leaks
    shown = [(frame.function, frame.line) for frame in leak.stack[:2]]
    assert shown == [("lose", 6), ("main", 16)]


def test_arguments_reach_the_program_and_its_output_is_shown(
    checker: Checker, compiled: Callable[..., Path]
) -> None:
    checker.binary(compiled("leak.c"), "0", "two words", "")

    assert checker.watcher.shown == b"argument 1: <0>\nargument 2: <two words>\nargument 3: <>\n"


def test_a_program_that_lost_nothing_is_clean(
    checker: Checker, compiled: Callable[..., Path]
) -> None:
    report = checker.binary(compiled("leak.c"), "0")

    assert report.check is Check.CLEAN
    assert report.exit_code == ExitCode.OK


def test_a_program_that_fails_and_leaks_reports_both(
    checker: Checker, compiled: Callable[..., Path]
) -> None:
    report = checker.binary(compiled("leak.c"), "1", "20", "7")

    assert (report.tests, report.check) == (Verdict.FAILED, Check.LEAKS)
    assert report.leaked_bytes == 20


@pytest.mark.parametrize(
    ("how", "verdict"),
    [("return", Verdict.PASSED), ("_exit", Verdict.PASSED), ("9", Verdict.FAILED)],
)
def test_a_program_that_ends_by_its_own_will_is_checked(
    checker: Checker, compiled: Callable[..., Path], how: str, verdict: Verdict
) -> None:
    report = checker.binary(compiled("ending.c"), how)

    assert (report.tests, report.check) == (verdict, Check.CLEAN)


@pytest.mark.parametrize(
    ("how", "cause", "code"),
    [("kill", "SIGKILL", ExitCode.NOT_CHECKED), ("abort", "SIGABRT", ExitCode.FAILED)],
)
def test_a_program_that_was_killed_is_not_called_clean(
    checker: Checker, compiled: Callable[..., Path], how: str, cause: str, code: ExitCode
) -> None:
    report = checker.binary(compiled("ending.c"), how)

    assert report.check is Check.NOT_CHECKED
    assert cause in report.reason
    assert report.exit_code == code


def test_a_program_that_became_another_one_is_not_called_clean(
    checker: Checker, compiled: Callable[..., Path]
) -> None:
    report = checker.binary(compiled("ending.c"), "exec")

    assert report.check is Check.NOT_CHECKED
    assert report.exit_code == ExitCode.NOT_CHECKED


def test_a_program_out_of_time_is_ended(checker: Checker, compiled: Callable[..., Path]) -> None:
    started = time.monotonic()

    report = checker.binary(compiled("ending.c"), "sleep", timeout_s=1.0)

    assert time.monotonic() - started < 20
    assert report.tests is Verdict.TIMED_OUT
    assert report.check is Check.NOT_CHECKED
    assert report.exit_code == ExitCode.FAILED


def test_a_block_that_grows_before_all_constructors_keeps_its_content(
    checker: Checker, compiled: Callable[..., Path]
) -> None:
    report = checker.binary(compiled("early.c"))

    assert (report.tests, report.check) == (Verdict.PASSED, Check.CLEAN)


@pytest.mark.parametrize("flags", [("-fno-pie", "-no-pie"), ("-fpie", "-pie")], ids=" ".join)
def test_a_pointer_to_malloc_is_no_allocator_of_its_own(
    checker: Checker, compiled: Callable[..., Path], flags: tuple[str, ...]
) -> None:
    report = checker.binary(compiled("pointer.c", *flags))

    assert report.reason == ""
    assert (report.leaked_objects, report.leaked_bytes) == (1, 321)


@pytest.mark.parametrize("flags", [("-fno-pie", "-no-pie"), ("-fpie", "-pie")], ids=" ".join)
def test_a_program_with_an_allocator_of_its_own_is_not_called_clean(
    checker: Checker, compiled: Callable[..., Path], flags: tuple[str, ...]
) -> None:
    report = checker.binary(compiled("allocator.c", *flags))

    assert report.check is Check.NOT_CHECKED
    assert "an allocator of its own" in report.reason
    assert report.exit_code == ExitCode.NOT_CHECKED


def test_a_guard_page_inside_a_mapping_is_not_read(
    checker: Checker, compiled: Callable[..., Path]
) -> None:
    report = checker.binary(compiled("guard.c"), level=Level.NORMAL)

    assert report.reason == ""
    assert [leak.leaked_bytes for leak in report.runs[0].leaks] == [333]


def test_what_an_object_of_cpp_holds_is_indirect(
    checker: Checker, compiled: Callable[..., Path]
) -> None:
    report = checker.binary(compiled("leak.cpp"))

    amounts = {(leak.kind, leak.leaked_objects, leak.leaked_bytes) for leak in report.runs[0].leaks}
    assert amounts == {(LeakKind.DIRECT, 1, 32), (LeakKind.INDIRECT, 1, 1001)}


@pytest.mark.parametrize("flags", [("-s",), ("-pie",), ("-no-pie",), ("-g0",)], ids=" ".join)
def test_how_it_was_linked_does_not_change_the_counts(
    checker: Checker, compiled: Callable[..., Path], flags: tuple[str, ...]
) -> None:
    report = checker.binary(compiled("leak.c", *flags), "4", "10")

    assert (report.leaked_objects, report.leaked_bytes) == (4, 40)


@pytest.mark.parametrize("library", list_tcmallocs(), ids=lambda library: library.path.name)
def test_a_program_that_links_tcmalloc_itself_is_checked_with_that(
    checker: Checker, compiled: Callable[..., Path], library: object
) -> None:
    path = library.path  # type: ignore[attr-defined]
    program = compiled("leak.c", "-Wl,--no-as-needed", str(path))

    report = checker.binary(program, "2", "33")

    assert (report.leaked_objects, report.leaked_bytes) == (2, 66)


def test_a_static_program_is_not_called_clean(
    checker: Checker, compiled: Callable[..., Path]
) -> None:
    with pytest.raises(NotChecked, match="static"):
        checker.binary(compiled("leak.c", "-static"), "0")


def test_a_program_with_a_sanitizer_is_not_called_clean(
    checker: Checker, compiled: Callable[..., Path]
) -> None:
    with pytest.raises(NotChecked, match="AddressSanitizer"):
        checker.binary(compiled("leak.c", "-fsanitize=address"), "0")


def test_a_shared_library_is_no_program(checker: Checker, compiled: Callable[..., Path]) -> None:
    library = compiled("leak.c", "-shared", "-fPIC", "-Wl,-soname,libleak.so")

    with pytest.raises(NotChecked, match="shared library"):
        checker.binary(library)


def test_a_script_is_no_program(checker: Checker, tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text("#!/bin/sh\nexit 0\n")
    script.chmod(0o755)

    with pytest.raises(BadInput, match="ELF"):
        checker.binary(script)


def test_a_go_program_without_c_is_not_called_clean(checker: Checker, tmp_path: Path) -> None:
    (tmp_path / "main.go").write_text("package main\n\nfunc main() {}\n")
    program = tmp_path / "pure"
    build = Command(
        ("env", "CGO_ENABLED=0", "go", "build", "-o", str(program), "main.go"), cwd=tmp_path
    )
    assert run(build).returncode == 0

    with pytest.raises(NotChecked, match="pure Go"):
        checker.binary(program)


def test_choosing_tests_of_a_c_program_is_refused(
    checker: Checker, compiled: Callable[..., Path]
) -> None:
    with pytest.raises(BadInput, match="not a Go test binary"):
        checker.binary(compiled("leak.c"), test="TestA")
