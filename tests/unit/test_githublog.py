from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from leakcheck.githublog import GroupingWatcher

if TYPE_CHECKING:
    from collections.abc import Sequence


def logged(capfdbinary: pytest.CaptureFixture[bytes], pieces: Sequence[bytes]) -> str:
    watcher = GroupingWatcher(Console(stderr=True))
    with watcher.section("example.com/m: x"):
        for piece in pieces:
            watcher.output(piece)
    return capfdbinary.readouterr().out.decode()


@pytest.mark.parametrize(
    ("pieces", "inside"),
    [
        ([b"PASS\n"], "PASS\n"),
        ([b"no ", b"end"], "no end\n"),
        ([b"one\n", b""], "one\n"),
        ([], ""),
    ],
)
def test_a_package_is_a_group_on_lines_of_its_own(
    capfdbinary: pytest.CaptureFixture[bytes], pieces: list[bytes], inside: str
) -> None:
    assert logged(capfdbinary, pieces) == f"::group::example.com/m: x\n{inside}::endgroup::\n"


def test_a_group_ends_also_on_an_error(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    watcher = GroupingWatcher(Console(stderr=True))
    with pytest.raises(ValueError, match="broken"), watcher.section("m"):
        raise ValueError("broken")
    assert capfdbinary.readouterr().out.endswith(b"::endgroup::\n")
