"""What gperftools' own checker found, kept for pprof: as it wrote it, and with names."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from leakcheck.checkerreport import CheckerReport
from leakcheck.engines.heapcheck import read_profile
from leakcheck.heapprofile import render_heap_profile
from leakcheck.profiles.conversion import encode_text_profile
from leakcheck.profiles.files import CHECKERS, NAMED_CHECKERS, write_numbered

if TYPE_CHECKING:
    from pathlib import Path

    from leakcheck.engines.agent import Findings
    from leakcheck.symbolise import Symboliser

__all__ = ["keep_profiles"]


def keep_profiles(
    run_dir: Path, findings: Findings, prefix: str, symboliser: Symboliser
) -> tuple[Path, ...]:
    """Write `PREFIX.heapcheck.NNNN.heap`, as it is, and `.pb.gz`, the leaks with their names.

    The program's files must still be where they were; a test binary is gone soon afterwards.
    Nothing is written over. Raises BadInput when they cannot be written.
    """
    content = read_profile(run_dir)
    if content is None:
        return ()
    kept = write_numbered(prefix, content, CHECKERS)
    if not isinstance(findings.outcome, CheckerReport):
        return (kept,)
    encoded = encode_text_profile(leaked_text(findings.outcome), str(kept), symboliser)
    return kept, write_numbered(prefix, encoded, NAMED_CHECKERS)


def leaked_text(report: CheckerReport) -> bytes:
    """Write the leaks of the report alone, without the canary, as a text profile."""
    rows = report.leaked
    total = replace(
        report.profile.total,
        objects=sum(row.objects for row in rows),
        bytes=sum(row.bytes for row in rows),
        allocated_objects=sum(row.allocated_objects for row in rows),
        allocated_bytes=sum(row.allocated_bytes for row in rows),
    )
    text = render_heap_profile(replace(report.profile, total=total, rows=rows))
    return text.encode(errors="surrogateescape")
