from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_samples import CRASHED, RUN

from leakcheck.errors import BadInput
from leakcheck.judge import judge
from leakcheck.launch.argv import isolated_argv
from leakcheck.model import Level, Part
from leakcheck.shards import WHOLE, Dealer, as_part, durations_of, parse_shard

UNITS = st.lists(st.text("abc", min_size=1, max_size=4), unique=True, max_size=30)
GROUPS = st.lists(UNITS, max_size=4).map(
    lambda groups: [[f"{n} {unit}" for unit in group] for n, group in enumerate(groups)]
)
SECONDS = st.dictionaries(
    st.text("0123 abc", max_size=6), st.floats(0, 100, allow_nan=False), max_size=20
)


def dealt(
    groups: list[list[str]], count: int, durations: dict[str, float] | None = None
) -> list[set[str]]:
    """What each of `count` machines takes of all groups."""
    shares = []
    for index in range(1, count + 1):
        dealer = Dealer(Part(index=index, count=count), durations or {})
        shares.append({unit for group in groups for unit in dealer.deal(group)})
    return shares


@pytest.mark.parametrize(("text", "index", "count"), [("1/1", 1, 1), (" 2/3 ", 2, 3)])
def test_a_shard_is_written_as_i_of_n(text: str, index: int, count: int) -> None:
    assert parse_shard(text) == Part(index=index, count=count)
    assert str(parse_shard(text)) == text.strip()


@pytest.mark.parametrize(
    "text", ["", "2", "0/2", "3/2", "1/0", "-1/2", "1/2/3", "a/b", "\u0661/\u0662"]
)
def test_what_is_no_shard_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="is not I/N"):
        parse_shard(text)


@given(GROUPS, st.integers(1, 6), SECONDS)
def test_every_unit_falls_to_exactly_one_shard(
    groups: list[list[str]], count: int, durations: dict[str, float]
) -> None:
    shares = dealt(groups, count, durations)

    assert sorted(unit for share in shares for unit in share) == sorted(
        unit for group in groups for unit in group
    )


@given(GROUPS, st.integers(1, 6))
def test_without_durations_shards_differ_by_one_unit_at_most(
    groups: list[list[str]], count: int
) -> None:
    sizes = [len(share) for share in dealt(groups, count)]

    assert max(sizes) - min(sizes) <= 1


@given(UNITS, st.integers(1, 6), SECONDS)
def test_no_shard_is_longer_than_another_by_more_than_its_last_unit(
    units: list[str], count: int, durations: dict[str, float]
) -> None:
    known = {unit: durations.get(unit, 1.0) for unit in units}
    loads = [sum(known[unit] + 0.3 for unit in share) for share in dealt([units], count, known)]

    longest = max((seconds + 0.3 for seconds in known.values()), default=0)
    assert max(loads) - min(loads) <= longest + 1e-6


def test_the_longest_test_has_a_shard_to_itself() -> None:
    durations = {"a": 1.0, "slow": 9.0, "b": 1.0, "c": 1.0}

    assert dealt([["a", "slow", "b", "c"]], 2, durations) == [{"slow"}, {"a", "b", "c"}]


def test_one_machine_has_all() -> None:
    assert Dealer(WHOLE, {}).deal(["a", "b"]) == {"a", "b"}


def test_what_is_dealt_and_noted_is_remembered_in_order_and_once() -> None:
    dealer = Dealer(WHOLE, {})
    dealer.deal(["p TestB", "p TestA"])
    dealer.note("p")
    dealer.note("p")

    assert dealer.dealt() == Part(index=1, count=1, units=("p TestB", "p TestA", "p"))


def test_durations_are_those_of_an_earlier_report() -> None:
    argv = isolated_argv(("x.test", "-test.paniconexit0"), "^TestA$")
    alone = replace(RUN, argv=argv, duration_s=1.5)

    durations = durations_of(judge([RUN, alone, CRASHED], level=Level.NORMAL))

    assert durations == {
        RUN.package: 0.25,
        f"{RUN.package} TestA": 1.5,
        CRASHED.package: CRASHED.duration_s,
    }


def test_a_report_says_which_part_it_is() -> None:
    part = Part(index=1, count=2, units=(RUN.package, "other"))

    report = as_part(judge([RUN], level=Level.NORMAL), part)

    assert report == replace(judge([RUN], level=Level.NORMAL), shard=part)
