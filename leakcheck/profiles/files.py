"""The files of a prefix: `PREFIX.0001.pb.gz`, `PREFIX.0002.pb.gz`, … and gperftools' `.heap`."""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from leakcheck.errors import BadInput
from leakcheck.reports.files import new_file_mode, write_temporary

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "CHECKERS",
    "NAMED_CHECKERS",
    "check_prefix",
    "default_prefix",
    "module_name",
    "newest_profile",
    "program_name",
    "write_numbered",
]

MODULE_LINE = re.compile(r'^module\s+"?([^\s"]+)"?', re.MULTILINE)
OURS = ("", ".pb.gz")
CHECKERS = (".heapcheck", ".heap")
NAMED_CHECKERS = (".heapcheck", ".pb.gz")
SERIES = (OURS, ("", ".heap"), NAMED_CHECKERS, CHECKERS)
"""What may stand around the number: ours, gperftools' own, and what `--engine heapcheck` keeps,
with names and without."""

MAJOR_VERSION = re.compile(r"(?:/v[0-9]+|\.v[0-9]+)$")


def default_prefix(name: str) -> str:
    """Name the profiles of a module or program where HEAPPROFILE does not."""
    return f"/tmp/{name}_heap"  # noqa: S108 - written under a name of its own, then linked


def module_name(folder: Path) -> str:
    """Name the Go module around `folder`: the last part of its path that is no version.

    Without a `go.mod` that can be read it is the folder's own name.
    """
    for each in (folder, *folder.parents):
        with contextlib.suppress(OSError):
            match = MODULE_LINE.search((each / "go.mod").read_text(errors="replace"))
            if match:
                return MAJOR_VERSION.sub("", match[1]).rpartition("/")[2]
    return folder.name or "root"


def program_name(path: str) -> str:
    """Name a program; the test binary of a package is called after the package."""
    return PurePath(path).name.removesuffix(".test")


def check_prefix(prefix: str) -> None:
    """Refuse before a long run what cannot be written after it. Raises BadInput."""
    folder = Path(prefix).absolute().parent
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        why = "is no folder" if not folder.is_dir() else "cannot be written to"
        raise BadInput(
            f"no profile {prefix}.0001.pb.gz can be made",
            why=f"{folder} {why}",
            hint="export HEAPPROFILE=/tmp/heap",
        )


def write_numbered(prefix: str, content: bytes, series: tuple[str, str] = OURS) -> Path:
    """Write the next file of a prefix and series, and return its path.

    It has its name when it is whole, and no file that is there is written over, whoever made it.
    Raises BadInput when it cannot be written.
    """
    try:
        with write_temporary(Path(prefix).absolute(), content, new_file_mode()) as temporary:
            return link_numbered(prefix, temporary, series)
    except OSError as error:
        raise BadInput(
            f"the profile {prefix}{series[0]}.NNNN{series[1]} cannot be written",
            why=os.strerror(error.errno) if error.errno else str(error),
            hint="export HEAPPROFILE=/tmp/heap",
        ) from error


def link_numbered(prefix: str, temporary: Path, series: tuple[str, str]) -> Path:
    """Give `temporary` the next free number; another process may be faster."""
    infix, suffix = series
    while True:
        taken = [number for number, _ in numbered(prefix, suffix, infix)]
        path = Path(f"{prefix}{infix}.{max(taken, default=0) + 1:04}{suffix}").absolute()
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(temporary)
            return path


def newest_profile(prefix: str) -> Path:
    """Find the profile of `prefix` that was written last. Raises BadInput without one."""
    series = (numbered(prefix, suffix, infix) for infix, suffix in SERIES)
    found = [each for every in series for each in every if each[1].is_file()]
    if not found:
        raise BadInput(f"there is no profile {prefix}.NNNN.pb.gz yet", hint="leakcheck profile")
    return max(found, key=lambda each: (each[1].stat().st_mtime_ns, each[0]))[1]


def numbered(prefix: str, suffix: str, infix: str = "") -> Iterator[tuple[int, Path]]:
    """List the numbers and paths of the files of a prefix; a link that leads nowhere counts."""
    start = Path(prefix).absolute()
    pattern = re.compile(rf"{re.escape(start.name + infix)}\.([0-9]{{4,9}}){re.escape(suffix)}")
    with contextlib.suppress(OSError):
        for path in start.parent.iterdir():
            match = pattern.fullmatch(path.name)
            if match:
                yield int(match[1]), path
