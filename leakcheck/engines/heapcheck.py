"""The classic engine: gperftools' own heap checker, made to report by the agent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leakcheck.attribution import collect_leaks
from leakcheck.checkerreport import CHECKER_LOG, PROFILE_PATTERN, read_checker_outcome
from leakcheck.engines import agent
from leakcheck.engines.agent import Findings
from leakcheck.evidence import NoReport

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from leakcheck.engines.agent import Preloads
    from leakcheck.launch.rundirectory import Orders
    from leakcheck.model import Frame
    from leakcheck.symbolise import Symboliser

__all__ = ["arm", "read_findings", "read_profile", "read_words"]

_QUIET = "-1"
"""tcmalloc then says warnings and errors, and not that its checker is active."""


def arm(
    run_dir: Path, preloads: Preloads, base_env: Mapping[str, str], orders: Orders
) -> dict[str, str]:
    """Do as the agent's `arm`, and turn gperftools' checker on, which reports into `run_dir`."""
    environment = agent.arm(run_dir, preloads, base_env, orders)
    checker = {
        "HEAPCHECK": orders.level.value,
        "HEAP_CHECK_DUMP_DIRECTORY": str(run_dir),
        "PERFTOOLS_VERBOSE": environment.get("PERFTOOLS_VERBOSE", _QUIET),
    }
    return {**environment, **checker}


def read_findings(run_dir: Path, symboliser: Symboliser) -> Findings:
    """Read what the checker left in `run_dir`; never raises for what it wrote.

    It does not tell direct leaks from indirect ones: all are called direct.
    """
    outcome = read_checker_outcome(run_dir)
    if isinstance(outcome, NoReport):
        return Findings(outcome=outcome)
    mappings = outcome.profile.mappings

    def stack_of(addresses: tuple[int, ...]) -> tuple[Frame, ...]:
        return symboliser.stack(addresses, mappings)

    return Findings(outcome=outcome, leaks=collect_leaks(outcome.leaked, (), stack_of))


def read_words(run_dir: Path) -> str:
    """Read what the checker said; "" when it never ran."""
    log = run_dir / CHECKER_LOG
    return log.read_bytes().decode(errors="replace") if log.is_file() else ""


def read_profile(run_dir: Path) -> bytes | None:
    """Read the checker's own end profile as it wrote it; None when it left none."""
    found = sorted(run_dir.glob(PROFILE_PATTERN))
    return found[0].read_bytes() if found else None
