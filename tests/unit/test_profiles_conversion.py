"""Text heap profiles, converted to what pprof shows."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from profile_samples import Opened
from report_samples import TESTDATA, refusal

from leakcheck.errors import BadInput, MalformedReport
from leakcheck.profiles.conversion import encode_text_profile, readable_profile
from leakcheck.symbolise import Symboliser

GPERFTOOLS = TESTDATA / "heap" / "gperftools.heap"
NOWHERE = Path("/nonexistent")
PIECES = st.sampled_from([b"", b"9", b"\n", b"\xff", b"0x", b":", b" ", b"f" * 17])
AGENTS = TESTDATA / "evidence" / "direct.heap"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "converted"
    made.mkdir()
    return made


def test_a_profile_of_gperftools_has_the_same_numbers_afterwards(folder: Path) -> None:
    converted = readable_profile(GPERFTOOLS, folder, Symboliser(folder))

    opened = Opened.of(converted.read_bytes())
    assert opened.totals() == {
        "alloc_objects": 7,
        "alloc_space": 528,
        "inuse_objects": 7,
        "inuse_space": 528,
    }
    assert opened.text(opened.message.default_sample_type) == "inuse_space"
    program = opened.message.mapping[0]
    assert opened.text(program.filename).endswith("/leaky")


def test_a_profile_that_lacks_rows_says_so(tmp_path: Path) -> None:
    lines = GPERFTOOLS.read_text().splitlines(keepends=True)
    content = "".join(lines[:3] + lines[4:]).encode()

    opened = Opened.of(encode_text_profile(content, "x", Symboliser(tmp_path)))

    assert [opened.text(each) for each in opened.message.comment] == [
        "rows are missing: 424 bytes in 6 objects are here, 528 bytes in 7 objects were in use"
    ]


def test_a_profile_of_the_agent_is_read_too(folder: Path) -> None:
    converted = readable_profile(AGENTS, folder, Symboliser(folder))

    assert Opened.of(converted.read_bytes()).totals()["inuse_objects"] > 0


def test_two_profiles_of_one_name_are_converted_into_two_files(folder: Path) -> None:
    symboliser = Symboliser(folder.parent)
    both = {readable_profile(GPERFTOOLS, folder, symboliser) for _ in range(2)}

    assert len(both) == 2
    assert all(path.parent == folder for path in both)


def test_what_is_no_text_profile_is_left_to_pprof(tmp_path: Path, folder: Path) -> None:
    path = tmp_path / "cpu.pb.gz"
    path.write_bytes(b"\x1f\x8bwhatever")

    assert readable_profile(path, folder, Symboliser(folder)) == path
    assert list(folder.iterdir()) == []


def test_what_can_be_read_but_once_is_copied(tmp_path: Path, folder: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(b"\x1f\x8bwhatever",))
    writer.start()

    readable = readable_profile(pipe, folder, Symboliser(folder))

    writer.join()
    assert readable.parent == folder
    assert readable.read_bytes() == b"\x1f\x8bwhatever"


@pytest.mark.parametrize("name", ["none.heap", "."])
def test_a_profile_that_cannot_be_read_is_named(tmp_path: Path, folder: Path, name: str) -> None:
    with pytest.raises(BadInput, match=str(tmp_path)) as caught:
        readable_profile(tmp_path / name, folder, Symboliser(folder))
    assert caught.value.why


def test_a_damaged_profile_is_named_with_line_number_and_line(tmp_path: Path, folder: Path) -> None:
    path = tmp_path / "cut.heap"
    path.write_text(GPERFTOOLS.read_text().replace("     1:      104", "     1:      1o4", 1))

    with pytest.raises(MalformedReport) as caught:
        readable_profile(path, folder, Symboliser(folder))
    assert caught.value.what == f"cannot read the profile {path}"
    assert caught.value.why.startswith("line 3: not a row of a heap profile: '     1:      1o4 [")


@given(st.lists(st.tuples(st.integers(13), st.integers(0, 2), PIECES), min_size=1, max_size=6))
def test_a_damaged_profile_is_still_right_or_refused(
    damages: list[tuple[int, int, bytes]],
) -> None:
    content = bytearray(GPERFTOOLS.read_bytes())
    for place, length, piece in damages:
        start = place % len(content)
        content[start : start + length] = piece

    def convert(damaged: str) -> None:
        data = damaged.encode(errors="surrogateescape")
        Opened.of(encode_text_profile(data, "x", Symboliser(NOWHERE)))

    why = refusal(convert, content.decode(errors="surrogateescape"))
    assert not why or why.startswith("line ")
