"""The files of a prefix: `PREFIX.0001.pb.gz`, `PREFIX.0002.pb.gz`, … and gperftools' `.heap`."""

from __future__ import annotations

import contextlib
import errno
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

LONGEST_END = max((f"{infix}.NNNN{suffix}" for infix, suffix in SERIES), key=len)
NO_HARD_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)
"""What file systems without them (FAT, some shared folders) answer."""

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
    folder, name = split(prefix)
    if not folder.is_dir():
        raise refusal(prefix, f"{folder} is no folder")
    if not name:
        raise refusal(prefix, f"{folder} is a folder: the name of the files is missing")
    with explained(prefix), write_temporary(folder / name, b"", new_file_mode()) as temporary:
        # Longer names than any that is written later: who may write may still not name it.
        temporary.with_name(f"{name}{LONGEST_END}").unlink(missing_ok=True)


def write_numbered(prefix: str, content: bytes, series: tuple[str, str] = OURS) -> Path:
    """Write the next file of a prefix and series, and return its path.

    It has its name when it is whole, and no file that is there is written over, whoever made it.
    Raises BadInput when it cannot be written.
    """
    beside = Path(*split(prefix))
    with (
        explained(prefix, series),
        write_temporary(beside, content, new_file_mode()) as temporary,
    ):
        return name_numbered(prefix, temporary, series)


def name_numbered(prefix: str, temporary: Path, series: tuple[str, str]) -> Path:
    """Give `temporary` the next free number; another process may be faster."""
    infix, suffix = series
    folder, name = split(prefix)
    while True:
        taken = [number for number, _ in numbered(prefix, suffix, infix)]
        path = folder / f"{name}{infix}.{max(taken, default=0) + 1:04}{suffix}"
        with contextlib.suppress(FileExistsError):
            give_name(temporary, path)
            return path


def give_name(temporary: Path, path: Path) -> None:
    """Give a file a name that none has. Raises FileExistsError, and OSErrors of other kinds."""
    try:
        path.hardlink_to(temporary)
    except OSError as error:
        if error.errno not in NO_HARD_LINKS:
            raise
        path.touch(exist_ok=False)
        temporary.replace(path)


def newest_profile(prefix: str) -> Path:
    """Find the profile of `prefix` that was written last. Raises BadInput without one."""
    series = (numbered(prefix, suffix, infix) for infix, suffix in SERIES)
    found = [each for every in series for each in every if each[1].is_file()]
    if not found:
        raise BadInput(f"there is no profile {prefix}.NNNN.pb.gz yet", hint="leakcheck profile")
    return max(found, key=lambda each: (each[1].stat().st_mtime_ns, each[0]))[1]


def numbered(prefix: str, suffix: str, infix: str = "") -> Iterator[tuple[int, Path]]:
    """List the numbers and paths of the files of a prefix; a link that leads nowhere counts."""
    folder, name = split(prefix)
    pattern = re.compile(rf"{re.escape(name + infix)}\.([0-9]{{4,9}}){re.escape(suffix)}")
    with contextlib.suppress(OSError):
        for path in folder.iterdir():
            match = pattern.fullmatch(path.name)
            if match:
                yield int(match[1]), path


def split(prefix: str) -> tuple[Path, str]:
    """Part the folder of the files from how their names begin, which `Path` does not: `a/`."""
    folder, name = os.path.split(prefix)
    return Path(folder).absolute(), name


@contextlib.contextmanager
def explained(prefix: str, series: tuple[str, str] = OURS) -> Iterator[None]:
    """Turn what the system says into what the user can mend."""
    try:
        yield
    except OSError as error:
        why = os.strerror(error.errno) if error.errno else str(error)
        raise refusal(prefix, why, series) from error


def refusal(prefix: str, why: str, series: tuple[str, str] = OURS) -> BadInput:
    """Say that there can be no profile."""
    infix, suffix = series
    return BadInput(
        f"the profile {prefix}{infix}.NNNN{suffix} cannot be written",
        why=why,
        hint="export HEAPPROFILE=/tmp/heap",
    )
