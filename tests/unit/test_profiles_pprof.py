"""The command lines of pprof, compared exactly."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from leakcheck.profiles.pprof import (
    Question,
    http_command,
    pdf_command,
    pprof_environment,
    text_command,
)
from leakcheck.toolchain.discovery import PprofTool

if TYPE_CHECKING:
    import pytest

PPROF = PprofTool(("/go", "tool", "pprof"))
PLAIN = Question(profile=Path("/t/heap.0001.pb.gz"))
FULL = Question(
    profile=Path("/t/heap.0002.pb.gz"), base=Path("/t/heap.0001.pb.gz"), sample="alloc_space"
)
START = ("/go", "tool", "pprof", "-symbolize=none")


def test_text_is_a_table_of_functions() -> None:
    assert text_command(PPROF, PLAIN).argv == (*START, "-top", "/t/heap.0001.pb.gz")


def test_callers_are_those_of_a_regex() -> None:
    command = text_command(PPROF, PLAIN, peek="^mp_|malloc$")
    assert command.argv == (*START, "-peek=^mp_|malloc$", "/t/heap.0001.pb.gz")


def test_what_is_compared_and_counted_is_said_before_the_profile() -> None:
    assert text_command(PPROF, FULL).argv == (
        *START,
        "-top",
        "-sample_index=alloc_space",
        "-base=/t/heap.0001.pb.gz",
        "/t/heap.0002.pb.gz",
    )


def test_a_pdf_is_written_where_it_is_said() -> None:
    command = pdf_command(PPROF, PLAIN, Path("/t/graph.pdf"))
    assert command.argv == (*START, "-pdf", "-output=/t/graph.pdf", "/t/heap.0001.pb.gz")


def test_the_web_page_is_for_this_machine_alone_and_opens_no_browser() -> None:
    command = http_command(PPROF, PLAIN, 8081)
    assert command.argv == (*START, "-http=127.0.0.1:8081", "-no_browser", "/t/heap.0001.pb.gz")


def test_pprof_runs_where_no_project_is_and_still_finds_its_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    command = text_command(PPROF, Question(profile=Path("a.pb.gz"), base=Path("b.pb.gz")))
    assert command.cwd == Path("/")
    assert command.argv[-2:] == (f"-base={tmp_path}/b.pb.gz", f"{tmp_path}/a.pb.gz")


def test_what_the_user_set_for_go_does_not_change_pprof() -> None:
    users = {"GOFLAGS": "-mod=vendor -tags=x", "GOWORK": "/w/go.work", "HOME": "/root"}
    assert pprof_environment(users) == {
        "GOENV": "off",
        "GOFLAGS": "",
        "GOWORK": "off",
        "GO111MODULE": "",
        "GOTOOLCHAIN": "local",
        "HOME": "/root",
    }
