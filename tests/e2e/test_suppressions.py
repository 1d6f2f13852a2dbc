"""Suppressions, on real programs of C and Go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from conftest import PROJECTS

from leakcheck.model import Check, Level
from leakcheck.process import Command, run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Checker, ConsoleScript

    from leakcheck.model import Report

pytestmark = pytest.mark.e2e

GO = str(PROJECTS / "gomodule")
LEAKY = ("leak", "--project", GO, "--package", "./leaky")


def suppressed(report: dict[str, Any]) -> dict[str, int]:
    """Objects by what suppressed them, "" for what nothing did."""
    counts: dict[str, int] = {}
    for leak in (leak for each in report["runs"] for leak in each["leaks"]):
        by = leak["suppressed_by"] or ""
        counts[by] = counts.get(by, 0) + leak["objects"]
    return counts


def test_rules_of_both_tools_suppress_leaks_of_go_and_say_so(leakcheck: ConsoleScript) -> None:
    (leakcheck.folder / "known.supp").write_text(
        "# known\nleak:lose_list\nleak:lose_nothing\n"
        "{\n  strings\n  Memcheck:Leak\n  ...\n  fun:*leaky.LoseString\n}\n"
        "{\n  race\n  Helgrind:Race\n  fun:lose_blocks\n}\n"
    )

    ended = leakcheck(*LEAKY, "--suppressions", "known.supp", "--json", "out.json")

    assert ended.exit_code == 1, ended.err
    report = leakcheck.json("out.json")
    assert suppressed(report) == {
        "known.supp:2 leak:lose_list": 4,
        "known.supp:4 strings": 1,
        "": 5,
    }
    assert (report["suppressed_objects"], report["leaked_objects"]) == (5, 5)
    assert report["unused_suppressions"] == [
        "known.supp:3 leak:lose_nothing",
        "known.supp:10 race (Helgrind:Race is no leak)",
    ]
    assert ", by known.supp:2 leak:lose_list\n" in ended.out
    assert "Unused known.supp:3 leak:lose_nothing suppressed nothing\n" in ended.out


@pytest.mark.parametrize("isolation", [(), ("--isolate",)], ids=["together", "isolated"])
def test_printed_rules_given_back_leave_nothing(
    leakcheck: ConsoleScript, isolation: tuple[str, ...]
) -> None:
    printed = leakcheck(*LEAKY, *isolation, "--print-suppressions")
    assert printed.exit_code == 1
    assert "Leak check _main_ detected leaks" in printed.err
    (leakcheck.folder / "known.supp").write_text(printed.out)

    ended = leakcheck(*LEAKY, *isolation, "--suppressions", "known.supp", "--json", "out.json")

    assert ended.exit_code == 0, ended.out
    report = leakcheck.json("out.json")
    assert report["check"] == "clean"
    assert (report["leaked_objects"], report["suppressed_objects"]) == (0, 10)
    assert report["unused_suppressions"] == []


def test_a_bad_line_is_told_before_anything_is_built(leakcheck: ConsoleScript) -> None:
    (leakcheck.folder / "known.supp").write_text("leak:f\nnonsense\n")

    ended = leakcheck(*LEAKY, "--suppressions", "known.supp")

    assert ended.exit_code == 2
    assert "line 2: " in ended.err
    assert "'nonsense'" in ended.err
    assert "Building" not in ended.err
    assert ended.out == ""


def test_what_a_suppressed_leak_holds_goes_with_it(
    leakcheck: ConsoleScript, compiled: Callable[..., Path]
) -> None:
    (leakcheck.folder / "known.supp").write_text("leak:lose_known\n")
    program = str(compiled("shared.c"))
    words = ("leak", "--binary", program, "--suppressions", "known.supp", "--json", "out.json")

    assert leakcheck(*words).exit_code == 0
    assert suppressed(leakcheck.json("out.json")) == {"known.supp:1 leak:lose_known": 4}

    assert leakcheck(*words, "--", "two").exit_code == 1
    # One line allocates the nodes of both lists: what the other head holds is no less lost.
    assert suppressed(leakcheck.json("out.json")) == {"known.supp:1 leak:lose_known": 1, "": 7}


def built_in(report: Report) -> dict[str, int]:
    """Objects that built-in rules suppressed, by rule."""
    counts: dict[str, int] = {}
    for leak in report.runs[0].leaks:
        if leak.suppressed_by:
            counts[leak.suppressed_by] = counts.get(leak.suppressed_by, 0) + leak.leaked_objects
    return counts


def test_what_libc_and_libstdcxx_keep_is_suppressed_at_draconian_and_nothing_else(
    checker: Checker, compiled: Callable[..., Path]
) -> None:
    report = checker.binary(compiled("kept.c"), level=Level.DRACONIAN)

    assert [
        (leak.stack[0].function, leak.leaked_bytes)
        for leak in report.runs[0].leaks
        if not leak.suppressed_by
    ] == [("lose", 40)]
    assert set(built_in(report)) >= {
        "built-in: libstdc++'s pool for exceptions",
        "built-in: libc's buffers of standard streams",
        "built-in: libc's tables of users and groups",
    }


def test_at_normal_and_strict_what_libc_keeps_needs_no_rule(
    checker: Checker, compiled: Callable[..., Path]
) -> None:
    for level in (Level.NORMAL, Level.STRICT):
        report = checker.binary(compiled("kept.c"), level=level)
        assert [leak.leaked_bytes for leak in report.runs[0].leaks] == [40]
        assert built_in(report) == {}


def test_what_setlocale_loads_is_suppressed_at_draconian(
    checker: Checker, compiled: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "C.UTF-8")

    report = checker.binary(compiled("kept.c"), level=Level.DRACONIAN)

    assert built_in(report)["built-in: libc's locale"] > 0
    assert report.leaked_bytes == 40


def test_a_thread_that_go_is_starting_is_no_leak_at_draconian(
    checker: Checker, tmp_path: Path
) -> None:
    program = tmp_path / "gothreads"
    built = run(Command(("go", "build", "-o", str(program), "."), cwd=PROJECTS / "gothreads"))
    assert built.returncode == 0, built.stderr

    # It is there in every second run or so, whenever the program ends in the right instant.
    seen: set[str] = set()
    for _ in range(40):
        report = checker.binary(program, level=Level.DRACONIAN)
        assert report.check is Check.CLEAN, report
        seen |= built_in(report).keys()
        if "built-in: Go's thread start" in seen:
            return
    pytest.fail(f"only {seen}")
