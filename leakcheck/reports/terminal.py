"""The report for people, on a terminal or in a log.

Labels stand right-aligned in a column, as cargo prints them; lines are never wrapped or cut.
One line is for scripts and stays as gperftools words it, plain and at the left margin:
`Leak check _main_ detected leaks of 9342 bytes in 7 objects`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.text import Text

from leakcheck.attribution import size_order
from leakcheck.judge import is_accepted
from leakcheck.launch.argv import isolated_test
from leakcheck.model import Check, Evidence, Leak, Report, Run, Tests
from leakcheck.reports.stacklines import Places, StackLine, stack_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console

__all__ = ["MAX_LEAKS", "View", "print_terminal", "render_terminal"]

MAX_LEAKS = 10
LABEL_WIDTH = 12
FUNCTION_WIDTH = 40

GOOD, BAD, UNSURE, FAINT, LABEL = "green", "bold red", "yellow", "dim", "bold cyan"

TESTS_STYLE = {Tests.PASSED: GOOD, Tests.NONE_RAN: UNSURE}
CHECK_STYLE = {Check.CLEAN: GOOD, Check.LEAKS: BAD, Check.NOT_CHECKED: UNSURE}
EXIT_MEANING = {
    0: "tests passed and nothing leaked",
    1: "a test failed or memory leaked",
    2: "nothing can be said about leaks",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """How much to show: at most `max_leaks` of a run (0: all), all frames or the user's."""

    max_leaks: int = MAX_LEAKS
    all_frames: bool = False
    places: Places = field(default_factory=Places)


def render_terminal(report: Report, view: View = View()) -> Text:
    """Lay out a whole report; plain text is `render_terminal(report).plain`."""
    return Text("\n").join(report_lines(report, view)).append("\n")


def print_terminal(report: Report, console: Console, view: View = View()) -> None:
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
    yield summary_line(report)


def is_told_by_table(run: Run) -> bool:
    """Tell whether a row says it all: an isolated test with nothing to mend."""
    is_well = run.check is Check.CLEAN and run.tests in {Tests.PASSED, Tests.NONE_RAN}
    return is_well and not run.leaks and isolated_test(run.argv) is not None


def run_lines(run: Run, view: View) -> Iterator[Text]:
    """Write how the tests ended, what the check found, the leaks, and why to believe it."""
    name = " ".join(filter(None, (printable(run.package or run.binary), test_column(run))))
    ended = f"{run.tests.value.replace('_', ' ')} in {run.duration_s:.2f} s"
    yield labelled("Tests", Text(f"{name}: ").append(ended, TESTS_STYLE.get(run.tests, BAD)))
    yield Text(check_sentence(run))
    yield from leak_lines([leak for leak in run.leaks if not is_accepted(leak)], view)
    yield from accepted_lines(run.leaks)
    if run.check is not Check.NOT_CHECKED:
        yield labelled("Evidence", evidence_sentence(run.evidence), FAINT)


def check_sentence(run: Run) -> str:
    """Write the line people search logs for."""
    if run.check is Check.LEAKS:
        size, objects = totals([leak for leak in run.leaks if not is_accepted(leak)])
        return f"Leak check _main_ detected leaks of {size} bytes in {objects} objects"
    if run.check is Check.CLEAN:
        return "Leak check _main_: no leaks"
    return f"Leak check _main_: not checked: {printable(run.reason)}"


def leak_lines(leaks: Sequence[Leak], view: View) -> Iterator[Text]:
    """Write the largest leaks, and how many more there are."""
    shown = sorted(leaks, key=size_order)[: view.max_leaks or None]
    for leak in shown:
        yield from one_leak_lines(leak, view)
        yield Text()
    rest = len(leaks) - len(shown)
    if rest:
        yield labelled("", f"… and {plural(rest, 'more leak')} (--max-leaks 0 shows all)", FAINT)


def one_leak_lines(leak: Leak, view: View) -> Iterator[Text]:
    """Write one leak: how much, where, in which test."""
    size = f"{plural(leak.leaked_bytes, 'byte')} in {plural(leak.leaked_objects, 'object')}"
    what = Text(f"{size}, {leak.kind.value} leak").append(f"  {leak.id}", FAINT)
    yield labelled("Leak", what, label_style=BAD)
    lines = stack_lines(leak.stack, view.places, all_frames=view.all_frames)
    width = min(max(len(line.function) for line in lines), FUNCTION_WIDTH)
    for index, line in enumerate(lines):
        yield labelled("" if index else "At", frame_text(line, width))
    if leak.test:
        yield labelled("Test", printable(leak.test))


def frame_text(line: StackLine, width: int) -> Text:
    """Write `function  file:line  language` in columns; folded frames are dim."""
    function = printable(line.function).ljust(width)
    if line.note:
        return Text(f"{function}  {line.note}", FAINT)
    text = Text(f"{function}  ").append(printable(line.place), "blue")
    return text.append(f"  {line.language}", FAINT) if line.language else text


def accepted_lines(leaks: Sequence[Leak]) -> Iterator[Text]:
    """Count the leaks somebody accepted: they are shown, never hidden."""
    suppressed = [leak for leak in leaks if leak.suppressed_by is not None]
    known = [leak for leak in leaks if leak.suppressed_by is None and leak.in_baseline]
    for label, group in (("Suppressed", suppressed), ("In baseline", known)):
        if group:
            size, objects = totals(group)
            yield labelled(
                label,
                f"{plural(len(group), 'leak')}, {plural(size, 'byte')}"
                f" in {plural(objects, 'object')}",
                FAINT,
            )


def evidence_sentence(evidence: Evidence) -> str:
    """Say in one line why the check may be believed, and what it could not see."""
    parts = [
        f"{evidence.number('allocations'):,} allocations seen",
        f"canary {evidence.text('canary')}",
        qualified("Go liveness", evidence.text("go_liveness", "-")),
        qualified("Go frames", evidence.text("go_frames", "-")),
    ]
    if evidence.text("unwinder", "libunwind") != "libunwind":
        parts.append(f"C frames by {evidence.text('unwinder')}")
    if evidence.number("threads_unanswered"):
        parts.append(f"{plural(evidence.number('threads_unanswered'), 'thread')} did not answer")
    return printable(", ".join(filter(None, parts)))


def qualified(name: str, value: str) -> str:
    """Write `conservative: no companion` as `Go liveness conservative (no companion)`."""
    state, _, reason = value.partition(": ")
    if state in {"-", "yes"}:
        return ""
    return f"{name} {state} ({reason})" if reason else f"{name} {state}"


def table_lines(runs: Sequence[Run]) -> Iterator[Text]:
    """Write one row a run, in columns as wide as they need to be."""
    rows = [("Package", "Test", "Tests", "Check", "Leaked")]
    rows += [table_row(run) for run in runs]
    needed = needed_columns(rows[1:])
    widths = [max(len(row[column]) for row in rows) for column in needed]
    for index, row in enumerate(rows):
        words = zip((row[column] for column in needed), widths, strict=True)
        cells = "  ".join(word.ljust(width) for word, width in words)
        style = CHECK_STYLE[runs[index - 1].check] if index else "bold"
        yield labelled("", Text(cells.rstrip(), style))
    yield Text()


def needed_columns(rows: Sequence[tuple[str, ...]]) -> tuple[int, ...]:
    """Leave out the package where all are of one and each has its test, and tests without names."""
    packages, tests = ([row[column] for row in rows] for column in (0, 1))
    if not any(tests):
        return (0, 2, 3, 4)
    return (1, 2, 3, 4) if all(tests) and len(set(packages)) == 1 else (0, 1, 2, 3, 4)


def table_row(run: Run) -> tuple[str, str, str, str, str]:
    """Sum one run up in words."""
    size, objects = totals([leak for leak in run.leaks if not is_accepted(leak)])
    leaked = f"{plural(size, 'byte')} in {plural(objects, 'object')}" if objects else "-"
    words = (run.tests.value, run.check.value)
    tests, check = (word.replace("_", " ") for word in words)
    return printable(run.package or run.binary), test_column(run), tests, check, leaked


def test_column(run: Run) -> str:
    """Name the test of an isolated run, `(no test)` for the one beside them; "" for others."""
    test = isolated_test(run.argv)
    return "" if test is None else printable(test) or "(no test)"


def summary_line(report: Report) -> Text:
    """Write both verdicts, and what the exit code means."""
    tests = report.tests.value.replace("_", " ")
    text = Text("tests ").append(tests, TESTS_STYLE.get(report.tests, BAD)).append(", ")
    text.append(check_summary(report), CHECK_STYLE[report.check])
    code = int(report.exit_code)
    return labelled("Summary", text.append(f"; exit code {code}: {EXIT_MEANING.get(code, '')}"))


def check_summary(report: Report) -> str:
    """Say what the check found in all runs, and how many of them it could not look at."""
    if report.check is Check.CLEAN:
        return "no leaks"
    unchecked = sum(run.check is Check.NOT_CHECKED for run in report.runs)
    some = f"{unchecked} of {len(report.runs)} runs not checked"
    if report.check is Check.NOT_CHECKED:
        is_told_above = unchecked and len(report.runs) > 1
        return some if is_told_above else f"leaks not checked: {printable(report.reason)}"
    leaked = f"{plural(report.leaked_bytes, 'byte')} in {plural(report.leaked_objects, 'object')}"
    return f"leaked {leaked}" + (f", {some}" if unchecked else "")


def totals(leaks: Sequence[Leak]) -> tuple[int, int]:
    """Bytes and objects of leaks."""
    return sum(leak.leaked_bytes for leak in leaks), sum(leak.leaked_objects for leak in leaks)


def labelled(label: str, text: Text | str, style: str = "", *, label_style: str = LABEL) -> Text:
    """Put a label, right-aligned, before a line."""
    line = Text(label.rjust(LABEL_WIDTH), label_style if label else "").append(" ")
    return line.append_text(Text(text, style) if isinstance(text, str) else text)


def plural(count: int, noun: str) -> str:
    """Write `1 byte`, `1,600 bytes`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def printable(text: str) -> str:
    """Escape what would move the cursor, colour the screen, or cannot be encoded."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
