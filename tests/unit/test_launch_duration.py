from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakcheck.errors import BadInput
from leakcheck.launch.duration import parse_duration, render_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30m", 1800.0),
        ("90s", 90.0),
        ("1h30m", 5400.0),
        ("1h30m10s", 5410.0),
        ("1.5h", 5400.0),
        (".5s", 0.5),
        ("5.s", 5.0),
        ("250ms", 0.25),
        ("10us", 0.00001),
        ("10µs", 0.00001),
        ("0", 0.0),
        ("0s", 0.0),
        (" 2m ", 120.0),
    ],
)
def test_a_time_span_is_read_as_go_reads_it(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "90", "m", "-1s", "1 h", "1d", "h1", "1s!", "1e3s", "٣s", "1m 30", ".s", "inf"]
)
def test_what_go_would_refuse_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="time span") as caught:
        parse_duration(text)

    assert caught.value.hint == "--timeout 1h30m"


def test_a_span_longer_than_go_can_count_is_refused() -> None:
    assert parse_duration("2562047h") == 2562047 * 3600

    with pytest.raises(BadInput, match="longer than Go can count"):
        parse_duration("2562048h")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (0.25, "0.25s"),
        (90, "1m30s"),
        (1800, "30m0s"),
        (5400, "1h30m0s"),
        (5410.5, "1h30m10.5s"),
        (100, "1m40s"),
        (10, "10s"),
    ],
)
def test_a_time_span_is_written_as_go_writes_it(seconds: float, text: str) -> None:
    assert render_duration(seconds) == text


@given(st.integers(min_value=0, max_value=2**53))
def test_what_is_written_is_read_back(milliseconds: int) -> None:
    seconds = milliseconds / 1000

    if seconds <= 2**63 / 1e9 - 1:
        assert parse_duration(render_duration(seconds)) == pytest.approx(seconds, abs=1e-6)


@given(st.text())
def test_any_text_is_a_span_or_an_error(text: str) -> None:
    try:
        assert parse_duration(text) >= 0
    except BadInput as error:
        assert "--timeout" in error.what  # noqa: PT017 - both outcomes are fine
