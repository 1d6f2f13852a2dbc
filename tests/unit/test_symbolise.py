"""Addresses → frames, on small ELF files whose source is next to them (tests/testdata)."""

from __future__ import annotations

import errno
import hashlib
import os
import random
import re
import shutil
import zlib
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from hypothesis import given
from hypothesis import strategies as st
from report_samples import TESTDATA

from leakcheck.model import Frame
from leakcheck.procmaps import Mapping
from leakcheck.symbolise import Symboliser, symcaches
from leakcheck.symbolise.image import Image, Segment, read_image
from leakcheck.symbolise.symbols import Symbol, SymbolTable, read_exported_symbols, read_symbols
from leakcheck.symbolise.symcaches import open_symcache, symcache_path

FILES = TESTDATA / "symbolise"
LIBRARY = FILES / "libshape.so.1.2"
FIXED = FILES / "fixed"
STRIPPED = FILES / "libstripped.so"
NO_ROOTS: tuple[Path, ...] = ()
LOADED_AT = 0x7F0000000000


def link_address(name: str, path: Path = LIBRARY) -> int:
    """Where the symbol table has `name`."""
    with path.open("rb") as stream:
        (symbol,) = ELFFile(stream).get_section_by_name(".symtab").get_symbol_by_name(name)
        return int(symbol["st_value"])


def line_of(marker: str) -> int:
    """The line of shape.c with the comment `line: marker`."""
    lines = (FILES / "shape.c").read_text().splitlines()
    return next(number for number, line in enumerate(lines, 1) if f"/* line: {marker} */" in line)


def mapped(path: Path | str, *, start: int = LOADED_AT, offset: int = 0) -> tuple[Mapping, ...]:
    """A program with one file in its memory."""
    return (Mapping(start=start, end=start + 0x2000, offset=offset, path=str(path)),)


def look_up(
    address: int, mappings: tuple[Mapping, ...], cache: Path, roots: tuple[Path, ...] = NO_ROOTS
) -> list[tuple[str, str | None, int | None]]:
    """Function, file and line of the frames at a return address."""
    frames = Symboliser(cache, debug_roots=roots).frames(address, mappings)
    return [(frame.function, frame.file, frame.line) for frame in frames]


def test_an_inlined_function_is_a_frame_of_its_own(tmp_path: Path) -> None:
    address = LOADED_AT + link_address("after_inlined")
    assert look_up(address, mapped(LIBRARY), tmp_path) == [
        ("inlined", "/src/shape.c", line_of("inlined")),
        ("outer", "/src/shape.c", line_of("outer")),
    ]


def test_a_frame_tells_module_language_and_the_address_as_it_was_reported(tmp_path: Path) -> None:
    address = LOADED_AT + link_address("after_hidden")
    (frame,) = Symboliser(tmp_path).frames(address, mapped(LIBRARY))
    assert frame == Frame(
        function="hidden",
        file="/src/shape.c",
        line=line_of("hidden"),
        language="c",
        module="libshape.so.1.2",
        address=address,
    )


def test_a_call_that_ends_a_function_is_not_taken_for_the_next_function(tmp_path: Path) -> None:
    address = LOADED_AT + link_address("stands_after")
    assert look_up(address, mapped(LIBRARY), tmp_path) == [
        ("ends_in_a_call", "/src/shape.c", line_of("ends_in_a_call"))
    ]


def test_a_program_linked_at_a_fixed_address_is_not_shifted_twice(tmp_path: Path) -> None:
    address = link_address("after_inlined", FIXED)
    assert address > 0x400000
    assert [name for name, _, _ in look_up(address, mapped(FIXED, start=0x400000), tmp_path)] == [
        "inlined",
        "outer",
    ]


def test_a_mapping_that_starts_inside_the_file_counts_its_offset(tmp_path: Path) -> None:
    address = LOADED_AT + link_address("after_hidden") - 0x100
    mappings = mapped(LIBRARY, offset=0x100)
    assert look_up(address, mappings, tmp_path)[0][0] == "hidden"


def test_cxx_names_are_demangled(tmp_path: Path) -> None:
    address = link_address("_ZN5media3BoxIiE4fillEPi", FILES / "libbox.so") + 1
    (found,) = look_up(LOADED_AT + address, mapped(FILES / "libbox.so"), tmp_path)
    assert found[0] == "media::Box<int>::fill(int*)"


def test_a_stripped_library_still_names_what_it_exports(tmp_path: Path) -> None:
    alone = shutil.copy(STRIPPED, tmp_path)
    address = LOADED_AT + link_address("after_inlined")
    assert look_up(address, mapped(alone), tmp_path) == [("outer", None, None)]


def test_a_stripped_function_is_an_offset_not_the_neighbours_name(tmp_path: Path) -> None:
    alone = shutil.copy(STRIPPED, tmp_path)
    vaddr = link_address("after_hidden")
    assert look_up(LOADED_AT + vaddr, mapped(alone), tmp_path) == [
        (f"libstripped.so+0x{vaddr - 1:x}", None, None)
    ]


def test_a_debug_file_is_found_by_its_build_id(tmp_path: Path) -> None:
    alone = shutil.copy(STRIPPED, tmp_path)
    image = read_image(STRIPPED)
    assert image is not None
    debug = tmp_path / "debug" / ".build-id" / image.build_id[:2] / f"{image.build_id[2:]}.debug"
    debug.parent.mkdir(parents=True)
    shutil.copy(FILES / "libstripped.debug", debug)
    address = LOADED_AT + link_address("after_hidden")
    found = look_up(address, mapped(alone), tmp_path, (tmp_path / "debug",))
    assert found == [("hidden", "/src/shape.c", line_of("hidden"))]


@pytest.mark.parametrize("folder", [".", ".debug"])
def test_a_debug_file_is_found_by_its_link(tmp_path: Path, folder: str) -> None:
    alone = shutil.copy(STRIPPED, tmp_path)
    (tmp_path / folder).mkdir(exist_ok=True)
    shutil.copy(FILES / "libstripped.debug", tmp_path / folder)
    address = LOADED_AT + link_address("after_hidden")
    assert look_up(address, mapped(alone), tmp_path)[0][0] == "hidden"


def test_a_debug_file_of_another_build_is_not_believed(tmp_path: Path) -> None:
    alone = shutil.copy(STRIPPED, tmp_path)
    shutil.copy(FILES / "libbox.so", tmp_path / "libstripped.debug")
    address = LOADED_AT + link_address("after_inlined")
    assert look_up(address, mapped(alone), tmp_path) == [("outer", None, None)]


def test_without_build_ids_the_links_checksum_decides(tmp_path: Path) -> None:
    debug = tmp_path / "x.debug"
    debug.write_bytes(b"debug")
    linked = Image(path=tmp_path / "x", debug_link=("x.debug", 0x5D3B8F0C))
    assert linked.debug_file(NO_ROOTS) is None
    right = Image(path=tmp_path / "x", debug_link=("x.debug", zlib.crc32(b"debug")))
    assert right.debug_file(NO_ROOTS) == debug


@pytest.mark.parametrize(
    ("path", "function", "module"),
    [
        ("", "0x7f0000000123", ""),
        ("[vdso]", "[vdso]+0x122", "[vdso]"),
        ("/x.test (deleted)", "x.test+0x122", "x.test"),
        ("/nowhere/libgone.so", "libgone.so+0x122", "libgone.so"),
        ("[anon: Go: text]", "[anon: Go: text]+0x122", "[anon: Go: text]"),
        (str(FILES / "shape.c"), "shape.c+0x122", "shape.c"),
        ("/nowhere/lib\udcff.so", "lib\ufffd.so+0x122", "lib\ufffd.so"),
    ],
    ids=["anonymous", "vdso", "deleted", "gone", "named", "not-elf", "not-utf8"],
)
def test_what_nobody_can_name_is_an_offset(
    tmp_path: Path, path: str, function: str, module: str
) -> None:
    (frame,) = Symboliser(tmp_path).frames(LOADED_AT + 0x123, mapped(path))
    assert (frame.function, frame.module) == (function, module)


def test_a_deleted_file_is_not_mistaken_for_its_successor(tmp_path: Path) -> None:
    successor = shutil.copy(LIBRARY, tmp_path)
    address = LOADED_AT + link_address("after_hidden")
    ((function, _, _),) = look_up(address, mapped(f"{successor} (deleted)"), tmp_path)
    assert function.startswith("libshape.so.1.2+0x")


def test_an_address_in_no_mapping_stays_a_number(tmp_path: Path) -> None:
    assert look_up(0x10, mapped(LIBRARY), tmp_path) == [("0x10", None, None)]
    assert look_up(0, (), tmp_path) == [("0x0", None, None)]


def test_data_of_a_library_is_not_code(tmp_path: Path) -> None:
    ((function, _, _),) = look_up(LOADED_AT + 0x20, mapped(LIBRARY), tmp_path)
    assert function == "libshape.so.1.2+0x1f"


def test_a_stack_is_named_leaf_first(tmp_path: Path) -> None:
    addresses = [LOADED_AT + link_address(name) for name in ("after_hidden", "after_inlined")]
    stack = Symboliser(tmp_path).stack(addresses, mapped(LIBRARY))
    assert [frame.function for frame in stack] == ["hidden", "inlined", "outer"]


def test_a_file_is_read_once_for_all_its_addresses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []
    monkeypatch.setattr(
        "leakcheck.symbolise.module.open_symcache",
        lambda image, cache: opened.append(image.path) or open_symcache(image, cache),
    )
    symboliser = Symboliser(tmp_path)
    for name in ("after_hidden", "after_inlined", "after_hidden"):
        symboliser.frames(LOADED_AT + link_address(name), mapped(LIBRARY))
    assert opened == [LIBRARY]


def test_the_symcache_is_stored_and_used_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = LOADED_AT + link_address("after_hidden")
    first = look_up(address, mapped(LIBRARY), tmp_path)
    monkeypatch.setattr(symcaches, "build", lambda *_: pytest.fail("built twice"))
    assert look_up(address, mapped(LIBRARY), tmp_path) == first


def stored_symcache(cache: Path) -> Path:
    """The one file in the cache."""
    (stored,) = (cache / "symcaches").iterdir()
    return stored


@pytest.mark.parametrize("damage", ["empty", "cut", "flipped", "garbage"])
def test_a_damaged_symcache_is_built_again(tmp_path: Path, damage: str) -> None:
    address = LOADED_AT + link_address("after_hidden")
    first = look_up(address, mapped(LIBRARY), tmp_path)
    stored = stored_symcache(tmp_path)
    whole = stored.read_bytes()
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 0xFF
    stored.write_bytes(
        {"empty": b"", "cut": whole[:100], "flipped": bytes(flipped), "garbage": os.urandom(500)}[
            damage
        ]
    )
    assert look_up(address, mapped(LIBRARY), tmp_path) == first
    assert stored.read_bytes() == whole


def test_a_symcache_with_a_right_sum_but_no_sense_is_built_again(tmp_path: Path) -> None:
    address = LOADED_AT + link_address("after_hidden")
    first = look_up(address, mapped(LIBRARY), tmp_path)
    stored_symcache(tmp_path).write_bytes(hashlib.sha256(b"nonsense").digest() + b"nonsense")
    assert look_up(address, mapped(LIBRARY), tmp_path) == first


def test_a_cache_that_cannot_be_written_costs_only_time(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    address = LOADED_AT + link_address("after_hidden")
    assert look_up(address, mapped(LIBRARY), blocked)[0][0] == "hidden"


def test_a_full_disk_costs_only_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "replace", refuse)
    address = LOADED_AT + link_address("after_hidden")
    assert look_up(address, mapped(LIBRARY), tmp_path)[0][0] == "hidden"
    assert list((tmp_path / "symcaches").iterdir()) == []


def test_files_that_share_a_build_id_do_not_share_a_symcache(tmp_path: Path) -> None:
    image = read_image(LIBRARY)
    stripped = read_image(STRIPPED)
    assert image is not None
    assert stripped is not None
    assert image.build_id == stripped.build_id
    assert symcache_path(image, tmp_path) != symcache_path(stripped, tmp_path)


def test_a_file_without_a_build_id_is_known_by_its_content(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_bytes(b"1")
    other.write_bytes(b"2")
    paths = [symcache_path(Image(path=path), tmp_path) for path in (one, other)]
    assert paths[0] != paths[1]


def test_no_temporary_file_is_left_in_the_cache(tmp_path: Path) -> None:
    look_up(LOADED_AT + link_address("after_hidden"), mapped(LIBRARY), tmp_path)
    assert re.fullmatch(r"[0-9a-f]{40}-[0-9a-f]+-v[0-9]+", stored_symcache(tmp_path).name)


@pytest.mark.parametrize("seed", range(20))
def test_a_damaged_elf_file_never_stops_the_report(tmp_path: Path, seed: int) -> None:
    content = bytearray(LIBRARY.read_bytes())
    chosen = random.Random(seed)  # noqa: S311 - damage, not secrets
    for _ in range(1 + seed * 10):
        content[chosen.randrange(16, len(content))] = chosen.randrange(256)
    damaged = tmp_path / "libdamaged.so"
    damaged.write_bytes(content)
    for shift in range(0x3A0, 0x400, 7):
        assert Symboliser(tmp_path, debug_roots=NO_ROOTS).frames(LOADED_AT + shift, mapped(damaged))


@pytest.mark.parametrize("length", [0, 3, 16, 64, 200, 4000])
def test_a_cut_elf_file_never_stops_the_report(tmp_path: Path, length: int) -> None:
    cut = tmp_path / "libcut.so"
    cut.write_bytes(LIBRARY.read_bytes()[:length])
    assert Symboliser(tmp_path).frames(LOADED_AT + 0x3D0, mapped(cut))[0].module == "libcut.so"


def test_the_headers_of_a_file_are_read() -> None:
    image = read_image(FIXED)
    assert image is not None
    assert image.base == 0x400000
    assert image.has_debug
    assert image.link_address(0x150) == 0x400150
    assert image.link_address(10**9) is None


def test_code_is_preferred_where_segments_overlap() -> None:
    data = Segment(offset=0, size=0x2000, vaddr=0x9000, executable=False)
    code = Segment(offset=0x1000, size=0x1000, vaddr=0x5000, executable=True)
    image = Image(path=Path("x"), segments=(data, code))
    assert image.link_address(0x1010) == 0x5010
    assert image.link_address(0x10) == 0x9010


def test_a_file_that_is_not_there_has_no_image(tmp_path: Path) -> None:
    assert read_image(tmp_path / "none") is None
    assert read_image(Path("/nul\0l")) is None
    assert read_symbols(tmp_path / "none") == SymbolTable()


def test_nobody_is_waited_for_at_a_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert read_image(tmp_path / "pipe") is None


def test_all_functions_of_a_file_are_listed() -> None:
    names = {symbol.name for symbol in read_symbols(LIBRARY).symbols}
    assert {"callee", "outer", "hidden", "stop", "ends_in_a_call", "stands_after"} <= names
    assert "sink" not in names


def test_what_a_library_exports_is_listed_without_labels() -> None:
    names = {symbol.name for symbol in read_exported_symbols(LIBRARY).symbols}
    assert names == {"callee", "outer", "stop", "ends_in_a_call", "stands_after"}


@pytest.mark.parametrize(
    ("vaddr", "name"),
    [
        (0x0F, None),
        (0x10, "strdup"),
        (0x1F, "strdup"),
        (0x20, None),
        (0x30, "inner_label"),
        (0x3F, "inner_label"),
        (0x45, "around"),
        (0x4F, "around"),
        (0x60, "sized"),
        (0x68, None),
        (0x70, None),
    ],
)
def test_a_symbol_covers_its_size_and_a_label_reaches_to_the_next(
    vaddr: int, name: str | None
) -> None:
    table = SymbolTable.of(
        [
            Symbol(0x10, 0x10, "__strdup"),
            Symbol(0x10, 0x10, "strdup"),
            Symbol(0x10, 0, "s"),
            Symbol(0x30, 0, "inner_label"),
            Symbol(0x40, 0x10, "around"),
            Symbol(0x44, 0, "label_in_around"),
            Symbol(0x60, 0x8, "sized"),
        ]
    )
    assert table.find(vaddr) == name


@given(
    st.lists(st.builds(Symbol, st.integers(0, 99), st.integers(0, 9), st.text("ab_", min_size=1))),
    st.integers(0, 120),
)
def test_a_name_is_only_given_to_an_address_behind_its_symbol(
    symbols: list[Symbol], vaddr: int
) -> None:
    name = SymbolTable.of(symbols).find(vaddr)
    assert name is None or any(s.name == name and s.vaddr <= vaddr for s in symbols)


def test_the_same_address_of_another_process_is_looked_up_anew(tmp_path: Path) -> None:
    address, symboliser = LOADED_AT + link_address("after_hidden"), Symboliser(tmp_path)
    (named,) = symboliser.frames(address, mapped(LIBRARY))
    (elsewhere,) = symboliser.frames(address, ())
    assert named.module == LIBRARY.name
    assert elsewhere.function == f"0x{address:x}"
    assert symboliser.frames(address, mapped(LIBRARY)) == (named,)
