"""The version of leakcheck that runs."""

from __future__ import annotations

from importlib import metadata

__all__ = ["leakcheck_version"]


def leakcheck_version() -> str:
    """Ask the installation; a checkout that was not installed has no version."""
    try:
        return metadata.version("tcmalloc-leakcheck")
    except metadata.PackageNotFoundError:
        return "unknown"
