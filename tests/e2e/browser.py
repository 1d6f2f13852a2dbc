"""A real browser without a window, for the pages that leakcheck makes."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from leakcheck.process import Command, Completed, run

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-logging=stderr",
)


def browse(url: str, folder: Path, *options: str) -> Completed:
    """Open a page with a profile of its own in `folder`; what it logs is on standard error."""
    name = next(filter(None, map(shutil.which, NAMES)), None)
    assert name, "python -m bootstrap --tests installs chromium"
    profile = f"--user-data-dir={folder / 'browser'}"
    return run(Command((name, *FLAGS, profile, *options, url)), timeout_s=120)
