"""The agent engine: what the agent is told before a run, and what it reports after it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from leakcheck.attribution import collect_leaks
from leakcheck.evidence import AgentReport, NoReport, read_agent_outcome
from leakcheck.launch.environment import launch_environment, preloadable
from leakcheck.launch.rundirectory import agent_configuration, write_agent_configuration

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from leakcheck.checkerreport import CheckerReport
    from leakcheck.launch.rundirectory import Orders
    from leakcheck.model import Frame, Leak
    from leakcheck.symbolise import Symboliser

__all__ = ["CHECK_DEADLINE_S", "Findings", "Preloads", "arm", "read_findings"]

CHECK_DEADLINE_S = 50.0
"""How long the agent may take for its check, once the program is about to end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preloads:
    """The libraries that go into the program; `users` is the user's own LD_PRELOAD.

    `tcmalloc` is None for a program that brings its own.
    """

    agent: Path
    tcmalloc: Path | None
    users: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What a run left: its report or why there is none, and the leaks with their stacks."""

    outcome: AgentReport | CheckerReport | NoReport
    leaks: tuple[Leak, ...] = ()


def arm(
    run_dir: Path, preloads: Preloads, base_env: Mapping[str, str], orders: Orders
) -> dict[str, str]:
    """Write the agent's orders into `run_dir`; return the environment that makes it follow them."""
    text = agent_configuration(orders, deadline_ms=round(CHECK_DEADLINE_S * 1000))
    write_agent_configuration(run_dir, text)
    tcmalloc = preloads.tcmalloc
    return launch_environment(
        base_env,
        agent=preloadable(preloads.agent, run_dir),
        tcmalloc=preloadable(tcmalloc, run_dir) if tcmalloc else None,
        run_dir=run_dir,
        user_ld_preload=preloads.users,
    )


def read_findings(run_dir: Path, symboliser: Symboliser) -> Findings:
    """Read what the agent left in `run_dir`; never raises for what the agent wrote.

    The program's files must still be where they were: their names are looked up here.
    """
    outcome = read_agent_outcome(run_dir)
    if isinstance(outcome, NoReport):
        return Findings(outcome=outcome)
    mappings = outcome.direct.mappings or outcome.indirect.mappings

    def stack_of(addresses: tuple[int, ...]) -> tuple[Frame, ...]:
        return symboliser.stack(addresses, mappings)

    leaks = collect_leaks(
        outcome.direct.rows, outcome.indirect.rows, stack_of, outcome.tests, outcome.owners
    )
    return Findings(outcome=outcome, leaks=leaks)
