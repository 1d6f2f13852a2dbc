"""Keeping a layout: `key value` a line, the last line is `end`."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

__all__ = ["read_kept", "write_kept"]

_END = "end"


def read_kept(path: Path) -> tuple[tuple[str, str], ...] | None:
    """Read a layout that was kept; None when there is none, or not a whole one."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return None
    if not lines or lines[-1] != _END:
        return None
    return tuple((key, value) for key, _, value in (line.partition(" ") for line in lines[:-1]))


def write_kept(path: Path, layout: tuple[tuple[str, str], ...]) -> None:
    """Keep a layout, whole or not at all; where that is not possible it is only slower."""
    text = "".join(f"{key} {value}\n" for key, value in layout)
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent)
        try:
            os.close(handle)
            Path(name).write_text(f"{text}{_END}\n", encoding="utf-8")
            Path(name).replace(path)
        finally:
            Path(name).unlink(missing_ok=True)
