"""Ids that survive rebuilds, other machines and other lines."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_samples import LEAK, c_frame, cgo_stack, go_frame

from leakcheck.leakid import fingerprint, stable_frame, with_ids
from leakcheck.model import Frame, Leak, LeakKind


def rebuilt(leak: Leak) -> Leak:
    """The same leak in another build: elsewhere in memory, in folders and in the files."""
    return replace(
        leak,
        stack=tuple(
            replace(
                frame,
                address=frame.address + 0x1000,
                line=frame.line and frame.line + 40,
                file=frame.file and f"/elsewhere/{frame.file.rpartition('/')[2]}",
                function=frame.function.replace("0123456789ab", "ba9876543210"),
                module=frame.module.replace("x.test", "y.test"),
            )
            for frame in leak.stack
        ),
    )


def test_an_id_is_twelve_hexadecimal_digits() -> None:
    (leak,) = with_ids([LEAK])
    assert len(leak.id) == 12
    assert int(leak.id, 16) >= 0


def test_an_id_survives_a_rebuild_in_another_folder_with_lines_moved() -> None:
    assert with_ids([rebuilt(LEAK)])[0].id == with_ids([LEAK])[0].id


def test_what_holds_a_leak_is_named_by_its_new_id() -> None:
    holder = replace(LEAK, id="old")
    held = replace(LEAK, id="", kind=LeakKind.INDIRECT, held_by=("old", "elsewhere"))
    named = {leak.kind: leak for leak in with_ids([holder, held])}
    assert named[LeakKind.INDIRECT].held_by == (named[LeakKind.DIRECT].id,)


def test_an_id_survives_another_runtime_below_the_test() -> None:
    start = go_frame("runtime.goexit", "/go1.99/src/runtime/asm_amd64.s:1")
    other = replace(LEAK, stack=(*LEAK.stack, go_frame("testing.newRunner", "/t.go:1"), start))
    assert fingerprint(other) == fingerprint(LEAK)


@pytest.mark.parametrize(
    "other",
    [
        replace(LEAK, kind=LeakKind.INDIRECT),
        replace(LEAK, test="TestOther"),
        replace(LEAK, stack=cgo_stack("probe_close")),
        replace(LEAK, stack=LEAK.stack[1:]),
        replace(LEAK, stack=(c_frame("probe_open", "/x/other.c:41"), *LEAK.stack[1:])),
    ],
    ids=["kind", "test", "call", "depth", "file"],
)
def test_another_leak_has_another_id(other: Leak) -> None:
    assert fingerprint(other) != fingerprint(LEAK)


@pytest.mark.parametrize(
    ("frame", "stable"),
    [
        (c_frame("probe_open", "/home/ann/c/probe.c:41"), "probe_open (probe.c)"),
        (
            c_frame("_cgo_0123456789ab_Cfunc_f", "/b/cgo-gcc-prolog:3"),
            "_cgo_Cfunc_f (cgo-gcc-prolog)",
        ),
        (go_frame("_cgoexp_0123456789ab_f", "_cgo_gotypes.go:1"), "_cgoexp_f (_cgo_gotypes.go)"),
        (go_frame("example.com/m.F.func2.1", "/s/m.go:3"), "example.com/m.F.func. (m.go)"),
        (go_frame("example.com/m.F.func10", "/s/m.go:3"), "example.com/m.F.func (m.go)"),
        (go_frame("example.com/m.F.gowrap1", "/s/m.go:3"), "example.com/m.F.gowrap (m.go)"),
        (go_frame("gopkg.in/yaml.v3.F", "/m@v3.0.1/y.go:3"), "gopkg.in/yaml.v3.F (y.go)"),
        (c_frame("inflate", "/b/inflate.c:3", module="libz.so.1.2.13"), "inflate (libz.so)"),
        (c_frame("inflate", module="libz.so.1"), "inflate (libz.so)"),
        (c_frame("start", module="libc-2.31.so"), "start (libc.so)"),
        (c_frame("libz.so.1+0x1f3c", module="libz.so.1"), "libz.so.1 (libz.so)"),
        (c_frame("0x7f0012345678", module=""), " ()"),
        (c_frame("main", module="mediaprobe.test"), "main ()"),
    ],
)
def test_a_frame_counts_without_what_builds_change(frame: Frame, stable: str) -> None:
    assert stable_frame(frame) == stable


def at_line(line: int, size: int) -> Leak:
    """The leak at another line of the same function."""
    first = replace(LEAK.stack[0], line=line)
    return replace(LEAK, leaked_bytes=size, stack=(first, *LEAK.stack[1:]))


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_leaks_of_one_function_are_numbered_by_line(order: tuple[int, ...]) -> None:
    leaks = [at_line(10, 1), at_line(20, 2), at_line(30, 3)]
    ids = {leak.leaked_bytes: leak.id for leak in with_ids([leaks[i] for i in order])}
    digits = fingerprint(LEAK)
    assert ids == {1: digits, 2: f"{digits}-2", 3: f"{digits}-3"}


def test_a_stack_of_runtime_frames_only_still_tells_leaks_apart() -> None:
    one, other = (
        replace(LEAK, stack=(c_frame(name),)) for name in ("start_thread", "__libc_start_main")
    )
    assert fingerprint(one) != fingerprint(other)


def test_a_leak_without_frames_has_an_id() -> None:
    assert with_ids([replace(LEAK, stack=())])[0].id


@given(
    st.lists(st.tuples(st.integers(1, 5), st.sampled_from(["f", "g"]), st.sampled_from(LeakKind)))
)
def test_ids_of_one_run_are_unique(found: list[tuple[int, str, LeakKind]]) -> None:
    leaks = [
        replace(LEAK, kind=kind, stack=(c_frame(name, f"/a.c:{line}"),))
        for line, name, kind in found
    ]
    named = with_ids(leaks)
    assert len({leak.id for leak in named}) == len(named) == len(leaks)
