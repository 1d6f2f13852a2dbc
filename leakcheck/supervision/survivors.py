"""The descendants of a supervised program: adopting the orphaned, ending the left-over.

A program started in its own session names its descendants by that session, whatever process
groups a shell makes in it. A descendant that leaves the session (a daemon) is found because
leakcheck is a *subreaper* while programs run: orphans become its children instead of init's.
`leakcheck.process` and `leakcheck.parallel` use this module.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "ProcessEntry",
    "adopt",
    "end_survivors",
    "list_processes",
    "list_survivors",
    "parse_stat",
    "reap_orphans",
    "release",
]

_PR_SET_CHILD_SUBREAPER = 36
_POLL_S = 0.01
_SETTLE_S = 0.1
_TERM_WAIT_S = 1.0
_KILL_WAIT_S = 5.0

_lock = threading.RLock()
_leaders: dict[int, bool] = {}


class ProcessEntry(NamedTuple):
    """One process as `/proc/PID/stat` has it; `state` is one letter, `Z` for a zombie."""

    pid: int
    name: str
    state: str
    parent: int
    group: int
    session: int


class _Started(Protocol):
    @property
    def pid(self) -> int: ...


_StartedT = TypeVar("_StartedT", bound=_Started)


def parse_stat(text: str) -> ProcessEntry:
    """Read a line `1234 (a) b) S 1 1234 1234 0 …`; the name may hold anything.

    Raises ValueError for a line that is cut.
    """
    head, _, tail = text.rpartition(") ")
    pid, opened, name = head.partition(" (")
    fields = tail.split()
    if not opened or len(fields) < 4:  # noqa: PLR2004 - state, parent, group, session
        raise ValueError(f"not a line of /proc/PID/stat: {text!r}")
    return ProcessEntry(int(pid), name, fields[0], int(fields[1]), int(fields[2]), int(fields[3]))


def list_processes() -> tuple[ProcessEntry, ...]:
    """List all processes that can be seen; those that end meanwhile are left out."""
    found = []
    for entry in os.scandir("/proc"):
        if entry.name.isdecimal():
            with contextlib.suppress(OSError, ValueError):
                text = Path(entry.path, "stat").read_text(encoding="utf-8", errors="replace")
                found.append(parse_stat(text))
    return tuple(found)


def adopt(start: Callable[[], _StartedT], *, daemons: bool) -> _StartedT:
    """Start a program that makes its own session, and look after its descendants.

    `daemons` includes those that leave the session. `release` must follow. The lock keeps
    `reap_orphans` of another thread from taking the exit status of a program that ends before
    it is known here.
    """
    with _lock:
        _set_subreaper(on=daemons or any(_leaders.values()))
        try:
            started = start()
            _leaders[started.pid] = daemons
        finally:
            _set_subreaper(on=any(_leaders.values()))
        return started


def release(leader: int) -> None:
    """Forget a program that was adopted; call it after `end_survivors`."""
    with _lock:
        _leaders.pop(leader, None)
        _set_subreaper(on=any(_leaders.values()))


def reap_orphans() -> None:
    """Collect adopted processes that have ended, as init would; tests may wait for that."""
    with _lock, contextlib.suppress(ChildProcessError):
        while True:
            found = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if found is None or not _is_orphan(found.si_pid):
                return
            os.waitpid(found.si_pid, os.WNOHANG)


def list_survivors(leader: int, *, daemons: bool) -> tuple[ProcessEntry, ...]:
    """List the living descendants of the program `leader`, itself excluded.

    Daemons cannot be told apart by their program, so they count when it is the last one
    under supervision.
    """
    processes = list_processes()
    found = {process.pid for process in processes if leader in (process.group, process.session)}
    with _lock:
        if daemons and _leaders.keys() <= {leader}:
            found |= {process.pid for process in processes if _is_stray(process)}
            found |= _descendants(processes, found)
    return tuple(p for p in processes if p.pid in found - {leader} and p.state not in "ZX")


def end_survivors(leader: int, *, daemons: bool) -> tuple[str, ...]:
    """End what the program left running: a moment, SIGTERM, one second, SIGKILL.

    Returns the names and ids of those that were signalled, `sleep (1234)`.
    """

    def left() -> tuple[ProcessEntry, ...]:
        return list_survivors(leader, daemons=daemons)

    _wait_for_none(left, _SETTLE_S)
    ended = _signal_until_none(left, signal.SIGTERM, _TERM_WAIT_S)
    ended |= _signal_until_none(left, signal.SIGKILL, _KILL_WAIT_S)
    return tuple(f"{name} ({pid})" for pid, name in sorted(ended.items()))


def _wait_for_none(left: Callable[[], tuple[ProcessEntry, ...]], wait_s: float) -> None:
    deadline = time.monotonic() + wait_s
    while left() and time.monotonic() < deadline:
        reap_orphans()
        time.sleep(_POLL_S)


def _signal_until_none(
    left: Callable[[], tuple[ProcessEntry, ...]], number: signal.Signals, wait_s: float
) -> dict[int, str]:
    """Signal each survivor once, also those that are forked meanwhile."""
    signalled: dict[int, str] = {}
    deadline = time.monotonic() + wait_s
    while (survivors := left()) and time.monotonic() < deadline:
        for survivor in survivors:
            if survivor.pid not in signalled:
                signalled[survivor.pid] = survivor.name
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(survivor.pid, number)
        reap_orphans()
        time.sleep(_POLL_S)
    reap_orphans()
    return signalled


def _is_orphan(pid: int) -> bool:
    """Say whether it was adopted: other children of ours are in our session."""
    return pid not in _leaders and os.getsid(pid) != os.getsid(0)


def _is_stray(process: ProcessEntry) -> bool:
    """Say the same of an entry of the list."""
    return (
        process.parent == os.getpid()
        and process.pid not in _leaders
        and process.session != os.getsid(0)
    )


def _descendants(processes: tuple[ProcessEntry, ...], ancestors: set[int]) -> set[int]:
    known = set(ancestors)
    while more := {p.pid for p in processes if p.parent in known} - known:
        known |= more
    return known


def _set_subreaper(*, on: bool) -> None:
    """Adopt orphans, or leave them to init.

    Where that is not possible (a sandbox) daemons escape; there is nothing else to do.
    """
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, int(on), 0, 0, 0)
