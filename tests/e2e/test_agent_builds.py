"""The agent compiles without a warning, with the flags it is really built with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from leakcheck.build.agent import agent_build_command, agent_sources
from leakcheck.process import Command, run
from leakcheck.toolchain.discovery import find_cc

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.e2e

EXPORTED = {
    "_ZnamSt11align_val_t",
    "_ZnamSt11align_val_tRKSt9nothrow_t",
    "_ZnwmSt11align_val_t",
    "_ZnwmSt11align_val_tRKSt9nothrow_t",
    "__libc_realloc",
    "__libc_start_main",
    "aligned_alloc",
    "exit",
    "madvise",
    "memalign",
    "posix_memalign",
    "pthread_create",
    "pthread_sigmask",
    "quick_exit",
    "realloc",
    "sigprocmask",
    "sbrk",
    "tc_realloc",
    "thrd_create",
    "valloc",
}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("agent") / "agent.so"
    built = agent_build_command(find_cc().path, agent_sources(), output)
    completed = run(Command((*built.argv, "-Werror"), env=built.env, cwd=built.cwd))
    assert completed.returncode == 0, completed.stderr
    return output


def test_the_agent_compiles_without_a_warning(library: Path) -> None:
    assert library.stat().st_size > 0


def test_the_agent_stands_before_what_it_must_and_nothing_else(library: Path) -> None:
    listed = run(Command(("nm", "-D", "--defined-only", str(library)))).stdout
    names = {line.split()[-1] for line in listed.splitlines()}
    assert names - {"_init", "_fini"} == EXPORTED
