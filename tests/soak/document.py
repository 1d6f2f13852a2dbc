"""docs/soak.md, written by a run with `--write-docs`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.soak.trial import Tally

__all__ = ["render_document", "render_summary"]

_HEAD = """# Soak: the demo's tests, thousands of times

The tests of `examples/mediaprobe`, built once, run again and again at
every level in turn. A run is right when the tests pass and exactly the planted leaks are found; at
draconian, at least those. A run that takes longer than {limit_s:.0f} s counts as a hang: where each
of its threads stands is printed before it is ended. Written by `nox -s soak -- --write-docs`.
"""


def render_summary(tallies: Sequence[Tally]) -> str:
    """A line a level for the terminal, and what was wrong."""
    lines = []
    for tally in tallies:
        wrong = sum(count for _, count in tally.wrong)
        lines.append(
            f"{tally.level.value:10} {tally.runs:6} runs, {wrong} wrong,"
            f" the longest took {tally.longest_s:.2f} s"
        )
        lines += [f"    {count} times {what}" for what, count in tally.wrong]
    return "\n".join(lines)


def render_document(tallies: Sequence[Tally], *, date: str, machine: str, limit_s: float) -> str:
    """The whole page."""
    rows = [
        f"| {tally.level.value} | {tally.runs:,} | {sum(count for _, count in tally.wrong)}"
        f" | {tally.longest_s:.2f} s |"
        for tally in tallies
    ]
    table = ("| level | runs | wrong or hanging | the longest |", "|---|---|---|---|", *rows)
    wrong = [
        f"- {tally.level.value}, {count} times: {what}"
        for tally in tallies
        for what, count in tally.wrong
    ]
    head = _HEAD.format(limit_s=limit_s)
    parts = (head, f"{date}, {machine}.\n", "\n".join(table) + "\n", "\n".join(wrong))
    return "\n".join(part for part in parts if part)
