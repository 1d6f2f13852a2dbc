from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from elf_samples import Elf, debug_sections, function, uleb128, unit
from hypothesis import given
from hypothesis import strategies as st

from leakcheck.toolchain.elf import opened_elf
from leakcheck.toolchain.godwarf import DebugInformation
from leakcheck.toolchain.gotrunner import FrameSlot, frame_offset, read_test_slot

if TYPE_CHECKING:
    from pathlib import Path

FBREG, CFA = 0x91, 0x9C


def sleb128(value: int) -> list[int]:
    data = []
    while not -64 <= value < 64:
        data.append(value & 0x7F | 0x80)
        value >>= 7
    return [*data, value & 0x7F]


@pytest.mark.parametrize(
    ("expression", "offset"),
    [
        ([CFA], 0),
        ([FBREG, 0x08], 8),
        ([FBREG, 0x78], -8),
        ([FBREG, 0x80, 0x01], 128),
        ([FBREG, 0x80, 0x7F], -128),
    ],
)
def test_a_place_in_the_frame_is_an_offset_from_its_end(expression: list[int], offset: int) -> None:
    assert frame_offset(expression) == offset


@pytest.mark.parametrize(
    "expression",
    [[], [FBREG], [FBREG, 0x80], [0x50], [CFA, 0x23, 8], [0x93, 8]],
    ids=["empty", "no number", "a cut number", "a register", "more after the frame", "a piece"],
)
def test_another_expression_is_no_place_in_the_frame(expression: list[int]) -> None:
    assert frame_offset(expression) is None


@given(st.integers(-(2**40), 2**40))
def test_every_offset_comes_back(offset: int) -> None:
    assert frame_offset([FBREG, *sleb128(offset)]) == offset


@given(st.integers(64, 2**20))
def test_the_number_is_read_as_signed(number: int) -> None:
    unsigned = list(uleb128(number))

    assert (frame_offset([FBREG, *unsigned]) == number) == (not unsigned[-1] & 0x40)


# In a program


def slot(folder: Path, *functions: bytes) -> FrameSlot | None:
    path = folder / "x.test"
    sections = debug_sections(unit("runtime", {}), unit("testing", {}, others=functions))
    path.write_bytes(bytes(Elf(sections=sections)))
    with opened_elf(path) as elf:
        return read_test_slot(DebugInformation(elf))


@pytest.mark.parametrize("version", [4, 5])
def test_an_argument_with_one_place_has_it_in_the_whole_function(
    tmp_path: Path, version: int
) -> None:
    runner = function("testing.tRunner", 0x4F65E0, 0x134, {"t": [CFA], "fn": [FBREG, 8]})
    path = tmp_path / "x.test"
    described = unit("testing", {}, others=(runner,), version=version)
    path.write_bytes(bytes(Elf(sections=debug_sections(described))))

    with opened_elf(path) as elf:
        found = read_test_slot(DebugInformation(elf))

    assert found == FrameSlot(0x4F65E0, 0x4F65E0 + 0x134, 0)


def test_an_argument_in_a_register_has_no_place_in_the_frame(tmp_path: Path) -> None:
    assert slot(tmp_path, function("testing.tRunner", 16, 16, {"t": [0x50]})) is None


def test_only_the_argument_t_is_looked_for(tmp_path: Path) -> None:
    assert slot(tmp_path, function("testing.tRunner", 16, 16, {"fn": [CFA]})) is None


def test_a_function_with_another_name_is_another_function(tmp_path: Path) -> None:
    others = (
        function("testing.tRunner.func1", 16, 16, {"t": [CFA]}),
        function("my/testing.tRunner", 16, 16, {"t": [CFA]}),
        function("tRunner", 16, 16, {"t": [CFA]}),
    )

    assert slot(tmp_path, *others) is None
    assert slot(tmp_path, *others, function("testing.tRunner", 32, 16, {"t": [FBREG, 8]})) == (
        FrameSlot(32, 48, 8)
    )


def test_a_program_without_tests_has_no_runner(tmp_path: Path) -> None:
    assert slot(tmp_path) is None
