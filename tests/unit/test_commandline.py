from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_samples import LEAK, RUN

from leakcheck import commandline
from leakcheck.commandline import Choices, exit_code_of, program_arguments, request_of, run_leak
from leakcheck.doctor import Finding
from leakcheck.errors import BadInput, BuildFailed, ExitCode, ToolMissing
from leakcheck.judge import judge
from leakcheck.launch.program import Options
from leakcheck.model import Check, EngineName, Level
from leakcheck.pipeline import Request

if TYPE_CHECKING:
    from collections.abc import Callable

    from leakcheck.model import Report
    from leakcheck.observation import Watcher
    from leakcheck.settings import Settings

CLEAN = judge((RUN,), level=Level.NORMAL)


@pytest.mark.parametrize(
    ("remainder", "argv", "words"),
    [
        pytest.param("", ["leakcheck", "leak"], (), id="none"),
        pytest.param("", ["leakcheck", "leak", "--"], (), id="nothing behind"),
        pytest.param("a b c", ["lc", "--", "a b", "c"], ("a b", "c"), id="blanks are kept"),
        pytest.param("a -- b", ["lc", "--", "a", "--", "b"], ("a", "--", "b"), id="a second one"),
        pytest.param("x 'y z'", ["pytest"], ("x", "y z"), id="called from Python"),
        pytest.param("x y", ["pytest", "--", "q"], ("x", "y"), id="another process's words"),
    ],
)
def test_arguments_of_the_program_are_taken_word_for_word(
    remainder: str, argv: list[str], words: tuple[str, ...]
) -> None:
    assert program_arguments(remainder, argv) == words


@given(st.lists(st.text()))
def test_no_argument_is_changed_on_its_way(words: list[str]) -> None:
    assert program_arguments(" ".join(words), ["leakcheck", "leak", "--", *words]) == tuple(words)


def test_no_option_leaves_all_to_the_settings() -> None:
    assert request_of(Choices()) == Request(options=Options(timeout_s=1800.0))


def test_every_option_reaches_the_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ann")
    choices = Choices(
        level="strict",
        project="~/m",
        package="./...",
        test="TestA",
        binary="./a.out",
        timeout="1m30s",
        engine="agent",
        verbose=True,
        isolate=True,
        arguments=("x",),
    )

    assert request_of(choices) == Request(
        project=Path("/home/ann/m"),
        package="./...",
        level=Level.STRICT,
        engine=EngineName.AGENT,
        binary=Path("a.out"),
        options=Options(test="TestA", timeout_s=90.0, verbose=True, arguments=("x",)),
        isolate=True,
    )


@pytest.mark.parametrize(
    ("choices", "word"),
    [
        (Choices(level="harsh"), "--level"),
        (Choices(timeout="90"), "--timeout"),
        (Choices(engine="valgrind"), "--engine valgrind"),
        (Choices(binary=""), "path"),
        (Choices(project=""), "path"),
    ],
)
def test_a_word_that_cannot_be_used_is_named(choices: Choices, word: str) -> None:
    with pytest.raises(BadInput, match=word):
        request_of(choices)


class FakeCheck:
    """Stands for the pipeline: returns a report or raises, and remembers what it was asked."""

    def __init__(self, answer: Report | BaseException) -> None:
        self.answer = answer
        self.requests: list[Request] = []

    def __call__(self, request: Request, _: Settings, watcher: Watcher) -> Report:
        self.requests.append(request)
        watcher.output(b"PASS\n")
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer


@pytest.fixture
def checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Report | BaseException], FakeCheck]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HEAPCHECK", raising=False)

    def answer_with(answer: Report | BaseException) -> FakeCheck:
        fake = FakeCheck(answer)
        monkeypatch.setattr(commandline, "check", fake)
        return fake

    return answer_with


Checked = "Callable[[Report | BaseException], FakeCheck]"


def test_the_report_goes_to_standard_output_after_the_tests_own(
    checked: Callable[[Report | BaseException], FakeCheck],
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    checked(CLEAN)

    assert run_leak(Choices()) == ExitCode.OK

    out, err = capfdbinary.readouterr()
    assert out.startswith(b"PASS\n")
    assert b"Leak check _main_: no leaks" in out
    assert err == b""


def test_the_exit_code_is_the_reports(
    checked: Callable[[Report | BaseException], FakeCheck],
) -> None:
    leaky = RUN.__class__(
        package="m", binary="m.test", argv=(), tests=RUN.tests, check=Check.LEAKS, leaks=(LEAK,)
    )
    checked(judge((leaky,), level=Level.NORMAL))

    assert run_leak(Choices()) == ExitCode.FAILED


def test_the_report_is_written_as_json_too(
    checked: Callable[[Report | BaseException], FakeCheck], tmp_path: Path
) -> None:
    checked(CLEAN)

    run_leak(Choices(json="out.json"))

    assert json.loads((tmp_path / "out.json").read_text())["check"] == "clean"


@pytest.mark.parametrize(
    ("error", "exit_code"),
    [
        (ToolMissing("tcmalloc was not found"), 2),
        (KeyboardInterrupt(), 130),
        (RuntimeError("a defect"), 2),
    ],
)
def test_a_json_file_of_an_earlier_call_is_never_taken_for_this_ones(
    checked: Callable[[Report | BaseException], FakeCheck],
    tmp_path: Path,
    error: BaseException,
    exit_code: int,
) -> None:
    checked(CLEAN)
    run_leak(Choices(json="out.json"))
    checked(error)

    assert exit_code_of(lambda: run_leak(Choices(json="out.json"))) == exit_code

    written = json.loads((tmp_path / "out.json").read_text())
    assert written["check"] == "not_checked"
    assert written["exit_code"] == exit_code


ALL = {"json": "out.json", "junit": "out.xml", "sarif": "out.sarif", "html": "out.html"}


def test_all_reports_can_be_asked_for_at_once(
    checked: Callable[[Report | BaseException], FakeCheck], tmp_path: Path
) -> None:
    fake = checked(CLEAN)

    assert run_leak(Choices(**ALL)) == ExitCode.OK

    heads = {name: (tmp_path / file).read_text()[:15] for name, file in ALL.items()}
    assert heads["json"].startswith('{\n  "schema"')
    assert heads["junit"] == '<?xml version="'
    assert heads["sarif"].startswith('{\n  "$schema"')
    assert heads["html"] == "<!DOCTYPE html>"
    assert fake.requests[0].options.names_tests


@pytest.mark.parametrize("kind", ALL)
def test_no_report_of_an_earlier_call_stays(
    checked: Callable[[Report | BaseException], FakeCheck], tmp_path: Path, kind: str
) -> None:
    path = tmp_path / ALL[kind]
    checked(CLEAN)
    run_leak(Choices(**ALL))
    clean = path.read_text()
    checked(ToolMissing("tcmalloc was not found"))

    assert exit_code_of(lambda: run_leak(Choices(**ALL))) == ExitCode.NOT_CHECKED

    assert "tcmalloc was not found" in path.read_text()
    assert "tcmalloc was not found" not in clean


def test_one_that_is_killed_leaves_no_report_of_an_earlier_one(
    checked: Callable[[Report | BaseException], FakeCheck],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    checked(CLEAN)
    run_leak(Choices(json="out.json"))
    there: list[bool] = []

    def look(*_: object) -> Report:
        there.append((tmp_path / "out.json").exists())
        return CLEAN

    monkeypatch.setattr(commandline, "check", look)
    run_leak(Choices(json="out.json", durations="out.json"))

    assert there == [False]


@pytest.mark.parametrize("kind", ALL)
def test_a_file_that_cannot_be_written_is_told_after_the_report_and_the_others_are_written(
    checked: Callable[[Report | BaseException], FakeCheck],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    kind: str,
) -> None:
    checked(CLEAN)
    choices = Choices(**ALL | {kind: "/dev/full"})

    assert exit_code_of(lambda: run_leak(choices)) == ExitCode.NOT_CHECKED

    printed = capsys.readouterr()
    assert "Leak check _main_: no leaks" in printed.out
    assert "No space left on device" in printed.err
    assert all((tmp_path / file).exists() for name, file in ALL.items() if name != kind)


def test_what_went_wrong_first_counts_when_the_files_cannot_be_written_either(
    checked: Callable[[Report | BaseException], FakeCheck], capsys: pytest.CaptureFixture[str]
) -> None:
    checked(KeyboardInterrupt())

    choices = Choices(json="/dev/full")
    assert exit_code_of(lambda: run_leak(choices)) == ExitCode.INTERRUPTED

    assert "Not written cannot write /dev/full" in capsys.readouterr().err


def test_on_github_the_log_has_annotations_and_the_step_a_summary(
    checked: Callable[[Report | BaseException], FakeCheck],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    (tmp_path / "summary.md").write_text("# Before\n")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    checked(ToolMissing("tcmalloc was not found"))

    assert exit_code_of(lambda: run_leak(Choices())) == ExitCode.NOT_CHECKED

    out, _ = capfdbinary.readouterr()
    assert b"::error title=Leaks not checked::tcmalloc was not found\n" in out
    summary = (tmp_path / "summary.md").read_text()
    assert summary.startswith("# Before\n## ")
    assert "not checked" in summary


@pytest.mark.parametrize("text", ["-1", "ten", "", "1.5", "٣"])
def test_a_count_of_leaks_that_is_no_number_is_refused_before_the_run(
    checked: Callable[[Report | BaseException], FakeCheck], text: str
) -> None:
    fake = checked(CLEAN)

    with pytest.raises(BadInput, match="--max-leaks"):
        run_leak(Choices(max_leaks=text))
    assert fake.requests == []


def test_settings_come_from_the_dotenv_file_in_this_folder(
    checked: Callable[[Report | BaseException], FakeCheck], tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("LEAKCHECK_PROJEKT=typo\n")
    checked(CLEAN)

    with pytest.raises(BadInput, match="LEAKCHECK_PROJEKT"):
        run_leak(Choices())


def test_an_error_is_told_as_what_why_and_what_to_type(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def work() -> NoReturn:
        raise BuildFailed("it broke", why="line one\nline two", hint="make it")

    assert exit_code_of(work) == ExitCode.NOT_CHECKED

    assert capsys.readouterr().err == (
        " Not checked it broke\n"
        "     Because line one\n"
        "             line two\n"
        "        Type make it\n"
    )


def test_why_and_hint_may_be_missing(capsys: pytest.CaptureFixture[str]) -> None:
    def work() -> NoReturn:
        raise BadInput("it is wrong")

    exit_code_of(work)

    assert capsys.readouterr().err == " Not checked it is wrong\n"


def test_an_error_with_brackets_is_printed_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    def work() -> NoReturn:
        raise BadInput("[red]not markup[/red]")

    exit_code_of(work)

    assert "[red]not markup[/red]" in capsys.readouterr().err


def test_a_defect_of_leakcheck_is_neither_a_failed_test_nor_a_leak(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def work() -> NoReturn:
        raise ZeroDivisionError

    assert exit_code_of(work) == ExitCode.NOT_CHECKED
    assert "leakcheck itself failed" in capsys.readouterr().err


def test_ctrl_c_is_130(capsys: pytest.CaptureFixture[str]) -> None:
    def work() -> NoReturn:
        raise KeyboardInterrupt

    assert exit_code_of(work) == ExitCode.INTERRUPTED
    assert capsys.readouterr().err.split() == ["Not", "checked", "interrupted"]


def test_what_work_returns_is_the_exit_code() -> None:
    assert exit_code_of(lambda: 1) == 1


@pytest.mark.parametrize(("ok", "exit_code"), [(True, 0), (False, 2)])
def test_the_doctor_prints_what_it_found(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    ok: bool,
    exit_code: int,
) -> None:
    monkeypatch.chdir(tmp_path)
    finding = Finding(name="Go", ok=ok, required=True, mend="" if ok else "install go")
    monkeypatch.setattr(commandline, "examine", lambda _: (finding,))

    assert commandline.run_doctor() == exit_code

    printed = capsys.readouterr().out
    assert "Go" in printed
    assert ("install go" in printed) is not ok


def test_help_needs_none_of_the_slow_modules() -> None:
    slow = {"symbolic", "elftools", "rich", "leakcheck.commandline", "leakcheck.pipeline"}
    code = f"import sys, leakcheck.console\nprint(sorted({slow!r} & sys.modules.keys()))"
    from leakcheck.process import Command, run  # noqa: PLC0415

    completed = run(Command((sys.executable, "-c", code), cwd=Path(__file__).parents[2]))

    assert completed.stdout == "[]\n", completed.stderr


@pytest.mark.parametrize("option", ["json", "html", "project", "baseline", "suppressions"])
def test_a_path_that_is_too_long_for_the_system_is_told_in_words(
    checked: Callable[[Report | BaseException], FakeCheck],
    capsys: pytest.CaptureFixture[str],
    option: str,
) -> None:
    checked(CLEAN)
    path = "/tmp" + f"/{'d' * 200}" * 320  # noqa: S108 - nothing is there

    assert exit_code_of(lambda: run_leak(Choices(**{option: path}))) == ExitCode.NOT_CHECKED

    told = capsys.readouterr()
    assert "too long" in told.out + told.err
    assert "Traceback" not in told.out + told.err
