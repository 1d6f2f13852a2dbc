"""Writing a report to a file: all of it or nothing."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from leakcheck.errors import BadInput
from leakcheck.reports.jsonfile import parse_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leakcheck.model import Report

__all__ = [
    "append_report",
    "new_file_mode",
    "read_report",
    "write_file",
    "write_report",
    "write_temporary",
]

READABLE_BY_ALL = 0o666


def read_report(path: Path) -> Report:
    """Read a report that was written as JSON. Raises BadInput, MalformedReport."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else None
        raise BadInput(f"cannot read the report {path}", why=why or str(error)) from error
    return parse_json(text, source=str(path))


def write_report(path: Path, text: str) -> None:
    """Write `text` as UTF-8 under a temporary name, then rename.

    A file that was there keeps its content until the new one is whole. A device or pipe
    (`/dev/stdout`) is written in place. Raises `BadInput` when the path cannot be written.
    """
    write_file(path, text.encode(errors="backslashreplace"))


def write_file(path: Path, content: bytes) -> None:
    """Write `content` as `write_report` does."""
    with explained(path):
        if path.exists() and not path.is_file():
            path.write_bytes(content)
        else:
            replace_file(path.resolve(), content)


def append_report(path: Path, text: str) -> None:
    """Write `text` as UTF-8 behind what others wrote. Raises `BadInput`."""
    with explained(path), path.open("ab") as stream:
        stream.write(text.encode(errors="backslashreplace"))


@contextlib.contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn what the system says into what the user can mend."""
    try:
        yield
    except OSError as error:
        raise BadInput(
            f"cannot write {path}",
            why=os.strerror(error.errno) if error.errno else str(error),
            hint="name a file in a folder that exists, can be written, and has space left",
        ) from error


def replace_file(path: Path, content: bytes) -> None:
    """Write next to `path` and rename, with the permissions any new file would get."""
    with write_temporary(path, content, permissions(path)) as temporary:
        temporary.replace(path)


@contextlib.contextmanager
def write_temporary(path: Path, content: bytes, mode: int) -> Iterator[Path]:
    """Write under a name next to `path` that is gone at the end, unless it was given another."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:100]}-")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            os.fchmod(stream.fileno(), mode)
            stream.flush()
            os.fsync(stream.fileno())
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)


def permissions(path: Path) -> int:
    """Keep those of the file that is replaced, else those of any new file."""
    return path.stat().st_mode & 0o777 if path.exists() else new_file_mode()


def new_file_mode() -> int:
    """Tell what the umask leaves."""
    mask = os.umask(0)
    os.umask(mask)
    return READABLE_BY_ALL & ~mask
