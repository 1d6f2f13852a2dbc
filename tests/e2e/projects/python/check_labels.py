"""Tests of the extension `labels`, run by an end-to-end test."""

import labels
import pytest


def test_texts_are_joined() -> None:
    assert labels.join("a", "b", "c") == "abc"


def test_a_number_is_no_text() -> None:
    with pytest.raises(TypeError):
        labels.join("first", "second", 3)


def test_the_size_is_told() -> None:
    assert [labels.size(number) for number in (20, 30, 40)] == [20, 30, 40]
