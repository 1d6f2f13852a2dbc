"""What the tests of profiles share: names that need no files, and reading what was written."""

from __future__ import annotations

import gzip
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from leakcheck.heapprofile import HeapProfile, Row
from leakcheck.model import Frame
from leakcheck.procmaps import Mapping
from leakcheck.profiles.schema import parse_profile

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAM = Mapping(start=0x400000, end=0x500000, offset=0x1000, path="/src/m.test", inode=7)
LIBRARY = Mapping(start=0x7F0000000000, end=0x7F0000010000, path="/lib/libc.so.6", inode=8)
MAPPINGS = (PROGRAM, LIBRARY)


@dataclass
class FakeNamer:
    """Knows the frames of some addresses; any other is called by its number."""

    known: dict[int, tuple[Frame, ...]] = field(default_factory=dict)
    asked: list[int] = field(default_factory=list)

    def frames(self, address: int, _mappings: tuple[Mapping, ...]) -> tuple[Frame, ...]:
        self.asked.append(address)
        return self.known.get(address, (Frame(function=f"0x{address:x}", address=address),))

    def build_id(self, path: str) -> str:
        return {"/src/m.test": "abcd"}.get(path, "")


def heap(*rows: Row, mappings: tuple[Mapping, ...] = MAPPINGS) -> HeapProfile:
    """A text profile of some rows."""
    total = Row(
        objects=sum(row.objects for row in rows),
        bytes=sum(row.bytes for row in rows),
        allocated_objects=sum(row.allocated_objects for row in rows),
        allocated_bytes=sum(row.allocated_bytes for row in rows),
    )
    return HeapProfile(total=total, rows=rows, mappings=mappings)


def row(objects: int, size: int, *addresses: int, allocated: tuple[int, int] | None = None) -> Row:
    """A row; `allocated` as much as is there unless it is said."""
    allocated_objects, allocated_bytes = allocated or (objects, size)
    return Row(
        objects=objects,
        bytes=size,
        allocated_objects=allocated_objects,
        allocated_bytes=allocated_bytes,
        addresses=addresses,
    )


@dataclass(frozen=True)
class Opened:
    """A written profile, read back."""

    message: Any

    @classmethod
    def of(cls, content: bytes) -> Opened:
        return cls(parse_profile(gzip.decompress(content)))

    def text(self, index: int) -> str:
        return str(self.message.string_table[index])

    @property
    def types(self) -> list[str]:
        return [self.text(each.type) for each in self.message.sample_type]

    def samples(self) -> Iterator[tuple[list[str], list[int], dict[str, str]]]:
        """Stacks as `function file:line`, innermost first, values, and labels."""
        for sample in self.message.sample:
            stack = [line for each in sample.location_id for line in self.lines(each)]
            labels = {self.text(label.key): self.text(label.str) for label in sample.label}
            yield stack, list(sample.value), labels

    def lines(self, location_id: int) -> list[str]:
        location = next(each for each in self.message.location if each.id == location_id)
        return [self.line(each) for each in location.line]

    def line(self, line: Any) -> str:
        function = next(each for each in self.message.function if each.id == line.function_id)
        place = f" {self.text(function.filename)}:{line.line}" if function.filename else ""
        return self.text(function.name) + place

    def totals(self) -> dict[str, int]:
        """Sums over all samples by sample type."""
        return {
            name: sum(sample.value[index] for sample in self.message.sample)
            for index, name in enumerate(self.types)
        }
