from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from elf_samples import (
    AARCH64,
    X86_64,
    Elf,
    Tls,
    base_type,
    build_info,
    debug_sections,
    uleb128,
    unit,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leakcheck.errors import BadInput
from leakcheck.toolchain.golayout import parse_build_info, read_go_layout, tls_offset
from leakcheck.toolchain.processor import ARM64

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

G_ALONE = Tls(size_bytes=8, alignment=8)
SYMBOLS = {"runtime.text": 0x402440, "runtime.etext": 0x5E3950, "runtime.tlsg": 0}

# As in Go 1.26; members that are not read stand between those that are.
G = {
    "stack": 0,
    "stackguard0": 16,
    "m": 48,
    "sched": 56,
    "syscallsp": 104,
    "syscallpc": 112,
    "syscallbp": 120,
    "goid": 152,
    "parentGoid": 280,
    "gopc": 288,
    "atomicstatus": 144,
}
STRUCTURES = {
    "runtime.g": G,
    "runtime.stack": {"lo": 0, "hi": 8},
    "runtime.m": {"g0": 0, "gsignal": 80, "curg": 184},
    "runtime.gobuf": {"sp": 0, "pc": 8},
}
LAYOUT = {
    "go": "1",
    "go_version": "go1.26.8",
    "go_text_start": "0x402440",
    "go_text_end": "0x5e3950",
    "go_tlsg": "-8",
    "go_g_m": "48",
    "go_g_sched_sp": "56",
    "go_g_stack_lo": "0",
    "go_g_stack_hi": "8",
    "go_g_syscallsp": "104",
    "go_g_syscallpc": "112",
    "go_g_syscallbp": "120",
    "go_g_goid": "152",
    "go_g_parent": "280",
    "go_g_gopc": "288",
    "go_g_status": "144",
    "go_m_g0": "0",
    "go_m_curg": "184",
}
TINY = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def program(
    folder: Path,
    *units: bytes,
    symbols: dict[str, int] | None = SYMBOLS,
    tls: Tls | None = G_ALONE,
    version: str = "go1.26.8",
    machine: int = X86_64,
) -> Path:
    sections = {".go.buildinfo": build_info(version)}
    if units:
        sections |= debug_sections(*units)
    path = folder / "x.test"
    elf = Elf(machine=machine, symbols=symbols, tls=tls, sections=sections, build_id=b"\xab")
    path.write_bytes(bytes(elf))
    return path


def only_file(cache: Path) -> Path:
    (kept,) = (path for path in cache.rglob("*") if path.is_file())
    return kept


def without(*keys: str) -> dict[str, str]:
    return {key: value for key, value in LAYOUT.items() if key not in keys}


def structures(**changes: Mapping[str, int]) -> dict[str, dict[str, int]]:
    return STRUCTURES | {f"runtime.{name}": dict(members) for name, members in changes.items()}


def test_the_layout_is_read_in_the_order_of_the_documentation(tmp_path: Path) -> None:
    path = program(tmp_path, unit("runtime", STRUCTURES))

    assert read_go_layout(path) == tuple(LAYOUT.items())


@pytest.mark.parametrize("version", [4, 5])
def test_both_versions_of_the_debug_information_are_read(tmp_path: Path, version: int) -> None:
    path = program(tmp_path, unit("runtime", STRUCTURES, version=version))

    assert dict(read_go_layout(path)) == LAYOUT


def test_members_placed_by_an_expression_are_read(tmp_path: Path) -> None:
    path = program(tmp_path, unit("runtime", STRUCTURES, opcode=0x23))

    assert dict(read_go_layout(path)) == LAYOUT


def test_an_unknown_expression_is_a_reason_and_no_guess(tmp_path: Path) -> None:
    layout = dict(read_go_layout(program(tmp_path, unit("runtime", STRUCTURES, opcode=0x10))))

    assert layout["go_layout_missing"].startswith("the debug information lacks go_g_goid, ")
    assert "go_g_m" not in layout


def test_a_name_that_stands_somewhere_by_chance_is_no_structure(tmp_path: Path) -> None:
    # The code of a structure stands before the chance name, and no members after it.
    names = ("*\x02runtime.g", "int", "[]\x02runtime.stack")
    chance = tuple(base_type(name) for name in names)
    units = (
        unit("main", {}, others=chance),
        unit("runtime", STRUCTURES, others=chance),
    )

    assert dict(read_go_layout(program(tmp_path, *units))) == LAYOUT


def test_the_structures_may_stand_in_any_unit(tmp_path: Path) -> None:
    units = (
        unit("main", {"main.g": {"m": 1}}),
        unit("runtime", {}),
        unit("runtime", STRUCTURES),
        unit("os", {"os.File": {"fd": 0}}),
    )

    assert dict(read_go_layout(program(tmp_path, *units))) == LAYOUT


def test_a_structure_of_another_package_is_another_structure(tmp_path: Path) -> None:
    strange = {"example.com/runtime.g": {"m": 9}, "xruntime.g": {"m": 9}}

    path = program(tmp_path, unit("runtime", {**strange, **STRUCTURES}))

    assert dict(read_go_layout(path)) == LAYOUT


def test_a_nested_structure_shifts_its_members(tmp_path: Path) -> None:
    changed = structures(
        g={**G, "stack": 16, "sched": 64}, stack={"lo": 1, "hi": 9}, gobuf={"sp": 8}
    )

    layout = dict(read_go_layout(program(tmp_path, unit("runtime", changed))))

    assert layout["go_g_stack_lo"] == "17"
    assert layout["go_g_stack_hi"] == "25"
    assert layout["go_g_sched_sp"] == "72"


def test_old_go_has_no_syscallbp_and_nothing_is_missing(tmp_path: Path) -> None:
    old = {name: place for name, place in G.items() if name != "syscallbp"}

    path = program(tmp_path, unit("runtime", structures(g=old)))

    assert dict(read_go_layout(path)) == without("go_g_syscallbp")


def test_a_field_that_is_gone_is_named_and_the_others_are_given(tmp_path: Path) -> None:
    newer = {name: place for name, place in G.items() if name not in {"goid", "m"}}

    layout = dict(read_go_layout(program(tmp_path, unit("runtime", structures(g=newer)))))

    reason = layout.pop("go_layout_missing")
    assert reason == "the debug information lacks go_g_goid, go_g_m"
    assert layout == without("go_g_goid", "go_g_m")


def test_without_debug_information_the_symbols_are_still_read(tmp_path: Path) -> None:
    layout = dict(read_go_layout(program(tmp_path)))

    assert layout == {
        "go": "1",
        "go_version": "go1.26.8",
        "go_text_start": "0x402440",
        "go_text_end": "0x5e3950",
        "go_tlsg": "-8",
        "go_layout_missing": "no debug information (built with -ldflags=-w or -s)",
    }


def test_on_arm64_g_has_another_name(tmp_path: Path) -> None:
    both = {**SYMBOLS, "runtime.tls_g": 0, "runtime.tlsg": 8}
    layout = dict(read_go_layout(program(tmp_path, symbols=both, machine=AARCH64)))

    assert layout["go_tlsg"] == "16"


def test_a_stripped_program_gives_both_reasons(tmp_path: Path) -> None:
    layout = dict(read_go_layout(program(tmp_path, symbols=None)))

    assert layout == {
        "go": "1",
        "go_version": "go1.26.8",
        "go_layout_missing": "no symbol table (built with -ldflags=-s); "
        "no debug information (built with -ldflags=-w or -s)",
    }


def test_without_a_thread_local_segment_g_is_not_found(tmp_path: Path) -> None:
    layout = dict(read_go_layout(program(tmp_path, unit("runtime", STRUCTURES), tls=None)))

    assert layout.pop("go_layout_missing") == "no thread-local variable for g (built without cgo)"
    assert layout == without("go_tlsg")


def test_the_segments_of_go_data_are_given_when_both_ends_are_known(tmp_path: Path) -> None:
    ends = {"runtime.data": 0x800000, "runtime.edata": 0x80DA00, "runtime.bss": 0x856480}

    layout = dict(read_go_layout(program(tmp_path, symbols=SYMBOLS | ends)))

    assert layout["go_data_start"] == "0x800000"
    assert layout["go_data_end"] == "0x80da00"
    assert not [key for key in layout if key.startswith("go_bss")]


@pytest.mark.parametrize("member", ["heapArenas", "allArenas"])
def test_the_list_of_arenas_is_a_member_of_the_global_heap(tmp_path: Path, member: str) -> None:
    described = unit("runtime", structures(mheap={"lock": 0, member: 65_600}))

    layout = dict(
        read_go_layout(
            program(tmp_path, described, symbols={**SYMBOLS, "runtime.mheap_": 0x900000})
        )
    )

    assert layout == LAYOUT | {"go_arenas": hex(0x900000 + 65_600)}


@pytest.mark.parametrize("part", ["symbol", "member"])
def test_without_its_symbol_or_its_member_the_list_of_arenas_is_not_guessed(
    tmp_path: Path, part: str
) -> None:
    member = {"allArenas": 8} if part == "symbol" else {"lock": 0}
    symbols = SYMBOLS if part == "symbol" else {**SYMBOLS, "runtime.mheap_": 0x900000}
    described = unit("runtime", structures(mheap=member))

    assert dict(read_go_layout(program(tmp_path, described, symbols=symbols))) == LAYOUT


def test_the_place_of_a_tests_name_is_read_in_test_binaries(tmp_path: Path) -> None:
    testing = {"testing.T": {"common": 16, "denyParallel": 900}, "testing.common": {"name": 272}}

    layout = dict(read_go_layout(program(tmp_path, unit("runtime", STRUCTURES | testing))))

    assert layout == LAYOUT | {"go_t_name": "288"}


def test_the_members_that_lead_to_the_function_tables_are_read_where_they_are_described(
    tmp_path: Path,
) -> None:
    tables = {
        "runtime.moduledata": {
            "pclntable": 104,
            "ftab": 128,
            "text": 176,
            "rodata": 296,
            "gofunc": 304,
            "next": 560,
            "funcnametab": 8,
        },
        "runtime._func": {"npcdata": 28, "nfuncdata": 43},
    }

    layout = dict(read_go_layout(program(tmp_path, unit("runtime", STRUCTURES | tables))))

    assert layout == LAYOUT | {
        "go_module_functions": "104",
        "go_module_table": "128",
        "go_module_text": "176",
        "go_module_rodata": "296",
        "go_module_gofunc": "304",
        "go_module_next": "560",
        "go_module_names": "8",
        "go_function_npcdata": "28",
        "go_function_nfuncdata": "43",
    }


@pytest.mark.parametrize(
    ("key", "symbol"),
    [
        ("go_cgocall", "runtime.cgocall"),
        ("go_dumper", "runtime/debug.WriteHeapDump"),
        ("go_world_starter", "runtime.startTheWorld"),
        ("go_allgs", "runtime.allgs"),
        ("go_modules", "runtime.firstmoduledata"),
        ("go_persistent", "runtime.persistentChunks"),
        ("go_allp", "runtime.allp"),
        ("go_allglen", "runtime.allglen"),
        ("go_allgptr", "runtime.allgptr"),
    ],
)
def test_the_addresses_the_agent_needs_are_given(tmp_path: Path, key: str, symbol: str) -> None:
    symbols = {**SYMBOLS, symbol: 0x485820}

    layout = dict(read_go_layout(program(tmp_path, symbols=symbols)))

    assert layout[key] == "0x485820"


def test_c_has_no_go_layout(tmp_path: Path) -> None:
    path = tmp_path / "a.out"
    path.write_bytes(bytes(Elf(symbols={"main": 1}, build_id=b"\1")))

    assert read_go_layout(path) == ()


def test_a_file_that_is_no_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.test"
    path.write_bytes(b"text")

    with pytest.raises(BadInput, match="not a whole ELF file"):
        read_go_layout(path)


@TINY
@given(st.data())
def test_damaged_debug_information_is_a_reason_and_never_an_error(
    tmp_path: Path, data: st.DataObject
) -> None:
    whole = unit("runtime", STRUCTURES)
    content = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 5))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))

    layout = dict(read_go_layout(program(tmp_path, bytes(content))))

    assert layout["go_tlsg"] == "-8"
    if not LAYOUT.keys() <= layout.keys():
        assert "go_layout_missing" in layout or "go_g_syscallbp" not in layout


@TINY
@given(
    st.dictionaries(st.sampled_from(sorted(G)), st.integers(0, 2**20)),
    st.integers(0, 2**20),
    st.sampled_from([None, 0x23]),
)
def test_every_offset_comes_back(
    tmp_path: Path, places: dict[str, int], curg: int, opcode: int | None
) -> None:
    g = G | places
    changed = structures(g=g, m={"g0": 0, "curg": curg})

    layout = dict(read_go_layout(program(tmp_path, unit("runtime", changed, opcode=opcode))))

    assert layout["go_g_syscallpc"] == str(g["syscallpc"])
    assert layout["go_g_sched_sp"] == str(g["sched"])
    assert layout["go_g_stack_hi"] == str(g["stack"] + 8)
    assert layout["go_m_curg"] == str(curg)
    assert "go_layout_missing" not in layout


# Thread-local variables


@pytest.mark.parametrize(
    ("value", "size", "alignment", "offset"),
    [
        (0, 8, 8, -8),
        (0, 12, 8, -16),
        (8, 16, 8, -8),
        (0, 72, 64, -128),
        (64, 72, 64, -64),
        (0, 8, 1, -8),
        (0, 8, 0, -8),
    ],
    ids=[
        "g alone",
        "g before an int",
        "g after a pointer",
        "first of an aligned block",
        "second of an aligned block",
        "no alignment",
        "alignment not given",
    ],
)
def test_the_block_of_the_program_ends_at_the_thread_pointer(
    value: int, size: int, alignment: int, offset: int
) -> None:
    assert tls_offset(value, size_bytes=size, alignment=alignment) == offset


@given(st.integers(0, 2**16), st.integers(1, 2**16), st.integers(0, 12), st.integers(0, 2**16))
def test_the_block_lies_below_the_thread_pointer_and_is_aligned_as_its_address(
    value: int, size: int, power: int, address: int
) -> None:
    alignment = 2**power

    start = tls_offset(0, size_bytes=size, alignment=alignment, address=address)

    assert start <= -size
    assert start > -size - 2 * alignment
    assert (start - address) % alignment == 0
    shifted = tls_offset(value, size_bytes=size, alignment=alignment, address=address)
    assert shifted == start + value


@pytest.mark.parametrize(
    ("value", "alignment", "address", "offset"),
    [(0, 8, 0x69FDC0, 16), (8, 8, 0x69FDC0, 24), (0, 64, 0x400040, 64), (0, 64, 0x400018, 24)],
    ids=["g alone", "behind g", "an aligned block", "an aligned block that begins late"],
)
def test_on_arm64_the_block_of_the_program_begins_behind_the_control_block(
    value: int, alignment: int, address: int, offset: int
) -> None:
    found = tls_offset(
        value, size_bytes=16, alignment=alignment, address=address, machine=ARM64.elf
    )

    assert found == offset
    assert found >= 16
    assert (found - value - address) % alignment == 0


# The version


def test_the_version_of_go_is_read() -> None:
    assert parse_build_info(build_info("go1.26.8")) == "go1.26.8"


def test_a_version_with_experiments_is_kept_whole() -> None:
    text = "go1.27-devel_1a2b X:nodwarf5,greenteagc"

    assert parse_build_info(build_info(text)) == text


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff Go buildinf:",
        b"\xff Go buildinf:\x08\x00".ljust(40, b"\1"),
        build_info("")[:34],
        build_info("go1.26.8")[:36],
        b"something else".ljust(60, b"\2"),
    ],
    ids=["empty", "only the magic", "pointers of Go 1.17", "empty version", "cut", "other"],
)
def test_another_layout_gives_no_version(data: bytes) -> None:
    assert parse_build_info(data) is None


def test_a_program_without_a_readable_version_has_its_layout_all_the_same(tmp_path: Path) -> None:
    path = program(tmp_path, unit("runtime", STRUCTURES), version="")

    assert dict(read_go_layout(path)) == without("go_version")


@given(st.text(min_size=1, max_size=300).filter(lambda text: "\n" not in text))
def test_every_version_comes_back(text: str) -> None:
    data = build_info("x")[:32] + uleb128(len(text.encode())) + text.encode()

    assert parse_build_info(data) == text


@given(st.binary(max_size=80))
def test_any_bytes_are_a_version_on_one_line_or_none(tail: bytes) -> None:
    version = parse_build_info(build_info("x")[:32] + tail)

    assert version is None or "\n" not in version


# The cache


def test_a_layout_is_kept_and_read_again(tmp_path: Path) -> None:
    path = program(tmp_path, unit("runtime", STRUCTURES))
    cache = tmp_path / "cache"
    first = read_go_layout(path, cache)
    kept = only_file(cache)
    kept.write_text(kept.read_text().replace("go_g_goid 152", "go_g_goid 7"), encoding="utf-8")

    second = dict(read_go_layout(path, cache))

    assert dict(first) == LAYOUT
    assert second == LAYOUT | {"go_g_goid": "7"}


def test_a_reason_is_kept_too(tmp_path: Path) -> None:
    path = program(tmp_path)

    assert read_go_layout(path, tmp_path / "cache") == read_go_layout(path, tmp_path / "cache")


@pytest.mark.parametrize("keep", [0, 1, 20, -1])
def test_a_cut_file_of_the_cache_is_written_anew(tmp_path: Path, keep: int) -> None:
    path = program(tmp_path, unit("runtime", STRUCTURES))
    cache = tmp_path / "cache"
    read_go_layout(path, cache)
    kept = only_file(cache)
    whole = kept.read_bytes()
    kept.write_bytes(whole.rstrip()[:keep])

    assert dict(read_go_layout(path, cache)) == LAYOUT
    assert kept.read_bytes() == whole


def test_bytes_that_are_no_text_in_the_cache_are_written_anew(tmp_path: Path) -> None:
    path = program(tmp_path, unit("runtime", STRUCTURES))
    cache = tmp_path / "cache"
    read_go_layout(path, cache)
    kept = only_file(cache)
    kept.write_bytes(b"\xff\xfe\nend\n")

    assert dict(read_go_layout(path, cache)) == LAYOUT


def test_another_program_with_the_same_forced_build_id_is_not_confused(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    read_go_layout(program(tmp_path, unit("runtime", STRUCTURES)), cache)

    other = program(tmp_path, unit("runtime", structures(m={"g0": 0, "curg": 999_999})))

    assert dict(read_go_layout(other, cache))["go_m_curg"] == "999999"


def test_no_unfinished_file_stays_in_the_cache(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    read_go_layout(program(tmp_path, unit("runtime", STRUCTURES)), cache)

    assert only_file(cache).name.startswith("ab-")


@pytest.mark.parametrize("where", ["a file", "nowhere"])
def test_a_cache_that_cannot_be_written_only_costs_time(tmp_path: Path, where: str) -> None:
    cache = tmp_path / "cache"
    if where == "a file":
        cache.write_text("", encoding="utf-8")
    else:
        cache.symlink_to("/proc/none")

    path = program(tmp_path, unit("runtime", STRUCTURES))

    assert dict(read_go_layout(path, cache)) == LAYOUT
