"""What keeps a running program in hand: its descendants, its signals, its output.

The parts of `leakcheck.process`, and of `leakcheck.parallel`, which runs several programs.
"""

from __future__ import annotations

__all__: list[str] = []
