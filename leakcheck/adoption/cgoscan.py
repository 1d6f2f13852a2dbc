"""Which Go packages import "C", read from their sources: for when go cannot be asked.

Only what a package itself imports is seen; that a dependency uses cgo, only `go list` knows.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["find_module_folders", "imports_c", "scan_cgo_folders"]

_MOST_OF_A_HEADER = 1 << 20
_IMPORT_C = re.compile(r'^(?:import[ \t]+|[ \t]+)"C"[ \t]*(?:;|//.*|/\*.*)?$', re.MULTILINE)
_NEVER_LOOKED_INTO = frozenset({"vendor", "testdata", "node_modules"})


def imports_c(source: str) -> bool:
    """Tell whether a Go file has `import "C"`, by itself or in a group."""
    return _IMPORT_C.search(source) is not None


def find_module_folders(root: Path) -> tuple[Path, ...]:
    """Find the folders with a `go.mod`, from the root down, without vendored and test data."""
    return tuple(folder for folder, files in _walk(root) if "go.mod" in files)


def scan_cgo_folders(module: Path) -> tuple[Path, ...]:
    """Find the folders of one module whose sources import "C"; other modules in it are left out."""
    return tuple(
        folder
        for folder, files in _walk(module)
        if _module_of(folder, module) == module
        and any(imports_c(_header(folder / name)) for name in files if name.endswith(".go"))
    )


def _walk(root: Path) -> Iterator[tuple[Path, list[str]]]:
    """Go through the folders that the go tool looks into, in the order of their names."""
    for folder, below, files in os.walk(root):
        below[:] = sorted(
            name for name in below if name not in _NEVER_LOOKED_INTO and name[0] not in "._"
        )
        yield Path(folder), files


def _module_of(folder: Path, outermost: Path) -> Path:
    while folder != outermost and not (folder / "go.mod").is_file():
        folder = folder.parent
    return folder


def _header(path: Path) -> str:
    try:
        with path.open(encoding="utf-8", errors="replace") as stream:
            return stream.read(_MOST_OF_A_HEADER)
    except OSError:
        return ""
