"""What a heap profile says, before names are looked up and bytes are written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from leakcheck.procmaps import Mapping

__all__ = ["HEAP_TYPES", "LEAK_TYPES", "Heading", "Process", "Sample", "SampleType"]


class SampleType(NamedTuple):
    """What one of the numbers of a sample counts, as `pprof -sample_index` calls it."""

    name: str
    unit: str


HEAP_TYPES = (
    SampleType("alloc_objects", "count"),
    SampleType("alloc_space", "bytes"),
    SampleType("inuse_objects", "count"),
    SampleType("inuse_space", "bytes"),
)
"""What any heap profile knows: allocated since the start, and in use at its end."""

LEAK_TYPES = (
    *HEAP_TYPES,
    SampleType("leaked_objects", "count"),
    SampleType("leaked_space", "bytes"),
)
"""What a profile of leakcheck knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Blocks of one stack: return addresses, leaf first, and a number for each sample type.

    `labels` are keys and values, such as `("test", "TestProbe")`.
    """

    addresses: tuple[int, ...]
    values: tuple[int, ...]
    labels: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """What one process allocated, and which files lay where in it, sorted by address."""

    samples: tuple[Sample, ...]
    mappings: tuple[Mapping, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """What holds for all samples; `shown` names the sample type that is looked at first."""

    types: tuple[SampleType, ...]
    shown: str
    comments: tuple[str, ...] = ()
    time_ns: int = 0
    duration_ns: int = 0
