"""Options that the programs of the tests share."""

from __future__ import annotations

import argparse

__all__ = ["count"]


def count(text: str) -> int:
    """Read a number from 1 up; argparse tells what else was typed."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number
