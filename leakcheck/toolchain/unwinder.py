"""Finding libunwind, the agent's fastest way to a stack."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leakcheck.toolchain.libraries import find_libraries, loader_cache

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["find_libunwind"]


def find_libunwind() -> Path | None:
    """Find libunwind.so.8; None when it is not there and the agent will walk frame pointers.

    LLVM's libunwind.so.1 is another library.
    """
    libraries = find_libraries("libunwind.so.8", cache=loader_cache())
    return libraries[0].path if libraries else None
