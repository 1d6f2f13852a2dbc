from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.accuracy.answer import NOTHING, Amount
from tests.accuracy.toolreports import parse_heapcheck, parse_sanitizer, parse_valgrind

SANITIZER = """\
PASS

=================================================================
==5978==ERROR: LeakSanitizer: detected memory leaks

Direct leak of 101 byte(s) in 1 object(s) allocated from:
    #0 0x7f6e872b89cf in __interceptor_malloc asan_malloc_linux.cpp:69

SUMMARY: AddressSanitizer: 101 byte(s) leaked in 1 allocation(s).
"""
MEMCHECK = """\
==12106== Memcheck, a memory error detector
==12106== Command: ./graphs long-list
==12106==
==12106== LEAK SUMMARY:
==12106==    definitely lost: 24 bytes in 1 blocks
==12106==    indirectly lost: 2,399,976 bytes in 99,999 blocks
==12106==      possibly lost: 1,216 bytes in 4 blocks
==12106==    still reachable: 72,704 bytes in 1 blocks
"""
CLEAN_MEMCHECK = """\
==77== Memcheck, a memory error detector
==77== HEAP SUMMARY:
==77== All heap blocks were freed -- no leaks are possible
"""
CHILD = """\
==78== LEAK SUMMARY:
==78==    definitely lost: 242 bytes in 2 blocks
==78==    indirectly lost: 0 bytes in 0 blocks
"""
BANNER = "WARNING: Perftools heap leak checker is active -- Performance may suffer\n"
NO_LEAKS = (
    'No leaks found for check "_main_" (but no 100% guarantee that there aren\'t any): '
    "found 8 reachable heap objects of 73028 bytes\n"
)
LEAKS = "Leak check _main_ detected leaks of 101 bytes in 1 objects\n"


def test_a_sanitizer_s_summary_counts_everything() -> None:
    assert parse_sanitizer(SANITIZER) == Amount(objects=1, bytes=101)


def test_leak_sanitizer_alone_signs_with_its_own_name() -> None:
    text = "SUMMARY: LeakSanitizer: 550 byte(s) leaked in 100 allocation(s).\n"
    assert parse_sanitizer(text) == Amount(objects=100, bytes=550)


def test_a_sanitizer_that_says_nothing_found_nothing() -> None:
    assert parse_sanitizer("PASS\n") == NOTHING


def test_a_sanitizer_that_broke_off_gave_no_verdict() -> None:
    assert parse_sanitizer("==9==LeakSanitizer has encountered a fatal error.\n") is None
    assert parse_sanitizer("AddressSanitizer:DEADLYSIGNAL\n") is None
    assert parse_sanitizer("==9==ERROR: AddressSanitizer: heap-use-after-free on 0x1\n") is None


def test_the_parent_s_report_counts_where_a_child_was_forked() -> None:
    child = SANITIZER.replace("101 byte(s) leaked in 1", "242 byte(s) leaked in 2")
    assert parse_sanitizer(child + SANITIZER) == Amount(1, 101)
    child_check = LEAKS.replace("101 bytes in 1", "242 bytes in 2")
    assert parse_heapcheck(BANNER + child_check + LEAKS) == Amount(1, 101)
    assert parse_valgrind(CLEAN_MEMCHECK.replace("All heap", "\n" + CHILD + "==77== All heap")) == (
        NOTHING
    )


def test_valgrind_s_definite_and_indirect_losses_are_added_up() -> None:
    assert parse_valgrind(MEMCHECK) == Amount(objects=100000, bytes=2400000)


def test_valgrind_has_another_line_where_nothing_is_left() -> None:
    assert parse_valgrind(CLEAN_MEMCHECK) == NOTHING


def test_valgrind_without_a_summary_gave_no_verdict() -> None:
    assert parse_valgrind(MEMCHECK.partition("LEAK SUMMARY")[0]) is None
    assert parse_valgrind("valgrind: failed to start tool\n") is None


def test_heapcheck_s_verdict_is_read() -> None:
    assert parse_heapcheck(BANNER + LEAKS) == Amount(objects=1, bytes=101)
    assert parse_heapcheck(BANNER + NO_LEAKS) == NOTHING


def test_a_lost_block_of_no_bytes_is_a_leak() -> None:
    text = "Leak check _main_ detected leaks of 0 bytes in 1 objects\n"
    assert parse_heapcheck(text) == Amount(objects=1, bytes=0)


def test_heapcheck_s_banner_alone_is_no_verdict() -> None:
    assert parse_heapcheck(BANNER + "PASS\n") is None


COUNTS = st.integers(min_value=0, max_value=10**15)


@given(objects=COUNTS, size=COUNTS, before=st.text(), after=st.text())
def test_whatever_the_program_prints_around_it_the_amount_is_read(
    objects: int, size: int, before: str, after: str
) -> None:
    summary = f"SUMMARY: LeakSanitizer: {size} byte(s) leaked in {objects} allocation(s)."
    verdict = f"Leak check _main_ detected leaks of {size} bytes in {objects} objects"
    amount = Amount(objects, size)
    assert parse_sanitizer(f"{before}\n{summary}\n{after}") == amount
    assert parse_heapcheck(f"{before}\n{verdict}\n{after}") == amount


@given(definite=st.tuples(COUNTS, COUNTS), indirect=st.tuples(COUNTS, COUNTS), pid=COUNTS)
def test_valgrind_groups_its_digits(
    definite: tuple[int, int], indirect: tuple[int, int], pid: int
) -> None:
    text = (
        f"=={pid}== Memcheck, a memory error detector\n"
        f"=={pid}==    definitely lost: {definite[1]:,} bytes in {definite[0]:,} blocks\n"
        f"=={pid}==    indirectly lost: {indirect[1]:,} bytes in {indirect[0]:,} blocks\n"
    )
    assert parse_valgrind(text) == Amount(definite[0] + indirect[0], definite[1] + indirect[1])


@given(st.text())
def test_text_that_is_no_report_is_never_a_leak(text: str) -> None:
    assert parse_heapcheck(text) is None
    assert parse_valgrind(text) is None
    assert parse_sanitizer(text) in {None, NOTHING}
