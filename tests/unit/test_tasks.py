from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

import leakcheck.demo
from leakcheck import commandline, profiling, showing
from leakcheck.__main__ import main
from leakcheck.tasks import namespace

if TYPE_CHECKING:
    from leakcheck.commandline import Choices
    from leakcheck.showing import ShowChoices

OPTIONS = {
    "project",
    "package",
    "test",
    "binary",
    "timeout",
    "engine",
    "json",
    "junit",
    "sarif",
    "html",
    "isolate",
    "shard",
    "durations",
    "suppressions",
    "baseline",
    "repeat",
    "print-suppressions",
    "max-leaks",
    "verbose",
}
SHOW_OPTIONS = ("profile", "base", "sample", "project", "binary")


class Calls:
    """Stands for what the tasks call; answers with `exit_code`."""

    def __init__(self) -> None:
        self.choices: list[Choices] = []
        self.others: list[str] = []
        self.parts: list[list[str]] = []
        self.shown: list[ShowChoices] = []
        self.exit_code = 0

    def run_leak(self, choices: Choices) -> int:
        self.choices.append(choices)
        return self.exit_code

    def run_profile(self, choices: Choices) -> int:
        self.others.append("profile")
        return self.run_leak(choices)

    def show(self, choices: ShowChoices) -> int:
        self.shown.append(choices)
        return self.exit_code

    def run_merge(self, parts: list[str], choices: Choices) -> int:
        self.parts.append(parts)
        self.choices.append(choices)
        return self.exit_code

    def init(self, **options: Any) -> int:
        self.others.append(f"init {options}")
        return self.exit_code

    def run_doctor(self) -> int:
        self.others.append("doctor")
        return self.exit_code

    def run_demo(self) -> int:
        self.others.append("demo")
        return self.exit_code


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    fake = Calls()
    monkeypatch.setattr(commandline, "run_leak", fake.run_leak)
    monkeypatch.setattr(commandline, "run_doctor", fake.run_doctor)
    monkeypatch.setattr(commandline, "run_merge", fake.run_merge)
    monkeypatch.setattr(commandline, "init", fake.init)
    monkeypatch.setattr(profiling, "run_profile", fake.run_profile)
    for way in ("text", "pdf", "http"):
        monkeypatch.setattr(showing, f"run_pprof_{way}", fake.show)
    monkeypatch.setattr(leakcheck.demo, "run_demo", fake.run_demo)
    return fake


def leave(*argv: str, monkeypatch: pytest.MonkeyPatch | None = None) -> int:
    """Run the console script; return its exit code, 0 when it just ends."""
    if monkeypatch:
        monkeypatch.setattr(sys, "argv", ["leakcheck", *argv])
    try:
        main(None if monkeypatch else argv)
    except SystemExit as ending:
        return int(ending.code or 0)
    return 0


def test_every_task_of_this_version_is_there_and_no_other() -> None:
    assert set(namespace.task_names) == {
        "leak",
        "normal",
        "strict",
        "draconian",
        "profile",
        "pprof-text",
        "pprof-pdf",
        "pprof-http",
        "doctor",
        "demo",
        "init",
        "merge",
        "baseline",
    }


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("leak", OPTIONS | {"level"}),
        ("normal", OPTIONS),
        ("strict", OPTIONS),
        ("draconian", OPTIONS),
        ("baseline", OPTIONS | {"level"}),
        ("profile", OPTIONS | {"level", "interval", "inuse-step"}),
        ("pprof-text", {*SHOW_OPTIONS, "peek"}),
        ("pprof-pdf", {*SHOW_OPTIONS, "output"}),
        ("pprof-http", {*SHOW_OPTIONS, "port"}),
    ],
)
def test_every_option_is_explained(name: str, options: set[str]) -> None:
    task = namespace[name]
    arguments = {
        argument.name.replace("_", "-"): argument.help for argument in task.get_arguments()
    }

    assert arguments.keys() == options
    assert all(arguments.values())
    assert task.__doc__
    assert task.__doc__.endswith(".")


def test_no_option_says_nothing(calls: Calls) -> None:
    assert leave("leak") == 0
    assert calls.choices == [commandline.Choices()]


def test_every_option_is_handed_over_as_typed(calls: Calls) -> None:
    typed: dict[str, Any] = {
        "level": "strict",
        "project": "~/m",
        "package": "./...",
        "test": "TestA|TestB",
        "binary": "./a.out",
        "timeout": "90s",
        "engine": "agent",
        "json": "out.json",
        "junit": "out.xml",
        "sarif": "out.sarif",
        "html": "out.html",
        "max_leaks": "3",
        "shard": "1/2",
        "durations": "earlier.json",
        "suppressions": "known.supp",
        "baseline": "known.json",
        "repeat": "10",
    }
    words = [word for name, text in typed.items() for word in (f"--{name.replace('_', '-')}", text)]

    assert leave("leak", *words, "--verbose", "--isolate") == 0

    assert calls.choices == [commandline.Choices(**typed, verbose=True, isolate=True)]


@pytest.mark.parametrize("level", ["normal", "strict", "draconian"])
def test_the_tasks_named_after_levels_check_at_them(calls: Calls, level: str) -> None:
    assert leave(level, "--test=TestA", "--isolate") == 0
    assert calls.choices == [commandline.Choices(level=level, test="TestA", isolate=True)]


@pytest.mark.parametrize(
    "words",
    [
        ("a.json", "b.json", "--json", "all.json", "--verbose"),
        ("--json", "all.json", "--verbose", "a.json", "b.json"),
        ("a.json", "--verbose", "b.json", "--json=all.json"),
        ("--part", "a.json", "--part=b.json", "--verbose", "--json", "all.json"),
    ],
)
def test_the_parts_to_merge_are_named_anywhere(calls: Calls, words: tuple[str, ...]) -> None:
    assert leave("merge", *words) == 0

    assert calls.parts == [["a.json", "b.json"]]
    assert calls.choices == [commandline.Choices(json="all.json", verbose=True)]


def test_a_part_may_be_called_as_a_task(calls: Calls) -> None:
    assert leave("merge", "leak", "strict") == 0

    assert calls.parts == [["leak", "strict"]]


@pytest.mark.parametrize(
    ("words", "options"),
    [
        ((), {"project": None, "dry_run": False}),
        (("--dry-run", "--project", "x"), {"project": "x", "dry_run": True}),
    ],
)
def test_init_is_told_where_and_whether_to_write(
    calls: Calls, words: tuple[str, ...], options: dict[str, Any]
) -> None:
    assert leave("init", *words) == 0

    assert calls.others == [f"init {options}"]


def test_words_behind_two_dashes_go_to_the_program(
    calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    argv = ("leak", "--binary", "./a.out", "--", "--verbose", "two words", "")

    assert leave(*argv, monkeypatch=monkeypatch) == 0

    assert calls.choices[0].arguments == ("--verbose", "two words", "")
    assert not calls.choices[0].verbose


def test_a_profile_is_asked_for_as_a_check_is(calls: Calls) -> None:
    assert leave("profile", "--level", "strict", "--interval", "5s", "--inuse-step", "1MiB") == 0
    assert calls.others == ["profile"]
    assert calls.choices == [commandline.Choices(level="strict", interval="5s", inuse_step="1MiB")]


@pytest.mark.parametrize(
    ("task", "own"), [("pprof-text", "peek"), ("pprof-pdf", "output"), ("pprof-http", "port")]
)
def test_what_is_to_be_shown_is_handed_over_as_typed(calls: Calls, task: str, own: str) -> None:
    typed = {name: f"the {name}" for name in (*SHOW_OPTIONS, own)}
    words = [word for name, text in typed.items() for word in (f"--{name}", text)]

    assert leave(task, *words) == 0

    assert calls.shown == [showing.ShowChoices(**typed)]


@pytest.mark.parametrize("exit_code", [0, 1, 2, 130])
@pytest.mark.parametrize(
    "task", ["leak", "strict", "profile", "pprof-text", "pprof-pdf", "pprof-http", "doctor", "demo"]
)
def test_the_exit_code_is_handed_on(calls: Calls, task: str, exit_code: int) -> None:
    calls.exit_code = exit_code

    assert leave(task) == exit_code


def test_tasks_follow_each_other_until_one_fails(calls: Calls) -> None:
    assert leave("normal", "doctor") == 0
    assert calls.others == ["doctor"]

    calls.exit_code = 1

    assert leave("normal", "doctor") == 1
    assert calls.others == ["doctor"]


@pytest.mark.parametrize(
    "argv",
    [
        ("leak", "--no-such-option"),
        ("leak", "--level"),
        ("leak", "--isolated"),
        ("normal", "--level", "strict"),
        ("no-such-task",),
        ("--no-such-option",),
        ("--help", "no-such-task"),
    ],
)
def test_a_bad_option_is_neither_a_failed_test_nor_a_leak(
    calls: Calls, capsys: pytest.CaptureFixture[str], argv: tuple[str, ...]
) -> None:
    assert leave(*argv) == 2
    assert calls.choices == []
    assert capsys.readouterr().err.startswith("leakcheck: ")


@pytest.mark.parametrize("argv", [(), ("--help",), ("--list",)])
def test_without_a_task_the_tasks_are_listed(
    capsys: pytest.CaptureFixture[str], argv: tuple[str, ...]
) -> None:
    assert leave(*argv) == 0

    printed = capsys.readouterr().out
    for name in namespace.task_names:
        assert f"\n  {name} " in printed


def test_the_help_is_about_leakcheck_and_not_about_invoke(
    capsys: pytest.CaptureFixture[str],
) -> None:
    leave("--help")

    assert "sudo" not in capsys.readouterr().out


@pytest.mark.parametrize("argv", [("leak", "--help"), ("--help", "leak")])
def test_a_tasks_help_names_its_options(
    capsys: pytest.CaptureFixture[str], argv: tuple[str, ...]
) -> None:
    assert leave(*argv) == 0

    printed = capsys.readouterr().out
    for option in (*OPTIONS, "level"):
        assert f"--{option}" in printed


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert leave("--version") == 0
    assert capsys.readouterr().out.startswith("leakcheck ")


def test_python_goes_on_writing_byte_code(calls: Calls, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)

    leave("leak")

    assert calls.choices
    assert sys.dont_write_bytecode is False


@pytest.mark.parametrize(
    ("platform_name", "shown"),
    [
        ("darwin", "leaks --atExit -- PROGRAM"),
        ("win32", "WSL 2"),
        ("freebsd14", "does not run on freebsd14"),
    ],
)
@pytest.mark.parametrize("name", sorted(namespace.task_names))
def test_every_task_refuses_other_systems_and_says_what_to_use_instead(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    platform_name: str,
    shown: str,
) -> None:
    monkeypatch.setattr(sys, "platform", platform_name)

    with pytest.raises(SystemExit) as ended:
        main([name, *(["a.json"] if name == "merge" else [])])

    assert ended.value.code == 2
    errors = capsys.readouterr().err
    assert errors.startswith(" Not checked leakcheck does not run on ")
    assert shown in errors
