"""One report from those of all shards, or a refusal: what is missing must not look clean."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from leakcheck.baseline.entries import Key, leaks_by_key, program_of
from leakcheck.errors import BadInput
from leakcheck.judge import judge, judge_share, title
from leakcheck.launch.argv import isolated_test
from leakcheck.model import Check, Part, Report, Run, Tests

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator, Sequence

__all__ = ["NamedReport", "merge_reports"]


class NamedReport(NamedTuple):
    """A report and the file it came from."""

    name: str
    report: Report


class _Share(NamedTuple):
    """A report whose part is known."""

    name: str
    report: Report
    part: Part


def merge_reports(reports: Sequence[NamedReport]) -> Report:
    """Judge the runs of all shards together, in the order an unsharded check has.

    Raises BadInput when the reports are not the parts, all and once, of one check.
    """
    shares = sorted(map(_share, reports), key=lambda share: share.part.index)
    _refuse_strangers(shares)
    _refuse_gaps(shares)
    units = next((share.part.units for share in shares if share.part.units), ())
    runs = tuple(_runs(shares, units))
    _refuse_missing(units, runs)
    report = judge(
        _known_no_more(runs),
        level=shares[0].report.level,
        engine=shares[0].report.engine,
        skipped=dict.fromkeys(each for share in shares for each in share.report.skipped),
    )
    return replace(report, unused_suppressions=_unused(shares))


def _known_no_more(runs: Sequence[Run]) -> tuple[Run, ...]:
    """Take back what each shard accepted by itself where all together have more of it.

    A leak that several tests share is in the baseline once, with the objects of all of them.
    """
    grown = {
        key
        for key, leaks in leaks_by_key(runs).items()
        if (known := leaks[0].known_objects) is not None
        and sum(leak.leaked_objects for leak in leaks) > known
    }
    return tuple(
        judge_share(
            run,
            [
                replace(leak, in_baseline=leak.in_baseline and key not in grown)
                for leak in run.leaks
                for key in (Key(program_of(run), leak.id),)
            ],
        )
        for run in runs
    )


def _unused(shares: Sequence[_Share]) -> tuple[str, ...]:
    """Name the rules that suppressed nothing on any machine."""
    first, *others = (share.report.unused_suppressions for share in shares)
    return tuple(rule for rule in first if all(rule in other for other in others))


def _share(named: NamedReport) -> _Share:
    part = named.report.shard
    if part is None:
        raise BadInput(
            f"{named.name} is no part of a check",
            why="it is a report of leakcheck without --shard",
            hint="leakcheck leak --shard 1/2 --json FILE",
        )
    return _Share(*named, part)


def _refuse_strangers(shares: Sequence[_Share]) -> None:
    """Refuse reports that come of different checks."""
    if not shares:
        raise BadInput("no report was named", hint="leakcheck merge 1.json 2.json --json all.json")
    _refuse_difference("the number of shards", ((s.name, s.part.count) for s in shares))
    begun = [share for share in shares if share.part.units]
    _refuse_difference("the level", ((s.name, s.report.level.value) for s in begun))
    _refuse_difference("the engine", ((s.name, s.report.engine.value) for s in begun))
    _refuse_difference("the commit", ((s.name, s.part.revision or ()) for s in begun))
    _refuse_difference("what was shared out", ((s.name, s.part.units) for s in begun))
    _refuse_difference("the options", ((s.name, _options(r)) for s in begun for r in s.report.runs))


def _options(run: Run) -> tuple[str, ...]:
    """What the tests were run with, but for which one it was."""
    arguments = run.argv[1:] if isolated_test(run.argv) is None else run.argv[2:]
    return tuple(arguments)


def _refuse_difference(what: str, values: Iterable[tuple[str, Hashable]]) -> None:
    first: dict[Hashable, str] = {}
    for name, value in values:
        if value != ():  # a run that never started has no options; a commit may not be known
            first.setdefault(value, name)
    if len(first) > 1:
        (one, name), (other, other_name), *_ = first.items()
        shown = "" if isinstance(one, tuple) else f": {one} and {other}"
        raise BadInput(
            f"{name} and {other_name} are of different checks",
            why=f"they differ in {what}{shown}",
            hint="run all shards again, of one commit and with the same options",
        )


def _refuse_gaps(shares: Sequence[_Share]) -> None:
    """Refuse a shard that is there twice, or not at all."""
    seen: dict[int, str] = {}
    for share in shares:
        if share.part.index in seen:
            raise BadInput(
                f"shard {share.part} is there twice",
                why=f"{seen[share.part.index]} and {share.name}",
            )
        seen[share.part.index] = share.name
    count = shares[0].part.count
    missing = [f"{index}/{count}" for index in range(1, count + 1) if index not in seen]
    if missing:
        raise BadInput(
            f"shard {', '.join(missing)} is missing",
            why="what it was to check nobody knows",
            hint=f"leakcheck leak --shard {missing[0]} --json FILE  # and name FILE, too",
        )


def _runs(shares: Sequence[_Share], units: Sequence[str]) -> Iterator[Run]:
    """Put the runs of all shards in the order of the units; what several ran alike is told once.

    The process without a test runs in each shard. Raises BadInput when a test ran in several.
    """
    place = {unit: index for index, unit in enumerate(units)}
    found: dict[Hashable, tuple[str, Run]] = {}
    for share in shares:
        for run in (*share.report.runs, *_never_begun(share)):
            name = title(run)
            key = (name, share.name) if run.tests is not Tests.NONE_RAN else (name, _verdict(run))
            found.setdefault(key, (name, run))
    runs = sorted(found.values(), key=lambda named: place.get(named[0], len(place)))
    _refuse_twice(runs)
    return (run for _, run in runs)


def _never_begun(share: _Share) -> tuple[Run, ...]:
    """Make a run of a shard that ended before it knew what there is: it is not to be forgotten."""
    if share.part.units:
        return ()
    run = Run(
        package="",
        binary=f"shard {share.part}",
        argv=(),
        tests=Tests.NONE_RAN,
        check=Check.NOT_CHECKED,
        reason=share.report.reason or "nothing is known of it",
    )
    return (run,)


def _verdict(run: Run) -> Hashable:
    leaks = frozenset((leak.id, leak.kind, leak.leaked_objects) for leak in run.leaks)
    return (run.check, run.reason, leaks)


def _refuse_twice(runs: Sequence[tuple[str, Run]]) -> None:
    times = Counter(name for name, run in runs if run.tests is not Tests.NONE_RAN)
    twice = next((name for name, count in times.items() if count > 1), None)
    if twice is not None:
        raise BadInput(
            f"{twice} ran in more than one shard",
            why="the shards did not agree on who runs what",
            hint="give all shards the same --durations",
        )


def _refuse_missing(units: Sequence[str], runs: Sequence[Run]) -> None:
    ran = {title(run) for run in runs}
    missing = [unit for unit in units if unit not in ran]
    if missing:
        raise BadInput(
            f"no shard ran {', '.join(missing[:3])}{' …' if missing[3:] else ''}",
            why="the shards did not agree on who runs what, or one ended before its end",
            hint="give all shards the same --durations, and run them to their end",
        )
