"""The console script, as a user calls it: exit codes, streams, files, environment."""

from __future__ import annotations

import re
import shutil
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from conftest import PROJECTS, ROOT

from leakcheck.process import Command, run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import ConsoleScript

pytestmark = pytest.mark.e2e

GO = str(PROJECTS / "gomodule")


def test_a_clean_package_is_0(leakcheck: ConsoleScript) -> None:
    ended = leakcheck("leak", "--project", GO, "--package", "./clean")

    assert ended.exit_code == 0, ended.err
    assert "Leak check _main_: no leaks" in ended.out
    assert ended.summary.startswith("Summary tests passed, no leaks")


def test_a_leak_is_1_and_comes_with_the_sentence_people_search_for(
    leakcheck: ConsoleScript,
) -> None:
    ended = leakcheck("leak", "--project", GO, "--package", "./leaky", "--test", "TestBlocks")

    assert ended.exit_code == 1, ended.err
    assert "\nLeak check _main_ detected leaks of 120 bytes in 3 objects\n" in ended.out


def test_the_tests_output_is_on_standard_output_and_our_words_are_not(
    leakcheck: ConsoleScript,
) -> None:
    ended = leakcheck("normal", "--project", GO, "--package", "./failing")

    assert "failed on purpose" in ended.out
    assert "failed on purpose" not in ended.err
    assert "Building the tests of example.com/gomodule/failing" in ended.err
    assert "Building the tests" not in ended.out


def test_without_a_terminal_nothing_is_coloured(leakcheck: ConsoleScript) -> None:
    ended = leakcheck("leak", "--project", GO, "--package", "./failing")

    assert "\x1b" not in ended.out + ended.err


def test_verbose_names_the_tests_and_shows_every_frame(leakcheck: ConsoleScript) -> None:
    ended = leakcheck("leak", "--project", GO, "--package", "./failing", "--verbose")

    assert "=== RUN   TestFailsAndLeaks" in ended.out
    assert "testing.tRunner" in ended.out


def test_the_report_is_written_as_json(leakcheck: ConsoleScript) -> None:
    ended = leakcheck(
        "strict", "--project", GO, "--package", "./leaky", "--test=TestString", "--json=out.json"
    )

    report = leakcheck.json("out.json")
    assert ended.exit_code == report["exit_code"] == 1
    assert report["schema"] == "leakcheck/1"
    assert (report["level"], report["check"], report["tests"]) == ("strict", "leaks", "passed")
    (run_,) = report["runs"]
    assert run_["package"] == "example.com/gomodule/leaky"
    assert run_["argv"][0] == "leaky.test"
    assert run_["evidence"]["canary"] == "found"
    (leak,) = run_["leaks"]
    assert (leak["bytes"], leak["objects"], leak["test"]) == (6, 1, "TestString")
    assert "/tmp/leakcheck-" not in str(run_["argv"])  # noqa: S108 - no trace of the run's folder


def test_an_error_is_in_the_json_file_too(leakcheck: ConsoleScript) -> None:
    ended = leakcheck("leak", "--project", GO, "--package", "./pure", "--json", "out.json")

    report = leakcheck.json("out.json")
    assert ended.exit_code == report["exit_code"] == 2
    assert report["check"] == "not_checked"
    assert "no cgo" in report["reason"]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--package", "./pure"), "no cgo"),
        (("--package", "./nowhere"), "directory not found"),
        (("--level", "harsh"), "--level=harsh is not a level"),
        (("--timeout", "soon"), "--timeout 'soon' cannot be used"),
        (("--engine", "other"), "--engine other does not exist"),
        (("--no-such-option",), "--no-such-option"),
        (("--", "argument"), "need a program to go to"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_what_cannot_be_checked_is_2_with_the_reason(
    leakcheck: ConsoleScript, words: tuple[str, ...], why: str
) -> None:
    ended = leakcheck("leak", "--project", GO, *words)

    assert ended.exit_code == 2
    assert why in ended.err
    assert "Traceback" not in ended.err
    assert "no leaks" not in ended.out


def test_without_tcmalloc_nothing_is_called_clean(leakcheck: ConsoleScript) -> None:
    no_library = leakcheck.folder / "libtcmalloc.so"
    no_library.write_text("not a library")

    ended = leakcheck(
        "leak", "--project", GO, "--package", "./clean", LEAKCHECK_TCMALLOC=str(no_library)
    )

    assert ended.exit_code == 2
    assert "LEAKCHECK_TCMALLOC" in ended.err
    assert "PASS" not in ended.out


def test_a_binary_gets_the_words_behind_two_dashes(
    leakcheck: ConsoleScript, compiled: Callable[..., Path]
) -> None:
    program = compiled("leak.c")

    ended = leakcheck("leak", "--binary", str(program), "--", "2", "64", "0", "--level", "a b")

    assert ended.exit_code == 1
    assert "argument 4: <--level>\nargument 5: <a b>\n" in ended.out
    assert "detected leaks of 128 bytes in 2 objects" in ended.out


def test_a_binary_named_by_a_relative_path_runs_in_this_folder(
    leakcheck: ConsoleScript, compiled: Callable[..., Path]
) -> None:
    shutil.copy(compiled("leak.c"), leakcheck.folder / "a.out")

    ended = leakcheck("leak", "--binary", "./a.out", "--", "0")

    assert ended.exit_code == 0, ended.err


def test_keys_of_a_dotenv_file_are_used(leakcheck: ConsoleScript) -> None:
    (leakcheck.folder / ".env").write_text(
        f"LEAKCHECK_PROJECT={GO}\nLEAKCHECK_PACKAGE=./leaky\nHEAPCHECK=strict\n"
    )

    ended = leakcheck("leak", "--test", "TestBlocks", "--json", "out.json")

    assert ended.exit_code == 1, ended.err
    assert leakcheck.json("out.json")["level"] == "strict"


def test_the_real_environment_wins_over_the_dotenv_file_and_an_option_over_both(
    leakcheck: ConsoleScript,
) -> None:
    (leakcheck.folder / ".env").write_text(
        f"LEAKCHECK_PROJECT={GO}\nLEAKCHECK_PACKAGE=./pure\nHEAPCHECK=draconian\n"
    )

    ended = leakcheck(
        "leak",
        "--package",
        "./clean",
        "--json",
        "out.json",
        HEAPCHECK="strict",
        LEAKCHECK_PACKAGE="./nowhere",
    )

    assert ended.exit_code == 0, ended.err
    assert leakcheck.json("out.json")["level"] == "strict"


def test_a_library_of_the_user_is_preloaded_too(
    leakcheck: ConsoleScript, compiled: Callable[..., Path]
) -> None:
    library = compiled("leak.c", "-shared", "-fPIC", "-Wl,-soname,libusers.so", "-nostartfiles")
    program = compiled("leak.c")

    (leakcheck.folder / ".env").write_text(f"LD_PRELOAD={library}\nLD_DEBUG=files\n")
    ended = leakcheck("leak", "--binary", str(program), "--", "0", LD_DEBUG="files")

    assert ended.exit_code == 0, ended.err
    assert f"calling init: {library}" in ended.out


def test_several_packages_get_a_table(leakcheck: ConsoleScript) -> None:
    ended = leakcheck("leak", "--project", GO, "--package", "./...", "--test", "TestBlocks|TestF")

    assert ended.exit_code == 1
    assert "Skipped example.com/gomodule/pure: no cgo" in ended.out
    assert "example.com/gomodule/failing" in ended.out


def test_ctrl_c_is_130(leakcheck: ConsoleScript) -> None:
    ended = leakcheck.interrupted_after(5.0, "leak", "--project", GO, "--package", "./hanging")

    assert ended.exit_code == 130
    assert "Traceback" not in ended.out


def test_only_so_many_leaks_are_shown(leakcheck: ConsoleScript) -> None:
    ended = leakcheck("leak", "--project", GO, "--package", "./leaky", "--max-leaks", "1")

    assert ended.out.count("  Leak ") == 1
    assert re.search(r"… and \d more leaks, \d+ bytes \(--max-leaks 0 shows all\)", ended.out)


def test_the_demo_finds_exactly_what_is_planted(leakcheck: ConsoleScript) -> None:
    ended = leakcheck("demo")

    assert ended.exit_code == 0, ended.out + ended.err
    assert ended.out.strip().splitlines()[-1].endswith("planted leaks, and nothing else.")


def test_without_a_project_the_example_is_checked(leakcheck: ConsoleScript) -> None:
    ended = leakcheck("leak", "--test", "TestMXF_H265MezMaker")

    assert ended.exit_code == 1, ended.err
    assert "mediaprobe.TestMXF_H265MezMaker" in ended.out


def test_an_installed_package_needs_no_checkout(leakcheck: ConsoleScript) -> None:
    built = run(
        Command(
            (
                sys.executable,
                "-m",
                "hatchling",
                "build",
                "-t",
                "wheel",
                "-d",
                str(leakcheck.folder),
            ),
            cwd=ROOT,
        )
    )
    assert built.returncode == 0, built.stderr
    (wheel,) = leakcheck.folder.glob("*.whl")
    installed = leakcheck.folder / "installed"
    shutil.unpack_archive(wheel, installed, format="zip")

    ended = leakcheck("demo", PYTHONPATH=str(installed))

    assert ended.exit_code == 0, ended.out + ended.err
    assert str(installed) in ended.err, "the example beside the code was taken"


def test_the_doctor_finds_this_machine_fit(leakcheck: ConsoleScript) -> None:
    ended = leakcheck("doctor")

    assert ended.exit_code == 0, ended.out
    assert "tcmalloc" in ended.out


def test_invoke_runs_the_same_tasks(
    leakcheck: ConsoleScript, compiled: Callable[..., Path]
) -> None:
    command = leakcheck.command()
    words = ("leak", f"--binary={compiled('leak.c')}", "--", "3", "5 5")
    inv = (sys.executable, "-m", "invoke", "--search-root", str(ROOT), *words)

    completed = run(replace(command, argv=inv))

    assert completed.returncode == 1, completed.stderr
    assert "argument 2: <5 5>" in completed.stdout
    assert "detected leaks of 15 bytes in 3 objects" in completed.stdout


def test_several_tasks_run_one_after_the_other(leakcheck: ConsoleScript) -> None:
    clean = ("--project", GO, "--package", "./clean")

    ended = leakcheck("normal", *clean, "strict", *clean)

    assert ended.exit_code == 0, ended.err
    assert ended.out.count("Leak check _main_: no leaks") == 2
