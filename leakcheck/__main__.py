"""The console script `leakcheck`, also as `python -m leakcheck`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leakcheck.interruption import interruptions_end

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> None:
    """Run the task named on the command line and leave with its exit code."""
    with interruptions_end():
        from leakcheck.console import run_console  # noqa: PLC0415

        run_console(argv)


if __name__ == "__main__":
    main()
