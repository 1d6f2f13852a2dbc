from __future__ import annotations

import stat
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakcheck.errors import BadInput
from leakcheck.launch.rundirectory import (
    Orders,
    agent_configuration,
    run_directory,
    write_agent_configuration,
)
from leakcheck.model import EngineName, Level


def test_nobody_else_can_look_into_the_directory() -> None:
    with run_directory() as directory:
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700


def test_the_directory_is_gone_afterwards_with_all_it_holds() -> None:
    with run_directory() as directory:
        (directory / "sub").mkdir()
        (directory / "sub" / "file").write_text("x")

    assert not directory.exists()


def test_the_directory_is_gone_after_an_error_too() -> None:
    with pytest.raises(RuntimeError), run_directory() as directory:
        raise RuntimeError

    assert not directory.exists()


def test_two_runs_do_not_meet() -> None:
    with run_directory() as one, run_directory() as two:
        assert one != two


def test_a_temporary_folder_ld_preload_cannot_carry_is_avoided(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    awkward = tmp_path / "a b:c"
    awkward.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(awkward))

    with run_directory() as directory:
        assert directory.parent == Path("/tmp")  # noqa: S108 - the very place


def test_no_place_for_a_directory_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))

    with pytest.raises(BadInput, match="temporary directory"), run_directory():
        pass


def test_the_configuration_has_one_key_a_line() -> None:
    orders = Orders(level=Level.STRICT, go_layout=(("go", "1"), ("go_tlsg", "-8")))

    text = agent_configuration(orders, deadline_ms=50000)

    assert text == "level strict\ndeadline_ms 50000\ngo 1\ngo_tlsg -8\n"


def test_the_configuration_names_what_is_not_the_usual() -> None:
    orders = Orders(level=Level.NORMAL, engine=EngineName.HEAPCHECK, malloc_stats=2, max_blocks=9)

    text = agent_configuration(orders, deadline_ms=1)

    assert text == "level normal\ndeadline_ms 1\nengine heapcheck\nmalloc_stats 2\nmax_blocks 9\n"


def test_the_configuration_is_written_where_the_agent_looks(tmp_path: Path) -> None:
    path = write_agent_configuration(tmp_path, "level normal\n")

    assert path == tmp_path / "agent.conf"
    assert path.read_text() == "level normal\n"
    assert (tmp_path / "words").read_bytes() == bytes(4096)


def test_a_run_directory_that_cannot_be_written_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be written"):
        write_agent_configuration(tmp_path / "gone", "level normal\n")


@given(st.text())
def test_no_value_can_add_a_line(value: str) -> None:
    orders = Orders(level=Level.NORMAL, go_layout=(("go_layout_missing", value),))

    text = agent_configuration(orders, deadline_ms=1)

    assert len(text.splitlines()) == 3
