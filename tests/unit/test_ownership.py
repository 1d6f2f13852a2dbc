from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from report_samples import CRASHED, LEAK, RUN, c_frame

from leakcheck.model import Check, Leak, LeakKind, Run
from leakcheck.ownership import own_leaks

THREAD = replace(LEAK, test=None, stack=(c_frame("work", "/p/work.c:7"),))
INIT = replace(THREAD, stack=(c_frame("set_up", "/p/init.c:3"),))


def leaky(*leaks: Leak) -> Run:
    return replace(RUN, check=Check.LEAKS, leaks=leaks)


def told(run: Run) -> set[tuple[str | None, int, int]]:
    return {(leak.test, leak.leaked_objects, leak.leaked_bytes) for leak in run.leaks}


def test_what_only_one_tests_process_leaks_is_that_tests() -> None:
    run = own_leaks(leaky(THREAD), "TestA", RUN)

    assert told(run) == {("TestA", 1, 100)}
    assert run.check is Check.LEAKS
    assert run.leaks[0].id != THREAD.id, "the test is part of the id"


def test_what_comes_up_without_any_test_is_no_tests_and_told_once() -> None:
    run = own_leaks(leaky(INIT), "TestA", leaky(INIT))

    assert run.leaks == ()
    assert run.check is Check.CLEAN


def test_of_a_leak_that_is_everywhere_the_test_has_what_is_more() -> None:
    more = replace(INIT, leaked_objects=3, leaked_bytes=350)

    run = own_leaks(leaky(more), "TestA", leaky(INIT))

    assert told(run) == {("TestA", 2, 250)}


def test_a_leak_that_names_its_test_stays_as_it_is() -> None:
    named = replace(INIT, test="TestA/sub")

    run = own_leaks(leaky(named), "TestA", leaky(INIT))

    assert told(run) == {("TestA/sub", 1, 100)}


def test_another_line_or_kind_is_another_leak() -> None:
    line = replace(INIT, stack=(c_frame("set_up", "/p/init.c:4"),))
    kind = replace(INIT, kind=LeakKind.INDIRECT)

    run = own_leaks(leaky(INIT, line, kind), "TestA", leaky(INIT))

    assert len(run.leaks) == 2
    assert {leak.test for leak in run.leaks} == {"TestA"}


def test_addresses_of_another_process_do_not_tell_leaks_apart() -> None:
    unnamed = [replace(INIT, stack=(c_frame(f"0x7f{n}000"),)) for n in (1, 2)]

    assert own_leaks(leaky(unnamed[0]), "TestA", leaky(unnamed[1])).leaks == ()


def test_two_leaks_that_read_the_same_use_up_what_is_everywhere_once() -> None:
    run = own_leaks(leaky(INIT, INIT), "TestA", leaky(INIT))

    assert told(run) == {("TestA", 1, 100)}


def test_when_the_process_without_tests_was_not_checked_nobody_can_tell() -> None:
    run = leaky(INIT)

    assert own_leaks(run, "TestA", CRASHED) == run


def test_a_run_that_was_not_checked_stays_so() -> None:
    assert own_leaks(CRASHED, "TestA", RUN) == CRASHED


@given(st.integers(1, 9), st.integers(1, 9))
def test_nothing_is_counted_twice_and_nothing_lost(in_run: int, without: int) -> None:
    def lost(objects: int) -> Run:
        return leaky(replace(INIT, leaked_objects=objects, leaked_bytes=10 * objects))

    run = own_leaks(lost(in_run), "TestA", lost(without))

    more = max(in_run - without, 0)
    assert told(run) == ({("TestA", more, 10 * more)} if more else set())
