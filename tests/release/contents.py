"""What a release holds, judged from its names and texts; each finding is one line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "changelog_gaps",
    "constraints",
    "metadata_problems",
    "sdist_problems",
    "wheel_problems",
]

_PIN = re.compile(r"^[a-z0-9-]+==[^\\]+", re.MULTILINE)
_EXAMPLES = "examples/"
_OF_THE_SDIST = ("LICENSE", "README.md", "CHANGELOG.md", "pyproject.toml", "bootstrap/__main__.py")


def wheel_problems(wheel: Iterable[str], sources: Iterable[str]) -> tuple[str, ...]:
    """Compare the names in a wheel with the files of the checkout that belong into it."""
    there = {name for name in wheel if ".dist-info/" not in name}
    wanted = {f"leakcheck/{name}" if name.startswith(_EXAMPLES) else name for name in sources}
    return (
        *(f"the wheel lacks {name}" for name in sorted(wanted - there)),
        *(f"the wheel has {name}, which is in no commit" for name in sorted(there - wanted)),
    )


def sdist_problems(sdist: Iterable[str], sources: Iterable[str]) -> tuple[str, ...]:
    """Look for what the sdist, whose names have no leading folder here, must have."""
    return tuple(
        f"the sdist lacks {name}" for name in sorted({*sources, *_OF_THE_SDIST} - {*sdist})
    )


def metadata_problems(metadata: str, version: str) -> tuple[str, ...]:
    """Check the wheel's METADATA; its body is the README."""
    wanted = (
        "Name: tcmalloc-leakcheck",
        f"Version: {version}",
        "License-Expression: MIT",
        "License-File: LICENSE",
        "Requires-Python: >=3.10",
        "Description-Content-Type: text/markdown",
    )
    head = metadata.partition("\n\n")[0].splitlines()
    return tuple(f"the metadata lacks {line!r}" for line in wanted if line not in head)


def changelog_gaps(changelog: str, version: str) -> tuple[str, ...]:
    """Say what the changelog lacks for a release of `version`."""
    if f"\n## [{version}] - " in changelog:
        return ()
    return (f"CHANGELOG.md has no section [{version}]: date it before the tag",)


def constraints(lock: str) -> str:
    """Turn a lock file into constraints: the versions, with their markers and without hashes."""
    return "\n".join(pin.strip() for pin in _PIN.findall(lock)) + "\n"
