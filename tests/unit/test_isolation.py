from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from report_samples import CRASHED, LEAK, RUN
from test_observation import FACTS

from leakcheck import isolation
from leakcheck.errors import NotChecked, ToolMissing
from leakcheck.isolation import IsolatedTest, list_tests, observe_each
from leakcheck.judge import judge
from leakcheck.launch.argv import isolated_test
from leakcheck.launch.program import Program
from leakcheck.model import Check, Level
from leakcheck.model import Tests as Verdict
from leakcheck.observation import Bench
from leakcheck.ownprofile import NobodysRecorder, OwnRecorder
from leakcheck.process import Command, Completed
from leakcheck.profiles.recorder import ProfileRecorder
from leakcheck.settings import Settings
from leakcheck.shards import WHOLE, Dealer, parse_shard
from leakcheck.symbolise import Symboliser

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leakcheck.model import Run
    from leakcheck.recording import Recorder

PROGRAM = Program(
    name="m.test",
    package="example.com/m",
    facts=replace(FACTS, is_go=True),
    argv=("/t/m.test", "-test.paniconexit0", "-test.timeout=5s"),
    cwd=Path("/m"),
    environment={"HOME": "/root"},
    is_go_test=True,
    kill_after_s=65.0,
)
NO_TEST = "^$"
PASSES = b"PASS\n"


class Notebook:
    """A watcher that writes everything down."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.shown: list[bytes] = []

    @contextlib.contextmanager
    def step(self, text: str) -> Iterator[None]:
        self.said.append(text)
        yield

    def say(self, text: str) -> None:
        self.said.append(text)

    def output(self, data: bytes) -> None:
        self.shown.append(data)

    def section(self, title: str) -> contextlib.AbstractContextManager[None]:  # noqa: ARG002
        return contextlib.nullcontext()


@dataclass
class Binary:
    """Stands for a test binary: what it lists, and how each process of it ends, by pattern."""

    listed: str = "TestA\nTestB\n"
    status: int = 0
    timed_out: bool = False
    runs: dict[str, Run | NotChecked] = field(default_factory=dict)
    outputs: dict[str, tuple[bytes, ...]] = field(default_factory=dict)
    asked: list[Command] = field(default_factory=list)
    observed: list[tuple[str, ...]] = field(default_factory=list)
    recorders: list[Recorder | None] = field(default_factory=list)
    barrier: threading.Barrier | None = None

    def run(self, command: Command, **options: Any) -> Completed:
        assert options == {"timeout_s": 65.0}
        self.asked.append(command)
        return Completed(
            command=command,
            returncode=self.status,
            stdout=self.listed,
            stderr="oh no" if self.status else "",
            duration_s=0.1,
            timed_out=self.timed_out,
        )

    def observe(self, program: Program, bench: Bench) -> Run:
        pattern = program.argv[1].partition("=")[2]
        self.observed.append(program.argv)
        self.recorders.append(bench.recorder)
        for data in self.outputs.get(pattern, (PASSES,)):
            bench.watcher.output(data)
            if self.barrier:
                self.barrier.wait(timeout=10)
        run = self.runs.get(pattern, RUN)
        if isinstance(run, NotChecked):
            raise run
        return replace(run, package=program.package, argv=("m.test", *program.argv[1:]))


@pytest.fixture
def binary(monkeypatch: pytest.MonkeyPatch) -> Binary:
    fake = Binary()
    monkeypatch.setattr(isolation, "run", fake.run)
    monkeypatch.setattr(isolation, "observe_unannounced", fake.observe)
    monkeypatch.setattr(isolation, "core_count", lambda: 2)
    return fake


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(
        agent=Path("/c/agent.so"),
        level=Level.NORMAL,
        settings=Settings(cache_dir=tmp_path),
        symboliser=Symboliser(tmp_path),
        watcher=Notebook(),
    )


def everything() -> Dealer:
    """Deals all to this machine."""
    return Dealer(WHOLE, {})


def notes(bench: Bench) -> Notebook:
    assert isinstance(bench.watcher, Notebook)
    return bench.watcher


def test_the_binary_itself_names_its_tests(binary: Binary) -> None:
    assert list_tests(PROGRAM, None) == (
        IsolatedTest("TestA", "^TestA$"),
        IsolatedTest("TestB", "^TestB$"),
    )
    (command,) = binary.asked
    assert command.argv == ("/t/m.test", "-test.paniconexit0", "-test.list=.")
    assert command.cwd == Path("/m")
    assert command.env == (("HOME", "/root"),)


def test_a_pattern_of_subtests_goes_on_to_the_test(binary: Binary) -> None:
    assert list_tests(PROGRAM, "Test/x|B")[0] == IsolatedTest("TestA", "^TestA$")
    assert [command.argv[-1] for command in binary.asked] == ["-test.list=Test", "-test.list=B"]

    binary.listed = "TestA\n"
    assert list_tests(PROGRAM, "TestA/x") == (IsolatedTest("TestA", "^TestA$/x"),)


@pytest.mark.parametrize("how", [{"status": 1}, {"timed_out": True}])
def test_a_binary_that_does_not_list_its_tests_is_not_checked(
    binary: Binary, how: dict[str, Any]
) -> None:
    for name, value in how.items():
        setattr(binary, name, value)

    with pytest.raises(NotChecked, match="cannot be listed"):
        list_tests(PROGRAM, None)


def test_each_test_has_its_process_and_one_has_none(binary: Binary, bench: Bench) -> None:
    runs = observe_each(PROGRAM, None, bench, everything())

    assert [run.argv[1] for run in runs] == [
        "-test.run=^TestA$",
        "-test.run=^TestB$",
        "-test.run=^$",
    ]
    assert sorted(argv[1:] for argv in binary.observed) == sorted(run.argv[1:] for run in runs)
    assert judge(runs, level=Level.NORMAL).check is Check.CLEAN


def test_without_a_matching_test_nothing_is_called_clean(binary: Binary, bench: Bench) -> None:
    binary.listed = ""

    report = judge(observe_each(PROGRAM, "TestNone", bench, everything()), level=Level.NORMAL)

    assert report.tests is Verdict.NONE_RAN
    assert report.check is Check.NOT_CHECKED


def test_processes_run_side_by_side(binary: Binary, bench: Bench) -> None:
    binary.listed = "TestA\nTestB\nTestC\n"
    binary.barrier = threading.Barrier(2)

    assert len(observe_each(PROGRAM, None, bench, everything())) == 4


def test_for_a_profile_the_process_without_tests_comes_first_and_each_knows_its_test(
    binary: Binary, bench: Bench
) -> None:
    runs = observe_each(PROGRAM, None, replace(bench, recorder=ProfileRecorder()), everything())

    assert binary.observed[0][1] == "-test.run=^$"
    recorders = dict(zip((argv[1] for argv in binary.observed), binary.recorders, strict=True))
    assert isinstance(recorders["-test.run=^$"], NobodysRecorder)
    assert isinstance(recorders["-test.run=^TestB$"], OwnRecorder)
    assert recorders["-test.run=^TestB$"].test == "TestB"
    assert runs[-1].argv[1] == "-test.run=^$", "the report has it last"
    said = [text.partition(":")[0] for text in notes(bench).said[2:]]
    assert said[0] == "[1/3] no test"


def test_what_processes_write_at_the_same_time_is_not_mixed(binary: Binary, bench: Bench) -> None:
    binary.barrier = threading.Barrier(2)
    binary.listed = "TestA\n"
    binary.outputs = {"^TestA$": (b"a1\n", b"a2"), NO_TEST: (b"", PASSES)}

    observe_each(PROGRAM, None, bench, everything())

    assert notes(bench).shown == [b"=== TestA\na1\na2\n"], "and a mere PASS is not shown"


def test_each_process_is_told_when_it_has_ended(binary: Binary, bench: Bench) -> None:
    binary.runs["^TestB$"] = CRASHED

    observe_each(PROGRAM, None, bench, everything())

    said = notes(bench).said
    assert said[:2] == [
        "Listing the tests of m.test",
        "Running 2 tests of m.test, 2 at a time, level normal",
    ]
    assert sorted(text.partition("] ")[2] for text in said[2:]) == [
        "TestA: passed, clean in 0.25 s",
        "TestB: crashed, not checked in 0.25 s",
        "no test: none ran, clean in 0.25 s",
    ]


def test_a_crash_does_not_stop_the_others(binary: Binary, bench: Bench) -> None:
    binary.runs = {"^TestA$": CRASHED, "^TestB$": NotChecked("it cannot be ended")}

    runs = observe_each(PROGRAM, None, bench, everything())

    assert [run.check for run in runs] == [Check.NOT_CHECKED, Check.NOT_CHECKED, Check.CLEAN]
    assert runs[1].reason == "it cannot be ended"
    assert runs[1].argv[0] == "m.test"


def test_a_leak_without_a_test_is_the_tests_whose_process_it_was(
    binary: Binary, bench: Bench
) -> None:
    unknown = replace(LEAK, test=None)
    binary.runs["^TestB$"] = replace(RUN, check=Check.LEAKS, leaks=(unknown,))

    runs = observe_each(PROGRAM, None, bench, everything())

    assert [[leak.test for leak in run.leaks] for run in runs] == [[], ["TestB"], []]


def test_a_leak_of_every_process_is_told_once_and_without_a_test(
    binary: Binary, bench: Bench
) -> None:
    leaky = replace(RUN, check=Check.LEAKS, leaks=(replace(LEAK, test=None),))
    binary.runs = {"^TestA$": leaky, "^TestB$": leaky, NO_TEST: leaky}

    runs = observe_each(PROGRAM, None, bench, everything())

    assert [[leak.test for leak in run.leaks] for run in runs] == [[], [], [None]]
    assert [run.check for run in runs] == [Check.CLEAN, Check.CLEAN, Check.LEAKS]


def test_a_testmain_that_dislikes_having_no_tests_fails_no_test(
    binary: Binary, bench: Bench
) -> None:
    binary.runs[NO_TEST] = replace(RUN, tests=Verdict.FAILED)

    report = judge(observe_each(PROGRAM, None, bench, everything()), level=Level.NORMAL)

    assert report.tests is Verdict.PASSED


def test_an_error_that_concerns_every_process_comes_up_in_each(
    binary: Binary, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> Run:
        raise ToolMissing("tcmalloc was not found")

    assert binary.listed
    monkeypatch.setattr(isolation, "observe_unannounced", refuse)

    report = judge(observe_each(PROGRAM, None, bench, everything()), level=Level.NORMAL)

    assert report.check is Check.NOT_CHECKED
    assert "example.com/m TestA: tcmalloc was not found" in report.reason


@pytest.mark.usefixtures("binary")
def test_a_shard_runs_its_own_tests_and_the_one_without(bench: Bench) -> None:
    dealer = Dealer(parse_shard("2/2"), {})

    runs = observe_each(PROGRAM, None, bench, dealer)

    assert [isolated_test(run.argv) for run in runs] == ["TestB", ""]
    owner = PROGRAM.package
    assert dealer.dealt().units == (f"{owner} TestA", f"{owner} TestB", owner)


def test_a_shard_without_a_test_runs_nothing(binary: Binary, bench: Bench) -> None:
    binary.listed = "TestA\nTestB\n"

    assert observe_each(PROGRAM, None, bench, Dealer(parse_shard("3/3"), {})) == ()

    assert binary.observed == []
    assert notes(bench).said[-1] == "All tests of m.test are for other shards"
