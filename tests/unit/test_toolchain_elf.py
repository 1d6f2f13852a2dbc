from __future__ import annotations

import hashlib
import string
from typing import TYPE_CHECKING

import pytest
from elf_samples import AARCH64, Elf
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leakcheck.errors import BadInput
from leakcheck.toolchain.elf import ElfFacts, find_symbols, opened_elf, read_elf

if TYPE_CHECKING:
    from pathlib import Path

NAMES = st.text(string.ascii_letters + string.digits + "._+-", min_size=1, max_size=20)
SOME_NAMES = st.lists(NAMES, unique=True, max_size=6).map(tuple)
FULL = Elf(
    interpreter="/lib64/ld-linux-x86-64.so.2",
    needed=("libc.so.6", "libm.so.6"),
    runpath="$ORIGIN/lib",
    exports=("main", "helper"),
    imports=("malloc",),
    symbols={"runtime.text": 0x401000, "runtime.etext": 0x402000, "runtime.tlsg": 0},
    build_id=b"\x12\x34\xab",
    go_build_id="aaa/bbb",
    sections={".go.buildinfo": b"\xff Go buildinf:"},
)


def written(folder: Path, elf: Elf, name: str = "program") -> Path:
    path = folder / name
    path.write_bytes(bytes(elf))
    return path


def facts(folder: Path, elf: Elf) -> ElfFacts:
    return read_elf(written(folder, elf))


def test_a_program_tells_what_it_is_made_of(tmp_path: Path) -> None:
    assert facts(tmp_path, FULL) == ElfFacts(
        path=tmp_path / "program",
        machine="X86_64",
        bits=64,
        interpreter="/lib64/ld-linux-x86-64.so.2",
        needed=("libc.so.6", "libm.so.6"),
        search_path=(f"{tmp_path.resolve()}/lib",),
        soname=None,
        is_go=True,
        has_symtab=True,
        build_id="1234ab",
        exports=frozenset({"main", "helper"}),
    )


def test_a_static_program_has_no_interpreter_and_needs_nothing(tmp_path: Path) -> None:
    read = facts(tmp_path, Elf(symbols={"main": 1}))

    assert read.interpreter is None
    assert read.needed == ()
    assert read.exports == frozenset()


def test_a_symbol_that_is_only_used_is_not_exported(tmp_path: Path) -> None:
    assert facts(tmp_path, Elf(imports=("malloc",))).exports == frozenset()


def test_exports_are_found_without_section_headers(tmp_path: Path) -> None:
    elf = Elf(needed=("libc.so.6",), exports=("a", "b"), imports=("c",), has_section_headers=False)

    read = facts(tmp_path, elf)

    assert read.needed == ("libc.so.6",)
    assert read.exports >= {"a", "b"}
    assert "c" not in read.exports


def test_a_library_has_a_name_of_its_own(tmp_path: Path) -> None:
    assert facts(tmp_path, Elf(soname="libtcmalloc.so.4")).soname == "libtcmalloc.so.4"


def test_another_machine_is_named(tmp_path: Path) -> None:
    assert facts(tmp_path, Elf(machine=AARCH64)).machine == "AARCH64"


def test_runpath_makes_the_loader_forget_rpath(tmp_path: Path) -> None:
    read = facts(tmp_path, Elf(rpath="/old", runpath="/new:${ORIGIN}/../lib:"))

    assert read.search_path == ("/new", f"{tmp_path.resolve()}/../lib")


def test_rpath_alone_is_the_search_path(tmp_path: Path) -> None:
    assert facts(tmp_path, Elf(rpath="/old:/older")).search_path == ("/old", "/older")


def test_origin_is_the_folder_of_the_file_itself_and_not_of_a_link(tmp_path: Path) -> None:
    real = tmp_path / "real"
    real.mkdir()
    written(real, Elf(runpath="$ORIGIN"))
    link = tmp_path / "link"
    link.symlink_to(real / "program")

    assert read_elf(link).search_path == (str(real.resolve()),)


def test_go_is_known_by_its_build_information(tmp_path: Path) -> None:
    assert facts(tmp_path, Elf(sections={".go.buildinfo": b"x"})).is_go


def test_go_is_known_by_its_note_when_section_headers_are_gone(tmp_path: Path) -> None:
    assert facts(tmp_path, Elf(go_build_id="a/b", has_section_headers=False)).is_go


def test_c_is_not_go(tmp_path: Path) -> None:
    assert not facts(tmp_path, Elf(build_id=b"\1", symbols={"main": 1})).is_go


def test_a_stripped_program_has_no_symbol_table(tmp_path: Path) -> None:
    assert not facts(tmp_path, Elf(needed=("libc.so.6",), exports=("main",))).has_symtab


def test_the_gnu_build_id_is_preferred(tmp_path: Path) -> None:
    assert facts(tmp_path, Elf(build_id=b"\xca\xfe", go_build_id="a/b")).build_id == "cafe"


def test_gos_build_id_is_hashed_to_hexadecimal(tmp_path: Path) -> None:
    expected = hashlib.sha256(b"a/b").hexdigest()

    assert facts(tmp_path, Elf(go_build_id="a/b")).build_id == expected


def test_without_any_build_id_the_content_is_the_identity(tmp_path: Path) -> None:
    elf = Elf(symbols={"main": 1})

    assert facts(tmp_path, elf).build_id == hashlib.sha256(bytes(elf)).hexdigest()


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"gone cannot be read: No such file"):
        read_elf(tmp_path / "gone")


def test_a_folder_is_no_program(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read: Is a directory"):
        read_elf(tmp_path)


@pytest.mark.parametrize("content", [b"", b"#!/bin/sh\n", b"\x7fEL", b"INPUT(libtcmalloc.so.4)\n"])
def test_another_file_is_not_a_whole_elf_file(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)

    with pytest.raises(BadInput, match="file is not a whole ELF file"):
        read_elf(path)


def test_a_program_cut_anywhere_is_read_or_refused_and_nothing_else(tmp_path: Path) -> None:
    whole = bytes(FULL)
    refused = 0
    for length in range(0, len(whole), 7):
        path = tmp_path / "cut"
        path.write_bytes(whole[:length])
        try:
            read_elf(path)
        except BadInput:
            refused += 1

    assert refused > len(whole) // 7 * 0.9


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_a_damaged_program_is_read_or_refused_and_nothing_else(
    tmp_path: Path, data: st.DataObject
) -> None:
    content = bytearray(bytes(FULL))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(4, len(content) - 1))
        content[place] = data.draw(st.integers(0, 255))
    path = tmp_path / "damaged"
    path.write_bytes(content)

    try:
        assert read_elf(path).path == path
    except BadInput as error:
        assert "not a whole ELF file" in error.what  # noqa: PT017


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(needed=SOME_NAMES, exports=SOME_NAMES, imports=SOME_NAMES, build_id=st.binary(min_size=1))
def test_all_that_is_written_is_read_back(
    tmp_path: Path,
    needed: tuple[str, ...],
    exports: tuple[str, ...],
    imports: tuple[str, ...],
    build_id: bytes,
) -> None:
    read = facts(tmp_path, Elf(needed=needed, exports=exports, imports=imports, build_id=build_id))

    assert read.needed == needed
    assert read.exports == frozenset(exports)
    assert read.build_id == build_id.hex()


# The full symbol table


def symbols(path: Path, *names: str) -> dict[str, int]:
    with opened_elf(path) as elf:
        return {name: symbol.value for name, symbol in find_symbols(elf, names).items()}


def test_only_the_wanted_symbols_are_given(tmp_path: Path) -> None:
    path = written(tmp_path, Elf(symbols={"a": 1, "b": 2, "c": 3}))

    assert symbols(path, "a", "c", "missing") == {"a": 1, "c": 3}


def test_a_longer_name_with_the_same_end_is_another_symbol(tmp_path: Path) -> None:
    path = written(tmp_path, Elf(symbols={"my.runtime.text": 1, "runtime.text": 2, "text": 3}))

    assert symbols(path, "runtime.text", "text") == {"runtime.text": 2, "text": 3}


def test_a_stripped_program_gives_no_symbols(tmp_path: Path) -> None:
    path = written(tmp_path, Elf(needed=("libc.so.6",), exports=("a",)))

    assert symbols(path, "a") == {}


def test_damage_found_while_reading_is_reported_like_any_other(tmp_path: Path) -> None:
    path = written(tmp_path, FULL)

    with pytest.raises(BadInput, match="not a whole ELF file"), opened_elf(path):
        raise KeyError("section")


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(NAMES, st.integers(0, 2**64 - 1), max_size=20), SOME_NAMES)
def test_every_symbol_is_found_by_its_name(
    tmp_path: Path, table: dict[str, int], others: tuple[str, ...]
) -> None:
    path = written(tmp_path, Elf(symbols=table))

    assert symbols(path, *table, *others) == table
