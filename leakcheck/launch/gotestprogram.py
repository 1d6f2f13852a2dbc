"""Recognising a Go test binary that somebody else built."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leakcheck.errors import BadInput
from leakcheck.toolchain.elf import opened_elf

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["is_go_test_program"]

_FUNCTION_TABLES = (".gopclntab", ".data.rel.ro.gopclntab")
_GENERATED_MAIN = b"_testmain.go\0"


def is_go_test_program(path: Path) -> bool:
    """Tell whether `go test -c` built `path`; stripped ones are recognised too.

    `go test` generates the main function in `_testmain.go`, and the table of functions, which
    the Go runtime needs and no strip removes, names that file. A program that merely imports
    package testing has no such file.
    """
    try:
        with opened_elf(path) as elf:
            tables = (elf.get_section_by_name(name) for name in _FUNCTION_TABLES)
            return any(_GENERATED_MAIN in table.data() for table in tables if table)
    except BadInput:
        return False
