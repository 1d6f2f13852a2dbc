"""What the machine itself allows: processor, C library, patching of code."""

from __future__ import annotations

import ctypes
import mmap
import os
import platform
from dataclasses import dataclass
from pathlib import Path

from leakcheck.errors import NotChecked
from leakcheck.toolchain.processor import processor_named

__all__ = [
    "Machine",
    "has_seccomp_listener",
    "parse_seccomp_actions",
    "patch_refusal",
    "read_machine",
    "refuse_other_processors",
    "refuse_other_systems",
]

_LEAKS_ON_MAC = "leaks --atExit -- PROGRAM"
_INSTEAD = {
    "darwin": ("macOS", "in a container of linux/amd64, or use Apple's own tool", _LEAKS_ON_MAC),
    "win32": ("Windows", "in WSL 2, which is Linux", "wsl leakcheck leak"),
    "cygwin": ("Cygwin", "in WSL 2, which is Linux", "wsl leakcheck leak"),
}
_SECCOMP_ACTIONS = Path("/proc/sys/kernel/seccomp/actions_avail")


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """`system`, `processor` and `kernel` as uname has them; `libc` is "glibc 2.36" or ""."""

    system: str
    processor: str
    kernel: str
    libc: str

    @property
    def is_supported(self) -> bool:
        """Whether leakcheck is made for it: Linux on x86-64 or arm64."""
        return self.system == "Linux" and processor_named(self.processor) is not None

    @property
    def has_glibc(self) -> bool:
        """Whether the C library is the GNU one, which the agent needs (musl is not)."""
        return self.libc.startswith("glibc ")


def refuse_other_systems(platform_name: str) -> None:
    """Raise NotChecked unless `sys.platform` is Linux, saying what to use instead."""
    if platform_name.startswith("linux"):
        return
    nothing = (platform_name, "on Linux on x86-64 or arm64", "")
    system, elsewhere, command = _INSTEAD.get(platform_name, nothing)
    raise NotChecked(
        f"leakcheck does not run on {system}",
        why=f"it is made for Linux on x86-64 or arm64 with glibc; run it {elsewhere}",
        hint=command,
    )


def refuse_other_processors(machine: Machine) -> None:
    """Raise NotChecked unless the processor is one that the agent is made for."""
    if not machine.is_supported:
        raise NotChecked(
            f"leakcheck does not run on {machine.processor}",
            why="the agent patches code, of x86-64 and arm64; run it there, or in an emulation",
            hint="docker run --platform linux/amd64 …",
        )


def read_machine() -> Machine:
    """Ask the running system."""
    names = platform.uname()
    return Machine(system=names.system, processor=names.machine, kernel=names.release, libc=_libc())


def patch_refusal(program: Path = Path("/proc/self/exe")) -> str | None:
    """Try what the agent does at a program's start: change a page of code of its file.

    A private mapping of `program` is made writable, changed, and made executable again, away
    from the code that runs. None when that works, else what the kernel said; SELinux refuses
    it without `execmod`.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t, *(ctypes.c_int,) * 3, ctypes.c_long)
    libc.mprotect.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    libc.munmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t)
    code = mmap.PROT_READ | mmap.PROT_EXEC
    try:
        stream = program.open("rb")
    except OSError as error:
        return f"{program}: {error.strerror}"  # there may be no /proc
    with stream:
        page = libc.mmap(None, mmap.PAGESIZE, code, mmap.MAP_PRIVATE, stream.fileno(), 0)
    if page == ctypes.c_void_p(-1).value:
        return f"mmap: {os.strerror(ctypes.get_errno())}"
    try:
        if libc.mprotect(page, mmap.PAGESIZE, mmap.PROT_READ | mmap.PROT_WRITE) != 0:
            return f"mprotect to writable: {os.strerror(ctypes.get_errno())}"
        ctypes.memset(page, 0xCC, 1)
        if libc.mprotect(page, mmap.PAGESIZE, code) != 0:
            return f"mprotect back to executable: {os.strerror(ctypes.get_errno())}"
    finally:
        libc.munmap(page, mmap.PAGESIZE)
    return None


def has_seccomp_listener() -> bool:
    """Say whether the kernel can hand system calls to a listener (Linux 5.0)."""
    try:
        text = _SECCOMP_ACTIONS.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        return False
    return "user_notif" in parse_seccomp_actions(text)


def parse_seccomp_actions(text: str) -> frozenset[str]:
    """Read `kill_process kill_thread trap errno user_notif trace log allow`."""
    return frozenset(text.split())


def _libc() -> str:
    try:
        return os.confstr("CS_GNU_LIBC_VERSION") or ""
    except (OSError, ValueError):
        return ""
