from __future__ import annotations

import fcntl
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from bootstrap import effects
from bootstrap.commands import Command

if TYPE_CHECKING:
    from pathlib import Path


def script(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory that is all of PATH but the shell's own."""
    directory = tmp_path / "programs"
    directory.mkdir()
    monkeypatch.setenv("PATH", str(directory))
    monkeypatch.delenv("CC", raising=False)
    return directory


def test_output_and_errors_are_kept_together() -> None:
    done = effects.run(Command(argv=("sh", "-c", "echo out; echo err >&2; exit 3")))
    assert done == effects.Completed(returncode=3, output="out\nerr\n")


def test_a_command_sees_its_own_environment_and_the_inherited_one() -> None:
    command = Command(argv=("sh", "-c", 'echo "$X $HOME"'), environment=(("X", "1"),))
    assert effects.run(command).output == f"1 {os.environ['HOME']}\n"


def test_a_command_reads_what_it_is_fed_and_no_terminal() -> None:
    assert effects.run(Command(argv=("cat",), stdin="fed")).output == "fed"
    assert effects.run(Command(argv=("cat",))).output == ""


def test_a_missing_program_is_a_failure_not_an_exception() -> None:
    done = effects.run(Command(argv=("/nowhere/apt-get",)))
    assert done.returncode == 127
    assert "/nowhere/apt-get" in done.output


def test_a_long_command_says_that_it_is_still_at_work(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(effects, "HEARTBEAT_S", 0.05)
    effects.run(Command(argv=("sleep", "0.2")), label="apt-get install")
    assert "     Working apt-get install, 0 s\n" in capsys.readouterr().err


def test_a_command_without_a_label_is_silent(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(effects, "HEARTBEAT_S", 0.05)
    effects.run(Command(argv=("sleep", "0.2")))
    assert capsys.readouterr().err == ""


def test_an_interrupted_command_is_told_and_waited_for(tmp_path: Path) -> None:
    ended = tmp_path / "ended"
    child = f"trap 'sleep 0.2; touch {ended}; exit' TERM; while :; do sleep 0.05; done"
    threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        effects.run(Command(argv=("sh", "-c", child)))
    assert ended.exists()


def test_a_held_checkout_is_waited_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    holder = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(holder, fcntl.LOCK_EX)
    released: list[str] = []

    def release() -> None:
        released.append("first")
        os.close(holder)

    threading.Timer(0.2, release).start()
    with effects.exclusive(tmp_path):
        assert released == ["first"]
    assert "Waiting for another set-up" in capsys.readouterr().err


def test_a_checkout_is_free_again_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), effects.exclusive(tmp_path):
        raise RuntimeError
    other = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(other)


def test_a_machine_without_programs_has_nothing(
    programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LEAKCHECK_TCMALLOC", raising=False)
    script(programs / "ldconfig", "exit 1")
    machine = effects.probe_machine()
    assert not machine.compiles_c
    assert not machine.has_dot
    assert not machine.has_own_tcmalloc
    assert machine.libraries == frozenset()
    assert machine.python == sys.version_info[:2]


@pytest.mark.parametrize("name", ["chromium", "chromium-browser", "google-chrome"])
def test_any_browser_of_the_family_will_do_for_the_tests(programs: Path, name: str) -> None:
    script(programs / name, "exit 0")
    assert effects.probe_machine().test_packages == {"chromium"}


def test_libraries_are_those_the_loader_lists(programs: Path) -> None:
    script(
        programs / "ldconfig",
        "[ $1 = -p ] && echo '	libunwind.so.8 (libc6,x86-64) => /lib/libunwind.so.8'",
    )
    assert effects.probe_machine().libraries == {"libunwind.so.8"}


def test_a_compiler_without_headers_is_no_compiler(programs: Path) -> None:
    for name in ("cc", "gcc"):
        script(programs / name, "echo 'fatal error: stdlib.h: No such file' >&2; exit 1")
    assert not effects.probe_machine().compiles_c


def test_cgo_s_gcc_is_asked_for_beside_cc(programs: Path) -> None:
    script(programs / "cc", "exit 0")
    assert not effects.probe_machine().compiles_c
    script(programs / "gcc", "exit 0")
    assert effects.probe_machine().compiles_c


def test_a_compiler_named_in_cc_is_the_only_one_asked(
    programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script(programs / "mycc", '[ "$1" = -m64 ]')
    monkeypatch.setenv("CC", "mycc -m64")
    assert effects.probe_machine().compiles_c


def test_a_tcmalloc_named_by_the_user_must_be_a_file(
    tmp_path: Path, programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script(programs / "ldconfig", "exit 1")
    library = tmp_path / "libtcmalloc.so"
    monkeypatch.setenv("LEAKCHECK_TCMALLOC", str(library))
    assert not effects.probe_machine().has_own_tcmalloc
    library.write_bytes(b"\x7fELF")
    assert effects.probe_machine().has_own_tcmalloc


@pytest.mark.parametrize(
    ("user", "sudo", "privilege"),
    [
        (0, None, ()),
        (1000, "exit 0", ("sudo", "-n")),
        (1000, "exit 1", None),
        (1000, None, None),
    ],
    ids=["root", "sudo", "sudo asks for a password", "no sudo"],
)
def test_privilege(
    programs: Path,
    monkeypatch: pytest.MonkeyPatch,
    user: int,
    sudo: str | None,
    privilege: tuple[str, ...] | None,
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: user)
    if sudo is not None:
        script(programs / "sudo", sudo)
    assert effects.find_privilege() == privilege


def test_package_lists_are_looked_for_in_any_compression(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(effects, "PACKAGE_LISTS", tmp_path)
    assert not effects.has_package_lists()
    (tmp_path / "deb.example_dists_stable_main_binary-amd64_Packages.lz4").touch()
    assert effects.has_package_lists()


def test_the_base_python_is_outside_any_environment() -> None:
    done = effects.run(
        Command(
            argv=(effects.base_python(), "-c", "import sys; print(sys.prefix == sys.base_prefix)")
        )
    )
    assert done.output == "True\n"
