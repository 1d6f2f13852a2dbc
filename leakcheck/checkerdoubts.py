"""Whether a report of gperftools' own heap checker agrees with itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from leakcheck.checkerreport import CheckerReport
    from leakcheck.model import Leak

__all__ = ["contradictions"]


def contradictions(report: CheckerReport, leaks: Sequence[Leak]) -> Iterator[str]:
    """Compare what the checker said, what it wrote, and the leaks made of it: all must add up."""
    profile, evidence = report.profile, report.evidence
    written = (profile.objects, profile.bytes)
    headed = (profile.total.objects, profile.total.bytes)
    if report.told != written or headed != written:
        yield (
            "the profile of gperftools' heap checker is cut: objects and bytes are"
            f" {report.told} in its report, {headed} in the header, {written} in the rows"
        )
    left_out = (
        evidence.number("own_objects") + 1,
        evidence.number("own_bytes") + evidence.number("canary_bytes"),
    )
    understood = (
        sum(leak.leaked_objects for leak in leaks),
        sum(leak.leaked_bytes for leak in leaks),
    )
    if tuple(map(sum, zip(understood, left_out, strict=True))) != written:
        yield "not all leaks of gperftools' heap checker were understood"
