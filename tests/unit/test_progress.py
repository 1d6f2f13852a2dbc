from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from leakcheck import progress
from leakcheck.progress import TerminalWatcher

if TYPE_CHECKING:
    from pathlib import Path


def watcher_on(stream: io.StringIO, *, is_terminal: bool = False) -> TerminalWatcher:
    return TerminalWatcher(Console(file=stream, force_terminal=is_terminal, width=40))


def test_a_step_is_a_plain_line_where_there_is_no_terminal() -> None:
    stream = io.StringIO()

    with watcher_on(stream).step("Building the agent"):
        assert stream.getvalue() == "Building the agent …\n"

    assert stream.getvalue() == "Building the agent …\n"


def test_a_step_leaves_nothing_on_a_terminal() -> None:
    stream = io.StringIO()

    with watcher_on(stream, is_terminal=True).step("Building the agent"):
        pass

    assert "\x1b[?25h" in stream.getvalue(), "the cursor is shown again"
    assert not stream.getvalue().endswith("Building the agent …\n")


def test_a_step_ends_when_its_work_fails() -> None:
    stream = io.StringIO()

    with pytest.raises(RuntimeError), watcher_on(stream, is_terminal=True).step("x"):
        raise RuntimeError

    assert "\x1b[?25h" in stream.getvalue()


def test_a_long_line_is_not_wrapped_and_brackets_are_no_markup() -> None:
    stream = io.StringIO()
    text = "x" * 60 + " [red]y[/red]"

    watcher_on(stream).say(text)

    assert stream.getvalue() == f"{text}\n"


def test_output_is_passed_on_byte_for_byte(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    watcher_on(io.StringIO()).output(b"\xff\x00no newline")

    assert capfdbinary.readouterr().out == b"\xff\x00no newline"


def test_a_reader_that_went_away_does_not_stop_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    with os.fdopen(write_end, "w") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        watcher = watcher_on(io.StringIO())

        watcher.output(b"lost\n")
        watcher.output(b"lost as well\n")

    assert tmp_path.exists()


def test_forgotten_output_goes_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "out"
    with path.open("w") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        progress.forget_standard_output()
        stream.write("not seen")

    assert path.read_text() == ""
