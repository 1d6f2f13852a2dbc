"""Which leaks a rule matches, what is suppressed with them, and which rules were of no use."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from report_samples import CRASHED, LEAK, LEAKING, PROJECT, RUN, c_frame, go_frame

from leakcheck.model import Check, Leak, LeakKind, Level
from leakcheck.suppressions import (
    BUILT_IN,
    mark_suppressed,
    parse_suppressions,
    rules_at,
    unused_rules,
)

OPEN = c_frame("probe_open", f"{PROJECT}/c/probe.c:41")
XOPEN = c_frame("XOpenDisplay", module="libX11.so.6.4.0")
RUN_X = go_frame("example.com/m.(*T).Run", f"{PROJECT}/run.go:7")
MAIN = c_frame("main", f"{PROJECT}/main.c:3")
STACK = (OPEN, XOPEN, RUN_X, MAIN)
DIRECT = replace(LEAK, id="direct", stack=STACK)
OTHER = replace(LEAK, id="other", stack=(MAIN,))
HELD = replace(
    LEAK, id="held", kind=LeakKind.INDIRECT, stack=(c_frame("copy"),), held_by=("direct",)
)


def block(*lines: str) -> str:
    return "\n".join(("{", "name", "Memcheck:Leak", *lines, "}"))


def suppressors(text: str, *leaks: Leak, level: Level = Level.NORMAL) -> dict[str, str | None]:
    """What suppresses each leak."""
    marked = mark_suppressed(leaks, parse_suppressions(text, source="k"), level)
    return {leak.id: leak.suppressed_by for leak in marked}


@pytest.mark.parametrize(
    "text",
    [
        "leak:probe_open",
        "leak:^XOpen*y$",
        "leak:libX11.so",
        "leak:/c/probe.c",
        "leak:m.(*T).Run",
        block("fun:probe_open"),
        block("fun:malloc", "fun:probe_open"),
        block("fun:_Znwm", "fun:probe_open"),
        block("obj:/usr/lib/valgrind/vgpreload_memcheck-amd64-linux.so", "fun:probe_open"),
        block("fun:probe_????", "obj:*/libX11.so*"),
        block("...", "fun:main"),
        block("fun:probe_open", "...", "fun:main"),
        block("...", "obj:/usr/lib/libX11.so.6*", "...", "fun:main", "..."),
        block("src:probe.c:41"),
        block("src:probe.*"),
        block("src:*/c/probe.c"),
        block("match-leak-kinds: definite", "fun:probe_open"),
    ],
)
def test_a_rule_matches(text: str) -> None:
    (origin,) = set(suppressors(text, DIRECT).values())
    assert origin in {f"k:1 {text}", "k:1 name"}


@pytest.mark.parametrize(
    "text",
    [
        "leak:^open",
        "leak:libX11$",
        block("fun:XOpenDisplay"),
        block("fun:probe"),
        block("fun:probe_open", "fun:main"),
        block("...", "fun:main", "fun:probe_open"),
        block("fun:probe_open", "obj:libX11.so"),
        block("src:probe.c:40"),
        block("src:c/probe.c"),
        block("match-leak-kinds: indirect", "fun:probe_open"),
        block("match-leak-kinds: reachable,possible", "fun:probe_open"),
        block("match-leak-kinds: none", "fun:probe_open"),
        block("...", "fun:probe_open", "obj:*", "fun:*", "fun:main", "fun:*"),
        "{\nname\nMemcheck:Cond\nfun:probe_open\n}",
    ],
)
def test_a_rule_does_not_match(text: str) -> None:
    assert suppressors(text, DIRECT) == {"direct": None}


def test_above_normal_what_valgrind_could_still_reach_may_be_a_leak() -> None:
    text = block("match-leak-kinds: reachable", "fun:probe_open")
    assert suppressors(text, DIRECT, level=Level.DRACONIAN) == {"direct": "k:1 name"}


def test_the_first_rule_that_matches_is_named() -> None:
    text = "leak:nothing\nleak:probe_open\nleak:probe_"
    assert suppressors(text, DIRECT, OTHER) == {"direct": "k:2 leak:probe_open", "other": None}


def test_what_a_suppressed_leak_holds_is_suppressed_with_it() -> None:
    assert suppressors("leak:probe_open", HELD, DIRECT) == {
        "held": "k:1 leak:probe_open",
        "direct": "k:1 leak:probe_open",
    }


def test_what_another_leak_holds_too_is_not() -> None:
    held = replace(HELD, held_by=("direct", "other"))
    assert suppressors("leak:probe_open", DIRECT, OTHER, held)["held"] is None


def test_an_indirect_leak_may_be_suppressed_by_itself() -> None:
    assert suppressors("leak:copy", DIRECT, HELD) == {"held": "k:1 leak:copy", "direct": None}


def test_a_rule_that_matches_no_leak_is_unused() -> None:
    rules = parse_suppressions("leak:probe_open\nleak:gone\nleak:probe", source="k")
    run = replace(LEAKING, leaks=(DIRECT,))
    assert unused_rules(rules, [RUN, run], Level.NORMAL) == ("k:2 leak:gone",)


def test_when_a_run_was_not_checked_nobody_knows_what_is_unused() -> None:
    rules = parse_suppressions("leak:gone", source="k")
    assert CRASHED.check is Check.NOT_CHECKED
    assert unused_rules(rules, [RUN, CRASHED], Level.NORMAL) == ()


@pytest.mark.parametrize("level", [Level.NORMAL, Level.STRICT])
def test_at_normal_and_strict_nothing_is_suppressed_unasked(level: Level) -> None:
    assert rules_at(level) == ()


def test_the_users_rules_come_before_the_built_in_ones() -> None:
    users = parse_suppressions("leak:f", source="k")
    built_in = tuple(rule for each in BUILT_IN for rule in each.rules)
    assert rules_at(Level.DRACONIAN, users) == users + built_in


def test_the_document_lists_every_built_in_rule_with_its_reason() -> None:
    document = (Path(__file__).parents[2] / "docs" / "suppressions.md").read_text()
    rows = [f"| {each.name} | {each.reason} |" for each in BUILT_IN]
    assert [row for row in rows if row not in document] == []


LOADER = c_frame("call_init", "elf/dl-init.c:74", module="ld-linux-x86-64.so.2")
POOL = c_frame("libstdc++.so.6.0.30+0xa57b9", module="libstdc++.so.6.0.30")
BUFFER = c_frame("_IO_file_doallocate", module="libc.so.6")


@pytest.mark.parametrize(
    ("stack", "kind"),
    [
        ((c_frame("my_pool"), POOL, LOADER), LeakKind.DIRECT),
        ((POOL, MAIN), LeakKind.DIRECT),
        ((BUFFER, MAIN), LeakKind.INDIRECT),
        ((c_frame("my_setlocale_cache"), MAIN), LeakKind.DIRECT),
        ((c_frame("fopen", module="libc.so.6"), MAIN), LeakKind.DIRECT),
    ],
)
def test_no_built_in_rule_hides_what_the_user_could_free(
    stack: tuple[object, ...], kind: LeakKind
) -> None:
    leak = replace(LEAK, stack=stack, kind=kind)  # type: ignore[arg-type]
    assert not [rule for rule in rules_at(Level.DRACONIAN) if rule.matches(leak, Level.DRACONIAN)]
