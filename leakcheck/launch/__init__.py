"""Starting the tested program: its run directory, environment and arguments."""

from __future__ import annotations

__all__: list[str] = []
