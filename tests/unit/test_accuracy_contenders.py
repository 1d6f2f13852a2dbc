from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest

from leakcheck.errors import BuildFailed
from leakcheck.model import Level
from leakcheck.process import Command, Completed
from tests.accuracy.answer import NOTHING, Amount, Answer, Language
from tests.accuracy.contenders import (
    Anchor,
    Leakcheck,
    anchor_environment,
    answer_of_report,
    answer_of_tool,
    program_command,
)
from tests.accuracy.toolreports import parse_heapcheck
from tests.corpus.case import direct, lost
from tests.corpus.findings import CORPUS

GO = Anchor(
    language=Language.GO, folder=Path("/built"), sources=Path("/corpus/go"), read=parse_heapcheck
)
C = Anchor(
    language=Language.C,
    folder=Path("/built"),
    sources=Path("/corpus/go"),
    read=parse_heapcheck,
    prefix=("/usr/bin/valgrind", "--leak-check=full"),
    environment=(("HEAPCHECK", "strict"),),
)
GO_CASE = lost("leaks", "TestMalloc", direct(1, 101, "leak_malloc", "TestMalloc"))
C_CASE = lost("single", "malloc", direct(1, 101, "leak_malloc"))
LEAKS = "Leak check _main_ detected leaks of 101 bytes in 1 objects\n"


def completed(returncode: int = 0, stdout: str = "", *, timed_out: bool = False) -> Completed:
    return Completed(
        command=Command(("x",)),
        returncode=returncode,
        stdout=stdout,
        stderr="",
        duration_s=0.5,
        timed_out=timed_out,
    )


def report(check: str = "leaks", *, reason: str = "", size: int = 101) -> dict[str, Any]:
    frame = {"function": "leak_malloc", "file": str(CORPUS / "c" / "single.c")}
    leak = {"kind": "direct", "stack": [frame], "test": None, "objects": 1, "bytes": size}
    leaks = [leak] if check == "leaks" else []
    return {"check": check, "runs": [{"reason": reason, "leaks": leaks}]}


def test_a_go_case_is_one_test_run_in_its_package_s_folder() -> None:
    command = program_command(GO, GO_CASE)
    assert command.argv == ("/built/leaks.test", "-test.run=^TestMalloc$")
    assert command.cwd == Path("/corpus/go/leaks")


def test_a_c_case_is_an_argument_of_its_program_and_the_tool_stands_before_it() -> None:
    command = program_command(C, C_CASE)
    assert command.argv == (
        *("/usr/bin/valgrind", "--leak-check=full"),
        *("/built/single", "malloc"),
    )
    assert command.cwd == Path("/built")
    assert dict(command.env or ())["HEAPCHECK"] == "strict"


def test_options_of_the_person_at_the_keyboard_do_not_reach_a_tool() -> None:
    base = {
        "PATH": "/bin",
        "HEAPCHECK": "draconian",
        "LD_PRELOAD": "x.so",
        "ASAN_OPTIONS": "detect_leaks=0",
        "VALGRIND_OPTS": "-q",
    }
    added = (("LD_PRELOAD", "libtcmalloc.so.4"),)
    assert anchor_environment(base.items(), added) == (("PATH", "/bin"), *added)


def test_a_tool_s_report_counts_whatever_the_exit_code() -> None:
    answer = answer_of_tool(completed(1, LEAKS), parse_heapcheck)
    assert answer == Answer(amount=Amount(1, 101), duration_s=0.5)


@pytest.mark.parametrize(
    ("ending", "remark"),
    [
        (completed(-9, LEAKS, timed_out=True), "did not end"),
        (completed(-11, LEAKS), "ended by SIGSEGV"),
        (completed(-32, LEAKS), "ended by signal 32"),  # glibc's own, for cancelling
        (completed(0, "PASS\n"), "no report"),
    ],
)
def test_a_program_without_a_whole_report_has_no_verdict(ending: Completed, remark: str) -> None:
    answer = answer_of_tool(ending, parse_heapcheck)
    assert answer == Answer(amount=None, duration_s=0.5, remark=remark)


def test_a_right_report_of_leakcheck_has_no_remark() -> None:
    answer = answer_of_report(report(), C_CASE.normal, 0.2)
    assert answer == Answer(amount=Amount(1, 101), duration_s=0.2)


def test_a_wrong_function_or_test_is_a_remark_though_the_amount_is_right() -> None:
    expected = (direct(1, 101, "leak_malloc", "TestMalloc"),)
    answer = answer_of_report(report(), expected, 0.2)
    assert answer.amount == Amount(1, 101)
    assert answer.remark == "direct 101 bytes in 1 objects of leak_malloc"


def test_a_missed_leak_is_told_as_nothing() -> None:
    answer = answer_of_report(report("clean"), C_CASE.normal, 0.2)
    assert (answer.amount, answer.remark) == (NOTHING, "nothing")


def test_what_leakcheck_could_not_check_is_no_verdict() -> None:
    answer = answer_of_report(report("not_checked", reason="static binary"), (), 0.2)
    assert (answer.amount, answer.remark) == (None, "static binary")


class Refusing:
    """A corpus that leakcheck refuses to check."""

    def check(self, _case: object, _level: Level) -> dict[str, Any]:
        raise BuildFailed("the agent did not compile")


def test_what_leakcheck_refuses_is_no_verdict_and_stops_nobody() -> None:
    contender = Leakcheck(language=Language.C, level=Level.NORMAL, checker=Refusing())
    answer = contender.ask(C_CASE)
    assert answer.amount is None
    assert "the agent did not compile" in answer.remark


def test_a_contender_can_be_sent_to_another_process() -> None:
    assert pickle.loads(pickle.dumps(C)) == C  # noqa: S301 - our own
