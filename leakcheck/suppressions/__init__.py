"""Leaks somebody accepted by name: LeakSanitizer's lines and Valgrind's blocks.

wildcards.py   both tools' patterns, matched against one name
rules.py       one rule, and which leaks it matches
parsing.py     a file of rules
builtin.py     the rules leakcheck brings
matching.py    marking leaks, and what was of no use
rendering.py   rules for the leaks that were found
"""

from leakcheck.suppressions.builtin import BUILT_IN
from leakcheck.suppressions.matching import mark_suppressed, rules_at, unused_rules
from leakcheck.suppressions.parsing import parse_suppressions, read_suppressions
from leakcheck.suppressions.rendering import render_suppressions
from leakcheck.suppressions.rules import Rule

__all__ = [
    "BUILT_IN",
    "Rule",
    "mark_suppressed",
    "parse_suppressions",
    "read_suppressions",
    "render_suppressions",
    "rules_at",
    "unused_rules",
]
