"""`python tests/bench/plot.py JSON PNG`: draws what `nox -s bench -- --json` wrote.

It runs by itself, in the session's own environment, and imports nothing of leakcheck.
"""

from __future__ import annotations

import json
import statistics
import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt

__all__ = ["main", "medians"]

_COLUMNS = 2


def medians(document: dict[str, Any]) -> dict[str, dict[str, float]]:
    """Median CPU seconds by workload's title and contender; who did not end is left out."""
    found: dict[str, dict[str, float]] = {}
    for cell in document["cells"]:
        times = [run["cpu_s"] for run in cell["runs"] if run["cpu_s"] is not None]
        if times:
            found.setdefault(cell["title"], {})[cell["contender"]] = statistics.median(times)
    return found


def main(source: Path, target: Path) -> None:
    """Draw one panel of bars for each workload."""
    by_workload = medians(json.loads(source.read_text()))
    rows = -(-len(by_workload) // _COLUMNS)
    figure, axes = plt.subplots(rows, _COLUMNS, figsize=(13, 2.8 * rows), squeeze=False)
    for panel, (title, times) in zip(axes.flat, by_workload.items(), strict=False):
        names = list(times)[::-1]
        colours = ["tab:green" if name.startswith("leakcheck") else "tab:gray" for name in names]
        bars = panel.barh(names, [times[name] for name in names], color=colours)
        panel.bar_label(bars, fmt="%.2f s", padding=3)
        panel.set_xscale("log")
        panel.margins(x=0.25)
        panel.set_title(title, fontsize=10)
        panel.set_xlabel("processor time, logarithmic")
    for panel in axes.flat[len(by_workload) :]:
        panel.set_visible(False)
    figure.tight_layout()
    figure.savefig(target, dpi=110)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
