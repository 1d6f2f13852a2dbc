"""Writing a report to a file: all of it or nothing."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from leakcheck.errors import BadInput

__all__ = ["write_report"]

READABLE_BY_ALL = 0o666


def write_report(path: Path, text: str) -> None:
    """Write `text` as UTF-8 under a temporary name, then rename.

    A file that was there keeps its content until the new one is whole. A device or pipe
    (`/dev/stdout`) is written in place. Raises `BadInput` when the path cannot be written.
    """
    content = text.encode(errors="backslashreplace")
    try:
        if path.exists() and not path.is_file():
            path.write_bytes(content)
        else:
            replace_file(path.resolve(), content)
    except OSError as error:
        raise BadInput(
            f"cannot write the report {path}",
            why=os.strerror(error.errno) if error.errno else str(error),
            hint="name a file in a folder that exists, can be written, and has space left",
        ) from error


def replace_file(path: Path, content: bytes) -> None:
    """Write next to `path` and rename, with the permissions any new file would get."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:100]}-")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            os.fchmod(stream.fileno(), permissions(path))
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def permissions(path: Path) -> int:
    """Keep those of the file that is replaced, else what the umask leaves."""
    if path.exists():
        return path.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return READABLE_BY_ALL & ~mask
