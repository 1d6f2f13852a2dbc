"""The HTML report: one page that needs nothing else, neither a server nor a network.

What it shows is laid out here as plain values; `templates/` holds how it looks. Without
JavaScript all is there and unfolds; with it the table is sorted and filtered.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from leakcheck.model import Check
from leakcheck.reports.sites import unaccepted
from leakcheck.reports.stacklines import (
    Places,
    deciding_frame,
    frame_line,
    frame_place,
    stack_lines,
)
from leakcheck.reports.terminal import evidence_sentence
from leakcheck.reports.wording import (
    EXIT_MEANING,
    amount,
    check_summary,
    printable,
    run_title,
    totals,
    words,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from jinja2 import Template

    from leakcheck.model import Frame, Leak, Report, Run
    from leakcheck.reports.sources import SourceLine, SourceReader
    from leakcheck.reports.stacklines import StackLine

__all__ = ["render_html"]

TEMPLATES = Path(__file__).parent / "templates"
QUOTED_AROUND = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """One line of a stack, and the source it points to."""

    line: StackLine
    source: tuple[SourceLine, ...] = ()
    is_deciding: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """One leak as a row of the table; `holders` and `held` are (anchor, text) of other rows."""

    anchor: str
    leak: Leak
    run: str
    state: str
    accepted_by: str
    where: str
    steps: tuple[_Step, ...]
    frames: tuple[StackLine, ...]
    holders: tuple[tuple[str, str], ...] = ()
    held: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _RunRow:
    """One run as a row of its table."""

    title: str
    run: Run
    leaked: str
    evidence: str


def render_html(report: Report, places: Places, sources: SourceReader) -> str:
    """Write a report as one page, with the source that `sources` quotes."""
    return template().render(
        report=report,
        summary=check_summary(report),
        meaning=EXIT_MEANING.get(int(report.exit_code), "interrupted"),
        leaked=amount(report.leaked_bytes, report.leaked_objects),
        suppressed=amount(report.suppressed_bytes, report.suppressed_objects),
        runs=[run_row(run) for run in report.runs],
        rows=[
            row
            for number, run in enumerate(report.runs)
            for row in leak_rows(number, run, places, sources)
        ],
    )


@functools.cache
def template() -> Template:
    """Read how the page looks, once."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"words": words, "printable": printable}
    return environment.get_template("report.html")


def run_row(run: Run) -> _RunRow:
    """Sum one run up."""
    is_checked = run.check is not Check.NOT_CHECKED
    size, objects = totals(unaccepted(run.leaks))
    return _RunRow(
        title=run_title(run),
        run=run,
        leaked=amount(size, objects) if objects else "-",
        evidence=evidence_sentence(run.evidence) if is_checked else run.reason,
    )


def leak_rows(number: int, run: Run, places: Places, sources: SourceReader) -> Iterator[_Row]:
    """Lay out the leaks of a run; ids are told apart from those of other runs by its number."""
    anchors = {leak.id: f"leak-{number}-{leak.id}" for leak in run.leaks}
    held: dict[str, list[Leak]] = {}
    for leak in run.leaks:
        for holder in leak.held_by:
            held.setdefault(holder, []).append(leak)
    for leak in run.leaks:
        frame = deciding_frame(leak.stack, places.project)
        yield _Row(
            anchor=anchors[leak.id],
            leak=leak,
            run=run_title(run),
            state=state_of(leak),
            accepted_by=leak.suppressed_by or "",
            where=frame_place(frame, places) if frame else first_function(leak, places),
            steps=steps_of(leak, frame, places, sources),
            frames=tuple(frame_line(each, places) for each in leak.stack),
            holders=links(leak.held_by, anchors),
            held=tuple((anchors[each.id], leak_text(each)) for each in held.get(leak.id, ())),
        )


def links(ids: tuple[str, ...], anchors: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Point to the leaks of these ids that are on the page."""
    return tuple((anchors[each], each) for each in ids if each in anchors)


def leak_text(leak: Leak) -> str:
    """Write how much a leak is and which."""
    return f"{amount(leak.leaked_bytes, leak.leaked_objects)}, {leak.id}"


def state_of(leak: Leak) -> str:
    """Say whether somebody accepted a leak."""
    if leak.suppressed_by is not None:
        return "suppressed"
    return "in baseline" if leak.in_baseline else "new"


def first_function(leak: Leak, places: Places) -> str:
    """Name the leaf, where no frame has a line."""
    return stack_lines(leak.stack, places)[0].function


def steps_of(
    leak: Leak, deciding: Frame | None, places: Places, sources: SourceReader
) -> tuple[_Step, ...]:
    """Lay out the user's frames, each with its source."""
    return tuple(
        _Step(
            line=line,
            source=quoted(line.frame, sources),
            is_deciding=deciding is not None and line.frame is deciding,
        )
        for line in stack_lines(leak.stack, places)
    )


def quoted(frame: Frame | None, sources: SourceReader) -> tuple[SourceLine, ...]:
    """Quote the source around a frame."""
    if frame is None or not frame.file or not frame.line:
        return ()
    return sources.excerpt(frame.file, frame.line, around=QUOTED_AROUND)
