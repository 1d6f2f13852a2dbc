"""A watcher for thousands of runs, of which only what is wrong is worth a line."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Unheard"]


class Unheard:
    """Says nothing and shows nothing."""

    @contextlib.contextmanager
    def step(self, text: str) -> Iterator[None]:  # noqa: ARG002 - the protocol's
        """Do a step in silence."""
        yield

    def say(self, text: str) -> None:
        """Keep it quiet."""

    def output(self, data: bytes) -> None:
        """Drop it; what was wrong is in the run."""
