"""`leakcheck baseline`: check for leaks, and write down what is to be accepted from now on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from leakcheck.baseline import (
    BASELINE_NAME,
    Baseline,
    read_baseline,
    render_baseline,
    renewed,
    with_baseline,
)
from leakcheck.commandline import path_of, request_of, run_leak
from leakcheck.errors import BadInput
from leakcheck.pipeline import circumstances_of, conditions_of, project_of
from leakcheck.reports import write_report
from leakcheck.settings import Settings, load_environment

if TYPE_CHECKING:
    from leakcheck.commandline import Choices
    from leakcheck.model import Report

__all__ = ["run_baseline"]


def run_baseline(choices: Choices) -> int:
    """Check, write the baseline, and print the report as that baseline has it."""
    if choices.shard is not None:
        raise BadInput(
            "a baseline cannot be made of one shard", hint="leakcheck baseline  # without --shard"
        )
    path = _path(choices)
    known = read_baseline(path) if path.exists() else Baseline()
    request = request_of(replace(choices, baseline=None))

    def write_down(report: Report) -> Report:
        circumstances = circumstances_of(request)
        new = renewed(report, known, conditions_of(request), circumstances)
        write_report(path, render_baseline(new))
        return with_baseline(report, new, circumstances)

    exit_code = run_leak(replace(choices, baseline=None), finish=write_down)
    count = len(read_baseline(path).entries)
    words = f"    Baseline {count} leak{'' if count == 1 else 's'} written to {path}"
    Console().print(words, soft_wrap=True, markup=False, highlight=False)
    return exit_code


def _path(choices: Choices) -> Path:
    """Choose the file: the one named, else in the project, or where the program is run."""
    named = path_of(choices.baseline)
    if named is not None:
        return named
    request = request_of(replace(choices, baseline=None))
    settings = Settings.from_mapping(load_environment(Path.cwd()))
    folder = Path.cwd() if request.binary else project_of(request, settings)
    return folder / BASELINE_NAME
