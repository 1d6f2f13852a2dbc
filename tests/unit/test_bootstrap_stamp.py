from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bootstrap.stamp import Stamp, fingerprint, parse_stamp, render_stamp

FINGERPRINTS = st.one_of(st.just(""), st.text("0123456789abcdef", min_size=64, max_size=64))


@given(FINGERPRINTS, FINGERPRINTS, FINGERPRINTS)
def test_a_stamp_survives_its_file(packages: str, project: str, go: str) -> None:
    stamp = Stamp(packages=packages, project=project, go=go)
    assert parse_stamp(render_stamp(stamp)) == stamp


@given(st.text())
def test_any_text_is_read_without_an_error(text: str) -> None:
    assert isinstance(parse_stamp(text), Stamp)


def test_a_stamp_cut_short_counts_the_lost_parts_as_not_done() -> None:
    assert parse_stamp("packages abc\nproj") == Stamp(packages="abc")


def test_an_empty_file_is_no_stamp() -> None:
    assert parse_stamp("") == Stamp()


@given(st.lists(st.text(), max_size=4), st.lists(st.text(), max_size=4))
def test_two_inputs_share_a_fingerprint_only_when_they_are_the_same(
    one: list[str], other: list[str]
) -> None:
    assert (fingerprint(one) == fingerprint(other)) == (one == other)


def test_the_border_between_two_parts_counts() -> None:
    assert fingerprint(("ab", "c")) != fingerprint(("a", "bc"))
