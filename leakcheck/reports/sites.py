"""Leaks as they are read: by allocation site, each indirect leak under those that hold it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from leakcheck.attribution import size_order
from leakcheck.judge import is_accepted
from leakcheck.reports.stacklines import deciding_frame
from leakcheck.reports.wording import totals

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence
    from pathlib import PurePath

    from leakcheck.model import Frame, Leak

__all__ = ["Entry", "Site", "accepted", "leak_sites", "unaccepted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A leak and the indirect ones that it holds, alone or as the largest of their holders."""

    leak: Leak
    held: tuple[Leak, ...] = ()

    @property
    def held_bytes(self) -> int:
        """What it holds, without its own."""
        return totals(self.held)[0]

    @property
    def held_objects(self) -> int:
        """What it holds, without its own."""
        return totals(self.held)[1]

    @property
    def is_sharing(self) -> bool:
        """Whether others hold a part of what it holds."""
        return any(len(leak.held_by) > 1 for leak in self.held)

    @property
    def bytes(self) -> int:
        """What goes away with it."""
        return self.leak.leaked_bytes + self.held_bytes

    @property
    def objects(self) -> int:
        """What goes away with it."""
        return self.leak.leaked_objects + self.held_objects


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The leaks that were allocated at one place of the user's code, the largest first."""

    frame: Frame | None
    entries: tuple[Entry, ...]

    @property
    def bytes(self) -> int:
        """All that was leaked here, with what it holds."""
        return sum(entry.bytes for entry in self.entries)

    @property
    def objects(self) -> int:
        """All that was leaked here, with what it holds."""
        return sum(entry.objects for entry in self.entries)


def unaccepted(leaks: Iterable[Leak]) -> tuple[Leak, ...]:
    """Leave out what somebody accepted."""
    return tuple(leak for leak in leaks if not is_accepted(leak))


def accepted(leaks: Iterable[Leak]) -> tuple[tuple[str, tuple[Leak, ...]], ...]:
    """Group accepted leaks by what accepts them: the line that suppresses, "" for the baseline."""
    groups: dict[str, list[Leak]] = defaultdict(list)
    for leak in filter(is_accepted, leaks):
        groups[leak.suppressed_by or ""].append(leak)
    return tuple((line, tuple(group)) for line, group in sorted(groups.items(), reverse=True))


def leak_sites(leaks: Sequence[Leak], project: PurePath | None) -> tuple[Site, ...]:
    """Group leaks by the frame that decides; the largest first, all bytes exactly once."""
    groups: dict[Hashable, list[Entry]] = defaultdict(list)
    frames: dict[Hashable, Frame | None] = {}
    for entry in entries_of(leaks):
        frame = deciding_frame(entry.leak.stack, project)
        key: Hashable = (frame.function, frame.file, frame.line) if frame else entry.leak.id
        frames.setdefault(key, frame)
        groups[key].append(entry)
    sites = (
        Site(frame=frames[key], entries=tuple(sorted(entries, key=entry_order)))
        for key, entries in groups.items()
    )
    return tuple(sorted(sites, key=site_order))


def entries_of(leaks: Sequence[Leak]) -> tuple[Entry, ...]:
    """Fold each indirect leak under the largest leak that holds it, if all that do are here."""
    holders = {leak.id: leak for leak in leaks if not leak.held_by}
    held: dict[str, list[Leak]] = defaultdict(list)
    alone = []
    for leak in sorted(leaks, key=size_order):
        if leak.held_by and holders.keys() >= set(leak.held_by):
            largest = min((holders[name] for name in leak.held_by), key=size_order)
            held[largest.id].append(leak)
        else:
            alone.append(leak)
    return tuple(Entry(leak=leak, held=tuple(held.pop(leak.id, ()))) for leak in alone)


def entry_order(entry: Entry) -> tuple[int, int, str]:
    """Order as `size_order`, with what is held."""
    return (-entry.bytes, -entry.objects, entry.leak.id)


def site_order(site: Site) -> tuple[int, int, str]:
    """Order as `size_order`, with all that was leaked at the site."""
    return (-site.bytes, -site.objects, site.entries[0].leak.id)
