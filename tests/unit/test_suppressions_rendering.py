"""Rules that leakcheck prints: given back, they suppress what they were printed for."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from report_samples import LEAK, c_frame, cgo_stack, go_frame

from leakcheck.model import Frame, Leak, LeakKind, Level
from leakcheck.suppressions import mark_suppressed, parse_suppressions, render_suppressions

PRINTED = """\
{
   leak 0123456789ab probe_open
   Memcheck:Leak
   match-leak-kinds: definite
   fun:probe_open
   fun:_cgo_*_Cfunc_probe_open
   fun:runtime.asmcgocall
   fun:runtime.cgocall
   fun:example.com/ann/mediaprobe._Cfunc_probe_open
   fun:example.com/ann/mediaprobe.Open
   fun:example.com/ann/mediaprobe.TestProbe
}
"""
NAMES = st.text(st.sampled_from("abcZ01._*?(){}: \n\t#é"), min_size=1, max_size=6)
FRAMES = st.builds(
    Frame,
    function=NAMES | st.sampled_from(["0x7f00", "libx.so.1+0x3"]),
    module=st.sampled_from(["", "x.test", "libx.so.1.2", "liby.so"]),
    language=st.sampled_from(["c", "go", None]),
)
STACKS = st.lists(FRAMES, max_size=4).map(tuple)
LEAKS = st.lists(st.tuples(STACKS, st.sampled_from(LeakKind)), max_size=5).map(
    lambda found: [
        replace(LEAK, id=str(number), stack=stack, kind=kind)
        for number, (stack, kind) in enumerate(found)
    ]
)


def suppressed(leaks: list[Leak], text: str) -> set[str]:
    """Ids of the leaks that the rules in `text` suppress."""
    rules = parse_suppressions(text, source="k")
    marked = mark_suppressed(leaks, rules, Level.NORMAL)
    return {leak.id for leak in marked if leak.suppressed_by}


def test_a_block_names_the_users_stack_without_what_a_build_changes() -> None:
    assert render_suppressions([LEAK]) == PRINTED


def test_numbers_of_closures_and_versions_of_libraries_are_wildcards() -> None:
    stack = (
        c_frame("libx.so.6.1+0x12", module="libx.so.6.1"),
        go_frame("example.com/m.TestX.func1.2", "/m_test.go:3"),
    )
    text = render_suppressions([replace(LEAK, stack=stack)])
    assert "   obj:libx.so*\n   fun:example.com/m.TestX.func*.*\n" in text


def test_accepted_leaks_need_no_rule() -> None:
    known = [replace(LEAK, suppressed_by="x"), replace(LEAK, in_baseline=True)]
    assert render_suppressions(known) == ""


def test_one_stack_has_one_block() -> None:
    leaks = [LEAK, replace(LEAK, id="x", test="TestOther")]
    assert render_suppressions(leaks) == PRINTED


def test_what_a_leak_with_a_rule_holds_needs_none() -> None:
    held = replace(LEAK, id="x", kind=LeakKind.INDIRECT, stack=LEAK.stack[1:], held_by=(LEAK.id,))
    assert render_suppressions([held, LEAK]) == PRINTED
    assert suppressed([LEAK, held], PRINTED) == {LEAK.id, "x"}


def test_what_an_accepted_leak_holds_has_a_rule_of_its_own() -> None:
    known = replace(LEAK, in_baseline=True)
    held = replace(LEAK, id="x", kind=LeakKind.INDIRECT, stack=LEAK.stack[1:], held_by=(LEAK.id,))
    assert "match-leak-kinds: indirect" in render_suppressions([known, held])


def test_a_stack_without_a_name_gets_a_comment() -> None:
    text = render_suppressions(
        [replace(LEAK, stack=()), replace(LEAK, stack=(Frame(function=""),))]
    )
    assert text == "# leak 0123456789ab: its stack has no names, so there is no rule for it\n"


def test_a_long_stack_is_cut_to_what_valgrind_reads() -> None:
    stack = tuple(c_frame(f"f{number}", "/f.c:1") for number in range(60))
    text = render_suppressions([replace(LEAK, stack=stack)])
    assert text.count("   fun:") == 24
    assert suppressed([replace(LEAK, stack=stack)], text) == {LEAK.id}


@given(LEAKS)
def test_given_back_the_rules_suppress_every_leak_they_were_printed_for(leaks: list[Leak]) -> None:
    text = render_suppressions(leaks)
    ruled = {leak.id for leak in leaks if render_suppressions([leak]).startswith("{")}

    assert suppressed(leaks, text) >= ruled


PLAIN = st.lists(st.sampled_from(["a", "b", "ab"]), min_size=1, max_size=4)


@given(st.lists(PLAIN, min_size=1, max_size=4), PLAIN, st.sampled_from(LeakKind))
def test_given_back_the_rules_suppress_no_other_leak(
    known: list[list[str]], other: list[str], kind: LeakKind
) -> None:
    """A longer stack that begins like a known one is the only other that a block matches."""

    def leak(names: list[str]) -> Leak:
        return replace(LEAK, kind=kind, stack=tuple(c_frame(name, "/f.c:1") for name in names))

    text = render_suppressions(map(leak, known))

    is_known = any(other[: len(names)] == names for names in known)
    assert bool(suppressed([leak(other)], text)) == is_known


def test_another_test_that_calls_the_same_function_is_not_suppressed() -> None:
    other = replace(
        LEAK, id="other", stack=(LEAK.stack[0], *cgo_stack("probe_open", test="TestOther"))
    )
    assert suppressed([LEAK, other], PRINTED) == {LEAK.id}
