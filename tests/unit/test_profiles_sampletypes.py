"""What is shown of the difference between two profiles."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest

from leakcheck.profiles.encoding import Encoder
from leakcheck.profiles.profile import HEAP_TYPES, LEAK_TYPES, Heading
from leakcheck.profiles.sampletypes import comparable_sample

if TYPE_CHECKING:
    from pathlib import Path

LEAKS = Heading(types=LEAK_TYPES, shown="leaked_space")
CLEAN = Heading(types=LEAK_TYPES, shown="inuse_space")
SNAPSHOT = Heading(types=HEAP_TYPES, shown="inuse_space")


def written(path: Path, heading: Heading) -> Path:
    path.write_bytes(Encoder().finished(heading))
    return path


@pytest.mark.parametrize(
    ("profile", "base", "sample"),
    [
        pytest.param(LEAKS, CLEAN, None, id="two checks"),
        pytest.param(LEAKS, SNAPSHOT, "inuse_space", id="a check less a snapshot"),
        pytest.param(SNAPSHOT, LEAKS, None, id="a snapshot less a check"),
        pytest.param(CLEAN, SNAPSHOT, None, id="a clean check less a snapshot"),
    ],
)
def test_what_both_have_is_shown(
    tmp_path: Path, profile: Heading, base: Heading, sample: str | None
) -> None:
    ours, theirs = written(tmp_path / "a", profile), written(tmp_path / "b", base)
    assert comparable_sample(ours, theirs) == sample


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"junk",
        b"\x1f\x8b",
        gzip.compress(b"\xff" * 9),
        gzip.compress(b"p\x7f"),
        b"\x1f\x8b\x08",
    ],
)
def test_a_profile_of_another_make_is_left_to_pprof(tmp_path: Path, content: bytes) -> None:
    other = tmp_path / "other"
    other.write_bytes(content)
    ours = written(tmp_path / "ours", LEAKS)
    assert comparable_sample(ours, other) is None
    assert comparable_sample(other, ours) is None
    assert comparable_sample(ours, tmp_path / "none") is None
