"""Every run as JSON, for a closer look."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.accuracy.answer import Amount, Record
    from tests.accuracy.contest import Line

__all__ = ["render_json"]


def render_json(lines: Sequence[Line]) -> str:
    """An object for each contender, with all its runs; ends with a newline."""
    contenders = [
        {
            "contender": line.entry.name,
            "programs": line.entry.language.value,
            "absence": line.entry.absence,
            "runs": [_run(record) for record in line.records],
        }
        for line in lines
    ]
    return json.dumps({"contenders": contenders}, indent=1) + "\n"


def _run(record: Record) -> dict[str, Any]:
    return {
        "case": record.case,
        "outcome": record.outcome.value,
        "expected": _amount(record.expected),
        "said": _amount(record.answer.amount),
        "remark": record.answer.remark,
        "duration_s": round(record.answer.duration_s, 3),
    }


def _amount(amount: Amount | None) -> dict[str, int] | None:
    return None if amount is None else {"objects": amount.objects, "bytes": amount.bytes}
