from __future__ import annotations

from pathlib import Path

import pytest

from leakcheck.launch.argv import (
    MARKED_OUTPUT,
    NO_TEST_PATTERN,
    go_test_argv,
    isolated_argv,
    isolated_test,
)


def test_a_plain_run_has_what_go_test_passes() -> None:
    assert go_test_argv(Path("/t/m.test"), timeout_s=1800) == (
        "/t/m.test",
        "-test.paniconexit0",
        "-test.timeout=30m0s",
    )


def test_the_users_choice_of_tests_and_words_is_passed_on() -> None:
    argv = go_test_argv(Path("/t/m.test"), test="TestA|TestB/sub", timeout_s=90, verbose=True)

    assert argv[3:] == ("-test.v=true", "-test.run=TestA|TestB/sub")


def test_no_limit_is_passed_on_because_gos_own_default_is_ten_minutes() -> None:
    assert "-test.timeout=0s" in go_test_argv(Path("/t/m.test"), timeout_s=0)


def test_an_empty_regular_expression_is_not_the_same_as_none() -> None:
    assert go_test_argv(Path("m"), test="", timeout_s=1)[-1] == "-test.run="


@pytest.mark.parametrize(
    ("pattern", "test"),
    [
        ("^TestA$", "TestA"),
        ("^TestA$/sub/deep", "TestA"),
        ("^TestA$/x|^TestA$/y", "TestA"),
        ("^Test日本$", "Test日本"),
        (NO_TEST_PATTERN, ""),
    ],
)
def test_an_isolated_test_is_known_by_its_arguments(pattern: str, test: str) -> None:
    argv = isolated_argv(go_test_argv(Path("m.test"), timeout_s=5), pattern)

    assert argv == ("m.test", f"-test.run={pattern}", "-test.paniconexit0", "-test.timeout=5s")
    assert isolated_test(argv) == test


@pytest.mark.parametrize(
    "argv",
    [
        go_test_argv(Path("m.test"), test="^TestA$", timeout_s=5),
        ("a.out", "-test.run=^TestA$"),
        ("a.out",),
        (),
    ],
)
def test_other_runs_are_not_taken_for_isolated_tests(argv: tuple[str, ...]) -> None:
    assert isolated_test(argv) is None


@pytest.mark.parametrize("verbose", [True, False])
def test_a_binary_that_is_to_name_its_tests_marks_its_lines(verbose: bool) -> None:
    argv = go_test_argv(Path("m.test"), timeout_s=1, verbose=verbose, marked=True)

    assert [word for word in argv if word.startswith("-test.v")] == [MARKED_OUTPUT]
