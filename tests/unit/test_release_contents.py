from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.release.contents import (
    changelog_gaps,
    constraints,
    metadata_problems,
    sdist_problems,
    wheel_problems,
)

ROOT = Path(__file__).parents[2]
SOURCES = ("leakcheck/judge.py", "leakcheck/agent/mark.c", "examples/mediaprobe/go.mod")
WHEEL = (
    "leakcheck/judge.py",
    "leakcheck/agent/mark.c",
    "leakcheck/examples/mediaprobe/go.mod",
    "tcmalloc_leakcheck-0.1.0.dist-info/METADATA",
)
METADATA = """\
Metadata-Version: 2.4
Name: tcmalloc-leakcheck
Version: 0.1.0
License-Expression: MIT
License-File: LICENSE
Requires-Python: >=3.10
Description-Content-Type: text/markdown

# leakcheck
"""


def test_a_wheel_that_holds_the_sources_and_no_more_is_right() -> None:
    assert wheel_problems(WHEEL, SOURCES) == ()


@pytest.mark.parametrize("missing", WHEEL[:3])
def test_a_file_that_is_not_in_the_wheel_is_named(missing: str) -> None:
    wheel = [name for name in WHEEL if name != missing]
    assert wheel_problems(wheel, SOURCES) == (f"the wheel lacks {missing}",)


def test_a_file_that_slipped_into_the_wheel_is_named() -> None:
    assert wheel_problems([*WHEEL, "leakcheck/x.orig"], SOURCES) == (
        "the wheel has leakcheck/x.orig, which is in no commit",
    )


def test_an_sdist_needs_more_than_the_package() -> None:
    named = ("LICENSE", "README.md", "CHANGELOG.md", "pyproject.toml", "bootstrap/__main__.py")

    assert sdist_problems([*SOURCES, *named, "tests/conftest.py"], SOURCES) == ()
    assert sdist_problems([*SOURCES, *named[1:]], SOURCES) == ("the sdist lacks LICENSE",)


def test_the_metadata_is_of_this_version_and_not_only_in_the_readme() -> None:
    assert metadata_problems(METADATA, "0.1.0") == ()
    assert metadata_problems(METADATA + "Version: 0.2.0\n", "0.2.0") == (
        "the metadata lacks 'Version: 0.2.0'",
    )


def test_a_changelog_needs_a_dated_section() -> None:
    assert changelog_gaps("# Log\n\n## [0.1.0] - 2026-12-01\n", "0.1.0") == ()
    assert changelog_gaps("# Log\n\n## [Unreleased]\n", "0.1.0") != ()


def test_constraints_are_the_lock_without_hashes() -> None:
    lock = (
        "rich==1.0 ; python_version < '3.11' \\\n    --hash=sha256:0 \\\n    --hash=sha256:1\n# x\n"
    )

    assert constraints(lock) == "rich==1.0 ; python_version < '3.11'\n"


def test_every_pin_of_our_lock_is_a_constraint() -> None:
    lock = (ROOT / "requirements" / "locked.txt").read_text()
    names = [line.partition("==")[0] for line in constraints(lock).splitlines()]

    assert names == re.findall(r"^([a-z0-9-]+)==", lock, re.MULTILINE)
    assert "sha256" not in constraints(lock)
