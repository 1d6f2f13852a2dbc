"""Whatever others write is read, or refused in our own words, and in time."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.targets import TARGETS, Target

MEGABYTE = 1 << 20
GENEROUS_S = 20.0
"""Of processor time, for a megabyte; what is quadratic takes hours."""

SMALL = {name: target for name, target in TARGETS.items() if name != "elf"}
EDITS = st.lists(st.tuples(st.integers(0), st.binary(max_size=6)), max_size=6)


def damaged(sample: bytes, edits: list[tuple[int, bytes]], end: int) -> bytes:
    """The sample with some places overwritten, and cut somewhere."""
    content = bytearray(sample)
    for place, data in edits:
        at = place % (len(content) + 1)
        content[at : at + len(data)] = data
    return bytes(content[: end % (len(content) + 1)])


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_the_samples_are_read_without_refusal(target: Target) -> None:
    for sample in target.samples:
        target.read(sample)


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_damaged_sample_is_read_or_refused(target: Target, data: st.DataObject) -> None:
    sample = data.draw(st.sampled_from(target.samples))
    target.attempt(damaged(sample, data.draw(EDITS), data.draw(st.integers(0))))


@pytest.mark.parametrize("target", SMALL.values(), ids=SMALL)
@settings(max_examples=60, deadline=None)
@given(data=st.binary())
def test_any_bytes_are_read_or_refused(target: Target, data: bytes) -> None:
    target.attempt(data)


@pytest.mark.parametrize("unit", [b"\n", b" ", b"0", b"a", b"0 ", b"{\n", b"'", b"\\", b"panic: "])
@pytest.mark.parametrize("target", SMALL.values(), ids=SMALL)
def test_a_megabyte_of_the_same_takes_no_quadratic_time(target: Target, unit: bytes) -> None:
    started = time.process_time()

    target.attempt(unit * (MEGABYTE // len(unit)))

    assert time.process_time() - started < GENEROUS_S


@pytest.mark.parametrize("target", SMALL.values(), ids=SMALL)
def test_a_megabyte_of_a_sample_takes_no_quadratic_time(target: Target) -> None:
    sample = target.samples[0]
    started = time.process_time()

    target.attempt(sample * (MEGABYTE // len(sample)))

    assert time.process_time() - started < GENEROUS_S


def test_the_targets_need_no_fuzzer() -> None:
    source = (Path(__file__).parents[1] / "fuzz" / "targets.py").read_text()

    assert "atheris" not in source
