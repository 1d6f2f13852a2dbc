"""Running programs; the only module that imports `subprocess`.

Commands are values, never shell strings. `run` is for tools whose output is read, `supervise`
for the programs under test: both run in their own session, stream their output, end in time,
and leave no process behind, whether by Ctrl-C, a timeout or an error.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from leakcheck.errors import BadInput, NotChecked, ToolMissing
from leakcheck.supervision import survivors
from leakcheck.supervision.escalation import KILL, Escalation, Interruptions, Step
from leakcheck.supervision.outputpump import OutputPump

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["Command", "Completed", "run", "supervise", "tool_environment"]

_TCMALLOC_SWITCHES = frozenset({"HEAPCHECK", "HEAPPROFILE", "MALLOCSTATS", "TCMALLOC_VERBOSE"})
_TICK_S = 0.05
_POLL_S = 0.002
_FLUSH_S = 1.0
_TOOL_GRACE_S = 2.0


@dataclass(frozen=True, slots=True)
class Command:
    """A program and its arguments; `env` is its whole environment, None inherits ours."""

    argv: tuple[str, ...]
    env: tuple[tuple[str, str], ...] | None = None
    cwd: Path | None = None

    def __str__(self) -> str:
        """Quote it as a shell would need it."""
        return shlex.join(self.argv)


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """How a program ended.

    A negative `returncode` is the signal that ended it. `stdout` and `stderr` are decoded as
    UTF-8 with replacement characters; of a very long stream the middle is left out, and the
    text says so there. `survivors` names the processes it left running, which were ended.
    """

    command: Command
    returncode: int
    stdout: str
    stderr: str
    duration_s: float
    timed_out: bool
    survivors: tuple[str, ...] = ()


class _Endings(NamedTuple):
    """The steps at a timeout and on Ctrl-C, and how long others may finish their output."""

    at_timeout: tuple[Step, ...]
    at_interruption: tuple[Step, ...]
    drain_s: float


def run(
    command: Command,
    *,
    timeout_s: float | None = None,
    on_output: Callable[[bytes], None] | None = None,
) -> Completed:
    """Run a tool and capture its output; a nonzero return code is the caller's to judge.

    `on_output` gets both streams as they come. Tools run without tcmalloc's own switches:
    with HEAPCHECK and tcmalloc in LD_PRELOAD the compiler would be checked, and fail. Raises
    ToolMissing when the program is not found, BadInput when it cannot be executed.
    """
    environment = os.environ if command.env is None else dict(command.env)
    tool = replace(command, env=tuple(tool_environment(environment).items()))
    endings = _Endings(
        at_timeout=_group_steps(signal.SIGTERM, _TOOL_GRACE_S),
        at_interruption=_group_steps(signal.SIGINT, _TOOL_GRACE_S),
        drain_s=_TOOL_GRACE_S,
    )
    completed = _complete(tool, endings, timeout_s, on_output, is_tool=True)
    return replace(completed, command=command)


def supervise(
    command: Command,
    *,
    timeout_s: float | None,
    on_output: Callable[[bytes], None] | None,
    dump_signal: signal.Signals = signal.SIGQUIT,
    grace_s: float = 5.0,
) -> Completed:
    """Run a program under test; its standard output and error come merged in `stdout`.

    At the timeout the program itself gets `dump_signal` (on SIGQUIT the Go runtime prints all
    goroutines), `grace_s` later its group gets SIGTERM, then SIGKILL. Ctrl-C is forwarded, a
    second one kills; KeyboardInterrupt is raised when all have ended. What still runs when
    the program has ended gets `grace_s` to finish its output, then it is ended too. Raises as
    `run` does.
    """
    dump = Step(dump_signal, to_group=False, wait_s=grace_s)
    endings = _Endings(
        at_timeout=(dump, *_group_steps(signal.SIGTERM, grace_s)),
        at_interruption=_group_steps(signal.SIGINT, grace_s),
        drain_s=grace_s,
    )
    return _complete(command, endings, timeout_s, on_output, is_tool=False)


def tool_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Take tcmalloc's own switches out of `environment`."""
    return {name: value for name, value in environment.items() if name not in _TCMALLOC_SWITCHES}


def _group_steps(first: signal.Signals, wait_s: float) -> tuple[Step, ...]:
    return (Step(first, to_group=True, wait_s=wait_s), KILL)


def _complete(
    command: Command,
    endings: _Endings,
    timeout_s: float | None,
    on_output: Callable[[bytes], None] | None,
    *,
    is_tool: bool,
) -> Completed:
    """Start the program, follow it to its end, end what it left, and say how it was."""
    interruptions = Interruptions()
    supervision = _Supervision(command, OutputPump(on_output), is_tool=is_tool)
    with interruptions:
        started = time.monotonic()
        escalation = Escalation(
            deadline=None if timeout_s is None else started + timeout_s,
            at_timeout=endings.at_timeout,
            at_interruption=endings.at_interruption,
        )
        with supervision:
            ended = supervision.follow(escalation, interruptions, endings.drain_s)
    interruptions.deliver()
    return supervision.completed(duration_s=ended - started, timed_out=escalation.timed_out)


class _Supervision:
    """One program, running inside the `with`; after it nothing is left of it.

    Of a tool the two streams are kept apart, and daemons it starts (a compiler cache) stay.
    """

    def __init__(self, command: Command, pump: OutputPump, *, is_tool: bool) -> None:
        self._command = command
        self._pump = pump
        self._is_tool = is_tool
        self._survivors: tuple[str, ...] = ()
        self._is_status_lost = False

    def __enter__(self) -> None:
        with _explained(self._command):
            self._popen = survivors.adopt(self._start, daemons=not self._is_tool)
        streams = (self._popen.stdout, self._popen.stderr)
        self._kept = [self._pump.add(stream) for stream in streams if stream is not None]

    def __exit__(self, *_: object) -> None:
        """Also on an error in the middle, when the program still runs."""
        try:
            if not self._has_ended():
                self._send(KILL)
                self._wait(KILL.wait_s)
            self._survivors = survivors.end_survivors(self._popen.pid, daemons=not self._is_tool)
            if self._has_ended():
                self._popen.wait()
        finally:
            survivors.release(self._popen.pid)
            self._pump.close()
            for stream in (self._popen.stdout, self._popen.stderr):
                if stream is not None:
                    stream.close()

    def follow(self, escalation: Escalation, interruptions: Interruptions, drain_s: float) -> float:
        """Pass on output and send signals until the program has ended and its output too.

        Returns when the program itself ended.
        """
        while not self._has_ended():
            self._pump.move(_TICK_S)
            survivors.reap_orphans()
            now = time.monotonic()
            step = escalation.step(now, interruptions.count())
            if step is not None:
                self._send(step)
            elif escalation.is_exhausted(now):
                raise NotChecked(f"{self._command.argv[0]} cannot be ended, even by SIGKILL")
        ended = time.monotonic()
        patience_s = 0.0 if escalation.has_begun() else drain_s
        self._drain(interruptions, ended + patience_s)
        return ended

    def _drain(self, interruptions: Interruptions, until: float) -> None:
        """Pass on what descendants write `until` then, and in any case what is written by now."""
        before = interruptions.count()
        while not self._pump.is_finished():
            patient = time.monotonic() < until and interruptions.count() == before
            came = self._pump.move(_TICK_S if patient else 0)
            survivors.reap_orphans()
            if not patient and (not came or time.monotonic() > until + _FLUSH_S):
                return

    def completed(self, *, duration_s: float, timed_out: bool) -> Completed:
        """Say how it was; after the `with`."""
        if self._is_status_lost:
            raise NotChecked(
                f"the exit code of {self._command.argv[0]} is lost",
                why="another part of this process took it, or SIGCHLD is ignored",
            )
        texts = [kept.text() for kept in self._kept]
        return Completed(
            command=self._command,
            returncode=self._popen.returncode,
            stdout=texts[0],
            stderr="".join(texts[1:]),
            duration_s=duration_s,
            timed_out=timed_out,
            survivors=self._survivors,
        )

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self._command.argv,
            env=None if self._command.env is None else dict(self._command.env),
            cwd=self._command.cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE if self._is_tool else subprocess.STDOUT,
            bufsize=0,
            start_new_session=True,
        )

    def _send(self, step: Step) -> None:
        """Signal it; the program is not reaped before `__exit__`, so its id is still its own."""
        send = os.killpg if step.to_group else os.kill
        with contextlib.suppress(ProcessLookupError):
            send(self._popen.pid, step.number)

    def _has_ended(self) -> bool:
        """Look without reaping, so that the process id stays the program's."""
        flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
        try:
            return os.waitid(os.P_PID, self._popen.pid, flags) is not None
        except ChildProcessError:
            self._is_status_lost = True
            return True

    def _wait(self, wait_s: float) -> None:
        deadline = time.monotonic() + wait_s
        while not self._has_ended() and time.monotonic() < deadline:
            time.sleep(_POLL_S)


@contextlib.contextmanager
def _explained(command: Command) -> Iterator[None]:
    """Turn what `execve` says into what the user can mend."""
    program = command.argv[0]
    try:
        yield
    except FileNotFoundError as error:
        if command.cwd is not None and not command.cwd.is_dir():
            raise BadInput(f"{command.cwd} is not a folder") from error
        if "/" in program and Path(program).exists():
            raise BadInput(
                f"{program} cannot be started", why="its interpreter is missing"
            ) from error
        raise ToolMissing(f"{program} was not found", hint="leakcheck doctor") from error
    except (OSError, ValueError) as error:
        raise BadInput(f"{program} cannot be started", why=str(error)) from error
