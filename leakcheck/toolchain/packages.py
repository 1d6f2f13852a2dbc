"""Which system package brings what, and the one command that installs it."""

from __future__ import annotations

import os
from types import MappingProxyType

__all__ = ["PACKAGES", "install_command"]

PACKAGES = MappingProxyType(
    {
        "tcmalloc": "libtcmalloc-minimal4",
        "checker": "libgoogle-perftools4",
        "libunwind": "libunwind8",
        "cc": "gcc libc6-dev",
        "dot": "graphviz",
        "go": "golang-go",
    }
)
"""Package names of Debian and Ubuntu; since the change to 64-bit time the same names are
provided by `…4t64` packages."""


def install_command(tool: str, *, is_root: bool | None = None) -> str:
    """Say what to type to install `tool`, a key of PACKAGES; None asks who is running."""
    root = os.geteuid() == 0 if is_root is None else is_root
    return f"{'' if root else 'sudo '}apt-get install -y {PACKAGES[tool]}"
