"""The environment of the tested process: the agent and tcmalloc preloaded, little else."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["RUN_DIR_KEY", "go_test_environment", "launch_environment", "preloadable"]

RUN_DIR_KEY = "LEAKCHECK_AGENT_RUN_DIR"
_OUR_KEYS = ("HEAPCHECK", "HEAPPROFILE", "TCMALLOC_VERBOSE", "MALLOCSTATS")
_KEPT_KEY = "LEAKCHECK_AGENT_KEEP"
_SEPARATOR = re.compile(r"[\s:]+")


def launch_environment(
    base_env: Mapping[str, str],
    *,
    agent: Path,
    tcmalloc: Path | None,
    run_dir: Path,
    user_ld_preload: str = "",
) -> dict[str, str]:
    """Make `base_env` the tested process's: the agent first, then tcmalloc, then the user's own.

    `tcmalloc` is None when the program brings its own. HEAPCHECK and HEAPPROFILE are taken
    out: they mean our level and prefix, and the full tcmalloc would start its own checker.
    MALLOCSTATS is the agent's to follow; TCMALLOC_VERBOSE is called PERFTOOLS_VERBOSE by
    tcmalloc. The agent takes its part out again, so that the program's children see the
    user's own environment.
    """
    ours = [str(path) for path in (agent, tcmalloc) if path is not None]
    users = [entry for entry in _SEPARATOR.split(user_ld_preload) if entry and entry not in ours]
    kept = {key: value for key, value in base_env.items() if key not in _OUR_KEYS}
    added = {
        "LD_PRELOAD": " ".join([*ours, *users]),
        RUN_DIR_KEY: str(run_dir),
    }
    if users:
        added[_KEPT_KEY] = f"LD_PRELOAD={' '.join(users)}"
    return {**kept, **added}


def go_test_environment(
    base_env: Mapping[str, str], *, goroot: Path, package_dir: Path
) -> dict[str, str]:
    """Change what `go test` changes: the tree's `bin` leads PATH, PWD is the package's."""
    path = os.pathsep.join(part for part in (f"{goroot}/bin", base_env.get("PATH", "")) if part)
    return {**base_env, "PATH": path, "PWD": str(package_dir)}


def preloadable(library: Path, links_dir: Path) -> Path:
    """Give `library` a name that LD_PRELOAD can carry, which has no way to quote.

    That is `library` itself, or a symbolic link in `links_dir` when its path has a blank or a
    colon.
    """
    if not _SEPARATOR.search(str(library)):
        return library
    link = links_dir / _SEPARATOR.sub("-", library.name)
    link.symlink_to(library)
    return link
