"""The lines of a report another program wrote, and the error that quotes one of them."""

from __future__ import annotations

from leakcheck.errors import MalformedReport

__all__ = ["malformed", "report_lines"]

QUOTED_CHARACTERS = 120


def report_lines(text: str, *, source: str) -> tuple[str, ...]:
    r"""Split `text` at "\n" only (`str.splitlines` also splits at form feeds).

    Raises `MalformedReport` when the last line has no end: the file was cut in the middle.
    """
    lines = text.split("\n")
    if lines[-1]:
        raise malformed(source, len(lines), lines[-1], "the file ends in the middle of a line")
    return tuple(lines[:-1])


def malformed(source: str, number: int, line: str | None, why: str) -> MalformedReport:
    """Build the error for line `number` (from 1) of `source`; `line` is None past the end."""
    quoted = "end of file" if line is None else repr(line[:QUOTED_CHARACTERS])
    cut = " …" if line is not None and len(line) > QUOTED_CHARACTERS else ""
    return MalformedReport(
        f"cannot read the report {source}",
        why=f"line {number}: {why}: {quoted}{cut}",
        hint="run the same command again; when it stays, the agent and leakcheck do not fit",
    )
