"""The report for people, on a terminal or in a log.

Labels stand right-aligned in a column; lines are never wrapped or cut. One line is for scripts
and stays as gperftools words it, plain and at the left margin:
`Leak check _main_ detected leaks of 9342 bytes in 7 objects`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from leakcheck.launch.argv import isolated_test
from leakcheck.model import Check, EngineName, Evidence, Report, Run, Tests
from leakcheck.reports.labels import CHECK_STYLE, FAINT, TESTS_STYLE, UNSURE, labelled
from leakcheck.reports.sites import unaccepted
from leakcheck.reports.terminalleaks import (
    DEFAULT_VIEW,
    MAX_LEAKS,
    View,
    accepted_lines,
    leak_lines,
)
from leakcheck.reports.terminaltable import table_lines
from leakcheck.reports.wording import (
    EXIT_MEANING,
    check_summary,
    plural,
    printable,
    run_title,
    totals,
    words,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

__all__ = [
    "MAX_LEAKS",
    "View",
    "check_sentence",
    "evidence_sentence",
    "print_terminal",
    "render_terminal",
]


def render_terminal(report: Report, view: View = DEFAULT_VIEW) -> Text:
    """Lay out a whole report; plain text is `render_terminal(report).plain`."""
    return Text("\n").join(report_lines(report, view)).append("\n")


def print_terminal(report: Report, console: Console, view: View = DEFAULT_VIEW) -> None:
    """Print a report as wide as it is: paths can be copied from a terminal and from a log.

    Characters that the output's encoding does not have are escaped, never an error.
    """
    with console.capture() as capture:
        console.print(render_terminal(report, view), soft_wrap=True, end="")
    console.file.write(encodable(capture.get(), console.encoding))
    console.file.flush()


def encodable(text: str, encoding: str) -> str:
    """Replace what `encoding` cannot write."""
    content = text.encode(encoding, errors="backslashreplace").decode(encoding)
    return content.replace("\\u2026", "...")


def report_lines(report: Report, view: View) -> Iterator[Text]:
    """Write every run, the table of several, what was skipped, and the summary."""
    for run in report.runs:
        if not is_told_by_table(run):
            yield from run_lines(run, view)
            yield Text()
    if len(report.runs) > 1:
        yield from table_lines(report.runs)
    for package, reason in report.skipped:
        yield labelled("Skipped", f"{printable(package)}: {printable(reason)}", FAINT)
    for rule in report.unused_suppressions:
        yield labelled("Unused", f"{printable(rule)} suppressed nothing", UNSURE)
    for gone in report.gone:
        text = f"{gone.program}: {gone.where}  {gone.id} is in the baseline and no longer leaks"
        yield labelled("Gone", printable(text), UNSURE)
    yield summary_line(report)


def is_told_by_table(run: Run) -> bool:
    """Tell whether a row says it all: an isolated test with nothing to mend."""
    is_well = run.check is Check.CLEAN and run.tests in {Tests.PASSED, Tests.NONE_RAN}
    return is_well and not run.leaks and isolated_test(run.argv) is not None


def run_lines(run: Run, view: View) -> Iterator[Text]:
    """Write how the tests ended, what the check found, the leaks, and why to believe it."""
    ended = f"{words(run.tests.value)} in {run.duration_s:.2f} s"
    title = Text(f"{run_title(run)}: ").append(ended, TESTS_STYLE[run.tests])
    yield labelled("Tests", title)
    yield Text(check_sentence(run))
    yield from leak_lines(run.leaks, view)
    yield from accepted_lines(run.leaks)
    if run.check is not Check.NOT_CHECKED:
        yield labelled("Evidence", evidence_sentence(run.evidence), FAINT)


def check_sentence(run: Run) -> str:
    """Write the line people search logs for."""
    if run.check is Check.LEAKS:
        size, objects = totals(unaccepted(run.leaks))
        return f"Leak check _main_ detected leaks of {size} bytes in {objects} objects"
    if run.check is Check.CLEAN:
        return "Leak check _main_: no leaks"
    return f"Leak check _main_: not checked: {printable(run.reason)}"


def evidence_sentence(evidence: Evidence) -> str:
    """Say in one line why the check may be believed, and what it could not see."""
    parts = [
        seen(evidence),
        f"canary {evidence.text('canary')}",
        qualified("Go liveness", evidence.text("go_liveness", "-")),
        qualified("Go frames", evidence.text("go_frames", "-")),
    ]
    if evidence.text("unwinder", "libunwind") != "libunwind":
        parts.append(f"C frames by {evidence.text('unwinder')}")
    if evidence.text("complaints", "-") != "-":
        parts.append(f"it says: {evidence.text('complaints')}")
    if evidence.number("threads_unanswered"):
        parts.append(f"{plural(evidence.number('threads_unanswered'), 'thread')} did not answer")
    return printable(", ".join(filter(None, parts)))


def seen(evidence: Evidence) -> str:
    """Say who looked, and at how much."""
    if evidence.text("engine") == EngineName.HEAPCHECK.value:
        return "gperftools' own heap checker"
    return f"{evidence.number('allocations'):,} allocations seen"


def qualified(name: str, value: str) -> str:
    """Write `conservative: no companion` as `Go liveness conservative (no companion)`."""
    state, _, reason = value.partition(": ")
    if state in {"-", "yes"}:
        return ""
    return f"{name} {state} ({reason})" if reason else f"{name} {state}"


def summary_line(report: Report) -> Text:
    """Write both verdicts, and what the exit code means."""
    text = Text("tests ").append(words(report.tests.value), TESTS_STYLE[report.tests]).append(", ")
    text.append(check_summary(report), CHECK_STYLE[report.check])
    code = int(report.exit_code)
    return labelled("Summary", text.append(f"; exit code {code}: {EXIT_MEANING.get(code, '')}"))
