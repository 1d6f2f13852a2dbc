"""Every run as JSON, for a closer look and for the plot."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.bench.contenders import Sample
    from tests.bench.contest import Cell
    from tests.bench.targets import Target

__all__ = ["render_json"]


def render_json(cells: Sequence[Cell], targets: Sequence[Target], about: dict[str, str]) -> str:
    """What was measured, with what, and how it stands to the targets; ends with a newline."""
    document = {
        "about": about,
        "cells": [
            {
                "contender": cell.entry.name,
                "workload": cell.workload.name,
                "title": cell.workload.title,
                "absence": cell.absence,
                "runs": [_run(sample) for sample in cell.samples],
            }
            for cell in cells
        ],
        "targets": [
            {
                "name": target.name,
                "bound": target.bound,
                "value": target.value,
                "unit": target.unit,
                "met": target.is_met,
            }
            for target in targets
        ],
    }
    return json.dumps(document, indent=1) + "\n"


def _run(sample: Sample) -> dict[str, Any]:
    measured = sample.measurement
    return {
        "wall_s": measured and round(measured.wall_s, 4),
        "cpu_s": measured and round(measured.cpu_s, 4),
        "peak_kib": measured and measured.peak_kib,
        "verdict_s": None if sample.verdict_s is None else round(sample.verdict_s, 4),
        "found": None
        if sample.said is None
        else {"objects": sample.said.objects, "bytes": sample.said.bytes},
        "remark": sample.remark,
    }
