"""Faults of C programs: each is found out or told as "not checked", never called clean."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest
from faults import FAULTS, Fault, assert_verdict, crashes, found, rows, unseen

from leakcheck.model import Level

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Checker

pytestmark = pytest.mark.e2e

NOT_SEEN_TO_END = "did not see the program end"
OWN_FILTER = "seccomp filter"
NO_MAPS = "/proc/self/maps cannot be opened"

ENDS = rows(
    found("ends", "nothing", "signal-handler", "handled-segfault"),
    crashes("ends", "segfault", "SIGSEGV"),
    crashes("ends", "stack-overflow", "SIGSEGV"),
    crashes("ends", "out-of-memory", "SIGABRT"),
    unseen("ends", "raw-call-in-thread", NOT_SEEN_TO_END),
    unseen("ends", "becoming-itself", NOT_SEEN_TO_END),
)
CHILDREN = rows(
    found("children", "exits", "exits-at-once", "exits-raw", "crashes", "vforked"),
    found("children", "vforked-and-becomes", "spawned", "spawned-by-system"),
    found("children", "daemonised", "all-reaped"),
)
SURROUNDINGS = rows(
    found("surroundings", "filter-elsewhere", "rename-refused", "no-new-privileges"),
    found("surroundings", "all-closed", "not-dumpable"),
    unseen("surroundings", "fork-refused", "no process could be forked"),
    unseen("surroundings", "fork-kills", OWN_FILTER),
    unseen("surroundings", "open-kills", OWN_FILTER),
    unseen("surroundings", "open-refused", NO_MAPS),
    unseen("surroundings", "map-refused", "no memory"),
    unseen("surroundings", "no-address-space", "no memory"),
    unseen("surroundings", "no-descriptors", NO_MAPS),
    unseen("surroundings", "no-file-bytes", "limited the size of files"),
    unseen("surroundings", "few-file-bytes", "limited the size of files"),
    unseen("surroundings", "other-root", NO_MAPS, needs_root=True),
    unseen("surroundings", "other-user", "gave up its rights", needs_root=True),
    unseen("surroundings", "no-processes", "no process could be forked", needs_root=True),
    unseen("surroundings", "without-proc", NO_MAPS, needs_root=True),
)
KEPT = rows(
    found("kept", "not-forked", "wiped-on-fork", "handler-runs"),
    found("kept", "handler-has-run", lost=(2, 242)),
)
THREADS = rows(
    found("crowds", "thousand-threads", "still-allocating", "deaf-thread", "deaf-busy-threads"),
    found("crowds", "thread-in-vfork", "forking-threads"),
    found("handlers", "all-kept"),
    found("handlers", "all-lost", lost=(201, 200_121)),
)


@pytest.mark.parametrize("fault", [*ENDS, *CHILDREN, *SURROUNDINGS, *KEPT, *THREADS])
def test_a_fault_of_the_program(
    checker: Checker, compiled: Callable[..., Path], fault: Fault
) -> None:
    program = compiled(FAULTS / f"{fault.program}.c", "-pthread", "-ldl")

    report = checker.binary(program, fault.case, timeout_s=60.0)

    assert_verdict(fault, report.runs[0], Level.NORMAL, checker.watcher)


@pytest.mark.parametrize("case", ["handler-has-run", "handler-runs"])
def test_the_stack_of_a_handler_is_no_leak_at_strict(
    checker: Checker, compiled: Callable[..., Path], case: str
) -> None:
    program = compiled(FAULTS / "kept.c", "-pthread", "-ldl")

    report = checker.binary(program, case, level=Level.STRICT)

    assert {leak.leaked_bytes for leak in report.runs[0].leaks} == {121}


@pytest.mark.parametrize("attempt", range(5))
def test_a_program_that_leaves_in_the_middle_of_an_allocation(
    checker: Checker, compiled: Callable[..., Path], attempt: int
) -> None:
    """The signal may come while the agent's table is half changed: then there is no verdict."""
    program = compiled(FAULTS / "ends.c", "-pthread", "-ldl")

    report = checker.binary(program, "alarm-handler", str(attempt))

    (run,) = report.runs
    is_found = [(leak.leaked_objects, leak.leaked_bytes) for leak in run.leaks] == [(1, 121)]
    assert is_found or "interrupted an allocation" in report.reason


@pytest.fixture
def libraries(compiled: Callable[..., Path]) -> tuple[str, str]:
    """One that loses and holds, and another that may come to lie at its place."""
    shared = ("-shared", "-fPIC")
    library = compiled(FAULTS / "library.c", *shared)
    return str(library), str(compiled(FAULTS / "library.c", *shared, "-DSHIFTED"))


@pytest.mark.parametrize(
    ("case", "lost"),
    [
        ("unloaded", {"lose_in_library": 1}),
        ("replaced", {"lose_in_library": 2, "lose_elsewhere": 1}),
        ("held", {}),
        ("held-and-unloaded", {"hold_in_library": 1}),
    ],
)
def test_a_library_that_was_unloaded_is_named_and_holds_nothing(
    checker: Checker,
    compiled: Callable[..., Path],
    libraries: tuple[str, str],
    case: str,
    lost: dict[str, int],
) -> None:
    program = compiled(FAULTS / "unloaded.c", "-ldl")

    report = checker.binary(program, case, *libraries)

    named = Counter[str]()
    for leak in report.runs[0].leaks:
        named[leak.stack[0].function] += leak.leaked_objects
    assert named == {"lose": 1, **lost}
