from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st
from report_samples import HOLDER, HOLDING, LEAK, LEAKS, PROJECT, c_frame

from leakcheck.model import LeakKind
from leakcheck.reports.sites import accepted, leak_sites, unaccepted

if TYPE_CHECKING:
    from leakcheck.model import Leak
    from leakcheck.reports.sites import Entry


def entries(*leaks: Leak) -> list[Entry]:
    return [entry for site in leak_sites(leaks, PROJECT) for entry in site.entries]


def test_leaks_of_one_place_are_one_site_and_the_largest_site_comes_first() -> None:
    sites = leak_sites(HOLDING.leaks, PROJECT)

    assert [(site.bytes, site.objects, len(site.entries)) for site in sites] == [
        (9096, 7, 2),
        (1, 1, 1),
    ]
    assert sites[0].frame == LEAK.stack[0]


def test_an_indirect_leak_is_folded_under_its_holder() -> None:
    first = entries(*HOLDING.leaks)[0]

    assert first.leak is HOLDER
    assert [leak.id for leak in first.held] == ["777777777777"]
    assert (first.bytes, first.objects) == (9048, 5)


def test_an_indirect_leak_stands_alone_when_its_holder_is_not_shown() -> None:
    assert len(entries(*HOLDING.leaks[1:])) == 3


def test_what_several_leaks_hold_is_folded_under_the_largest_and_told_to_be_shared() -> None:
    other = replace(HOLDER, id="larger", leaked_bytes=49)
    shared = replace(HOLDING.leaks[1], held_by=(HOLDER.id, "larger"))

    first, second = entries(HOLDER, shared, other)

    assert (first.leak.id, first.held, first.is_sharing) == ("larger", (shared,), True)
    assert (second.leak, second.held, second.is_sharing) == (HOLDER, (), False)


def test_leaks_without_any_place_are_not_thrown_together() -> None:
    nowhere = replace(LEAK, stack=(c_frame("f"),))
    sites = leak_sites((nowhere, replace(nowhere, id="other")), PROJECT)
    assert [site.frame for site in sites] == [None, None]


NAMES = st.integers(0, 4).map(lambda number: f"holder{number}")
HELD = st.tuples(st.integers(0, 99), st.integers(1, 9), st.sets(NAMES, max_size=4))


@given(st.integers(0, 4), st.lists(HELD, max_size=4))
def test_every_byte_and_object_is_shown_exactly_once(
    holders: int, held: list[tuple[int, int, set[str]]]
) -> None:
    leaks = [replace(LEAK, id=f"holder{number}") for number in range(holders)]
    leaks += [
        replace(
            LEAK,
            id=f"held{number}",
            kind=LeakKind.INDIRECT,
            leaked_bytes=size,
            leaked_objects=objects,
            held_by=tuple(names),
        )
        for number, (size, objects, names) in enumerate(held)
    ]

    sites = leak_sites(leaks, PROJECT)

    assert sum(site.bytes for site in sites) == sum(leak.leaked_bytes for leak in leaks)
    assert sum(site.objects for site in sites) == sum(leak.leaked_objects for leak in leaks)


def test_accepted_leaks_are_told_by_what_accepts_them() -> None:
    groups = [(line, [leak.id for leak in group]) for line, group in accepted(LEAKS)]
    assert groups == [("leak:probe_open", ["eeeeeeeeeeee"]), ("", ["ffffffffffff"])]
    assert len(unaccepted(LEAKS)) == len(LEAKS) - 2
