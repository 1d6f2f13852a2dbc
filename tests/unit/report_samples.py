"""Values the tests of judging and reporting share, and the expected terminal reports."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from leakcheck.errors import MalformedReport
from leakcheck.evidence import AgentReport, agent_outcome
from leakcheck.judge import judge
from leakcheck.model import (
    Check,
    Evidence,
    Frame,
    Leak,
    LeakKind,
    Level,
    Report,
    Run,
    Tests,
)
from leakcheck.process import Command, Completed
from leakcheck.reports.sources import SourceLine
from leakcheck.reports.stacklines import Places
from leakcheck.reports.terminal import View, render_terminal

if TYPE_CHECKING:
    from collections.abc import Callable

TESTDATA = Path(__file__).parent.parent / "testdata"
PROJECT = PurePath("/home/ann/mediaprobe")
GOROOT = "/usr/local/go/src"


def captured_files() -> dict[str, str]:
    """The files a real run of `leaky.c` left."""
    return {path.name: path.read_text() for path in (TESTDATA / "evidence").iterdir()}


def captured_report() -> AgentReport:
    """The same, read."""
    outcome = agent_outcome(captured_files())
    assert isinstance(outcome, AgentReport)
    return outcome


def ended(returncode: int = 0, output: str = "PASS\n", *, timed_out: bool = False) -> Completed:
    """A program that ended."""
    return Completed(
        command=Command(("./x.test", "-test.v")),
        returncode=returncode,
        stdout=output,
        stderr="",
        duration_s=0.25,
        timed_out=timed_out,
    )


def c_frame(function: str, place: str = "", module: str = "x.test") -> Frame:
    """A frame of C, `place` is `file:line`."""
    file, _, line = place.rpartition(":")
    return Frame(
        function=function,
        file=file or None,
        line=int(line) if line else None,
        language="c" if file else None,
        module=module,
        address=0x401000 + len(function),
    )


def go_frame(function: str, place: str) -> Frame:
    """A frame of Go, `place` is `file:line`."""
    file, _, line = place.rpartition(":")
    return Frame(
        function=function,
        file=file,
        line=int(line),
        language="go",
        module="x.test",
        address=0x501000 + len(function),
    )


def cgo_stack(call: str, *, go: str = "Open", test: str = "TestProbe") -> tuple[Frame, ...]:
    """The frames between a C function and a Go test that called it."""
    package = "example.com/ann/mediaprobe"
    return (
        c_frame(f"_cgo_0123456789ab_Cfunc_{call}", "/build/cgo-gcc-prolog:51"),
        go_frame("runtime.asmcgocall", f"{GOROOT}/runtime/asm_amd64.s:995"),
        go_frame("runtime.cgocall", f"{GOROOT}/runtime/cgocall.go:185"),
        go_frame(f"{package}._Cfunc_{call}", "_cgo_gotypes.go:79"),
        go_frame(f"{package}.{go}", f"{PROJECT}/probe.go:88"),
        go_frame(f"{package}.{test}", f"{PROJECT}/probe_test.go:14"),
        go_frame("testing.tRunner", f"{GOROOT}/testing/testing.go:2036"),
        go_frame("runtime.goexit", f"{GOROOT}/runtime/asm_amd64.s:1771"),
    )


LEAK = Leak(
    id="0123456789ab",
    leaked_bytes=100,
    leaked_objects=1,
    kind=LeakKind.DIRECT,
    stack=(c_frame("probe_open", f"{PROJECT}/c/probe.c:41"), *cgo_stack("probe_open")),
    test="TestProbe",
)


PROOF = Evidence(
    fields=(
        ("agent", "1"),
        ("allocations", "8000029"),
        ("lost", "0"),
        ("canary", "found"),
        ("unwinder", "libunwind"),
        ("threads_unanswered", "0"),
        ("go_frames", "yes"),
        ("go_liveness", "conservative: no companion in this binary"),
    )
)


RUN = Run(
    package="example.com/ann/mediaprobe",
    binary="/var/run/x.test",
    argv=("/var/run/x.test", "-test.v"),
    tests=Tests.PASSED,
    check=Check.CLEAN,
    duration_s=0.25,
    evidence=PROOF,
)

CRASHED = replace(
    RUN,
    package="example.com/ann/mediaprobe/mux",
    tests=Tests.CRASHED,
    check=Check.NOT_CHECKED,
    reason="the program crashed (SIGSEGV): leaks were not checked",
    evidence=Evidence(),
)

LEAKS = (
    replace(
        LEAK,
        id="cccccccccccc",
        leaked_bytes=1,
        stack=(
            c_frame("strdup", module="libc.so.6"),
            c_frame("collect", "/home/ann/elsewhere/collect.c:7"),
            c_frame("start_thread", module="libc.so.6"),
        ),
        test=None,
    ),
    replace(LEAK, id="dddddddddddd", leaked_bytes=1, stack=(), test=None),
    replace(LEAK, id="bbbbbbbbbbbb", leaked_bytes=24, kind=LeakKind.INDIRECT),
    replace(
        LEAK,
        id="aaaaaaaaaaaa",
        leaked_bytes=4096,
        leaked_objects=64,
        stack=(*cgo_stack("_Cmalloc")[:3], *cgo_stack("CString", go="New")[3:]),
    ),
    replace(LEAK, id="eeeeeeeeeeee", leaked_bytes=8, suppressed_by="leak:probe_open"),
    replace(LEAK, id="ffffffffffff", leaked_bytes=16, leaked_objects=2, in_baseline=True),
)
"""A leak of every shape the terminal report folds, shortens or counts apart."""

LEAKING = replace(RUN, tests=Tests.FAILED, check=Check.LEAKS, leaks=LEAKS)


HOLDER = replace(LEAK, leaked_bytes=48, leaked_objects=2)
HOLDING = replace(
    RUN,
    check=Check.LEAKS,
    leaks=(
        HOLDER,
        replace(
            HOLDER,
            id="777777777777",
            leaked_bytes=9000,
            leaked_objects=3,
            kind=LeakKind.INDIRECT,
            stack=(c_frame("fill", f"{PROJECT}/c/fill.c:3"), *HOLDER.stack),
            held_by=(HOLDER.id,),
        ),
        replace(
            HOLDER,
            id="888888888888",
            test="TestMux",
            stack=tuple(replace(frame, address=1) for frame in HOLDER.stack),
        ),
        LEAKS[0],
    ),
)
"""Two tests leak at one site, and one of these leaks holds another."""


class FakeSources:
    """Has three lines of every file, around any line."""

    def excerpt(self, file: str, line: int, *, around: int = 1) -> tuple[SourceLine, ...]:
        numbers = range(line - around, line + around + 1)
        return tuple(SourceLine(n, f"  line {n} of {file.rpartition('/')[2]}") for n in numbers)


def isolated(run: Run, test: str) -> Run:
    """The same run as that of one test alone, "" for no test."""
    return replace(
        run, package=RUN.package, argv=("x.test", f"-test.run=^{test}$", "-test.paniconexit0")
    )


ISOLATED = (
    isolated(RUN, "TestProbe"),
    isolated(replace(LEAKING, leaks=(LEAK,)), "TestMux"),
    isolated(CRASHED, "TestDemux"),
    isolated(replace(RUN, tests=Tests.NONE_RAN), ""),
)


PLACES = Places(
    project=PROJECT, home=PurePath("/home/ann"), repository=PurePath("/home/ann/mediaprobe")
)
VIEW = View(places=PLACES)


def terminal_reports() -> dict[str, tuple[Report, View]]:
    """What the expected files in `testdata/terminal` are made of, by name."""
    leaking = judge([LEAKING], level=Level.NORMAL)
    return {
        "clean": (judge([RUN], level=Level.NORMAL), VIEW),
        "leaks": (leaking, VIEW),
        "leaks-two-shown": (leaking, View(max_leaks=2, places=VIEW.places)),
        "leaks-all-frames": (leaking, View(all_frames=True, places=VIEW.places)),
        "isolated": (judge(ISOLATED, level=Level.NORMAL), VIEW),
        "isolated-several-packages": (
            judge([*ISOLATED[::3], replace(RUN, package="example.com/b")], level=Level.NORMAL),
            VIEW,
        ),
        "holding": (
            judge([HOLDING], level=Level.NORMAL),
            View(places=VIEW.places, sources=FakeSources()),
        ),
        "holding-all-frames": (
            judge([HOLDING], level=Level.NORMAL),
            View(all_frames=True, places=VIEW.places),
        ),
        "not-checked": (judge([CRASHED], level=Level.STRICT), VIEW),
        "nothing-ran": (
            judge([], level=Level.NORMAL, skipped=[("example.com/ann/pure", "no cgo")]),
            VIEW,
        ),
        "several-unchecked": (judge([RUN, CRASHED, CRASHED], level=Level.NORMAL), VIEW),
        "several": (
            judge(
                [LEAKING, replace(RUN, package="example.com/ann/mediaprobe/demux"), CRASHED],
                level=Level.NORMAL,
                skipped=[("example.com/ann/mediaprobe/pure", "no cgo")],
            ),
            VIEW,
        ),
    }


def refusal(parse: Callable[[str], object], text: str) -> str:
    """Why `parse` refuses `text`, "" when it reads it; any other error goes on."""
    try:
        parse(text)
    except MalformedReport as error:
        return error.why
    return ""


def expected_path(name: str) -> Path:
    """Where the expected text of a terminal report is."""
    return TESTDATA / "terminal" / f"{name}.txt"


def write_expected() -> None:
    """Rewrite the expected files (`make -C tests/testdata terminal`)."""
    for name, (report, view) in terminal_reports().items():
        expected_path(name).write_text(render_terminal(report, view).plain)
