from __future__ import annotations

import contextlib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import checker_samples
import pytest
from report_samples import captured_files

from leakcheck import observation
from leakcheck.errors import ToolMissing
from leakcheck.launch.program import Program
from leakcheck.launch.rundirectory import ProfilePlan
from leakcheck.model import Case, Check, EngineName, Level, Outcome
from leakcheck.model import Tests as Verdict
from leakcheck.observation import (
    Bench,
    observe,
    prefix_for,
    program_environment,
    set_up,
)
from leakcheck.process import Command, Completed
from leakcheck.settings import Settings
from leakcheck.symbolise import Symboliser
from leakcheck.toolchain.discovery import CcTool, Tcmalloc
from leakcheck.toolchain.elf import ElfFacts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from leakcheck.evidence import AgentReport
    from leakcheck.heapprofile import HeapProfile
    from leakcheck.model import Run
    from leakcheck.snapshots import Snapshot

FACTS = ElfFacts(
    path=Path("/t/leaky"),
    machine="X86_64",
    bits=64,
    interpreter="/lib64/ld-linux-x86-64.so.2",
    needed=(),
    is_go=False,
    has_symtab=True,
    build_id="ab",
    exports=frozenset(),
)
TCMALLOC = Tcmalloc(
    path=Path("/lib/libtcmalloc_minimal.so.4"),
    version="2.10",
    is_minimal=True,
    has_hooks=True,
    has_checker=False,
    has_profiler=False,
)
FULL = Path("/lib/libtcmalloc.so.4")


class Notebook:
    """A watcher that writes everything down."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.shown = b""

    @contextlib.contextmanager
    def step(self, text: str) -> Iterator[None]:
        self.said.append(text)
        yield

    def say(self, text: str) -> None:
        self.said.append(text)

    def output(self, data: bytes) -> None:
        self.shown += data

    def section(self, title: str) -> contextlib.AbstractContextManager[None]:  # noqa: ARG002
        return contextlib.nullcontext()


@dataclass
class FakeRun:
    """Stands for `supervise`: the program writes, the agent leaves `files`."""

    files: dict[str, str] = field(default_factory=dict)
    returncode: int = 0
    survivors: tuple[str, ...] = ()
    command: Command | None = None
    options: dict[str, Any] = field(default_factory=dict)
    orders: str = ""
    output: str = "hello\n"

    def __call__(self, command: Command, **options: Any) -> Completed:
        self.command, self.options = command, options
        run_dir = Path(dict(command.env or ())["LEAKCHECK_AGENT_RUN_DIR"])
        self.orders = (run_dir / "agent.conf").read_text()
        for name, text in self.files.items():
            (run_dir / name).write_text(text)
        options["on_output"](self.output.encode())
        return Completed(
            command=command,
            returncode=self.returncode,
            stdout=self.output,
            stderr="",
            duration_s=0.5,
            timed_out=False,
            survivors=self.survivors,
        )


@pytest.fixture
def fake_run(monkeypatch: pytest.MonkeyPatch) -> FakeRun:
    fake = FakeRun(files=captured_files())
    monkeypatch.setattr(observation, "supervise", fake)
    monkeypatch.setattr(observation, "find_tcmalloc", lambda _: TCMALLOC)
    return fake


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(
        agent=Path("/c/agent.so"),
        level=Level.NORMAL,
        settings=Settings(cache_dir=tmp_path, ld_preload="/u.so"),
        symboliser=Symboliser(tmp_path),
        watcher=Notebook(),
    )


PROGRAM = Program(
    name="./leaky",
    facts=FACTS,
    argv=("/t/leaky", "5"),
    cwd=Path("/t"),
    environment={"HOME": "/root", "HEAPCHECK": "normal"},
    is_go_test=False,
    kill_after_s=90.0,
)


def notes(bench: Bench) -> Notebook:
    assert isinstance(bench.watcher, Notebook)
    return bench.watcher


def test_the_program_runs_armed_in_its_folder_for_its_time(fake_run: FakeRun, bench: Bench) -> None:
    observe(PROGRAM, bench)

    assert fake_run.command is not None
    assert fake_run.command.argv == ("/t/leaky", "5")
    assert fake_run.command.cwd == Path("/t")
    assert fake_run.options["timeout_s"] == 90.0
    environment = dict(fake_run.command.env or ())
    assert environment["LD_PRELOAD"] == "/c/agent.so /lib/libtcmalloc_minimal.so.4 /u.so"
    assert environment["HOME"] == "/root"
    assert "HEAPCHECK" not in environment
    assert fake_run.orders.startswith("level normal\n")


def test_what_the_program_writes_is_shown_at_once(fake_run: FakeRun, bench: Bench) -> None:
    observe(PROGRAM, bench)

    assert fake_run.command is not None
    assert notes(bench).shown == b"hello\n"


def test_a_believable_report_with_leaks_is_leaks(fake_run: FakeRun, bench: Bench) -> None:
    run = observe(PROGRAM, bench)

    assert fake_run.files
    assert run.check is Check.LEAKS
    assert run.tests is Verdict.PASSED
    assert run.leaks
    assert run.duration_s == 0.5


def test_the_report_names_the_program_as_the_user_does(fake_run: FakeRun, bench: Bench) -> None:
    run = observe(PROGRAM, bench)

    assert fake_run.files
    assert run.binary == "./leaky"
    assert run.argv == ("./leaky", "5")


def test_a_program_that_left_no_report_is_not_called_clean(fake_run: FakeRun, bench: Bench) -> None:
    fake_run.files = {}

    run = observe(PROGRAM, bench)

    assert run.check is Check.NOT_CHECKED
    assert "left no report" in run.reason


def test_a_report_of_another_ending_is_not_believed(fake_run: FakeRun, bench: Bench) -> None:
    fake_run.returncode = 3

    assert observe(PROGRAM, bench).check is Check.NOT_CHECKED


def test_the_run_directory_is_gone_afterwards(fake_run: FakeRun, bench: Bench) -> None:
    observe(PROGRAM, bench)

    assert fake_run.command is not None
    run_dir = Path(dict(fake_run.command.env or ())["LEAKCHECK_AGENT_RUN_DIR"])
    assert not run_dir.exists()


def test_what_a_program_left_running_is_told(fake_run: FakeRun, bench: Bench) -> None:
    fake_run.survivors = ("sleep 600 (pid 7)",)

    observe(PROGRAM, bench)

    assert "./leaky left running, ended now: sleep 600 (pid 7)" in notes(bench).said


def test_a_program_with_its_own_tcmalloc_needs_none_on_the_machine(
    fake_run: FakeRun, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Settings) -> Tcmalloc:
        raise ToolMissing("tcmalloc was not found")

    monkeypatch.setattr(observation, "find_tcmalloc", refuse)
    own = replace(FACTS, exports=frozenset({"MallocHook_AddNewHook"}))

    observe(replace(PROGRAM, facts=own), bench)

    assert fake_run.command is not None
    assert dict(fake_run.command.env or ())["LD_PRELOAD"] == "/c/agent.so /u.so"


def test_without_tcmalloc_nothing_runs(
    fake_run: FakeRun, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Settings) -> Tcmalloc:
        raise ToolMissing("tcmalloc was not found", hint="apt-get install libtcmalloc-minimal4")

    monkeypatch.setattr(observation, "find_tcmalloc", refuse)

    with pytest.raises(ToolMissing, match="tcmalloc was not found"):
        observe(PROGRAM, bench)
    assert fake_run.command is None


@dataclass
class Record:
    """A recorder that keeps what it gets."""

    plan: ProfilePlan = field(default_factory=lambda: ProfilePlan(interval_ms=500))
    runs: list[Run] = field(default_factory=list)
    in_use: list[HeapProfile] = field(default_factory=list)
    snapshots: list[Snapshot] = field(default_factory=list)

    def record_snapshots(
        self, run: Run, snapshots: Sequence[Snapshot], symboliser: Symboliser
    ) -> None:
        assert run.binary
        assert isinstance(symboliser, Symboliser)
        self.snapshots += snapshots

    def record(
        self, run: Run, report: AgentReport, in_use: HeapProfile, symboliser: Symboliser
    ) -> None:
        assert report.direct.rows
        assert isinstance(symboliser, Symboliser)
        self.runs.append(run)
        self.in_use.append(in_use)


def test_for_a_profile_the_agent_is_asked_for_all_that_was_allocated(
    fake_run: FakeRun, bench: Bench
) -> None:
    fake_run.files["inuse.heap"] = fake_run.files["direct.heap"]
    recorder = Record()

    run = observe(PROGRAM, replace(bench, recorder=recorder))

    assert "profile 1\nsnapshot_interval_ms 500\n" in fake_run.orders
    assert recorder.runs == [run]
    assert recorder.snapshots == []
    assert recorder.in_use[0].objects > 0


def test_without_a_recorder_no_profile_is_asked_for(fake_run: FakeRun, bench: Bench) -> None:
    observe(PROGRAM, bench)

    assert "profile" not in fake_run.orders


def test_what_was_not_checked_is_not_recorded(fake_run: FakeRun, bench: Bench) -> None:
    fake_run.returncode = 3
    recorder = Record()

    assert observe(PROGRAM, replace(bench, recorder=recorder)).check is Check.NOT_CHECKED
    assert recorder.runs == []


def snapshot_files() -> dict[str, str]:
    heap = captured_files()["direct.heap"]
    return {"snapshot.000001.heap": heap, "snapshot.000001.tests": "inuse 0 TestX\n"}


def test_snapshots_are_kept_though_nothing_was_checked(fake_run: FakeRun, bench: Bench) -> None:
    fake_run.files = snapshot_files()
    recorder = Record()

    assert observe(PROGRAM, replace(bench, recorder=recorder)).check is Check.NOT_CHECKED

    assert [snapshot.tests[0].test for snapshot in recorder.snapshots] == ["TestX"]


def test_the_snapshots_of_a_run_that_ctrl_c_ended_are_recorded(
    fake_run: FakeRun, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_run.files = snapshot_files()

    def interrupted(command: Command, **options: Any) -> Completed:
        fake_run(command, **options)
        raise KeyboardInterrupt

    monkeypatch.setattr(observation, "supervise", interrupted)
    recorder = Record()

    with pytest.raises(KeyboardInterrupt):
        observe(PROGRAM, replace(bench, recorder=recorder))
    assert len(recorder.snapshots) == 1
    with pytest.raises(KeyboardInterrupt):
        observe(PROGRAM, bench)


@pytest.mark.parametrize(
    ("changes", "last_line"),
    [
        pytest.param({"has_companion": True}, "go_companion 1", id="companion"),
        pytest.param({"why_no_companion": "it broke"}, "go_why it broke", id="broken companion"),
        pytest.param({}, "go_tlsg -8", id="built elsewhere"),
    ],
)
def test_the_agent_is_told_what_go_needs(
    fake_run: FakeRun,
    bench: Bench,
    monkeypatch: pytest.MonkeyPatch,
    changes: dict[str, Any],
    last_line: str,
) -> None:
    layout = (("go", "1"), ("go_tlsg", "-8"))
    monkeypatch.setattr(observation, "read_go_layout", lambda *_: layout)

    observe(replace(PROGRAM, facts=replace(FACTS, is_go=True), **changes), bench)

    assert fake_run.orders.splitlines()[3:5] == ["go 1", "go_tlsg -8"]
    assert fake_run.orders.splitlines()[-1] == last_line


def test_the_agent_is_built_once_and_that_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = tmp_path / "agent.so"
    monkeypatch.setattr(observation, "find_cc", lambda: CcTool(Path("/cc"), "gcc 12", "gcc"))
    monkeypatch.setattr(observation, "agent_library", lambda *_: library)
    monkeypatch.setattr(observation, "build_agent", lambda *_: library.write_text("library"))
    first, second = Notebook(), Notebook()
    settings = Settings(cache_dir=tmp_path)

    assert set_up(Level.STRICT, settings, first).agent == library
    assert set_up(Level.STRICT, settings, second).level is Level.STRICT
    assert first.said == ["Building the agent, once"]
    assert second.said == []


def test_the_verbosity_of_tcmalloc_reaches_the_program_from_a_dotenv_file_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PERFTOOLS_VERBOSE", raising=False)
    monkeypatch.setenv("OWN", "1")

    environment = program_environment(Settings(cache_dir=tmp_path, tcmalloc_verbose=2))
    quiet = program_environment(Settings(cache_dir=tmp_path))

    assert environment["PERFTOOLS_VERBOSE"] == "2", "the name that tcmalloc reads"
    assert environment["OWN"] == "1"
    assert "PERFTOOLS_VERBOSE" not in quiet


@pytest.fixture
def classic(fake_run: FakeRun, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """A bench for gperftools' own checker; the fake program leaves what a real one left."""
    fake_run.files = checker_samples.captured_files() | checker_samples.captured_profile()
    monkeypatch.setattr(observation, "find_checker", lambda _: replace(TCMALLOC, path=FULL))
    settings = replace(bench.settings, heapprofile=str(bench.settings.cache_dir / "heap"))
    return replace(bench, engine=EngineName.HEAPCHECK, level=Level.DRACONIAN, settings=settings)


def test_the_classic_engine_gets_the_full_library_and_the_level(
    fake_run: FakeRun, classic: Bench
) -> None:
    run = observe(PROGRAM, classic)

    assert fake_run.command is not None
    environment = dict(fake_run.command.env or ())
    assert environment["LD_PRELOAD"] == f"/c/agent.so {FULL} /u.so"
    assert environment["HEAPCHECK"] == "draconian"
    assert run.check is Check.LEAKS
    assert sum(leak.leaked_bytes for leak in run.leaks) == 528


def test_the_classic_engine_says_where_its_profile_is(classic: Bench) -> None:
    observe(PROGRAM, classic)

    raw, named = (
        classic.settings.cache_dir / f"heap.heapcheck.0001{suffix}"
        for suffix in (".heap", ".pb.gz")
    )
    assert f"gperftools' heap profile: {raw}, {named}" in notes(classic).said
    assert raw.is_file()
    assert named.is_file()


def test_a_profile_that_cannot_be_kept_does_not_spoil_the_run(classic: Bench) -> None:
    nowhere = replace(classic, settings=replace(classic.settings, heapprofile="/nowhere/heap"))

    assert observe(PROGRAM, nowhere).check is Check.LEAKS
    assert any("cannot be written" in text for text in notes(nowhere).said)


def test_the_classic_engine_needs_no_companion(
    fake_run: FakeRun, classic: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(observation, "read_go_layout", lambda *_: (("go", "1"),))

    observe(replace(PROGRAM, facts=replace(FACTS, is_go=True), has_companion=True), classic)

    assert (
        fake_run.orders
        == "level draconian\ndeadline_ms 50000\nengine heapcheck\nmax_blocks 64000000\ngo 1\n"
    )


@pytest.mark.parametrize(
    ("name", "package", "word"),
    [
        ("codec.test", "example.com/x/mediaprobe/codec", "mediaprobe"),
        ("./bin/tool", "", "tool"),
        ("other.test", "", "other"),
    ],
)
def test_profiles_are_named_after_the_module(
    tmp_path: Path, name: str, package: str, word: str
) -> None:
    (tmp_path / "go.mod").write_text("module example.com/x/mediaprobe\n")
    program = replace(PROGRAM, name=name, package=package, cwd=tmp_path / "codec")

    assert prefix_for(program) == f"/tmp/{word}_heap"  # noqa: S108 - a name, not a file


def test_statistics_are_the_agents_to_print(fake_run: FakeRun, bench: Bench) -> None:
    observe(PROGRAM, replace(bench, settings=replace(bench.settings, mallocstats=2)))

    assert "malloc_stats 2\n" in fake_run.orders


def test_the_limit_on_blocks_is_the_agents_to_keep(fake_run: FakeRun, bench: Bench) -> None:
    observe(PROGRAM, replace(bench, settings=replace(bench.settings, max_blocks=1000)))

    assert "max_blocks 1000\n" in fake_run.orders


def test_verbose_runs_show_their_evidence(fake_run: FakeRun, bench: Bench) -> None:
    observe(PROGRAM, replace(bench, settings=replace(bench.settings, tcmalloc_verbose=1)))
    fake_run.files = {}
    observe(PROGRAM, replace(bench, settings=replace(bench.settings, tcmalloc_verbose=1)))

    assert notes(bench).said.count("canary found") == 1


def test_verbose_runs_show_what_the_classic_checker_said(classic: Bench) -> None:
    observe(PROGRAM, replace(classic, settings=replace(classic.settings, tcmalloc_verbose=1)))

    said = "\n".join(notes(classic).said)
    assert "Leak check _main_ detected leaks of 2280 bytes in 18 objects" in said


def test_a_test_binary_that_names_its_tests_is_read_and_its_marks_are_not_shown(
    fake_run: FakeRun, bench: Bench
) -> None:
    fake_run.output = "\x16=== RUN   TestA\n\x16--- PASS: TestA (0.50s)\n\x16PASS\n"
    argv = ("/t/leaky", "-test.v=test2json")

    run = observe(replace(PROGRAM, argv=argv, is_go_test=True), bench)

    assert run.cases == (Case(name="TestA", outcome=Outcome.PASSED, duration_s=0.5),)
    assert notes(bench).shown == b"=== RUN   TestA\n--- PASS: TestA (0.50s)\nPASS\n"


def test_that_no_tests_ran_is_seen_behind_the_marks(fake_run: FakeRun, bench: Bench) -> None:
    fake_run.output = "testing: warning: no tests to run\n\x16PASS\n"
    argv = ("/t/leaky", "-test.v=test2json")

    run = observe(replace(PROGRAM, argv=argv, is_go_test=True), bench)

    assert run.tests is Verdict.NONE_RAN
