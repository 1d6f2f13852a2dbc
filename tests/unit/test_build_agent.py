from __future__ import annotations

import shutil
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from leakcheck.build import agent
from leakcheck.errors import BadInput, BuildFailed
from leakcheck.process import Completed
from leakcheck.toolchain.discovery import CcTool

if TYPE_CHECKING:
    from leakcheck.process import Command

CC = CcTool(path=Path("/usr/bin/gcc"), version="gcc 12.2.0", kind="gcc")


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, ...]:
    folder = tmp_path / "sources"
    folder.mkdir()
    for name in ("a.c", "b.h", "c.S"):
        (folder / name).write_text(f"/* {name} */\n")
    found = tuple(sorted(folder.iterdir()))
    monkeypatch.setattr(agent, "agent_sources", lambda: found)
    return found


class FakeCompiler:
    """Stands for `run`: writes the output file, or fails as told."""

    def __init__(self, *, stderr: str = "", returncode: int = 0) -> None:
        self.commands: list[Command] = []
        self._stderr = stderr
        self._returncode = returncode

    def __call__(self, command: Command, **_: Any) -> Completed:
        self.commands.append(command)
        if self._returncode == 0:
            output_of(command).write_text("library")
        return Completed(
            command=command,
            returncode=self._returncode,
            stdout="",
            stderr=self._stderr,
            duration_s=0.1,
            timed_out=False,
        )


def output_of(command: Command) -> Path:
    return Path(command.argv[command.argv.index("-o") + 1])


@pytest.fixture
def compiler(monkeypatch: pytest.MonkeyPatch) -> FakeCompiler:
    fake = FakeCompiler()
    monkeypatch.setattr(agent, "run", fake)
    return fake


def test_the_compiler_gets_the_sources_it_compiles_and_no_headers() -> None:
    sources = (Path("/s/a.c"), Path("/s/agent.h"), Path("/s/bridge.S"))

    command = agent.agent_build_command("/usr/bin/cc", sources, Path("/c/out.so"))

    assert command.argv == (
        "/usr/bin/cc",
        *agent.AGENT_FLAGS,
        "-o",
        "/c/out.so",
        "/s/a.c",
        "/s/bridge.S",
        "-pthread",
        "-ldl",
    )


def test_the_hooks_must_be_in_place_before_other_libraries_start() -> None:
    assert "-Wl,-z,initfirst" in agent.AGENT_FLAGS
    assert "-ftls-model=initial-exec" in agent.AGENT_FLAGS


def test_the_packages_own_sources_are_found() -> None:
    found = agent.agent_sources()

    assert found == tuple(sorted(found))
    assert {path.suffix for path in found} <= {".c", ".h", ".S"}
    assert any(path.suffix == ".c" for path in found)


def test_a_package_without_the_agents_sources_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agent, "__file__", str(tmp_path / "build" / "agent.py"))

    with pytest.raises(BuildFailed, match="sources are missing"):
        agent.agent_sources()


def test_the_library_is_built_into_the_cache(
    tmp_path: Path, sources: tuple[Path, ...], compiler: FakeCompiler
) -> None:
    library = agent.build_agent(CC, tmp_path / "cache")

    assert library.read_text() == "library"
    assert library.parent == tmp_path / "cache" / "agent"
    assert library.name == f"leakcheck-agent-{agent.agent_key(CC, sources)}.so"
    assert output_of(compiler.commands[0]) != library, "a cut file must never have the final name"


def test_a_library_in_the_cache_is_not_built_again(
    tmp_path: Path, sources: tuple[Path, ...], compiler: FakeCompiler
) -> None:
    assert sources
    first = agent.build_agent(CC, tmp_path)
    second = agent.build_agent(CC, tmp_path)

    assert first == second
    assert len(compiler.commands) == 1


@pytest.mark.parametrize("changed", ["a.c", "b.h", "c.S"])
def test_a_changed_source_or_header_gives_another_library(
    sources: tuple[Path, ...], changed: str
) -> None:
    before = agent.agent_key(CC, sources)
    next(path for path in sources if path.name == changed).write_text("other")

    assert agent.agent_key(CC, sources) != before


def test_another_compiler_gives_another_library(sources: tuple[Path, ...]) -> None:
    newer = CcTool(path=CC.path, version="gcc 13.1.0", kind="gcc")

    assert agent.agent_key(newer, sources) != agent.agent_key(CC, sources)


def test_moving_text_from_one_source_to_the_next_gives_another_library(tmp_path: Path) -> None:
    one, two = tmp_path / "a.c", tmp_path / "b.c"
    one.write_text("int a;")
    two.write_text("")
    before = agent.agent_key(CC, (one, two))
    one.write_text("")
    two.write_text("int a;")

    assert agent.agent_key(CC, (one, two)) != before


def test_a_failed_build_says_what_the_compiler_said_and_leaves_nothing(
    tmp_path: Path, sources: tuple[Path, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sources
    failing = FakeCompiler(stderr="a.c:1: error: no\n", returncode=1)
    monkeypatch.setattr(agent, "run", failing)

    with pytest.raises(BuildFailed) as caught:
        agent.build_agent(CC, tmp_path)

    assert caught.value.why == "a.c:1: error: no"
    assert list((tmp_path / "agent").iterdir()) == []


def test_a_silent_compiler_still_gets_a_reason(
    tmp_path: Path, sources: tuple[Path, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sources
    monkeypatch.setattr(agent, "run", FakeCompiler(returncode=-9))

    with pytest.raises(BuildFailed, match="status -9"):
        agent.build_agent(CC, tmp_path)


def test_a_cache_that_cannot_be_written_is_named(
    tmp_path: Path, sources: tuple[Path, ...], compiler: FakeCompiler
) -> None:
    assert sources
    assert compiler
    blocked = tmp_path / "file"
    blocked.write_text("in the way")

    with pytest.raises(BadInput, match="cache directory") as caught:
        agent.build_agent(CC, blocked)

    assert "LEAKCHECK_CACHE_DIR" in caught.value.hint


def test_a_parallel_run_that_finished_first_is_no_problem(
    tmp_path: Path, sources: tuple[Path, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sources
    fake = FakeCompiler()

    def both(command: Command, **options: Any) -> Completed:
        library = tmp_path / "agent" / f"leakcheck-agent-{agent.agent_key(CC, sources)}.so"
        completed = fake(command, **options)
        shutil.copy(output_of(command), library)
        return completed

    monkeypatch.setattr(agent, "run", both)

    library = agent.build_agent(CC, tmp_path)

    assert list((tmp_path / "agent").iterdir()) == [library]


@pytest.mark.parametrize(
    ("mode", "is_refused"), [(0o700, False), (0o755, False), (0o757, True), (0o702, True)]
)
def test_an_agent_that_others_may_write_is_refused(
    tmp_path: Path, mode: int, *, is_refused: bool
) -> None:
    library = tmp_path / "agent.so"
    library.touch()
    library.chmod(mode)

    with pytest.raises(BadInput, match="cannot be trusted") if is_refused else nullcontext():
        agent.refuse_foreign_agent(library)
