"""Where `testing.tRunner(t *T, fn func(t *T))` keeps `t`: it names the test that runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from elftools.dwarf.locationlists import BaseAddressEntry, LocationEntry, LocationParser

from leakcheck.toolchain.elf import DAMAGE_ERRORS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from elftools.dwarf.die import DIE

    from leakcheck.toolchain.godwarf import DebugInformation

__all__ = ["FrameSlot", "frame_offset", "read_test_slot"]

_FUNCTION, _ARGUMENT = "testing.tRunner", b"t"
_FRAME_BASE, _CALL_FRAME_CFA = 0x91, 0x9C  # DW_OP_fbreg, DW_OP_call_frame_cfa
_SIGN_BIT, _LOW_BITS, _MORE = 0x40, 0x7F, 0x80


class FrameSlot(NamedTuple):
    """While the program is at an address of `start`…`end`, `t` is at `offset` from the CFA.

    The canonical frame address is where the caller's frame begins.
    """

    start: int
    end: int
    offset: int


def read_test_slot(information: DebugInformation) -> FrameSlot | None:
    """Find where most of `testing.tRunner` keeps `t` in memory; None when the file is silent."""
    try:
        for function in information.entries(_FUNCTION, "DW_TAG_subprogram"):
            slots = tuple(_slots(function, information.dwarf.location_lists()))
            if slots:
                return max(slots, key=lambda slot: slot.end - slot.start)
    except DAMAGE_ERRORS:
        return None
    return None


def frame_offset(expression: Sequence[int]) -> int | None:
    """Read `DW_OP_call_frame_cfa` (0) or `DW_OP_fbreg n` (n); None for any other expression.

    Go's frame base is the CFA. The number is a signed LEB128 (DWARF 5, section 7.6).
    """
    if list(expression) == [_CALL_FRAME_CFA]:
        return 0
    if not expression or expression[0] != _FRAME_BASE:
        return None
    value = shift = 0
    for byte in expression[1:]:
        value |= (byte & _LOW_BITS) << shift
        shift += 7
    if len(expression) == 1 or expression[-1] & _MORE:
        return None
    return value - (1 << shift) if expression[-1] & _SIGN_BIT else value


def _slots(function: DIE, lists: Any) -> Iterator[FrameSlot]:
    for argument in function.iter_children():
        if _name(argument) == _ARGUMENT and "DW_AT_location" in argument.attributes:
            yield from _places(function, argument, lists)


def _places(function: DIE, argument: DIE, lists: Any) -> Iterator[FrameSlot]:
    low = function.attributes["DW_AT_low_pc"].value
    high = function.attributes["DW_AT_high_pc"]
    end = high.value if high.form == "DW_FORM_addr" else low + high.value
    location = LocationParser(lists).parse_from_attribute(
        argument.attributes["DW_AT_location"], function.cu["version"], argument
    )
    if not isinstance(location, list):
        offset = frame_offset(location.loc_expr)
        if offset is not None:
            yield FrameSlot(low, end, offset)
        return
    base = function.cu.get_top_DIE().attributes["DW_AT_low_pc"].value
    for entry in location:
        if isinstance(entry, BaseAddressEntry):
            base = entry.base_address
        elif isinstance(entry, LocationEntry):
            offset = frame_offset(entry.loc_expr)
            start = 0 if entry.is_absolute else base
            if offset is not None:
                yield FrameSlot(start + entry.begin_offset, start + entry.end_offset, offset)


def _name(entry: DIE) -> bytes:
    attribute = entry.attributes.get("DW_AT_name")
    return b"" if attribute is None else bytes(attribute.value)
