"""From rows of the agent's and gperftools' files to samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st
from profile_samples import heap, row

from leakcheck.evidence import AgentReport, RowTest
from leakcheck.model import Evidence, Frame, LeakKind
from leakcheck.profiles.profile import HEAP_TYPES, LEAK_TYPES, Sample
from leakcheck.profiles.rows import heap_samples, leak_samples

if TYPE_CHECKING:
    from leakcheck.heapprofile import Row
    from leakcheck.procmaps import Mapping

AMOUNTS = st.tuples(st.integers(0, 99), st.integers(0, 9999))
ADDRESSES = st.lists(st.integers(1, 3), max_size=2).map(tuple)
ROWS = st.lists(
    st.builds(
        lambda amount, stack: row(*amount, *stack, allocated=(amount[0] + 1, amount[1] + 8)),
        AMOUNTS,
        ADDRESSES,
    ),
    max_size=5,
)


def nameless(addresses: tuple[int, ...], _: tuple[Mapping, ...]) -> tuple[Frame, ...]:
    return tuple(Frame(function=f"f{address}") for address in addresses)


def test_the_test_is_read_off_the_stack_where_the_file_does_not_tell() -> None:
    function = "example.com/m.TestProbe"

    def stack_of(*_: object) -> tuple[Frame, ...]:
        return (
            Frame(function=function, file="/src/m_test.go", language="go"),
            Frame(function="testing.tRunner", language="go"),
        )

    (sample,) = heap_samples(heap(row(1, 8, 0x1)), stack_of)
    assert sample.labels == (("test", "TestProbe"),)


def report(direct: list[Row], indirect: list[Row], *tests: RowTest) -> AgentReport:
    return AgentReport(
        evidence=Evidence(), direct=heap(*direct), indirect=heap(*indirect), tests=tests
    )


def test_the_columns_of_a_row_become_the_values_of_a_sample() -> None:
    (sample,) = heap_samples(heap(row(2, 20, 0x1, 0x2, allocated=(5, 50))), nameless)

    assert [each.name for each in HEAP_TYPES] == [
        "alloc_objects",
        "alloc_space",
        "inuse_objects",
        "inuse_space",
    ]
    assert sample == Sample(addresses=(0x1, 0x2), values=(5, 50, 2, 20))


def test_what_is_lost_stands_beside_what_is_in_use_on_the_same_stack() -> None:
    in_use = heap(row(3, 30, 0x1, allocated=(9, 90)), row(1, 8, 0x2))

    samples = leak_samples(report([row(1, 10, 0x1)], [row(1, 10, 0x1)]), in_use, nameless)

    assert samples == (
        Sample(addresses=(0x1,), values=(9, 90, 3, 30, 2, 20)),
        Sample(addresses=(0x2,), values=(1, 8, 1, 8, 0, 0)),
    )


def test_rows_of_one_stack_stay_apart_by_test() -> None:
    in_use = heap(row(1, 10, 0x1), row(2, 20, 0x1))
    tests = (
        RowTest(kind=None, row=0, test="TestA"),
        RowTest(kind=None, row=1, test="TestB/sub"),
        RowTest(kind=LeakKind.INDIRECT, row=0, test="TestB/sub"),
    )

    samples = leak_samples(report([], [row(2, 20, 0x1)], *tests), in_use, nameless)

    assert [(sample.labels, sample.values[2:]) for sample in samples] == [
        ((("test", "TestA"),), (1, 10, 0, 0)),
        ((("test", "TestB/sub"),), (2, 20, 2, 20)),
    ]


def test_the_package_is_a_label_too() -> None:
    (sample,) = leak_samples(
        report([], []), heap(row(1, 8, 0x1)), nameless, package="example.com/m"
    )
    assert sample.labels == (("package", "example.com/m"),)


@given(ROWS, ROWS, ROWS)
def test_nothing_is_lost_or_counted_twice(
    in_use: list[Row], direct: list[Row], indirect: list[Row]
) -> None:
    samples = leak_samples(report(direct, indirect), heap(*in_use), nameless)
    sums = [sum(sample.values[place] for sample in samples) for place in range(len(LEAK_TYPES))]
    assert sums == [
        sum(each.allocated_objects for each in in_use),
        sum(each.allocated_bytes for each in in_use),
        sum(each.objects for each in in_use),
        sum(each.bytes for each in in_use),
        sum(each.objects for each in (*direct, *indirect)),
        sum(each.bytes for each in (*direct, *indirect)),
    ]
    assert len({(sample.addresses, sample.labels) for sample in samples}) == len(samples)
