"""What a repository checks where the command line does not say, for the tasks of its `tasks.py`.

from leakcheck.taskdefaults import defaults_beside
from leakcheck.tasks import namespace

namespace.configure(defaults_beside(__file__, project="go", package="./..."))
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["KEY", "defaults_beside", "existing", "with_defaults"]

KEY = "leakcheck"
"""Where in Invoke's configuration they are."""


def defaults_beside(
    tasks_file: str,
    *,
    project: str = ".",
    package: str | None = None,
    suppressions: str | None = None,
    baseline: str | None = None,
) -> dict[str, dict[str, str]]:
    """Configuration for a collection; the paths are relative to the folder of `tasks_file`.

    A baseline is used from the day on which its file is there.
    """
    folder = os.path.relpath(Path(tasks_file).parent)
    paths = {"project": project, "suppressions": suppressions, "baseline": baseline}
    defaults = {name: str(Path(folder, path)) for name, path in paths.items() if path is not None}
    return {KEY: defaults if package is None else {**defaults, "package": package}}


def with_defaults(given: Mapping[str, Any], defaults: Mapping[str, str]) -> dict[str, Any]:
    """Fill in the options that the user did not give; another project has no baseline here."""
    is_other_project = given.get("project") is not None
    usable = {
        name: existing(value) if name == "baseline" else value
        for name, value in defaults.items()
        if not (name == "baseline" and is_other_project)
    }
    return {name: usable.get(name) if value is None else value for name, value in given.items()}


def existing(path: str | None) -> str | None:
    """Take a path whose file is there, else None."""
    return path if path is not None and Path(path).exists() else None
