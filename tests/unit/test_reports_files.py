"""Writing a report: all of it or nothing."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from leakcheck.errors import BadInput, ExitCode
from leakcheck.reports.files import append_report, write_report


def test_a_report_is_written_as_utf8(tmp_path: Path) -> None:
    write_report(tmp_path / "out.json", "größer\n")
    assert (tmp_path / "out.json").read_bytes() == "größer\n".encode()


def test_a_report_replaces_an_older_one_and_leaves_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "out.json"
    write_report(path, "old, and longer than the new one")
    write_report(path, "new")
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_new_file_has_the_permissions_of_any_new_file(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.touch()
    write_report(tmp_path / "out.json", "x")
    assert (tmp_path / "out.json").stat().st_mode == other.stat().st_mode


def test_a_replaced_file_keeps_its_permissions(tmp_path: Path) -> None:
    path = tmp_path / "out.json"
    path.touch(mode=0o640)
    write_report(path, "x")
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_symbolic_link_is_written_through(tmp_path: Path) -> None:
    link = tmp_path / "link.json"
    link.symlink_to(tmp_path / "real.json")
    write_report(link, "x")
    assert link.is_symlink()
    assert (tmp_path / "real.json").read_text() == "x"


def test_a_device_is_written_in_place() -> None:
    write_report(Path(os.devnull), "x")
    assert Path(os.devnull).is_char_device()


def test_text_that_is_not_utf8_is_escaped(tmp_path: Path) -> None:
    write_report(tmp_path / "out.txt", "lib\udcff.so")
    assert (tmp_path / "out.txt").read_text() == "lib\\udcff.so"


@pytest.mark.parametrize("name", ["none/out.json", "file/out.json", "", "x" * 300])
def test_a_path_that_cannot_be_written_is_the_users_to_mend(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BadInput) as caught:
        write_report(tmp_path / name, "x")
    assert str(tmp_path / name) in caught.value.what
    assert caught.value.why
    assert caught.value.hint
    assert caught.value.exit_code is ExitCode.NOT_CHECKED


def full_disk(_handle: int) -> None:
    """Stand in for fsync on a full disk."""
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_leaves_the_old_report_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "out.json"
    write_report(path, "old")
    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(BadInput, match="No space left on device"):
        write_report(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_device_is_told() -> None:
    with pytest.raises(BadInput, match="No space left"):
        write_report(Path("/dev/full"), "x")


def test_ctrl_c_while_writing_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(_handle: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_report(tmp_path / "out.json", "x")
    assert list(tmp_path.iterdir()) == []


def test_what_is_appended_keeps_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "summary.md"
    append_report(path, "one\n")
    append_report(path, "größer \udcff\n")
    assert path.read_bytes() == "one\ngrößer \\udcff\n".encode()


def test_what_cannot_be_appended_is_told() -> None:
    with pytest.raises(BadInput, match="cannot write /dev/full"):
        append_report(Path("/dev/full"), "text")
