"""The companion: a `_test.go` file that tells the agent, at exit, which Go memory is alive.

It is added to the test binary with go's `-overlay`; nothing is written to the source tree.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from leakcheck.errors import BuildFailed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from leakcheck.build.gopackages import GoPackage

__all__ = [
    "Companion",
    "companion_sources",
    "companion_text",
    "linker_flags",
    "overlay_of",
    "parse_go_release",
    "write_companion",
]

_PLACEHOLDER = "PACKAGE_test"
_SUFFIX = ".txt"  # so that go does not take the templates for a package
_PREFIX = "leakcheck_"
_LINKNAME_IS_CHECKED_SINCE = (1, 23)
_UNCHECKED_LINKNAME = "-checklinkname=0"
_KEEP_DEBUG_INFORMATION = "-s=false -w=false"  # it says where Go's heap and frames are


@dataclass(frozen=True, slots=True, kw_only=True)
class Companion:
    """What go's command line needs: the overlay's file and flags for the linker."""

    overlay: Path
    linker_flags: str


def companion_sources() -> tuple[Path, ...]:
    """Find the companion's templates, sorted. Raises BuildFailed when there are none."""
    directory = Path(__file__).resolve().parent.parent / "companion"
    sources = tuple(sorted(directory.glob(f"*_test.go{_SUFFIX}")))
    if not sources:
        raise BuildFailed(
            "the companion's sources are missing",
            why=f"no _test.go{_SUFFIX} file in {directory}",
            hint="pip install --force-reinstall tcmalloc-leakcheck",
        )
    return sources


def companion_text(template: str, package_name: str) -> str:
    """Make a template part of the external tests of `package_name`."""
    return template.replace(f"package {_PLACEHOLDER}", f"package {package_name}_test", 1)


def overlay_of(
    package_dir: Path, files: Sequence[Path], users: Mapping[str, str]
) -> dict[str, dict[str, str]]:
    """Lay out the overlay: `files` appear in `package_dir`, and what the user replaces."""
    ours = {str(package_dir / file.name): str(file) for file in files}
    return {"Replace": {**users, **ours}}


def write_companion(
    package: GoPackage, directory: Path, *, go_version: str, users: Mapping[str, str]
) -> Companion:
    """Write the companion of `package` and its overlay into `directory`.

    `go_version` is `go env GOVERSION`, `users` the user's own overlay.
    """
    files = []
    for source in companion_sources():
        file = directory / f"{_PREFIX}{source.name.removesuffix(_SUFFIX)}"
        template = source.read_text(encoding="utf-8")
        file.write_text(companion_text(template, package.name), encoding="utf-8")
        files.append(file)
    overlay = directory / "overlay.json"
    overlay.write_text(json.dumps(overlay_of(package.dir, files, users)), encoding="utf-8")
    return Companion(overlay=overlay, linker_flags=linker_flags(go_version))


def linker_flags(go_version: str) -> str:
    """Write the flags for the linker of a Go release; they win over `-s -w` before them."""
    is_checked = parse_go_release(go_version) >= _LINKNAME_IS_CHECKED_SINCE
    flags = (_KEEP_DEBUG_INFORMATION, _UNCHECKED_LINKNAME if is_checked else "")
    return " ".join(filter(None, flags))


def parse_go_release(text: str) -> tuple[int, int]:
    """Read (1, 26) from `go1.26.8`, `go1.27rc1` or `devel go1.28-1a2b3c Mon …`.

    What cannot be read counts as the newest release.
    """
    for word in text.split():
        major, _, rest = word.removeprefix("go").partition(".")
        digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
        if word.startswith("go") and major.isdecimal() and digits:
            return int(major), int(digits)
    return (999, 0)
