"""Stacks as people read them."""

from __future__ import annotations

from pathlib import PurePath

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_samples import GOROOT, LEAK, PROJECT, c_frame, cgo_stack, go_frame

from leakcheck.model import Frame
from leakcheck.reports.stacklines import (
    Places,
    StackLine,
    deciding_frame,
    is_folded,
    short_function,
    stack_lines,
)
from leakcheck.symbolise import split_creator

PLACES = Places(project=PROJECT, home=PurePath("/home/ann"))
FRAMES = [*LEAK.stack, *cgo_stack("CString"), c_frame("main", "/m.c:1"), c_frame("_start")]


def functions(stack: tuple[Frame, ...]) -> list[tuple[str, str]]:
    """Function and note of every line."""
    return [(line.function, line.note) for line in stack_lines(stack, PLACES)]


def test_the_frames_between_c_and_go_are_one_line_and_those_below_the_test_none() -> None:
    assert functions(LEAK.stack) == [
        ("probe_open", ""),
        ("…", "4 cgo/runtime frames"),
        ("mediaprobe.Open", ""),
        ("mediaprobe.TestProbe", ""),
    ]


def test_a_cgo_call_that_no_frame_tells_is_named_as_in_the_source() -> None:
    assert functions(cgo_stack("CString"))[0] == ("C.CString", "4 cgo/runtime frames")


def test_an_allocation_through_two_layers_of_glue_is_named_after_the_users_call() -> None:
    stack = (*cgo_stack("_Cmalloc")[:3], *cgo_stack("CString")[3:])
    assert functions(stack)[0] == ("C.CString", "4 cgo/runtime frames")


def closure_stack(*, line: int = 88, name: str = "Open.func2") -> tuple[Frame, ...]:
    """A call in a closure of `Open`, which stands at line 88."""
    stack = cgo_stack("probe_open")
    closure = go_frame(f"example.com/ann/mediaprobe.{name}", f"{PROJECT}/probe.go:{line}")
    return (*stack[:4], closure, *stack[4:])


def test_the_closure_that_cgo_writes_around_pointer_arguments_is_folded() -> None:
    assert functions(closure_stack()) == [
        ("C.probe_open", "5 cgo/runtime frames"),
        ("mediaprobe.Open", ""),
        ("mediaprobe.TestProbe", ""),
    ]


@pytest.mark.parametrize(
    "stack",
    [
        closure_stack(line=90),
        closure_stack(name="Close.func2"),
        closure_stack(name="Open.func2.1"),
        (c_frame("helper", "/c.c:1"), *closure_stack()[4:]),
    ],
    ids=["own-line", "other-function", "nested", "no-glue-below"],
)
def test_the_users_own_closure_is_shown(stack: tuple[Frame, ...]) -> None:
    assert any(".func2" in line.function for line in stack_lines(stack, PLACES))


def test_frames_of_a_runtime_alone_are_called_so() -> None:
    reflect = go_frame("reflect.Value.Call", f"{GOROOT}/reflect/value.go:365")
    stack = (c_frame("f", "/f.c:1"), reflect, go_frame("m.Do", "/m.go:1"))
    assert functions(stack)[1] == ("…", "1 runtime frame")


def test_a_stack_of_nothing_else_is_shown_as_it_is() -> None:
    stack = (c_frame("start_thread"), c_frame("__clone3"))
    assert functions(stack) == [("start_thread", ""), ("__clone3", "")]


def test_all_frames_are_shown_when_asked_for() -> None:
    lines = stack_lines(LEAK.stack, PLACES, all_frames=True)
    assert len(lines) == len(LEAK.stack)
    assert not any(line.note for line in lines)


def test_an_empty_stack_says_so() -> None:
    assert stack_lines((), PLACES) == (StackLine(function="?", note="no frames were recorded"),)


@pytest.mark.parametrize(
    ("file", "shown"),
    [
        ("/home/ann/mediaprobe/c/probe.c", "c/probe.c"),
        ("/home/ann/mediaprobe-other/probe.c", "~/mediaprobe-other/probe.c"),
        ("/home/ann/x.c", "~/x.c"),
        ("/home/anna/x.c", "/home/anna/x.c"),
        ("/usr/src/x.c", "/usr/src/x.c"),
        ("relative/x.c", "relative/x.c"),
        ("", ""),
    ],
)
def test_paths_are_shown_from_the_project_or_from_home(file: str, shown: str) -> None:
    assert PLACES.shorten(file) == shown


def test_without_folders_paths_stay() -> None:
    assert Places().shorten("/home/ann/x.c") == "/home/ann/x.c"


@pytest.mark.parametrize(
    ("frame", "place"),
    [
        (c_frame("f", "/home/ann/mediaprobe/c/f.c:3"), "c/f.c:3"),
        (Frame(function="f", file="/f.c"), "/f.c"),
        (c_frame("strdup", module="libc.so.6"), "libc.so.6"),
        (Frame(function="0x7f0000000000"), ""),
    ],
)
def test_a_frame_without_a_line_shows_what_is_known(frame: Frame, place: str) -> None:
    (line,) = stack_lines((frame,), PLACES)
    assert line.place == place


@pytest.mark.parametrize(
    ("function", "short"),
    [
        ("example.com/ann/m.Open", "m.Open"),
        ("example.com/ann/m.(*T).Open", "m.(*T).Open"),
        ("m.F[example.com/other.T]", "m.F[example.com/other.T]"),
        ("example.com/m.F[...]", "m.F[...]"),
        ("probe_open", "probe_open"),
        ("ns::go(std::string const&)", "ns::go(std::string const&)"),
    ],
)
def test_go_functions_lose_the_folders_of_their_import_path(function: str, short: str) -> None:
    assert short_function(function) == short


@given(st.lists(st.sampled_from(FRAMES)).map(tuple))
def test_every_frame_of_the_user_is_shown_once_and_in_order(stack: tuple[Frame, ...]) -> None:
    own, creator = split_creator(stack)
    lines = stack_lines(stack, PLACES)
    assert lines
    assert [line.note for line in lines[len(lines) - len(creator) :]] == [
        "started the goroutine" for _ in creator
    ]
    lines = lines[: len(lines) - len(creator)]
    users = [short_function(frame.function) for frame in own if not is_folded(frame)]
    if users:
        assert [line.function for line in lines if not line.note] == users
        assert not lines[-1].note


def test_who_started_the_goroutine_is_shown_last() -> None:
    goexit = go_frame("runtime.goexit", f"{GOROOT}/runtime/asm_amd64.s:1771")
    creator = go_frame("example.com/m.TestX", "/src/m_test.go:7")
    lines = stack_lines((go_frame("example.com/m.work", "/src/m.go:3"), goexit, creator), PLACES)
    assert [(line.function, line.note) for line in lines] == [
        ("m.work", ""),
        ("m.TestX", "started the goroutine"),
    ]


ELSEWHERE = c_frame("collect", "/home/ann/elsewhere/collect.c:7")
LIBC = c_frame("strdup", module="libc.so.6")


@pytest.mark.parametrize(
    ("stack", "function"),
    [
        pytest.param(LEAK.stack, "probe_open", id="the leaf, when it is in the project"),
        pytest.param((LIBC, *LEAK.stack), "probe_open", id="not a library without lines"),
        pytest.param((ELSEWHERE, *LEAK.stack), "probe_open", id="the project before others"),
        pytest.param((LIBC, ELSEWHERE), "collect", id="others, when there is no project"),
        pytest.param(
            cgo_stack("CString"), "example.com/ann/mediaprobe.Open", id="no frame of cgo or Go"
        ),
        pytest.param((LIBC,), None, id="none with a line"),
        pytest.param((), None, id="no stack"),
    ],
)
def test_the_frame_that_decides_is_the_first_of_the_users_own(
    stack: tuple[Frame, ...], function: str | None
) -> None:
    frame = deciding_frame(stack, PROJECT)
    assert (frame and frame.function) == function
