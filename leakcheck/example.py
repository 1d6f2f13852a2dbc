"""Where the bundled example is: the project that is checked when the user names none."""

from __future__ import annotations

from pathlib import Path

from leakcheck.errors import BadInput

__all__ = ["find_example"]

_NAME = Path("examples") / "mediaprobe"


def find_example() -> Path:
    """Find the example in the checkout, else inside the installed package. Raises BadInput."""
    package = Path(__file__).resolve().parent
    for root in (package.parent, package):
        if (root / _NAME / "go.mod").is_file():
            return root / _NAME
    raise BadInput(
        "no project was named",
        why=f"and the bundled example is not there ({package.parent / _NAME})",
        hint="leakcheck leak --project DIR  # DIR: the folder that holds go.mod",
    )
