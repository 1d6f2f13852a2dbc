"""Where each thread of a hanging program stands, told before the program is ended."""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from leakcheck.process import Command, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["children_of", "describe_process", "watch"]

_TICK_S = 0.5
_DEBUGGER_S = 30.0
_PPID = 1
_TOLD_OF_THREAD = ("wchan", "syscall", "stack")


def parent_of(pid: int) -> int | None:
    """The parent of a process, None when it is gone.

    Behind the name, which may hold anything: `1234 (a b) c) S 1 …`.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return None
    return int(stat.rpartition(")")[2].split()[_PPID])


def children_of(pid: int) -> tuple[int, ...]:
    """All descendants of a process, the nearest first."""
    everyone = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
    parents = {each: parent_of(each) for each in everyone}
    found = [pid]
    for each in found:
        found += [child for child, parent in parents.items() if parent == each]
    return tuple(found[1:])


def describe_process(pid: int) -> str:
    """Each thread's state, wait channel, system call and kernel stack, then what gdb sees."""
    lines = [f"process {pid}: {_read(Path(f'/proc/{pid}/cmdline')).replace(chr(0), ' ')}"]
    for task in sorted(_tasks(pid)):
        status = _read(task / "stat").rpartition(")")[2].split()[:1]
        lines.append(f"  thread {task.name} {_read(task / 'comm')}: state {''.join(status)}")
        lines += [f"    {name}: {_read(task / name) or '-'}" for name in _TOLD_OF_THREAD]
    return "\n".join([*lines, *_debugged(pid)])


def _tasks(pid: int) -> list[Path]:
    with contextlib.suppress(OSError):
        return list(Path(f"/proc/{pid}/task").iterdir())
    return []


def _read(path: Path) -> str:
    try:
        return " | ".join(path.read_text(errors="replace").split("\n")).strip(" |")
    except OSError as error:
        return f"({error.strerror})"


def _debugged(pid: int) -> list[str]:
    if shutil.which("gdb") is None:
        return ["  no gdb here"]
    command = ("gdb", "-batch", "-nx", "-p", str(pid), "-ex", "thread apply all backtrace")
    completed = run(Command(command), timeout_s=_DEBUGGER_S)
    return ["  gdb:", *(f"    {line}" for line in completed.stdout.splitlines())]


@contextlib.contextmanager
def watch(limit_s: float, tell: Callable[[str], None]) -> Iterator[None]:
    """Inside the `with`: every descendant of ours older than `limit_s` is described once."""
    over = threading.Event()
    thread = threading.Thread(target=_look, args=(limit_s, tell, over), daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _look(limit_s: float, tell: Callable[[str], None], over: threading.Event) -> None:
    first_seen: dict[int, float] = {}
    told: set[int] = set()
    while not over.wait(_TICK_S):
        now = time.monotonic()
        alive = children_of(os.getpid())
        first_seen = {pid: first_seen.get(pid, now) for pid in alive}
        for pid in alive:
            if now - first_seen[pid] > limit_s and pid not in told:
                told.add(pid)
                tell(describe_process(pid))
