"""What is on this machine: Go, the C compiler, tcmalloc, and what an ELF file is made of.

Each `find_*` returns a path with its version or raises ToolMissing with the one command that
installs it; each `parse_*` is pure.
"""

from __future__ import annotations

__all__: list[str] = []
