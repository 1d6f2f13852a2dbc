from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from elf_samples import AARCH64, Elf

from leakcheck.toolchain.elf import read_elf
from leakcheck.toolchain.libraries import CachedLibrary, parse_ldconfig
from leakcheck.toolchain.processor import ARM64, X86_64, Processor, is_for, processor_named

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("uname", "processor"), [("x86_64", X86_64), ("aarch64", ARM64), ("riscv64", None), ("", None)]
)
def test_a_processor_is_known_by_what_the_kernel_calls_it(
    uname: str, processor: Processor | None
) -> None:
    assert processor_named(uname) is processor


def test_a_file_is_for_the_processor_that_it_names(tmp_path: Path) -> None:
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    ours.write_bytes(bytes(Elf()))
    theirs.write_bytes(bytes(Elf(machine=AARCH64)))

    assert [is_for(X86_64, read_elf(path)) for path in (ours, theirs)] == [True, False]
    assert [is_for(ARM64, read_elf(path)) for path in (ours, theirs)] == [False, True]


def test_ldconfig_marks_the_libraries_of_arm64_in_its_own_way(tmp_path: Path) -> None:
    own, other = tmp_path / "libz.so.1", tmp_path / "libz32.so.1"
    lines = f"\tlibz.so.1 (libc6,AArch64) => {own}\n\tlibz32.so.1 (libc6,hard-float) => {other}\n"

    assert parse_ldconfig(lines, ARM64) == (CachedLibrary("libz.so.1", own),)
    assert parse_ldconfig(lines, X86_64) == ()
