"""The program of docs/levels.md leaks at each level what the page says."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from conftest import ROOT

from leakcheck.model import Level
from leakcheck.process import Command, run

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Checker

pytestmark = pytest.mark.e2e

PAGE = (ROOT / "docs" / "levels.md").read_text()
BLOCKS = {
    Level.NORMAL: [400, 500],
    Level.STRICT: [200, 300, 400, 500],
    Level.DRACONIAN: [100, 200, 300, 400, 500],
}


def said(level: Level) -> str:
    (amount,) = re.findall(rf"leakcheck {level.value} --binary.*\n.* leaks of (.*)\n", PAGE)
    return str(amount)


def test_the_picture_of_each_level_is_true(checker: Checker, tmp_path: Path) -> None:
    (source,) = re.findall(r"```c\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "levels.c").write_text(source)
    built = run(Command(("cc", "-g", "-O2", "levels.c", "-o", "levels"), cwd=tmp_path))
    assert built.returncode == 0, built.stderr

    for level, blocks in BLOCKS.items():
        report = checker.binary(tmp_path / "levels", level=level)
        leaks = [leak for run_ in report.runs for leak in run_.leaks]
        sizes = [leak.leaked_bytes for leak in leaks if leak.suppressed_by is None]
        assert sorted(sizes) == blocks
        assert said(level) == f"{sum(blocks)} bytes in {len(blocks)} objects"
