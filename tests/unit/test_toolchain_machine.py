from __future__ import annotations

import ctypes
import errno
import mmap
import platform
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakcheck.errors import NotChecked
from leakcheck.toolchain import machine
from leakcheck.toolchain.machine import (
    Machine,
    has_seccomp_listener,
    parse_seccomp_actions,
    patch_refusal,
    read_machine,
    refuse_other_processors,
    refuse_other_systems,
)

if TYPE_CHECKING:
    from pathlib import Path

DEBIAN = Machine(system="Linux", processor="x86_64", kernel="6.1.0-26-amd64", libc="glibc 2.36")


def test_this_machine_says_what_uname_says() -> None:
    read = read_machine()

    assert (read.system, read.processor) == (platform.system(), platform.machine())
    assert read.kernel == platform.release()


@pytest.mark.parametrize("processor", ["x86_64", "aarch64"])
def test_linux_is_supported_on_two_processors(processor: str) -> None:
    assert replace(DEBIAN, processor=processor).is_supported


@pytest.mark.parametrize(
    ("system", "processor"), [("Linux", "riscv64"), ("Darwin", "arm64"), ("Linux", "i686")]
)
def test_no_other_machine_is(system: str, processor: str) -> None:
    assert not Machine(system=system, processor=processor, kernel="6.1", libc="").is_supported


def test_another_processor_is_refused_by_name() -> None:
    with pytest.raises(NotChecked, match="does not run on riscv64"):
        refuse_other_processors(replace(DEBIAN, processor="riscv64"))


def test_linux_on_x86_64_is_not_refused() -> None:
    refuse_other_processors(DEBIAN)
    refuse_other_systems("linux")


@pytest.mark.parametrize(
    ("libc", "is_glibc"), [("glibc 2.36", True), ("", False), ("musl 1.2.4", False)]
)
def test_glibc_is_told_from_other_libraries(libc: str, *, is_glibc: bool) -> None:
    assert Machine(system="", processor="", kernel="", libc=libc).has_glibc is is_glibc


@pytest.mark.parametrize("error", [ValueError("unrecognized configuration name"), OSError()])
def test_a_library_that_does_not_know_its_version_is_not_glibc(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def refuse(_: str) -> str:
        raise error

    monkeypatch.setattr(machine.os, "confstr", refuse)

    assert read_machine().libc == ""


def test_code_can_be_patched_here_and_the_file_stays_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "program"
    file.write_bytes(b"\x90" * 5000)

    assert patch_refusal(file) is None
    assert file.read_bytes() == b"\x90" * 5000


def test_our_own_program_can_be_patched() -> None:
    assert patch_refusal() is None


def test_without_proc_nobody_can_tell_and_that_is_said(tmp_path: Path) -> None:
    assert patch_refusal(tmp_path / "exe") == f"{tmp_path}/exe: No such file or directory"


def test_the_mapping_of_the_trial_is_taken_away_again(tmp_path: Path) -> None:
    file = tmp_path / "program-of-the-trial"
    file.write_bytes(b"\x90" * 5000)

    patch_refusal(file)

    with open("/proc/self/maps", encoding="utf-8") as maps:  # noqa: PTH123 - no Path of its own
        assert file.name not in maps.read()


def test_a_file_that_cannot_be_mapped_is_told() -> None:
    refusal = patch_refusal(machine.Path("/proc/self/maps"))

    assert refusal is not None
    assert refusal.startswith("mmap: ")


class StubbornKernel:
    """A C library whose `mprotect` fails at the given call; the rest works."""

    def __init__(self, failing_call: int) -> None:
        self.failing_call = failing_call
        self.calls: list[int] = []
        self.unmapped: list[int] = []
        self.page = ctypes.create_string_buffer(mmap.PAGESIZE)

    def mmap(self, *_: object) -> int:
        return ctypes.addressof(self.page)

    def mprotect(self, _page: int, _size: int, protection: int) -> int:
        self.calls.append(protection)
        ctypes.set_errno(errno.EACCES)
        return -1 if len(self.calls) == self.failing_call else 0

    def munmap(self, page: int, _size: int) -> int:
        self.unmapped.append(page)
        return 0


class Library:
    """Lets attributes be set on functions, as ctypes does."""

    def __init__(self, kernel: StubbornKernel) -> None:
        for name in ("mmap", "mprotect", "munmap"):
            method = getattr(kernel, name)
            setattr(self, name, lambda *arguments, method=method: method(*arguments))


@pytest.mark.parametrize(
    ("failing_call", "refusal"),
    [
        (1, "mprotect to writable: Permission denied"),
        (2, "mprotect back to executable: Permission denied"),
        (3, None),
    ],
)
def test_a_refusal_at_each_step_is_told_and_the_page_given_back(
    monkeypatch: pytest.MonkeyPatch, failing_call: int, refusal: str | None
) -> None:
    kernel = StubbornKernel(failing_call)
    monkeypatch.setattr(machine.ctypes, "CDLL", lambda *_, **__: Library(kernel))

    assert patch_refusal() == refusal
    assert kernel.unmapped == [ctypes.addressof(kernel.page)]


def test_the_page_is_never_writable_and_executable_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = StubbornKernel(failing_call=0)
    monkeypatch.setattr(machine.ctypes, "CDLL", lambda *_, **__: Library(kernel))

    patch_refusal()

    assert kernel.calls == [mmap.PROT_READ | mmap.PROT_WRITE, mmap.PROT_READ | mmap.PROT_EXEC]


def test_the_actions_of_seccomp_are_read() -> None:
    text = "kill_process kill_thread trap errno user_notif trace log allow\n"

    assert "user_notif" in parse_seccomp_actions(text)
    assert len(parse_seccomp_actions(text)) == 8


@given(st.frozensets(st.text("abcdefghijklmnopqrstuvwxyz_", min_size=1)))
def test_every_list_of_actions_comes_back(actions: frozenset[str]) -> None:
    assert parse_seccomp_actions(" ".join(actions) + "\n") == actions


@pytest.mark.parametrize(
    ("text", "expected"),
    [("trap errno user_notif allow", True), ("trap errno allow", False), (None, False)],
    ids=["a newer kernel", "an older kernel", "no seccomp"],
)
def test_the_listener_is_there_when_the_kernel_lists_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None, *, expected: bool
) -> None:
    file = tmp_path / "actions_avail"
    if text is not None:
        file.write_text(text, encoding="utf-8")
    monkeypatch.setattr(machine, "_SECCOMP_ACTIONS", file)

    assert has_seccomp_listener() is expected
