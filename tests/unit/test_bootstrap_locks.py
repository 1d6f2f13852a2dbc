"""The lock files fit the project and tell nobody where they were made."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
REQUIREMENT = re.compile(r"^(?P<name>[a-z0-9-]+)==(?P<version>\S+)")


def requirements(lock: Path) -> dict[str, list[str]]:
    """Name → the logical lines (one for each marker) of a lock file."""
    found: dict[str, list[str]] = {}
    for line in lock.read_text().replace("\\\n", " ").splitlines():
        if not line.strip().startswith("#"):
            match = REQUIREMENT.match(line)
            assert match, f"{lock.name}: not a pinned requirement: {line}"
            found.setdefault(match["name"], []).append(line)
    return found


def named_in_project() -> set[str]:
    """What `dependencies` and the group `dev` of pyproject.toml name."""
    text = (ROOT / "pyproject.toml").read_text()
    lists = re.findall(r"^(?:dependencies|dev) = \[\n(.*?)^\]", text, re.MULTILINE | re.DOTALL)
    return {
        name for block in lists for name in re.findall(r'^    "([a-z0-9-]+)', block, re.MULTILINE)
    }


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_requirement_has_hashes(lock: Path) -> None:
    for lines in requirements(lock).values():
        assert all("--hash=sha256:" in line for line in lines)


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_no_lock_names_an_index_or_a_file(lock: Path) -> None:
    text = lock.read_text()
    assert "://" not in text
    assert not re.search(r"^\s*(--(?!hash)|-[a-z])", text, re.MULTILINE)


def test_there_is_no_other_lock() -> None:
    names = ["audit.txt", "bench.txt", "docs.txt", "fuzz.txt", "go.txt", "locked.txt"]
    assert [lock.name for lock in LOCKS] == names


def test_all_that_the_project_names_is_locked() -> None:
    named = named_in_project()
    assert {"invoke", "symbolic", "pytest"} <= named
    assert named <= requirements(ROOT / "requirements" / "locked.txt").keys()


def test_the_build_backend_is_the_one_that_is_locked() -> None:
    (pinned,) = re.findall(
        r'requires = \["(hatchling==[^"]+)"\]', (ROOT / "pyproject.toml").read_text()
    )
    (line,) = requirements(ROOT / "requirements" / "locked.txt")["hatchling"]
    assert line.split()[0] == pinned
