"""A baseline made of a report: what is known already keeps its date, its expiry and its note."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leakcheck.baseline.comparison import Circumstances, covered_programs
from leakcheck.baseline.entries import Baseline, Conditions, Entry, Key, leaks_by_key, site
from leakcheck.errors import NotChecked
from leakcheck.model import Check, Level, Tests

if TYPE_CHECKING:
    from collections.abc import Sequence

    from leakcheck.model import Leak, Report

__all__ = ["renewed"]


def renewed(
    report: Report, known: Baseline, conditions: Conditions, circumstances: Circumstances
) -> Baseline:
    """Write down all leaks that no rule suppresses.

    Entries of what this check did not cover stay as they are, unless they were made with other
    options. Raises NotChecked when the report
    is no ground to accept anything on.
    """
    _refuse_unsure(report)
    old = {entry.key: entry for entry in known.entries}
    found = {
        key: [leak for leak in leaks if leak.suppressed_by is None]
        for key, leaks in leaks_by_key(report.runs).items()
    }
    covered = covered_programs(report.runs, report.level, known.level, circumstances)
    new = {
        key: _entry(key, leaks, old.get(key), circumstances)
        for key, leaks in found.items()
        if leaks
    }
    is_alike = known.conditions == conditions
    kept = {key: entry for key, entry in old.items() if is_alike and key.program not in covered}
    entries = (kept | new).values()
    return Baseline(
        level=max(known.level, report.level, key=list(Level).index),
        conditions=conditions,
        entries=tuple(sorted(entries, key=lambda entry: entry.key)),
    )


def _refuse_unsure(report: Report) -> None:
    if any(run.check is Check.NOT_CHECKED for run in report.runs) or not report.runs:
        raise NotChecked("no baseline was written", why=report.reason or "leaks were not checked")
    if report.tests is not Tests.PASSED:
        words = report.tests.value.replace("_", " ")
        raise NotChecked(
            "no baseline was written",
            why=f"the tests: {words}; what leaks then is not what leaks when they pass",
        )


def _entry(
    key: Key, leaks: Sequence[Leak], old: Entry | None, circumstances: Circumstances
) -> Entry:
    return Entry(
        key=key,
        where=site(leaks[0]),
        test=leaks[0].test,
        objects=sum(leak.leaked_objects for leak in leaks),
        bytes=sum(leak.leaked_bytes for leak in leaks),
        first_seen=old.first_seen if old else circumstances.today,
        expires=old.expires if old else None,
        note=old.note if old else "",
    )
