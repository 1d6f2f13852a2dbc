"""Debug information as a *symcache*, kept between runs.

A symcache is what the `symbolic` package makes of DWARF: function, inlining and line of every
address, 0.1 to several seconds to build and none to open. The stored file is the SHA-256 of
the symcache and then the symcache; one that does not match its sum is built again.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from symbolic.debuginfo import Archive
from symbolic.exceptions import SymbolicError
from symbolic.symcache import SYMCACHE_LATEST_VERSION, SymCache

if TYPE_CHECKING:
    from leakcheck.symbolise.image import Image

__all__ = ["open_symcache", "symcache_path"]

DIGEST_BYTES = 32


def open_symcache(image: Image, cache_dir: Path) -> SymCache | None:
    """Open the symcache of a file with debug information; None when that is damaged."""
    stored = symcache_path(image, cache_dir)
    return load(stored) or build(image.path, stored)


def symcache_path(image: Image, cache_dir: Path) -> Path:
    """Name the stored file after build id and size; without a build id after the content.

    The size is there because `strip` and `-ldflags=-B` make unlike files with one build id.
    """
    identity = image.build_id or hashlib.sha256(image.path.read_bytes()).hexdigest()
    size = image.path.stat().st_size
    return cache_dir / "symcaches" / f"{identity}-{size:x}-v{SYMCACHE_LATEST_VERSION}"


def load(stored: Path) -> SymCache | None:
    """Open a stored symcache; None when it is missing, cut, or changed."""
    try:
        content = stored.read_bytes()
        digest, payload = content[:DIGEST_BYTES], content[DIGEST_BYTES:]
        is_whole = hashlib.sha256(payload).digest() == digest
        return SymCache.from_bytes(payload) if is_whole else None  # type: ignore[no-untyped-call]
    except (OSError, SymbolicError):
        return None


def build(path: Path, stored: Path) -> SymCache | None:
    """Make the symcache of `path` and store it; a cache that cannot be written costs only time."""
    try:
        symcache = next(Archive.open(str(path)).iter_objects()).make_symcache()
    except (SymbolicError, StopIteration, OSError):
        return None
    with contextlib.suppress(OSError):
        store(stored, symcache.open_stream().read())  # type: ignore[no-untyped-call]
    return symcache


def store(stored: Path, payload: bytes) -> None:
    """Write under a temporary name and rename: parallel runs see nothing or all of it."""
    stored.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=stored.parent, prefix=".symcache-")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(hashlib.sha256(payload).digest() + payload)
        Path(temporary).replace(stored)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
