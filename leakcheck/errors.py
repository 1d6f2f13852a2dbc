"""Everything that can go wrong, named after the user's situation.

    LeakcheckError                 what happened, why, and what to type next
    ├── BadInput                   an option, a key of `.env` or a file that cannot be used
    ├── ToolMissing                a program, library or package is not there
    ├── BuildFailed                the test binary or the agent did not compile
    ├── MalformedReport            a report of the agent or of tcmalloc that cannot be read
    └── NotChecked                 the program ran (or cannot run) unobserved

Errors are caught once, at the edge (`leakcheck.tasks`), and become an exit code there.
"""

from __future__ import annotations

import enum
import errno
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "BadInput",
    "BuildFailed",
    "ExitCode",
    "LeakcheckError",
    "MalformedReport",
    "NotChecked",
    "ToolMissing",
    "refusing_long_paths",
]


class ExitCode(enum.IntEnum):
    """The exit codes of every task; the only place where they are numbers."""

    OK = 0
    """Tests passed and no leak was found."""
    FAILED = 1
    """A test failed, crashed or timed out, or there is a leak that nobody accepted."""
    NOT_CHECKED = 2
    """Nothing can be said about leaks; the reason is printed."""
    INTERRUPTED = 130
    """Ctrl-C."""


class LeakcheckError(Exception):
    """A situation the user can mend.

    `what` happened, `why`, and the `hint`: what to type next. All three are plain sentences
    or commands; `why` and `hint` may be empty.
    """

    exit_code = ExitCode.NOT_CHECKED

    def __init__(self, what: str, *, why: str = "", hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.hint = hint

    def __str__(self) -> str:
        return ": ".join(part for part in (self.what, self.why) if part)


class BadInput(LeakcheckError):
    """An option, an environment key or a file given by the user cannot be used."""


class ToolMissing(LeakcheckError):
    """A program, library or package is missing; `hint` is the one command that installs it."""


class BuildFailed(LeakcheckError):
    """A compiler said no; `why` carries its output."""


class MalformedReport(LeakcheckError):
    """A report is cut or not in the format it claims; `why` quotes file, line number and line."""


class NotChecked(LeakcheckError):
    """The program cannot be observed (static, pure Go, wrong architecture, …)."""


def refusing_long_paths(work: Callable[[], int]) -> int:
    """Do `work`. Raises BadInput for a path that the system finds too long (ENAMETOOLONG)."""
    try:
        return work()
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG:
            raise
        name = os.fsdecode(error.filename or "")
        raise BadInput(
            "a path is too long",
            why=f"the system takes no name of {len(os.fsencode(name))} bytes: {name[:60]}…",
            hint="cd to a folder nearer to it, and give a relative path",
        ) from error
