"""Words that all reports share: counts, names of runs, text that is safe to print."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leakcheck.launch.argv import isolated_test
from leakcheck.model import Check

if TYPE_CHECKING:
    from collections.abc import Iterable

    from leakcheck.model import Leak, Report, Run

__all__ = [
    "EXIT_MEANING",
    "acceptance",
    "amount",
    "check_summary",
    "leak_sentence",
    "plural",
    "printable",
    "run_title",
    "test_column",
    "totals",
    "words",
]

EXIT_MEANING = {
    0: "tests passed and nothing leaked",
    1: "a test failed or memory leaked",
    2: "nothing can be said about leaks",
}


def totals(leaks: Iterable[Leak]) -> tuple[int, int]:
    """Bytes and objects of leaks."""
    sizes = [(leak.leaked_bytes, leak.leaked_objects) for leak in leaks]
    return sum(size for size, _ in sizes), sum(objects for _, objects in sizes)


def amount(leaked_bytes: int, leaked_objects: int) -> str:
    """Write `1,600 bytes in 2 objects`."""
    return f"{plural(leaked_bytes, 'byte')} in {plural(leaked_objects, 'object')}"


def leak_sentence(leak: Leak) -> str:
    """Write `1,600 bytes in 2 objects, direct leak`."""
    return f"{amount(leak.leaked_bytes, leak.leaked_objects)}, {leak.kind.value} leak"


def acceptance(leak: Leak) -> str:
    """Say what accepts a leak; "" for one that nothing accepts."""
    if leak.suppressed_by is not None:
        return f"suppressed by {leak.suppressed_by}"
    return "in the baseline" if leak.in_baseline else ""


def plural(count: int, noun: str) -> str:
    """Write `1 byte`, `1,600 bytes`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def words(value: str) -> str:
    """Write a value of the JSON report as words: `not_checked` is `not checked`."""
    return value.replace("_", " ")


def printable(text: str) -> str:
    """Escape what would move the cursor, colour the screen, or cannot be encoded."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def run_title(run: Run) -> str:
    """Name a run: its package or program, and the test if it ran alone."""
    return " ".join(filter(None, (printable(run.package or run.binary), test_column(run))))


def test_column(run: Run) -> str:
    """Name the test of an isolated run, `(no test)` for the one beside them; "" for others."""
    test = isolated_test(run.argv)
    return "" if test is None else printable(test) or "(no test)"


def check_summary(report: Report) -> str:
    """Say what the check found in all runs, and how many of them it could not look at."""
    if report.check is Check.CLEAN:
        return "no leaks"
    unchecked = sum(run.check is Check.NOT_CHECKED for run in report.runs)
    some = f"{unchecked} of {len(report.runs)} runs not checked"
    if report.check is Check.NOT_CHECKED:
        is_told_above = unchecked and len(report.runs) > 1
        return some if is_told_above else f"leaks not checked: {printable(report.reason)}"
    leaked = amount(report.leaked_bytes, report.leaked_objects)
    return f"leaked {leaked}" + (f", {some}" if unchecked else "")
