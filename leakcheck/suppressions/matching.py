"""Which leaks the rules suppress, and which rules were of no use."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from leakcheck.model import Check, Level
from leakcheck.suppressions.builtin import BUILT_IN

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from leakcheck.model import Leak, Run
    from leakcheck.suppressions.rules import Rule

__all__ = ["mark_suppressed", "rules_at", "unused_rules"]


def rules_at(level: Level, users: Sequence[Rule] = ()) -> tuple[Rule, ...]:
    """Put the built-in rules behind the user's where they hold."""
    built_in = [rule for each in BUILT_IN for rule in each.rules]
    return (*users, *(built_in if level is Level.DRACONIAN else ()))


def mark_suppressed(leaks: Sequence[Leak], rules: Sequence[Rule], level: Level) -> tuple[Leak, ...]:
    """Mark each leak that a rule matches with the first such rule.

    What only suppressed leaks hold is suppressed with them, as in LeakSanitizer.
    """
    matched = {leak.id: rule.origin for leak in leaks for rule in _matching(leak, rules, level)[:1]}
    return tuple(replace(leak, suppressed_by=_suppressor(leak, matched)) for leak in leaks)


def unused_rules(rules: Sequence[Rule], runs: Iterable[Run], level: Level) -> tuple[str, ...]:
    """Name the rules that match no leak of any run; none when a run was not checked."""
    all_runs = tuple(runs)
    if any(run.check is Check.NOT_CHECKED for run in all_runs):
        return ()
    leaks = [leak for run in all_runs for leak in run.leaks]
    return tuple(
        rule.origin for rule in rules if not any(rule.matches(leak, level) for leak in leaks)
    )


def _matching(leak: Leak, rules: Sequence[Rule], level: Level) -> list[Rule]:
    return [rule for rule in rules if rule.matches(leak, level)]


def _suppressor(leak: Leak, matched: Mapping[str, str]) -> str | None:
    """Name the rule of a leak itself, else that of all that holds it."""
    holders = [matched.get(holder) for holder in leak.held_by]
    return matched.get(leak.id) or (holders[0] if holders and all(holders) else None)
