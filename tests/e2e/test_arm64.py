"""The agent for arm64: cross-compiled, and C programs checked under an emulator of user programs.

There is no tcmalloc for it beside that of this machine, so one stands in. What else was tried by
hand: docs/agent.md, "Processors".
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

import pytest
from conftest import PROJECTS

from leakcheck.build.agent import agent_build_command, agent_sources
from leakcheck.engines.agent import Preloads, arm, read_findings
from leakcheck.evidence import AgentReport
from leakcheck.launch.rundirectory import Orders
from leakcheck.model import Level
from leakcheck.process import Command, run
from leakcheck.symbolise import Symboliser

if TYPE_CHECKING:
    from pathlib import Path

    from leakcheck.engines.agent import Findings

pytestmark = pytest.mark.e2e

CC = "aarch64-linux-gnu-gcc"
SYSTEM = "/usr/aarch64-linux-gnu"
SOURCES = PROJECTS / "arm64"
ENDINGS = {"return": (0, "main_returned"), "exit": (3, "exit"), "_exit": (4, "_exit")}
CASES = (*(("lost", ending) for ending in ENDINGS), ("freed", "exit"))


class Outcome(NamedTuple):
    """What the program ended with, and what the agent found."""

    returncode: int
    findings: Findings


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("arm64")


@pytest.fixture(scope="module")
def agent(folder: Path) -> Path:
    output = folder / "agent.so"
    built = agent_build_command(CC, agent_sources(), output)
    completed = run(Command((*built.argv, "-Werror")))
    assert completed.returncode == 0, completed.stderr
    return output


@pytest.fixture(scope="module")
def outcomes(folder: Path, agent: Path) -> dict[tuple[str, str], Outcome]:
    """All runs at once: the emulator's own thread does not answer, and each waits for it."""
    flags = ("-g", "-O2", "-Wall", "-Wextra", "-Werror", "-pthread")
    for name, *words in (("program",), ("allocator", "-shared", "-fPIC", "-fno-builtin")):
        source, output = SOURCES / f"{name}.c", folder / name
        completed = run(Command((CC, *flags, *words, "-o", str(output), str(source))))
        assert completed.returncode == 0, completed.stderr
    with ThreadPoolExecutor(len(CASES)) as pool:
        found = pool.map(lambda case: emulate(folder, agent, *case), CASES)
        return dict(zip(CASES, found, strict=True))


def emulate(folder: Path, agent: Path, kind: str, ending: str) -> Outcome:
    """Run the program with the agent in it, both on the emulated processor."""
    run_dir = folder / f"{kind}-{ending}"
    run_dir.mkdir(0o700)
    preloads = Preloads(agent=agent, tcmalloc=folder / "allocator")
    environment = arm(run_dir, preloads, {}, Orders(level=Level.NORMAL, go_layout=()))
    settings = (word for pair in environment.items() for word in ("-E", "=".join(pair)))
    program = (str(folder / "program"), kind, ending)
    ended = run(Command(("qemu-aarch64", "-L", SYSTEM, *settings, *program)), timeout_s=60.0)
    return Outcome(ended.returncode, read_findings(run_dir, Symboliser(folder / "cache")))


def test_the_agent_compiles_for_arm64_without_a_warning(agent: Path) -> None:
    assert agent.stat().st_size > 0


@pytest.mark.parametrize(("kind", "ending"), CASES)
def test_each_way_out_is_caught_and_keeps_its_code(
    outcomes: dict[tuple[str, str], Outcome], kind: str, ending: str
) -> None:
    outcome = outcomes[kind, ending]

    assert isinstance(outcome.findings.outcome, AgentReport), outcome.findings.outcome
    evidence = outcome.findings.outcome.evidence
    assert (outcome.returncode, evidence.text("moment")) == ENDINGS[ending]
    assert evidence.text("canary") == "found"
    assert evidence.number("lost") == 0


@pytest.mark.parametrize("ending", ENDINGS)
def test_what_is_lost_is_found_with_its_lines(
    outcomes: dict[tuple[str, str], Outcome], ending: str
) -> None:
    leaks = outcomes["lost", ending].findings.leaks

    assert sorted((leak.kind.value, leak.leaked_objects, leak.leaked_bytes) for leak in leaks) == [
        ("direct", 1, 32),
        ("indirect", 4, 128),
    ]
    for leak in leaks:
        names = [(frame.function, frame.line) for frame in leak.stack]
        assert names[:2] == [("push", 14), ("main", 61)]


def test_what_is_freed_or_held_is_not_lost(outcomes: dict[tuple[str, str], Outcome]) -> None:
    assert outcomes["freed", "exit"].findings.leaks == ()
