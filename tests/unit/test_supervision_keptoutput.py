from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from leakcheck.supervision.keptoutput import KeptOutput

NOTE = re.compile(r"\n\[leakcheck: (\d+) bytes of output left out\]\n")


def kept(pieces: list[bytes], limit: int) -> str:
    output = KeptOutput(limit)
    for piece in pieces:
        output.add(piece)
    return output.text()


def test_what_fits_is_kept_whole() -> None:
    assert kept([b"one ", b"two ", b"three"], 100) == "one two three"


def test_nothing_added_is_nothing_kept() -> None:
    assert kept([], 100) == ""


def test_the_middle_of_too_much_is_left_out_and_counted() -> None:
    pieces = [b"%04d" % number for number in range(100)]

    assert kept(pieces, 16) == "00000001\n[leakcheck: 384 bytes of output left out]\n00980099"


def test_a_character_cut_between_two_pieces_is_whole_again() -> None:
    euro = "€".encode()

    assert kept([euro[:1], euro[1:]], 100) == "€"


def test_bytes_that_are_no_text_are_replaced() -> None:
    assert kept([b"a\xffb"], 100) == "a\ufffdb"


def test_memory_stays_bounded_however_much_comes() -> None:
    output = KeptOutput(1000)
    for _ in range(10_000):
        output.add(b"x" * 100)

    assert len(output.text()) < 1000 + 100 + 60


@given(st.lists(st.binary(max_size=50), max_size=60), st.integers(min_value=2, max_value=400))
def test_what_is_kept_and_what_is_left_out_are_together_what_came(
    pieces: list[bytes], limit: int
) -> None:
    ascii_pieces = [bytes(byte % 26 + 97 for byte in piece) for piece in pieces]
    whole = b"".join(ascii_pieces).decode()

    text = kept(ascii_pieces, limit)

    note = NOTE.search(text)
    if note is None:
        assert text == whole
    else:
        head, tail = text[: note.start()], text[note.end() :]
        assert whole.startswith(head)
        assert whole.endswith(tail)
        assert len(head) == limit // 2
        assert len(tail) >= limit // 2
        assert len(head) + len(tail) + int(note[1]) == len(whole)


@given(st.lists(st.binary(max_size=50), max_size=60), st.integers(min_value=2, max_value=400))
def test_no_more_is_kept_than_the_limit_and_one_piece(pieces: list[bytes], limit: int) -> None:
    ascii_pieces = [bytes(byte % 26 + 97 for byte in piece) for piece in pieces]

    assert len(NOTE.sub("", kept(ascii_pieces, limit))) <= limit + 50
