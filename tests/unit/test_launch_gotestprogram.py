from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakcheck.launch.gotestprogram import is_go_test_program

if TYPE_CHECKING:
    from pathlib import Path

FUNCTIONS = b"main.main\0/src/a.go\0_testmain.go\0testing.tRunner\0"


def elf_with(name: str, content: bytes) -> bytes:
    """Make an ELF file of three sections: none, NAME and the table of names."""
    names = b"\0" + name.encode() + b"\0.shstrtab\0"
    body = content + names
    sections = [
        (0, 0, 0, 0),
        (1, 1, 64, len(content)),
        (len(name) + 2, 3, 64 + len(content), len(names)),
    ]
    header = b"\x7fELF\x02\x01\x01" + bytes(9)
    header += struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, 0, 0, 64 + len(body), 0, 64, 0, 0, 64, 3, 2)
    table = b"".join(
        struct.pack("<IIQQQQIIQQ", at, kind, 0, 0, offset, size, 0, 0, 1, 0)
        for at, kind, offset, size in sections
    )
    return header + body + table


@pytest.mark.parametrize(
    "section",
    [".gopclntab", pytest.param(".data.rel.ro.gopclntab", id="position independent")],
)
def test_a_test_binary_is_known_by_its_generated_main(tmp_path: Path, section: str) -> None:
    path = tmp_path / "cg.test"
    path.write_bytes(elf_with(section, FUNCTIONS))

    assert is_go_test_program(path)


def test_a_program_that_only_imports_package_testing_is_no_test(tmp_path: Path) -> None:
    path = tmp_path / "program"
    path.write_bytes(elf_with(".gopclntab", FUNCTIONS.replace(b"_testmain.go", b"main.go")))

    assert not is_go_test_program(path)


def test_the_words_in_a_programs_data_do_not_make_it_a_test(tmp_path: Path) -> None:
    path = tmp_path / "tool"
    path.write_bytes(elf_with(".rodata", FUNCTIONS))

    assert not is_go_test_program(path)


def test_a_file_that_cannot_be_read_is_no_test(tmp_path: Path) -> None:
    assert not is_go_test_program(tmp_path / "missing")


@given(st.binary(max_size=300), st.integers(min_value=0, max_value=500))
def test_damaged_files_are_no_tests(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes, cut: int
) -> None:
    path = tmp_path_factory.mktemp("damaged") / "file"
    path.write_bytes(elf_with(".gopclntab", b"x")[:cut] + noise)

    assert not is_go_test_program(path)
