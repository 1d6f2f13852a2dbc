"""Text heap profiles, gperftools' or the agent's, as profiles that pprof can show.

pprof reads the text format itself, but in a Go program it knows only Go's own symbol table and
gives C code the names of the Go functions nearby.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from leakcheck.errors import BadInput, MalformedReport
from leakcheck.heapprofile import parse_heap_profile
from leakcheck.profiles.encoding import Encoder
from leakcheck.profiles.profile import HEAP_TYPES, Heading, Process
from leakcheck.profiles.rows import heap_samples

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from leakcheck.heapprofile import HeapProfile
    from leakcheck.symbolise import Symboliser

__all__ = ["encode_text_profile", "readable_profile"]

TEXT_START = b"heap profile:"


def readable_profile(path: Path, folder: Path, symboliser: Symboliser) -> Path:
    """Give a file that pprof can show with right names: `path`, or its conversion in `folder`.

    What can be read but once (`<(curl …)`) is copied there.

    Raises BadInput when it cannot be read, MalformedReport when it is a damaged text profile.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BadInput(
            f"the profile {path} cannot be read", why=error.strerror or "", hint="leakcheck profile"
        ) from error
    is_text = content.startswith(TEXT_START)
    if path.is_file() and not is_text:
        return path
    readable = folder / f"{len(list(folder.iterdir()))}-{path.name}.pb.gz"
    readable.write_bytes(
        encode_text_profile(content, str(path), symboliser) if is_text else content
    )
    return readable


def encode_text_profile(content: bytes, source: str, symboliser: Symboliser) -> bytes:
    """Parse a text heap profile, name its addresses, and write it as profile.proto."""
    try:
        profile = parse_heap_profile(content.decode(errors="surrogateescape"), source=source)
    except MalformedReport as error:
        raise MalformedReport(
            f"cannot read the profile {source}", why=error.why, hint="leakcheck profile"
        ) from error
    mappings = tuple(sorted(profile.mappings, key=lambda mapping: mapping.start))
    samples = heap_samples(replace(profile, mappings=mappings), symboliser.stack)
    encoder = Encoder()
    encoder.add(Process(samples=samples, mappings=mappings), symboliser)
    return encoder.finished(
        Heading(types=HEAP_TYPES, shown="inuse_space", comments=tuple(shortfall(profile)))
    )


def shortfall(profile: HeapProfile) -> Iterator[str]:
    """Say what is missing: gperftools keeps a profile within its buffer and leaves rows out."""
    total = profile.total
    if (total.objects, total.bytes) != (profile.objects, profile.bytes):
        yield (
            f"rows are missing: {profile.bytes} bytes in {profile.objects} objects are here,"
            f" {total.bytes} bytes in {total.objects} objects were in use"
        )
