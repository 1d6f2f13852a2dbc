"""The classic engine: gperftools' own heap checker, made to report by the agent."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from leakcheck.attribution import collect_leaks
from leakcheck.checkerreport import CHECKER_LOG, PROFILE_PATTERN, read_checker_outcome
from leakcheck.engines import agent
from leakcheck.engines.agent import Findings
from leakcheck.errors import BadInput
from leakcheck.evidence import NoReport

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from leakcheck.engines.agent import Preloads
    from leakcheck.launch.rundirectory import Orders
    from leakcheck.model import Frame
    from leakcheck.symbolise import Symboliser

__all__ = ["arm", "keep_profile", "read_findings", "read_words"]

_QUIET = "-1"
"""tcmalloc then says warnings and errors, and not that its checker is active."""
_MOST_KEPT = 9999


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


def keep_profile(run_dir: Path, prefix: str) -> Path | None:
    """Copy the checker's own end profile to the first free `PREFIX.heapcheck.NNNN.heap`.

    Nothing is overwritten. None when the checker left no profile. Raises BadInput when it
    cannot be written there.
    """
    found = sorted(run_dir.glob(PROFILE_PATTERN))
    if not found:
        return None
    content = found[0].read_bytes()
    for number in range(1, _MOST_KEPT + 1):
        kept = f"{prefix}.heapcheck.{number:04}.heap"
        try:
            _write_new(kept, content)
        except FileExistsError:
            continue
        except OSError as error:
            raise BadInput(f"{kept} cannot be written", why=str(error)) from error
        return type(run_dir)(kept)
    raise BadInput(f"{prefix}.heapcheck.*.heap: all numbers are taken", hint=f"rm {prefix}.*.heap")


def _write_new(path: str, content: bytes) -> None:
    """Never follow a link: the default prefix lies in /tmp."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags, 0o600), "wb") as stream:
        stream.write(content)
