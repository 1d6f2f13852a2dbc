"""Who looks for leaks: launch settings and report reader of each engine."""

from __future__ import annotations

__all__: list[str] = []
