"""Leaks that were there before: what leaks more than then, or for the first time, is told.

entries      what is known of a leak, and when it counts
file         a baseline as text and back
comparison   a report in the light of a baseline
renewal      a baseline made of a report
"""

from leakcheck.baseline.comparison import (
    Circumstances,
    refuse_other_conditions,
    with_baseline,
)
from leakcheck.baseline.entries import Baseline, Conditions, Entry, Key
from leakcheck.baseline.file import BASELINE_NAME, parse_baseline, read_baseline, render_baseline
from leakcheck.baseline.renewal import renewed

__all__ = [
    "BASELINE_NAME",
    "Baseline",
    "Circumstances",
    "Conditions",
    "Entry",
    "Key",
    "parse_baseline",
    "read_baseline",
    "refuse_other_conditions",
    "render_baseline",
    "renewed",
    "with_baseline",
]
