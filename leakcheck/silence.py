"""Why a run has no report, in the user's words."""

from __future__ import annotations

import signal
from dataclasses import replace
from typing import TYPE_CHECKING

from leakcheck.ending import loader_complaint
from leakcheck.evidence import NoReport, Silence

if TYPE_CHECKING:
    from leakcheck.checkerreport import CheckerReport
    from leakcheck.evidence import AgentReport
    from leakcheck.process import Completed

__all__ = ["as_it_left", "why_no_report"]


def as_it_left(ended: Completed, outcome: AgentReport | CheckerReport | NoReport) -> Completed:
    """Give the program the status it was leaving with when the agent's own doing killed it.

    That is a filter of the program's which answers an unexpected system call with SIGSYS.
    """
    left_with = outcome.words.left_with if isinstance(outcome, NoReport) else None
    if left_with is None or ended.returncode != -signal.SIGSYS:
        return ended
    return replace(ended, returncode=left_with)


def why_no_report(outcome: NoReport, ended: Completed) -> str:
    """Spell out the agent's silence."""
    if outcome.silence is Silence.FAILURE:
        return outcome.reason or "the agent gave up without a reason"
    if outcome.silence is Silence.MALFORMED:
        return f"the agent's report is damaged: {outcome.reason}"
    if outcome.words.left_with is not None:
        return (
            "the check was cut off: the program's own seccomp filter forbids what it needs,"
            " or the program was killed meanwhile"
        )
    if outcome.words.has_started:
        return (
            "the agent did not see the program end: it replaced itself by exec,"
            " or ended by a system call of its own"
        )
    complaint = loader_complaint(ended.stdout + ended.stderr)
    if complaint:
        return f"the dynamic loader did not load the agent: {complaint}"
    return (
        "the agent left no report: the program is static or setuid, replaced itself by exec,"
        " or ended by a system call of its own"
    )
