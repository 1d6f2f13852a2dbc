"""Which numbers of two profiles can be compared."""

from __future__ import annotations

import gzip
import zlib
from typing import TYPE_CHECKING, NamedTuple

from google.protobuf.message import DecodeError

from leakcheck.profiles.schema import parse_profile

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["comparable_sample"]

GROWTH = "inuse_space"


class Offer(NamedTuple):
    """The sample types a profile has, and the one it shows by itself."""

    types: frozenset[str] = frozenset()
    shown: str = ""


def comparable_sample(profile: Path, base: Path) -> str | None:
    """Choose what to show of `profile` less `base`; None leaves it to the profile.

    pprof keeps what both have, and where the profile's own choice is not among that (a snapshot
    knows no leaks) it would show the first.
    """
    ours, theirs = offer_of(profile), offer_of(base)
    both = ours.types & theirs.types
    return GROWTH if ours.shown not in both and GROWTH in both else None


def offer_of(path: Path) -> Offer:
    """Read what a profile offers; nothing where it is in another format that pprof knows."""
    try:
        message = parse_profile(gzip.decompress(path.read_bytes()))
        text = list(message.string_table)
        types = frozenset(text[each.type] for each in message.sample_type)
        return Offer(types, text[message.default_sample_type])
    except (OSError, EOFError, zlib.error, DecodeError, IndexError):
        return Offer()
