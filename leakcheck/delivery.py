"""Where a report goes besides the terminal: the files that were asked for, and GitHub.

All files are written even when one of them cannot be, and also when there is no report but an
error: a file that was named never holds the report of an earlier call without a word.
"""

from __future__ import annotations

import contextlib
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from leakcheck.errors import BadInput
from leakcheck.reports import render_html, render_json, render_junit, render_sarif
from leakcheck.reports.files import append_report, write_report
from leakcheck.reports.githubfile import render_annotations, render_markdown
from leakcheck.reports.repository import repository_of
from leakcheck.reports.sources import Sources
from leakcheck.reports.stacklines import Places
from leakcheck.version import leakcheck_version

if TYPE_CHECKING:
    from collections.abc import Mapping

    from leakcheck.model import Report
    from leakcheck.reports.sources import SourceReader
    from leakcheck.settings import GitHub, Settings

__all__ = ["FORMATS", "Delivery", "report_paths"]

FORMATS = {"json": "json", "junit": "xml", "sarif": "sarif", "html": "html"}
"""Each option that names a report, and how the names of such files end."""


def report_paths(named: Mapping[str, str | None]) -> dict[str, Path]:
    """Check the files named on the command line, format → path, before a long run.

    Raises BadInput for what certainly cannot be written after it.
    """
    paths = {kind: Path(text).expanduser() for kind, text in named.items() if text}
    for kind, text in named.items():
        if text == "":
            raise BadInput(f"--{kind} names no file", hint=f"--{kind} report.{FORMATS[kind]}")
    for kind, path in paths.items():
        _refuse_unwritable(kind, path)
    taken: dict[Path, str] = {}
    for kind, path in paths.items():
        other = taken.setdefault(path.resolve(), kind)
        if other != kind and not _is_device(path):
            raise BadInput(f"--{other} and --{kind} both name {path}")
    return paths


def _refuse_unwritable(kind: str, path: Path) -> None:
    if path.is_dir() or not path.absolute().parent.is_dir():
        why = "it is a folder" if path.is_dir() else "there is no such folder"
        hint = f"--{kind} report.{FORMATS[kind]}"
        raise BadInput(f"--{kind} {path} cannot be written", why=why, hint=hint)


def _is_device(path: Path) -> bool:
    return path.exists() and not path.is_file()


@dataclass(slots=True)
class Delivery:
    """Files by format, and what is learnt on the way: GitHub's step, and where the source is."""

    paths: Mapping[str, Path]
    all_to_errors: bool = False
    github: GitHub | None = None
    places: Places = field(default_factory=Places)
    sources: SourceReader = field(default_factory=Sources)

    def learn(self, settings: Settings, *, root: Path) -> None:
        """Take what the environment tells, and `root`, the folder that paths are shown from."""
        self.github = settings.github
        workspace = settings.github.workspace if settings.github else None
        self.places = Places(
            project=root, home=Path.home(), repository=repository_of(root, workspace)
        )

    def forget_earlier(self) -> None:
        """Take away what an earlier call wrote: this one may be killed, and write nothing."""
        for path in self.paths.values():
            with contextlib.suppress(OSError):  # what cannot be written is told at the end
                if path.is_file():
                    path.resolve().unlink()

    def deliver(self, report: Report) -> None:
        """Write all; raises what could not be written when the rest is."""
        with contextlib.ExitStack() as last_to_first:
            for kind, path in reversed(tuple(self.paths.items())):
                last_to_first.callback(self._write, kind, path, report)
            if self.github:
                last_to_first.callback(self._tell_github, self.github, report)

    def _write(self, kind: str, path: Path, report: Report) -> None:
        write_report(path, self._render(kind, report))

    def _render(self, kind: str, report: Report) -> str:
        if kind == "junit":
            return render_junit(report, self.places)
        if kind == "sarif":
            return render_sarif(report, self.places, version=leakcheck_version())
        if kind == "html":
            return render_html(report, self.places, self.sources)
        return render_json(report)

    def _tell_github(self, github: GitHub, report: Report) -> None:
        annotations = render_annotations(report, self.places)
        stream = sys.stderr if self.all_to_errors else sys.stdout
        stream.buffer.write(annotations.encode(errors="backslashreplace"))
        stream.buffer.flush()
        if github.summary:
            append_report(github.summary, render_markdown(report, self.places))
