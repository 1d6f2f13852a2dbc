"""Addresses of a program that has ended → functions, files, lines.

names        what a function is called, and which frames are not the user's
image        one ELF file: segments, symbols, where its debug information is
lines        line numbers where debug information has no function
symcaches    debug information in a form that is quick to look up, kept between runs
symboliser   address + mappings → frames
"""

from __future__ import annotations

from leakcheck.symbolise.names import cgo_call, demangle, is_glue, is_runtime, split_creator
from leakcheck.symbolise.symboliser import Symboliser

__all__ = ["Symboliser", "cgo_call", "demangle", "is_glue", "is_runtime", "split_creator"]
