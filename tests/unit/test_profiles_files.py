"""Where profiles are, what the next one is called, and which is the newest."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import pytest

from leakcheck.errors import BadInput
from leakcheck.profiles import files
from leakcheck.profiles.files import (
    CHECKERS,
    check_prefix,
    default_prefix,
    module_name,
    newest_profile,
    write_numbered,
)

if TYPE_CHECKING:
    from pathlib import Path


def touch(path: Path, *, at: float) -> Path:
    path.touch()
    os.utime(path, (at, at))
    return path


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("module example.com/mediaprobe", "mediaprobe"),
        ('module "example.com/mediaprobe"', "mediaprobe"),
        ("// a comment\n\nmodule  example.com/mediaprobe // here", "mediaprobe"),
        ("module example.com/avpipe/v2", "avpipe"),
        ("module gopkg.in/yaml.v3", "yaml"),
        ("module m", "m"),
    ],
)
def test_a_module_is_called_by_the_end_of_its_path(tmp_path: Path, line: str, name: str) -> None:
    (tmp_path / "go.mod").write_text(f"{line}\n\ngo 1.21\n")
    assert module_name(tmp_path) == name


def test_a_folder_inside_a_module_belongs_to_it(tmp_path: Path) -> None:
    (tmp_path / "go.mod").write_text("module example.com/m\n")
    (tmp_path / "a" / "b").mkdir(parents=True)
    assert module_name(tmp_path / "a" / "b") == "m"


def test_a_folder_without_a_module_is_called_by_its_own_name(tmp_path: Path) -> None:
    assert module_name(tmp_path) == tmp_path.name


def test_profiles_are_in_tmp_unless_the_user_says_otherwise() -> None:
    assert default_prefix("mediaprobe").split("/") == ["", "tmp", "mediaprobe_heap"]


def test_numbers_go_on_and_old_profiles_stay(tmp_path: Path) -> None:
    prefix = str(tmp_path / "heap")
    paths = [write_numbered(prefix, content) for content in (b"first", b"second")]
    assert [path.name for path in paths] == ["heap.0001.pb.gz", "heap.0002.pb.gz"]
    assert [path.read_bytes() for path in paths] == [b"first", b"second"]
    assert sorted(tmp_path.iterdir()) == paths


def test_a_number_that_was_given_is_not_given_again_below_the_last(tmp_path: Path) -> None:
    (tmp_path / "heap.0007.pb.gz").touch()
    (tmp_path / "heap.9.pb.gz").touch()
    (tmp_path / "other.0099.pb.gz").touch()
    assert write_numbered(str(tmp_path / "heap"), b"x").name == "heap.0008.pb.gz"


def test_the_profiles_of_gperftools_checker_have_numbers_of_their_own(tmp_path: Path) -> None:
    prefix = str(tmp_path / "heap")
    (tmp_path / "heap.0007.pb.gz").touch()
    paths = [write_numbered(prefix, b"x", CHECKERS) for _ in range(2)]
    assert [path.name for path in paths] == ["heap.heapcheck.0001.heap", "heap.heapcheck.0002.heap"]
    assert newest_profile(prefix) == paths[1]


def test_after_9999_the_number_grows(tmp_path: Path) -> None:
    (tmp_path / "heap.9999.pb.gz").touch()
    assert write_numbered(str(tmp_path / "heap"), b"x").name == "heap.10000.pb.gz"


def test_a_link_that_lies_in_wait_is_not_written_through(tmp_path: Path) -> None:
    target = tmp_path / "target"
    (tmp_path / "heap.0001.pb.gz").symlink_to(target)
    assert write_numbered(str(tmp_path / "heap"), b"x").name == "heap.0002.pb.gz"
    assert not target.exists()


def test_a_faster_process_keeps_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "heap.0001.pb.gz").write_bytes(b"theirs")
    seen = iter([[], [(1, tmp_path / "heap.0001.pb.gz")]])
    monkeypatch.setattr(files, "numbered", lambda *_: next(seen))
    assert write_numbered(str(tmp_path / "heap"), b"ours").name == "heap.0002.pb.gz"
    assert (tmp_path / "heap.0001.pb.gz").read_bytes() == b"theirs"


def test_a_profile_has_the_permissions_of_any_new_file(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.touch()
    assert write_numbered(str(tmp_path / "heap"), b"x").stat().st_mode == other.stat().st_mode


def test_a_relative_prefix_is_of_this_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert write_numbered("heap", b"x") == tmp_path / "heap.0001.pb.gz"


@pytest.mark.parametrize("prefix", ["none/heap", "file/heap"])
def test_a_prefix_that_cannot_be_written_is_refused_before_and_after(
    tmp_path: Path, prefix: str
) -> None:
    (tmp_path / "file").touch()
    for work in (check_prefix, lambda each: write_numbered(each, b"x")):
        with pytest.raises(BadInput) as caught:
            work(str(tmp_path / prefix))
        assert prefix in caught.value.what
        assert caught.value.why
        assert caught.value.hint


def test_a_folder_that_can_be_written_is_fit_and_stays_as_it_is(tmp_path: Path) -> None:
    check_prefix(str(tmp_path / "heap"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("prefix", ["/proc/heap", "/dev/null/heap", "x" * 250])
def test_what_only_the_system_knows_to_be_unfit_is_tried_before(prefix: str) -> None:
    """Root may write anywhere by its permissions, and any name may be too long."""
    with pytest.raises(BadInput, match="cannot be written"):
        check_prefix(prefix)


def test_a_folder_is_no_prefix(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be written") as caught:
        check_prefix(f"{tmp_path}/")
    assert "the name of the files is missing" in caught.value.why


def test_with_a_slash_at_the_end_numbers_go_on_too(tmp_path: Path) -> None:
    """Files beside the folder, of its name, are another prefix's."""
    folder = tmp_path / "heap"
    folder.mkdir()
    (tmp_path / "heap.0001.pb.gz").touch()
    paths = [write_numbered(f"{folder}/", b"x") for _ in range(2)]
    assert paths == [folder / ".0001.pb.gz", folder / ".0002.pb.gz"]
    assert newest_profile(f"{folder}/") == paths[1]


@pytest.mark.parametrize("number", [errno.EPERM, errno.EOPNOTSUPP])
def test_a_file_system_without_hard_links_has_profiles_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(*_: Path) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(files.Path, "hardlink_to", refuse)
    (tmp_path / "heap.0001.pb.gz").write_bytes(b"theirs")
    seen = iter([[], [(1, tmp_path / "heap.0001.pb.gz")]])
    monkeypatch.setattr(files, "numbered", lambda *_: next(seen))

    assert write_numbered(str(tmp_path / "heap"), b"ours").name == "heap.0002.pb.gz"

    assert (tmp_path / "heap.0001.pb.gz").read_bytes() == b"theirs"
    assert (tmp_path / "heap.0002.pb.gz").read_bytes() == b"ours"
    assert len(list(tmp_path.iterdir())) == 2


def test_the_newest_is_the_one_written_last_of_either_kind(tmp_path: Path) -> None:
    touch(tmp_path / "heap.0009.pb.gz", at=100)
    newest = touch(tmp_path / "heap.0002.heap", at=300)
    touch(tmp_path / "heap.0003.pb.gz", at=200)
    touch(tmp_path / "other.0001.pb.gz", at=400)
    assert newest_profile(str(tmp_path / "heap")) == newest


def test_of_two_written_in_one_instant_the_higher_number_is_newer(tmp_path: Path) -> None:
    newest = touch(tmp_path / "heap.0010.pb.gz", at=100)
    touch(tmp_path / "heap.0009.pb.gz", at=100)
    assert newest_profile(str(tmp_path / "heap")) == newest


def test_what_gperftools_checker_left_is_a_profile_too(tmp_path: Path) -> None:
    touch(tmp_path / "heap.0009.pb.gz", at=100)
    newest = touch(tmp_path / "heap.heapcheck.0001.heap", at=200)
    assert newest_profile(str(tmp_path / "heap")) == newest


@pytest.mark.parametrize("prefix", ["heap", "none/heap"])
def test_without_a_profile_the_task_that_makes_one_is_named(tmp_path: Path, prefix: str) -> None:
    (tmp_path / "heap.0001.pb.gz").symlink_to(tmp_path / "nowhere")
    with pytest.raises(BadInput, match="there is no profile") as caught:
        newest_profile(str(tmp_path / prefix))
    assert caught.value.hint == "leakcheck profile"
