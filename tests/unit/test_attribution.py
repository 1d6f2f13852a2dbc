"""Which test allocated, and rows that read the same as one leak."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_samples import GOROOT, c_frame, cgo_stack, go_frame

from leakcheck.attribution import attributed_test, collect_leaks
from leakcheck.evidence import Owner, RowTest
from leakcheck.heapprofile import Row
from leakcheck.model import Frame, LeakKind

RUNNER = go_frame("testing.tRunner", f"{GOROOT}/testing/testing.go:2036")
GOEXIT = go_frame("runtime.goexit", f"{GOROOT}/runtime/asm_amd64.s:1771")
REFLECT = go_frame("reflect.Value.Call", f"{GOROOT}/reflect/value.go:365")
HELPER = go_frame("example.com/m.open", "/src/m.go:3")
MAIN_TEST = go_frame("example.com/m.TestMain", "/src/m_test.go:3")


def in_test(function: str, file: str = "/src/m_test.go") -> Frame:
    """A frame of package m."""
    return go_frame(f"example.com/m.{function}", f"{file}:9")


@pytest.mark.parametrize(
    ("stack", "test"),
    [
        ((HELPER, in_test("TestX"), RUNNER, GOEXIT), "TestX"),
        ((HELPER, GOEXIT, in_test("TestX")), "TestX"),
        ((HELPER, GOEXIT, HELPER), None),
        ((HELPER, in_test("TestX.func1"), GOEXIT, in_test("TestX")), "TestX"),
        ((HELPER, RUNNER, GOEXIT, in_test("TestOther")), None),
        ((HELPER, in_test("TestX.func1"), RUNNER, GOEXIT), "TestX"),
        ((HELPER, in_test("TestX.func1.2"), in_test("TestX.func1"), RUNNER), "TestX"),
        ((HELPER, in_test("Test_x"), RUNNER), "Test_x"),
        ((HELPER, in_test("Test1"), RUNNER), "Test1"),
        ((HELPER, in_test("TestÄ"), RUNNER), "TestÄ"),
        ((HELPER, in_test("Test"), RUNNER), "Test"),
        ((HELPER, in_test("Testable"), RUNNER), None),
        ((HELPER, go_frame("gopkg.in/yaml.v3.TestX", "/y_test.go:3"), RUNNER), "TestX"),
        ((HELPER, go_frame("github.com/n/nats.go.TestX.func1", "/n_test.go:3"), RUNNER), "TestX"),
        ((HELPER, go_frame("example.com/m_test.TestX", "/m_test.go:3"), RUNNER), "TestX"),
        ((HELPER, in_test("Suite.TestX"), in_test("Suite.TestX-fm"), RUNNER), None),
        ((HELPER, in_test("runCase.func1"), RUNNER), None),
        ((HELPER, in_test("(*Suite).TestX"), REFLECT, in_test("Run.func1"), RUNNER), None),
        (
            (
                HELPER,
                in_test("FuzzX.func1"),
                REFLECT,
                go_frame("testing.(*F).Fuzz.func1.1", f"{GOROOT}/testing/fuzz.go:335"),
                RUNNER,
            ),
            "FuzzX",
        ),
        (
            (HELPER, in_test("BenchmarkX"), go_frame("testing.(*B).runN", "/b.go:1"), GOEXIT),
            "BenchmarkX",
        ),
        (
            (HELPER, in_test("ExampleOpen"), go_frame("testing.runExample", "/e.go:1")),
            "ExampleOpen",
        ),
        ((HELPER, MAIN_TEST, go_frame("main.main", "_testmain.go:50")), None),
        ((HELPER, MAIN_TEST, RUNNER, GOEXIT), "TestMain"),
        ((HELPER, in_test("init.0"), go_frame("runtime.doInit1", "/proc.go:1")), None),
        ((HELPER, in_test("TestX.func1"), GOEXIT), "TestX"),
        ((HELPER, in_test("TestX.gowrap1"), GOEXIT), "TestX"),
        ((HELPER, in_test("TestX.func2", "/src/m.go"), GOEXIT), None),
        ((HELPER, in_test("worker.func1"), GOEXIT), None),
        ((HELPER, in_test("TestX.func1"), in_test("worker"), GOEXIT, HELPER), "TestX"),
        ((HELPER, in_test("TestX.func1"), in_test("worker"), GOEXIT, in_test("TestY")), "TestX"),
        ((in_test("TestX"), HELPER, in_test("TestY"), RUNNER), "TestY"),
        ((c_frame("strdup"), c_frame("worker", "/c.c:1"), c_frame("start_thread")), None),
        ((c_frame("example.com/m.TestX"),), None),
        ((RUNNER, GOEXIT), None),
        ((), None),
    ],
)
def test_the_test_is_the_function_its_runner_called(
    stack: tuple[Frame, ...], test: str | None
) -> None:
    assert attributed_test(stack) == test


def test_a_call_through_cgo_is_attributed() -> None:
    assert attributed_test(cgo_stack("probe_open", test="TestMXF_H265MezMaker")) == (
        "TestMXF_H265MezMaker"
    )


def row(size: int, *addresses: int) -> Row:
    """A row of one object."""
    return Row(
        objects=1, bytes=size, allocated_objects=1, allocated_bytes=size, addresses=addresses
    )


def stack_of(addresses: tuple[int, ...]) -> tuple[Frame, ...]:
    """Name every ten addresses alike, as the calls of one line are."""
    return tuple(c_frame("f", f"/f.c:{address // 10}") for address in addresses)


def test_rows_that_read_the_same_are_one_leak() -> None:
    leaks = collect_leaks([row(1, 10), row(2, 11), row(4, 20)], [], stack_of)
    assert sorted((leak.leaked_bytes, leak.leaked_objects) for leak in leaks) == [(3, 2), (4, 1)]


def test_direct_and_indirect_leaks_stay_apart() -> None:
    leaks = collect_leaks([row(1, 10)], [row(2, 10)], stack_of)
    assert {(leak.kind, leak.leaked_bytes) for leak in leaks} == {
        (LeakKind.DIRECT, 1),
        (LeakKind.INDIRECT, 2),
    }
    assert len({leak.id for leak in leaks}) == 2


def test_an_indirect_leak_names_the_direct_leaks_that_hold_it() -> None:
    direct = [row(1, 10), row(2, 20), row(4, 11), row(8, 30)]
    owners = [Owner(indirect=0, direct=at, objects=1, bytes=1) for at in (0, 1, 2)]

    leaks = collect_leaks(direct, [row(16, 40)], stack_of, owners=owners)

    by_size = {leak.leaked_bytes: leak for leak in leaks}
    assert by_size[16].held_by == (by_size[5].id, by_size[2].id)
    assert not any(leak.held_by for size, leak in by_size.items() if size != 16)


def test_an_owner_of_a_row_that_is_not_there_holds_nothing() -> None:
    owners = [Owner(indirect=0, direct=7, objects=1, bytes=1)]
    (leak,) = collect_leaks([], [row(1, 10)], stack_of, owners=owners)
    assert leak.held_by == ()


def test_a_leak_names_its_test() -> None:
    (leak,) = collect_leaks([row(1, 1)], [], lambda _: cgo_stack("probe_open"))
    assert leak.test == "TestProbe"


ROWS = st.lists(st.builds(row, st.integers(0, 99), st.integers(0, 50), st.integers(0, 50)))


@given(ROWS, ROWS)
def test_no_byte_and_no_object_is_lost_or_invented(direct: list[Row], indirect: list[Row]) -> None:
    leaks = collect_leaks(direct, indirect, stack_of)
    for kind, rows in ((LeakKind.DIRECT, direct), (LeakKind.INDIRECT, indirect)):
        mine = [leak for leak in leaks if leak.kind is kind]
        assert sum(leak.leaked_bytes for leak in mine) == sum(each.bytes for each in rows)
        assert sum(leak.leaked_objects for leak in mine) == len(rows)
    assert len({leak.id for leak in leaks}) == len(leaks)


def test_the_test_that_the_agent_names_counts_before_the_stack() -> None:
    rows = [
        Row(objects=1, bytes=8, allocated_objects=1, allocated_bytes=8, addresses=(1,)),
        Row(objects=2, bytes=16, allocated_objects=2, allocated_bytes=16, addresses=(1,)),
    ]
    stack = (HELPER, in_test("TestX.func1"), RUNNER, GOEXIT)
    named = RowTest(kind=LeakKind.DIRECT, row=1, test="TestX/sub")
    leaks = collect_leaks(rows, (), lambda _: stack, (named,))
    assert [(leak.test, leak.leaked_bytes) for leak in leaks] == [("TestX/sub", 16), ("TestX", 8)]
    assert len({leak.id for leak in leaks}) == 2
