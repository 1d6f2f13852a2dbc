"""Command lines of pprof, and the place it is run in."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from leakcheck.process import Command

if TYPE_CHECKING:
    from collections.abc import Mapping

    from leakcheck.toolchain.discovery import PprofTool

__all__ = [
    "LOOPBACK",
    "Question",
    "http_command",
    "pdf_command",
    "pprof_environment",
    "text_command",
]

LOOPBACK = "127.0.0.1"

NEUTRAL_FOLDER = Path("/")
"""Where no go.mod or go.work tells `go tool` what to do."""

GO_KEYS = MappingProxyType(
    {"GOENV": "off", "GOFLAGS": "", "GOWORK": "off", "GO111MODULE": "", "GOTOOLCHAIN": "local"}
)
"""Go's own defaults, so that nothing of the user's project changes how pprof is built."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What to show: a profile, less what is in `base`, and which numbers of it.

    Without `sample` the profile's own choice holds.
    """

    profile: Path
    base: Path | None = None
    sample: str | None = None


def text_command(pprof: PprofTool, question: Question, *, peek: str | None = None) -> Command:
    """Build the call that prints the functions, or for `peek` who calls those that match."""
    return pprof_command(pprof, question, "-top" if peek is None else f"-peek={peek}")


def pdf_command(pprof: PprofTool, question: Question, output: Path) -> Command:
    """Build the call that draws the graph into a PDF."""
    return pprof_command(pprof, question, "-pdf", f"-output={output}")


def http_command(pprof: PprofTool, question: Question, port: int) -> Command:
    """Build the call that serves the web page to this machine alone and opens no browser."""
    return pprof_command(pprof, question, f"-http={LOOPBACK}:{port}", "-no_browser")


def pprof_command(pprof: PprofTool, question: Question, *how: str) -> Command:
    """Build a call: our names are whole, so pprof is to look up and shorten none."""
    sample = () if question.sample is None else (f"-sample_index={question.sample}",)
    base = () if question.base is None else (f"-base={question.base.absolute()}",)
    return Command(
        (*pprof.argv, "-symbolize=none", *how, *sample, *base, str(question.profile.absolute())),
        env=tuple(pprof_environment(os.environ).items()),
        cwd=NEUTRAL_FOLDER,
    )


def pprof_environment(env: Mapping[str, str]) -> dict[str, str]:
    """Make `env` one in which `go tool pprof` behaves the same in every project."""
    return {**env, **GO_KEYS}
