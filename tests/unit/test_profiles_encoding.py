"""A profile as pprof's file, read back by the protobuf library."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from profile_samples import LIBRARY, MAPPINGS, PROGRAM, FakeNamer, Opened

from leakcheck.model import Frame
from leakcheck.profiles.encoding import Encoder
from leakcheck.profiles.profile import HEAP_TYPES, LEAK_TYPES, Heading, Process, Sample, SampleType

if TYPE_CHECKING:
    from leakcheck.procmaps import Mapping

CALL = PROGRAM.start + 0x20
RETURN = CALL + 1
IN_LIBRARY = LIBRARY.start + 0x31
HEADING = Heading(types=(SampleType("inuse_space", "bytes"),), shown="inuse_space")
INLINED = (
    Frame(function="inner", file="/src/a.c", line=3, language="c"),
    Frame(function="outer", file="/src/a.c", line=9, language="c"),
)


def sample(*addresses: int, value: int = 1, **labels: str) -> Sample:
    return Sample(addresses=addresses, values=(value,), labels=tuple(labels.items()))


def encoded(
    *samples: Sample, namer: FakeNamer | None = None, mappings: tuple[Mapping, ...] = MAPPINGS
) -> Opened:
    encoder = Encoder()
    encoder.add(Process(samples=samples, mappings=mappings), namer or FakeNamer())
    return Opened.of(encoder.finished(HEADING))


def test_a_sample_has_its_stack_its_value_and_its_labels() -> None:
    names = {RETURN: INLINED[1:], IN_LIBRARY: (Frame(function="strdup"),)}

    opened = encoded(sample(IN_LIBRARY, RETURN, value=7, test="TestX"), namer=FakeNamer(names))

    assert list(opened.samples()) == [(["strdup", "outer /src/a.c:9"], [7], {"test": "TestX"})]


def test_inlined_functions_are_lines_of_one_location_innermost_first() -> None:
    opened = encoded(sample(RETURN), namer=FakeNamer({RETURN: INLINED}))

    (location,) = opened.message.location
    assert opened.lines(location.id) == ["inner /src/a.c:3", "outer /src/a.c:9"]


def test_a_location_is_the_call_before_the_return_address() -> None:
    namer = FakeNamer()
    opened = encoded(sample(RETURN), namer=namer)

    assert opened.message.location[0].address == CALL
    assert namer.asked == [RETURN]


def test_a_mapping_says_what_is_known_so_that_pprof_looks_nothing_up() -> None:
    names = {RETURN: INLINED, IN_LIBRARY: (Frame(function="strdup"),)}
    opened = encoded(sample(IN_LIBRARY, RETURN), namer=FakeNamer(names))

    program, library = opened.message.mapping
    assert (program.memory_start, program.memory_limit) == (PROGRAM.start, PROGRAM.end)
    assert program.file_offset == 0x1000
    assert opened.text(program.filename) == "/src/m.test"
    assert opened.text(program.build_id) == "abcd"
    assert program.has_functions
    assert (program.has_filenames, program.has_line_numbers, program.has_inline_frames) == (
        True,
        True,
        True,
    )
    assert library.has_functions
    assert not library.has_filenames
    assert not library.has_line_numbers
    assert not library.has_inline_frames


def test_the_program_comes_first_though_nothing_was_allocated_there() -> None:
    opened = encoded(sample(IN_LIBRARY))

    assert [opened.text(each.filename) for each in opened.message.mapping] == [
        "/src/m.test",
        "/lib/libc.so.6",
    ]


def test_an_address_outside_of_all_files_has_a_name_and_no_mapping() -> None:
    opened = encoded(sample(0x10), mappings=())

    (location,) = opened.message.location
    assert location.mapping_id == 0
    assert opened.lines(location.id) == ["0x10"]


def test_the_same_code_of_another_process_is_the_same_location() -> None:
    moved = dataclasses.replace(
        LIBRARY, start=LIBRARY.start + 0x5000, end=LIBRARY.end + 0x5000, inode=99
    )
    encoder = Encoder()
    encoder.add(Process(samples=(sample(IN_LIBRARY),), mappings=MAPPINGS), FakeNamer())
    encoder.add(
        Process(samples=(sample(IN_LIBRARY + 0x5000),), mappings=(PROGRAM, moved)), FakeNamer()
    )

    opened = Opened.of(encoder.finished(HEADING))

    assert len(opened.message.mapping) == 2
    assert len(opened.message.location) == 1
    assert [list(each.location_id) for each in opened.message.sample] == [[1], [1]]


def test_the_heading_is_written() -> None:
    heading = Heading(
        types=LEAK_TYPES,
        shown="leaked_space",
        comments=("m: tests passed", "größer"),
        time_ns=1_700_000_000_000_000_000,
        duration_ns=250_000_000,
    )
    opened = Opened.of(Encoder().finished(heading))

    assert opened.types == [
        "alloc_objects",
        "alloc_space",
        "inuse_objects",
        "inuse_space",
        "leaked_objects",
        "leaked_space",
    ]
    assert [opened.text(each.unit) for each in opened.message.sample_type] == [
        "count",
        "bytes",
    ] * 3
    assert opened.text(opened.message.default_sample_type) == "leaked_space"
    assert [opened.text(each) for each in opened.message.comment] == ["m: tests passed", "größer"]
    assert opened.message.time_nanos == 1_700_000_000_000_000_000
    assert opened.message.duration_nanos == 250_000_000


def test_the_same_heap_gives_the_same_bytes() -> None:
    def content() -> bytes:
        encoder = Encoder()
        encoder.add(Process(samples=(sample(RETURN),), mappings=MAPPINGS), FakeNamer())
        return encoder.finished(HEADING)

    assert content() == content()


@pytest.mark.parametrize("path", ["/lib/\udcff.so", "/lib/größer.so"])
def test_any_path_can_be_written(path: str) -> None:
    mapping = dataclasses.replace(LIBRARY, path=path)
    opened = encoded(sample(IN_LIBRARY), mappings=(mapping,))
    assert opened.text(opened.message.mapping[0].filename).startswith("/lib/")


@given(
    st.lists(
        st.tuples(
            st.lists(st.integers(0, 2**64 - 1), max_size=4),
            st.lists(st.integers(0, 2**63 - 1), min_size=4, max_size=4),
        ),
        max_size=4,
    )
)
def test_every_number_comes_back(rows: list[tuple[list[int], list[int]]]) -> None:
    samples = tuple(Sample(addresses=tuple(a), values=tuple(v)) for a, v in rows)
    encoder = Encoder()
    encoder.add(Process(samples=samples, mappings=MAPPINGS), FakeNamer())

    opened = Opened.of(encoder.finished(Heading(types=HEAP_TYPES, shown="inuse_space")))

    assert [values for _, values, _ in opened.samples()] == [values for _, values in rows]
    assert [len(stack) for stack, _, _ in opened.samples()] == [len(stack) for stack, _ in rows]
