"""The tasks that show profiles; a script stands for pprof."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from report_samples import TESTDATA

from leakcheck import showing
from leakcheck.errors import BadInput, ToolMissing
from leakcheck.showing import (
    ShowChoices,
    parse_port,
    pdf_beside,
    run_pprof_http,
    run_pprof_pdf,
    run_pprof_text,
)

if TYPE_CHECKING:
    from leakcheck.settings import Settings

PPROF = """#!/bin/sh
printf '%s\\n' "$@" > "$CALL"
for each; do
  case "$each" in -output=*) printf '%%PDF-1.4' > "${each#-output=}" ;; esac
done
[ -z "$FAIL" ] || { echo "$FAIL" >&2; exit 2; }
[ -z "$INTERRUPT" ] || { kill -INT "$PPID"; exec /bin/sleep 60; }
echo Showing nodes
"""
HTTP_CALL = ["-symbolize=none", "-http=127.0.0.1:{port}", "-no_browser"]


@dataclass(frozen=True)
class Desk:
    """A folder with one profile, on a machine whose pprof is the script."""

    folder: Path
    profile: Path

    def called(self) -> list[str]:
        return (self.folder / "call").read_text().splitlines()


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("pprof", "dot"):
        (programs / name).write_text(PPROF if name == "pprof" else "#!/bin/sh\n")
        (programs / name).chmod(0o755)
    profile = tmp_path / "heap.0001.pb.gz"
    profile.write_bytes(b"\x1f\x8b")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(showing, "find_go", no_go)
    for key, value in {
        "PATH": str(programs),
        "CALL": str(tmp_path / "call"),
        "HEAPPROFILE": str(tmp_path / "heap"),
        "LEAKCHECK_CACHE_DIR": str(tmp_path / "cache"),
        "FAIL": "",
        "INTERRUPT": "",
    }.items():
        monkeypatch.setenv(key, value)
    return Desk(tmp_path, profile)


def no_go(_: Settings) -> None:
    raise ToolMissing("go was not found")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_to_peek_at_no_function_is_refused_before_pprof_asks_for_commands(desk: Desk) -> None:
    with pytest.raises(BadInput, match="--peek names no function"):
        run_pprof_text(ShowChoices(peek=""))
    assert not (desk.folder / "call").exists()


def test_the_newest_profile_is_shown_as_text(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    newer = desk.folder / "heap.0002.pb.gz"
    newer.write_bytes(b"\x1f\x8b")

    assert run_pprof_text(ShowChoices()) == 0

    assert desk.called() == ["-symbolize=none", "-top", str(newer)]
    printed = capsys.readouterr()
    assert printed.out == "Showing nodes\n"
    assert printed.err == f"Opening {newer}\n"


def test_all_that_was_asked_for_reaches_pprof(desk: Desk) -> None:
    choices = ShowChoices(
        profile="heap.0001.pb.gz", base="heap.0001.pb.gz", sample="alloc_space", peek="mp_.*"
    )

    assert run_pprof_text(choices) == 0

    assert desk.called() == [
        "-symbolize=none",
        "-peek=mp_.*",
        "-sample_index=alloc_space",
        f"-base={desk.profile}",
        str(desk.profile),
    ]


def test_a_text_profile_is_converted_first_and_the_conversion_is_gone_afterwards(
    desk: Desk,
) -> None:
    path = TESTDATA / "heap" / "gperftools.heap"

    assert run_pprof_text(ShowChoices(profile=str(path))) == 0

    shown = Path(desk.called()[-1])
    assert shown.name.endswith("-gperftools.heap.pb.gz")
    assert not shown.exists()


def test_a_pdf_lies_beside_its_profile(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_pprof_pdf(ShowChoices()) == 0

    drawn = desk.folder / "heap.0001.pdf"
    assert drawn.read_bytes() == b"%PDF-1.4"
    assert capsys.readouterr().out == f"         PDF {drawn}\n"


def test_a_pdf_is_written_where_the_user_says(desk: Desk) -> None:
    assert run_pprof_pdf(ShowChoices(output="graph.pdf")) == 0
    assert (desk.folder / "graph.pdf").read_bytes() == b"%PDF-1.4"


def test_without_dot_no_pdf_is_begun(desk: Desk) -> None:
    (desk.folder / "bin" / "dot").unlink()

    with pytest.raises(ToolMissing, match="dot was not found"):
        run_pprof_pdf(ShowChoices())
    assert not (desk.folder / "call").exists()


def test_without_pprof_what_to_install_is_told(desk: Desk) -> None:
    (desk.folder / "bin" / "pprof").unlink()

    with pytest.raises(ToolMissing) as caught:
        run_pprof_text(ShowChoices())
    assert "pprof" in caught.value.hint


def test_the_web_page_ends_well_on_ctrl_c(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("INTERRUPT", "1")
    port = free_port()

    assert run_pprof_http(ShowChoices(port=str(port))) == 0

    expected = [word.format(port=port) for word in HTTP_CALL]
    assert desk.called() == [*expected, str(desk.profile)]
    printed = capsys.readouterr().out
    assert printed == f"     Serving http://127.0.0.1:{port}/ui/flamegraph until Ctrl-C\n"


def test_a_port_that_is_taken_is_told(desk: Desk) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(BadInput, match=f"the port {port} cannot be used") as caught:
            run_pprof_http(ShowChoices(port=str(port)))
    assert caught.value.why == os.strerror(98)
    assert not (desk.folder / "call").exists()


@pytest.mark.parametrize("text", ["", "x", "-1", "0", "65536", "9" * 5000, "٨", "8080 "])
def test_what_is_no_port_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        parse_port(text)


def test_the_port_is_8080_unless_the_user_says_otherwise() -> None:
    assert parse_port(None) == 8080
    assert parse_port("65535") == 65535


def test_pprofs_own_words_say_why_it_does_not_show_a_profile(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAIL", "pprof: parsing profile: unrecognized profile format")

    with pytest.raises(BadInput, match="does not show") as caught:
        run_pprof_text(ShowChoices())
    assert caught.value.why == "pprof: parsing profile: unrecognized profile format"
    assert str(desk.profile) in caught.value.hint


@pytest.mark.parametrize(
    ("profile", "name"),
    [
        ("/p/heap.0001.pb.gz", "heap.0001.pdf"),
        ("/p/heap.0001.heap", "heap.0001.pdf"),
        ("/p/cpu.prof", "cpu.prof.pdf"),
    ],
)
def test_a_pdf_is_named_after_its_profile(profile: str, name: str) -> None:
    assert pdf_beside(Path(profile)) == Path("/p") / name
