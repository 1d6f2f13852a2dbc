"""`leakcheck profile`: which file is written, and when none is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from test_profiles_recorder import IN_USE, REPORT, RUN

from leakcheck import profiling
from leakcheck.commandline import Choices
from leakcheck.errors import BadInput
from leakcheck.launch.rundirectory import ProfilePlan
from leakcheck.profiling import parse_interval_ms, parse_step, prefix_of, run_profile
from leakcheck.settings import Settings
from leakcheck.snapshots import Snapshot
from leakcheck.symbolise import Symboliser

if TYPE_CHECKING:
    from pathlib import Path

    from leakcheck.recording import Recorder


@dataclass
class FakeCheck:
    """Stands for `run_leak`: leaves what `recorded` says and ends with `exit_code`."""

    cache: Path
    exit_code: int = 1
    is_checked: bool = True
    asked: list[Choices] = field(default_factory=list)
    plans: list[ProfilePlan] = field(default_factory=list)
    snapshots: list[Snapshot] = field(default_factory=list)
    error: BaseException | None = None

    def __call__(self, choices: Choices, recorder: Recorder) -> int:
        self.asked.append(choices)
        self.plans.append(recorder.plan)
        recorder.record_snapshots(RUN, self.snapshots, Symboliser(self.cache))
        if self.is_checked:
            recorder.record(RUN, REPORT, IN_USE, Symboliser(self.cache))
        if self.error is not None:
            raise self.error
        return self.exit_code


@pytest.fixture
def fake_check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeCheck:
    fake = FakeCheck(tmp_path / "cache")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HEAPPROFILE", str(tmp_path / "heap"))
    monkeypatch.setattr(profiling, "run_leak", fake)
    return fake


@pytest.mark.parametrize("exit_code", [0, 1])
def test_the_profile_is_written_and_named_after_the_check(
    fake_check: FakeCheck, tmp_path: Path, capsys: pytest.CaptureFixture[str], exit_code: int
) -> None:
    fake_check.exit_code = exit_code

    assert run_profile(Choices(test="TestX")) == exit_code

    assert fake_check.asked == [Choices(test="TestX")]
    assert capsys.readouterr().out == f"     Profile {tmp_path}/heap.0001.pb.gz\n"
    assert (tmp_path / "heap.0001.pb.gz").read_bytes().startswith(b"\x1f\x8b")


def test_what_was_not_checked_leaves_no_profile(
    fake_check: FakeCheck, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fake_check.is_checked, fake_check.exit_code = False, 2

    assert run_profile(Choices()) == 2

    assert "heap.NNNN.pb.gz was written: the agent checked nothing" in capsys.readouterr().err
    assert list(tmp_path.glob("heap*")) == []


def test_gperftools_checker_has_no_profile_of_all_that_was_allocated(
    fake_check: FakeCheck, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fake_check.is_checked, fake_check.exit_code = False, 1

    assert run_profile(Choices(engine="heapcheck")) == 1

    assert "only the engine agent knows all that was allocated" in capsys.readouterr().err
    assert list(tmp_path.glob("heap*")) == []


def test_snapshots_come_before_the_profile_of_the_end(
    fake_check: FakeCheck, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fake_check.snapshots = [Snapshot(heap=IN_USE), Snapshot(heap=IN_USE)]

    run_profile(Choices(interval="5s", inuse_step="1MiB"))

    assert fake_check.plans == [ProfilePlan(interval_ms=5000, step_bytes=2**20)]
    assert capsys.readouterr().out.split() == [
        word
        for label, number in (("Snapshot", 1), ("Snapshot", 2), ("Profile", 3))
        for word in (label, f"{tmp_path}/heap.000{number}.pb.gz")
    ]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), BadInput("cannot write out.json")])
def test_what_was_recorded_is_written_however_the_check_ends(
    fake_check: FakeCheck, tmp_path: Path, error: BaseException
) -> None:
    fake_check.snapshots, fake_check.error = [Snapshot(heap=IN_USE)], error

    with pytest.raises(type(error)):
        run_profile(Choices())

    assert len(list(tmp_path.glob("heap.*.pb.gz"))) == 2


def test_a_check_that_could_not_begin_says_nothing_of_profiles(
    fake_check: FakeCheck, capsys: pytest.CaptureFixture[str]
) -> None:
    fake_check.is_checked, fake_check.error = False, BadInput("--level x")

    with pytest.raises(BadInput):
        run_profile(Choices())

    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("text", ["", "x", "0", "-1s", "99ms", "5"])
def test_an_interval_is_a_time_that_is_not_too_short(text: str) -> None:
    with pytest.raises(BadInput, match="--interval") as caught:
        parse_interval_ms(text)
    assert caught.value.hint == "--interval 5s"


@pytest.mark.parametrize("text", ["", "MiB", "1 TiB", "-1MiB", "1.5MiB", "0", "1kB", "9" * 15])
def test_a_step_is_an_amount_of_memory_that_can_be_counted(text: str) -> None:
    with pytest.raises(BadInput, match="--inuse-step"):
        parse_step(text)


@pytest.mark.parametrize(
    ("text", "size"),
    [("64MiB", 2**26), ("64 mib", 2**26), ("1GB", 10**9), ("65536", 65536), ("64KiB", 65536)],
)
def test_a_step_is_read_in_any_unit(text: str, size: int) -> None:
    assert parse_step(text) == size


def test_a_prefix_that_cannot_be_written_is_told_before_the_tests_run(
    fake_check: FakeCheck, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEAPPROFILE", str(tmp_path / "none" / "heap"))

    with pytest.raises(BadInput):
        run_profile(Choices())
    assert fake_check.asked == []


def test_profiles_are_named_after_the_module_or_the_program(tmp_path: Path) -> None:
    (tmp_path / "go.mod").write_text("module example.com/probe\n")
    settings = Settings(cache_dir=tmp_path, project=tmp_path)

    assert prefix_of(None, None, settings) == "/tmp/probe_heap"  # noqa: S108
    assert prefix_of(str(tmp_path), None, settings) == "/tmp/probe_heap"  # noqa: S108
    assert prefix_of(None, "./a.out", settings) == "/tmp/a.out_heap"  # noqa: S108
    assert prefix_of(None, "b/probe.test", settings) == "/tmp/probe_heap"  # noqa: S108


def test_the_users_prefix_is_for_any_module_and_program(tmp_path: Path) -> None:
    settings = Settings(cache_dir=tmp_path, heapprofile="/p/mine")

    assert prefix_of(None, None, settings) == prefix_of(None, "./a.out", settings) == "/p/mine"
