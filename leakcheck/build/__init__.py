"""Compiling: the agent, and the test binary of a Go package."""

from __future__ import annotations

__all__: list[str] = []
