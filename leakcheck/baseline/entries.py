"""What a baseline knows: one entry a leak, and how it was looked for."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, NamedTuple

from leakcheck.model import EngineName, Level
from leakcheck.symbolise import is_glue, is_runtime

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable

    from leakcheck.model import Leak, Run

__all__ = ["Baseline", "Conditions", "Entry", "Key", "leaks_by_key", "program_of", "site"]


class Key(NamedTuple):
    """What a leak is found again by: the package, or the name of a program, and the leak's id."""

    program: str
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One known leak; `where` and `test` are for people. From `expires` on it counts as new."""

    key: Key
    where: str
    test: str | None = None
    objects: int
    bytes: int
    first_seen: dt.date
    expires: dt.date | None = None
    note: str = ""

    def is_expired(self, today: dt.date) -> bool:
        """Tell whether nobody accepts this leak any longer."""
        return self.expires is not None and today >= self.expires


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """How the leaks were looked for; with others, ids or numbers are not the same."""

    engine: EngineName = EngineName.AGENT
    isolate: bool = False
    repeat: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """A whole baseline."""

    level: Level = Level.NORMAL
    conditions: Conditions = Conditions()
    entries: tuple[Entry, ...] = ()


def leaks_by_key(runs: Iterable[Run]) -> dict[Key, list[Leak]]:
    """Collect the leaks of all runs; isolated tests may share one."""
    found: dict[Key, list[Leak]] = defaultdict(list)
    for run in runs:
        for leak in run.leaks:
            found[Key(program_of(run), leak.id)].append(leak)
    return found


def program_of(run: Run) -> str:
    """Name what ran as it is named on other machines."""
    return run.package or PurePath(run.binary).name


def site(leak: Leak) -> str:
    """Name the user's function that allocated, or whatever is there."""
    users = (frame for frame in leak.stack if not is_glue(frame) and not is_runtime(frame))
    frame = next(users, next(iter(leak.stack), None))
    return frame.function if frame else "?"
