"""The sessions of this checkout; see `leakcheck.sessions`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import nox

from leakcheck.sessions import path_with_own_programs, register, register_development

nox.options.sessions = ["tests", "lint", "typecheck"]

register()
register_development(Path(__file__).parent)


@nox.session(venv_backend="none", default=False)
def accuracy(session: nox.Session) -> None:
    """Ask leakcheck and other tools about the labelled corpus; options after `--`."""
    path = path_with_own_programs(os.environ.get("PATH", os.defpath))
    session.run(sys.executable, "-m", "tests.accuracy", *session.posargs, env={"PATH": path})
