"""What GitHub Actions reads: annotations in the log, and a job summary in Markdown."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

from leakcheck.model import Check, Tests
from leakcheck.reports.sites import accepted, leak_sites, unaccepted
from leakcheck.reports.stacklines import Places, deciding_frame, frame_place, plain_stack
from leakcheck.reports.terminaltable import COLUMNS, needed_columns, table_row
from leakcheck.reports.wording import (
    amount,
    check_summary,
    leak_sentence,
    plural,
    printable,
    run_title,
    totals,
    words,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from leakcheck.model import Report, Run
    from leakcheck.reports.sites import Entry, Site

__all__ = ["MAX_ANNOTATIONS", "command", "render_annotations", "render_markdown"]

MAX_ANNOTATIONS = 10
"""GitHub shows no more errors of one step."""

MAX_LEAKS = 50
MAX_SUMMARY_BYTES = 1_000_000
"""A summary of more than a mebibyte is not shown at all."""

CHECK_MARK = {Check.CLEAN: "✅", Check.LEAKS: "❌", Check.NOT_CHECKED: "⚠️"}
MARKUP = re.compile(r"([\\`*_{}\[\]<>()#+\-.!|~&@:$])")


def command(name: str, message: str, **properties: str | int | None) -> str:
    """Write a workflow command: `::error file=a.c,line=3::message`."""
    listed = ",".join(
        f"{key}={property_value(str(value))}"
        for key, value in properties.items()
        if value is not None
    )
    return f"::{name}{' ' if listed else ''}{listed}::{data(message)}"


def data(text: str) -> str:
    """Escape a message as GitHub unescapes it."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def property_value(text: str) -> str:
    """Escape the value of a property."""
    return data(text).replace(":", "%3A").replace(",", "%2C")


def render_annotations(report: Report, places: Places) -> str:
    """Write the largest leaks as errors at their lines, and the rest summed up in one warning."""
    found = [
        (run, site)
        for run in report.runs
        for site in leak_sites(unaccepted(run.leaks), places.project)
    ]
    found.sort(key=lambda pair: (-pair[1].bytes, -pair[1].objects))
    lines = list(doubts(report))
    room = MAX_ANNOTATIONS - len(lines)
    lines += [site_annotation(run, site, places) for run, site in found[:room]]
    rest = [site for _, site in found[room:]]
    if rest:
        size = amount(sum(site.bytes for site in rest), sum(site.objects for site in rest))
        told = f"{size} at {plural(len(rest), 'more place')}: see the log"
        lines.append(command("warning", told, title="More memory leaked"))
    return "".join(f"{line}\n" for line in lines)


def doubts(report: Report) -> Iterator[str]:
    """Write what was not checked, as one error."""
    reasons = [
        f"{run_title(run)}: {printable(run.reason)}"
        for run in report.runs
        if run.check is Check.NOT_CHECKED
    ]
    if not reasons and report.check is Check.NOT_CHECKED:
        reasons = [printable(report.reason)]
    if reasons:
        yield command("error", "\n".join(reasons), title="Leaks not checked")


def site_annotation(run: Run, site: Site, places: Places) -> str:
    """Write the leaks of one place as one error there."""
    frame = site.frame
    file = places.in_repository(frame.file) if frame and frame.file else None
    message = "\n\n".join(entry_text(entry, places) for entry in site.entries[:MAX_ANNOTATIONS])
    title = f"{amount(site.bytes, site.objects)} leaked, {run_title(run)}"
    line = frame.line if frame and file is not None else None
    return command("error", message, file=file, line=line, title=title)


def entry_text(entry: Entry, places: Places) -> str:
    """Write a leak with its test and its stack."""
    leak = entry.leak
    lines = [f"{leak_sentence(leak)}  {leak.id}", *plain_stack(leak.stack, places)]
    if leak.test:
        lines.append(f"Test {leak.test}")
    if entry.held:
        held = plural(entry.held_objects, "indirect object")
        lines.append(f"+ {held}, {plural(entry.held_bytes, 'byte')} held by it")
    return "\n".join(map(printable, lines))


def render_markdown(report: Report, places: Places) -> str:
    """Write a job summary: the verdict, the runs, the largest leaks with their stacks unfolding."""
    tests = f"tests {words(report.tests.value)}"
    paragraphs = [
        f"## {CHECK_MARK[report.check]} Leak check: {markdown(check_summary(report))}; {tests}",
        f"Level {report.level.value}, exit code {int(report.exit_code)}.",
        *run_table(report.runs),
        *itertools.chain.from_iterable(run_paragraphs(run, places) for run in report.runs),
        *(f"Skipped {code(package)}: {markdown(why)}" for package, why in report.skipped),
        *(f"No leak matches the suppression {code(rule)}" for rule in report.unused_suppressions),
    ]
    return "".join(within_limit(paragraphs))


def within_limit(paragraphs: Iterable[str]) -> Iterator[str]:
    """Leave out the end of what is more than GitHub shows."""
    room = MAX_SUMMARY_BYTES
    for paragraph in paragraphs:
        room -= len(paragraph.encode(errors="backslashreplace")) + 2
        if room < 0:
            yield "The rest is left out here: see the log.\n\n"
            return
        yield f"{paragraph}\n\n"


def run_table(runs: Sequence[Run]) -> Iterator[str]:
    """Write a row for each run."""
    if not runs:
        return
    rows = [table_row(run) for run in runs]
    columns = needed_columns(rows)
    head = " | ".join(COLUMNS[column] for column in columns)
    body = (" | ".join(markdown(row[column]) for column in columns) for row in rows)
    yield "\n".join(f"| {line} |" for line in (head, " | ".join("---" for _ in columns), *body))


def run_paragraphs(run: Run, places: Places) -> Iterator[str]:
    """Write the leaks of one run, what was accepted, and what was not checked."""
    if run.check is Check.NOT_CHECKED:
        yield f"{code(run_title(run))} was not checked: {markdown(run.reason)}"
    if run.tests not in {Tests.PASSED, Tests.NONE_RAN}:
        yield f"{code(run_title(run))}: tests {words(run.tests.value)}"
    sites = leak_sites(unaccepted(run.leaks), places.project)
    entries = [entry for site in sites for entry in site.entries]
    if entries:
        yield f"### Leaks of {code(run_title(run))}"
    yield from (entry_details(entry, places) for entry in entries[:MAX_LEAKS])
    if entries[MAX_LEAKS:]:
        size = sum(entry.bytes for entry in entries[MAX_LEAKS:])
        more = plural(len(entries) - MAX_LEAKS, "more leak")
        yield f"… and {more}, {plural(size, 'byte')}"
    for line, group in accepted(run.leaks):
        how = f"Suppressed by {code(line)}" if line else "In the baseline"
        yield f"{how}: {plural(len(group), 'leak')}, {amount(*totals(group))}"


def entry_details(entry: Entry, places: Places) -> str:
    """Write a leak as one line that unfolds to its stack."""
    frame = deciding_frame(entry.leak.stack, places.project)
    where = frame_place(frame, places) if frame else plain_stack(entry.leak.stack, places)[0]
    test = f", {html(entry.leak.test)}" if entry.leak.test else ""
    size = amount(entry.bytes, entry.objects)
    summary = f"<b>{size}</b> at <code>{html(where.strip())}</code>{test}"
    return (
        f"<details><summary>{summary}</summary>\n\n"
        f"<pre>{html(entry_text(entry, places))}</pre>\n</details>"
    )


def markdown(text: str) -> str:
    """Escape what Markdown would read as markup."""
    return MARKUP.sub(r"\\\1", printable(text))


def html(text: str) -> str:
    """Escape what HTML would read as markup, and the line breaks that would end it in Markdown."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return escaped.replace("\n", "&#10;")


def code(text: str) -> str:
    """Write a name as code; in Markdown's own quotes nothing needs to be escaped but these."""
    return f"<code>{markdown(text)}</code>"
