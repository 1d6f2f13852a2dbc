"""The agent's parts under sanitizers, without preloading, against plain models in C."""

from __future__ import annotations

import platform
import secrets
from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest
from conftest import ROOT

from leakcheck.process import Command, run

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.e2e

AGENT = ROOT / "leakcheck" / "agent"
HARNESS = ROOT / "tests" / "agent"
PARTS = ("table", "shards", "pages", "depot", "blocks", "mark", "memory", "maps", "text")
SANITIZERS = ("address,undefined", "thread")
PROGRAMS = (
    "table_model",
    "table_threads",
    "table_unseen",
    "shards_spread",
    "blocks_located",
    "mark_model",
    "text_maps",
    "dump_model",
)
MORE_PARTS = MappingProxyType({"dump_model": ("godump", "goroutine"), "waits_model": ("waits",)})
INCLUDED = MappingProxyType(
    {"table_unseen": "table", "table_stepped": "table", "shards_spread": "shards"}
)
"""These look inside a part, and are compiled as one with it."""
FLAGS = ("-std=gnu11", "-g", "-O1", "-Wall", "-Wextra", "-Werror", "-fno-sanitize-recover=all")
SEEDS = 10


def built(program: str, sanitizer: str, folder: Path) -> Path:
    """Compile it into a folder."""
    binary = folder / program
    completed = run(build_command(program, sanitizer, binary))
    assert completed.returncode == 0, completed.stderr
    return binary


def build_command(program: str, sanitizer: str, output: Path) -> Command:
    """Compile one program of `tests/agent` with the parts of the agent it tries out."""
    words = (f"-fsanitize={sanitizer}",) if sanitizer else ()
    sources = [HARNESS / f"{program}.c", HARNESS / "standins.c"]
    parts = (*PARTS, *MORE_PARTS.get(program, ()))
    sources += [AGENT / f"{part}.c" for part in parts if part != INCLUDED.get(program)]
    words += (f"-I{AGENT}", "-pthread", "-o", str(output))
    return Command(("cc", *FLAGS, *words, *map(str, sources)))


@pytest.mark.parametrize("sanitizer", SANITIZERS)
@pytest.mark.parametrize("program", PROGRAMS)
def test_a_part_of_the_agent_does_as_its_model(
    tmp_path: Path, program: str, sanitizer: str
) -> None:
    """A failure prints its seed; `PROGRAM SEED` repeats it."""
    binary = built(program, sanitizer, tmp_path)
    seeds = [1, 2, 3, *(secrets.randbelow(2**32) for _ in range(SEEDS))]

    for seed in seeds if program == "mark_model" else seeds[:4]:
        ended = run(Command((str(binary), str(seed))), timeout_s=120.0)

        assert (ended.returncode, ended.stderr) == (0, ""), f"{program} {seed}: {ended.stderr}"


@pytest.mark.skipif(platform.machine() != "x86_64", reason="no such flag of the processor")
def test_a_signal_at_any_instruction_of_the_table_loses_nothing(tmp_path: Path) -> None:
    """Without a sanitizer, whose own code would be stepped through too."""
    binary = built("table_stepped", "", tmp_path)

    ended = run(Command((str(binary),)), timeout_s=60.0)

    assert (ended.returncode, ended.stderr) == (0, "")


def test_the_caller_of_a_waiting_function_of_libc_is_found_with_its_registers(
    tmp_path: Path,
) -> None:
    binary = built("waits_model", "", tmp_path)

    ended = run(Command((str(binary),)), timeout_s=60.0)

    assert (ended.returncode, ended.stderr) == (0, "")


def test_the_static_analyser_has_nothing_to_say_about_the_agent(tmp_path: Path) -> None:
    sources = sorted(map(str, AGENT.glob("*.c")))
    # The canary is a leak, and nothing else in the agent comes from malloc.
    words = ("-std=gnu11", "-O2", "-fanalyzer", "-Wno-analyzer-malloc-leak", "-Werror", "-c")

    analysed = run(Command(("cc", *words, *sources), cwd=tmp_path), timeout_s=600.0)

    assert analysed.returncode == 0, analysed.stderr
