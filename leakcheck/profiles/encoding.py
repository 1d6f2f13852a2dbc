"""A profile as gzipped profile.proto, with a name for every address.

pprof looks nothing up for mappings that say they have functions, so the file is complete
without the program, and names are those of leakcheck's own reports.
"""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any, Protocol

from leakcheck.procmaps import find_mapping
from leakcheck.profiles.profile import SampleType
from leakcheck.profiles.schema import new_profile

if TYPE_CHECKING:
    from collections.abc import Iterable

    from leakcheck.model import Frame
    from leakcheck.procmaps import Mapping
    from leakcheck.profiles.profile import Heading, Process, Sample

__all__ = ["Encoder", "Namer"]

COMPRESSION = 6
PERIOD_TYPE = SampleType("space", "bytes")

MappingKey = tuple[str, str, int, int]


class Namer(Protocol):
    """Who knows names: the symboliser."""

    def frames(self, address: int, mappings: tuple[Mapping, ...]) -> tuple[Frame, ...]:
        """Name a return address, innermost inlined function first; never empty."""

    def build_id(self, path: str) -> str:
        """Give the GNU build id of a mapped file, "" without one."""


class Encoder:
    """Builds one file; strings, functions, locations and mappings are stored once each.

    The same library lies elsewhere in another process: it has the addresses of the process that
    was added first.
    """

    def __init__(self) -> None:
        """Start with an empty message."""
        self._message = new_profile()
        self._strings: dict[str, int] = {"": 0}
        self._functions: dict[tuple[str, str], int] = {}
        self._mappings: dict[MappingKey, Any] = {}
        self._locations: dict[tuple[int, int], int] = {}

    def add(self, process: Process, namer: Namer) -> None:
        """Write all samples of a process, its program's own file first among the mappings.

        pprof takes the first mapping for the program.
        """
        program = first_program(process.mappings)
        if program is not None:
            self._mapping(program, namer)
        located: dict[int, int] = {}
        for sample in process.samples:
            for address in sample.addresses:
                if address not in located:
                    located[address] = self._location(address, process.mappings, namer)
            self._add_sample(sample, [located[address] for address in sample.addresses])

    def finished(self, heading: Heading) -> bytes:
        """Give the whole file, which pprof opens."""
        message = self._message
        for sample_type in heading.types:
            self._fill_type(message.sample_type.add(), sample_type)
        # The same in every profile: pprof compares only those of one period type.
        self._fill_type(message.period_type, PERIOD_TYPE)
        message.period = 1
        message.default_sample_type = self._string(heading.shown)
        message.comment.extend(map(self._string, heading.comments))
        message.time_nanos = heading.time_ns
        message.duration_nanos = heading.duration_ns
        message.string_table.extend(self._strings)
        return gzip.compress(message.SerializeToString(deterministic=True), COMPRESSION, mtime=0)

    def _add_sample(self, sample: Sample, locations: list[int]) -> None:
        message = self._message.sample.add(location_id=locations, value=sample.values)
        for key, value in sample.labels:
            message.label.add(key=self._string(key), str=self._string(value))

    def _location(self, address: int, mappings: tuple[Mapping, ...], namer: Namer) -> int:
        """Give the id of a location: the call before a return address, in its mapping."""
        call = max(address - 1, 0)
        found = find_mapping(call, mappings)
        mapping = self._mapping(found, namer) if found is not None and found.path else None
        if found is not None and mapping is not None:
            call += mapping.memory_start - found.start
        key = (mapping.id if mapping is not None else 0, call)
        if key not in self._locations:
            self._locations[key] = len(self._locations) + 1
            frames = namer.frames(address, mappings)
            self._add_location(self._locations[key], mapping, call, frames)
        return self._locations[key]

    def _add_location(
        self, number: int, mapping: Any | None, address: int, frames: tuple[Frame, ...]
    ) -> None:
        location = self._message.location.add(id=number, address=address)
        for frame in frames:
            location.line.add(function_id=self._function(frame), line=frame.line or 0)
        if mapping is not None:
            location.mapping_id = mapping.id
            mapping.has_filenames |= any(frame.file for frame in frames)
            mapping.has_line_numbers |= any(frame.line for frame in frames)
            mapping.has_inline_frames |= len(location.line) > 1

    def _function(self, frame: Frame) -> int:
        key = (frame.function, frame.file or "")
        if key not in self._functions:
            self._functions[key] = len(self._functions) + 1
            name = self._string(frame.function)
            self._message.function.add(
                id=self._functions[key],
                name=name,
                system_name=name,
                filename=self._string(frame.file or ""),
            )
        return self._functions[key]

    def _mapping(self, mapping: Mapping, namer: Namer) -> Any:
        build_id = namer.build_id(mapping.path)
        key = (mapping.path, build_id, mapping.offset, mapping.end - mapping.start)
        if key not in self._mappings:
            self._mappings[key] = self._message.mapping.add(
                id=len(self._mappings) + 1,
                memory_start=mapping.start,
                memory_limit=mapping.end,
                file_offset=mapping.offset,
                filename=self._string(mapping.path),
                build_id=self._string(build_id),
                has_functions=True,
            )
        return self._mappings[key]

    def _fill_type(self, message: Any, sample_type: SampleType) -> None:
        message.type = self._string(sample_type.name)
        message.unit = self._string(sample_type.unit)

    def _string(self, text: str) -> int:
        """Give the place of a text in the string table; bytes that are no UTF-8 are replaced."""
        clean = text.encode(errors="replace").decode()
        return self._strings.setdefault(clean, len(self._strings))


def first_program(mappings: Iterable[Mapping]) -> Mapping | None:
    """Find the first executable mapping of a file: in memory the program lies before libraries."""
    files = (each for each in mappings if each.path.startswith("/"))
    return next((each for each in files if "x" in each.permissions), None)
