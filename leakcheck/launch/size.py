"""An amount of memory as people write it: `64MiB`, `1GiB`, `500kB`, `65536`."""

from __future__ import annotations

import re
from types import MappingProxyType

from leakcheck.errors import BadInput

__all__ = ["parse_size"]

UNITS = MappingProxyType(
    {
        "": 1,
        "b": 1,
        "kb": 1000,
        "mb": 1000**2,
        "gb": 1000**3,
        "kib": 1024,
        "mib": 1024**2,
        "gib": 1024**3,
    }
)
AMOUNT = re.compile(r"([0-9]{1,15}) ?([a-z]*)", re.ASCII | re.IGNORECASE)


def parse_size(text: str, *, option: str) -> int:
    """Read bytes from `text`, which `option` was given. Raises BadInput."""
    match = AMOUNT.fullmatch(text.strip())
    if match is None or match[2].lower() not in UNITS:
        raise BadInput(
            f"{option} {text} is not an amount of memory",
            why="it is a whole number and kB, MB, GB, KiB, MiB or GiB",
            hint=f"{option} 64MiB",
        )
    return int(match[1]) * UNITS[match[2].lower()]
