"""What the last finished set-up made, kept as a small text file inside `.venv`.

It is written after each finished step and never before, so a half-made `.venv` has no stamp,
or one without the step that was interrupted, and is made anew.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Stamp", "fingerprint", "parse_stamp", "render_stamp"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """Fingerprints of what went into each part; "" for a part that is not there.

    `packages`: lock file, Python and place of `.venv`; `project`: `pyproject.toml`;
    `go`: the lock file of the Go toolchain.
    """

    packages: str = ""
    project: str = ""
    go: str = ""


def fingerprint(parts: Iterable[str]) -> str:
    """A digest of `parts`; differs when any part, or the border between two, differs."""
    digest = hashlib.sha256()
    for part in parts:
        encoded = part.encode()
        digest.update(b"%d:" % len(encoded))
        digest.update(encoded)
    return digest.hexdigest()


def render_stamp(stamp: Stamp) -> str:
    """The text of the stamp file: `packages abc…`, `project …`, `go …`, a line each."""
    return f"packages {stamp.packages}\nproject {stamp.project}\ngo {stamp.go}\n"


def parse_stamp(text: str) -> Stamp:
    """The stamp in `text`; whatever is missing or unknown counts as not done."""
    found = dict(line.split(" ", 1) for line in text.splitlines() if " " in line)
    return Stamp(
        packages=found.get("packages", ""),
        project=found.get("project", ""),
        go=found.get("go", ""),
    )
