"""The layout of real Go programs, held against what the programs find at these places."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from leakcheck.process import Command, run
from leakcheck.settings import Settings
from leakcheck.toolchain.discovery import GoTool, find_go
from leakcheck.toolchain.golayout import read_go_layout

pytestmark = pytest.mark.e2e

PROJECT = Path(__file__).parents[1] / "testdata/toolchain/golayout"
OFFSETS = {
    "go_g_m",
    "go_g_sched_sp",
    "go_g_stack_lo",
    "go_g_stack_hi",
    "go_g_syscallsp",
    "go_g_syscallpc",
    "go_g_goid",
    "go_g_parent",
    "go_g_gopc",
    "go_m_g0",
    "go_m_curg",
}

# What changes where g and the code are: position independence, more thread-local variables
# in C, the race detector's, and those of a C library inside the program.
BUILDS = {
    "plain": ((), ""),
    "position independent": (("-buildmode=pie",), ""),
    "more thread-locals": ((), "-DMORE_THREAD_LOCALS"),
    "more thread-locals, position independent": (("-buildmode=pie",), "-DMORE_THREAD_LOCALS"),
    "race detector": (("-race",), ""),
    "uncompressed debug information": (("-ldflags=-compressdwarf=false",), ""),
    "static": (("-ldflags=-extldflags=-static",), ""),
}


@pytest.fixture(scope="module")
def go() -> GoTool:
    return find_go(Settings.from_mapping(os.environ))


def build(go: GoTool, folder: Path, flags: tuple[str, ...] = (), cflags: str = "") -> Path:
    output = folder / "layout.test"
    completed = run(
        Command(
            (str(go.path), "test", "-c", "-o", str(output), *flags, "."),
            env=tuple({**os.environ, "CGO_ENABLED": "1", "CGO_CFLAGS": f"-O2 {cflags}"}.items()),
            cwd=PROJECT,
        ),
        timeout_s=600,
    )
    assert completed.returncode == 0, completed.stderr
    return output


@pytest.fixture(scope="module", params=BUILDS.values(), ids=BUILDS)
def program(
    request: pytest.FixtureRequest, go: GoTool, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    flags, cflags = request.param
    return build(go, tmp_path_factory.mktemp("layout"), flags, cflags)


@pytest.fixture(scope="module")
def plain(go: GoTool, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(go, tmp_path_factory.mktemp("plain"))


def peek(program: Path) -> list[dict[str, int | str]]:
    """What C code finds in the running program, for four goroutines on several threads."""
    layout = "\n".join(f"{key} {value}" for key, value in read_go_layout(program))
    completed = run(
        Command(
            (str(program), "-test.run=TestPeek"),
            env=tuple({**os.environ, "LAYOUT": layout}.items()),
        ),
        timeout_s=60,
    )
    assert completed.returncode == 0, completed.stdout + completed.stderr
    blocks = completed.stdout.split("\n\n")[:4]
    return [
        {
            name: int(value) if value.isdecimal() else value
            for name, value in (line.split(" ", 1) for line in block.splitlines())
        }
        for block in blocks
    ]


def test_every_line_of_the_layout_is_there(program: Path, go: GoTool) -> None:
    layout = dict(read_go_layout(program))

    assert "go_layout_missing" not in layout
    assert layout.keys() >= OFFSETS | {"go", "go_version", "go_text_start", "go_text_end"}
    assert layout.keys() >= {"go_tlsg", "go_arenas", "go_data_start", "go_noptrbss_end"}
    assert ("go_g_syscallbp" in layout) == (go.version >= (1, 23))


def test_the_goroutine_is_where_the_layout_says(program: Path) -> None:
    blocks = peek(program)

    assert len({block["real_goid"] for block in blocks}) == 4
    for block in blocks:
        assert block["goid"] == block["real_goid"]
        assert block["g"] == block["m_g0"]  # C runs on the thread's own stack
        assert block["curg_m"] == block["m"]


def test_the_stack_of_the_goroutine_is_where_the_layout_says(program: Path) -> None:
    for block in peek(program):
        stack = range(int(block["stack_lo"]), int(block["stack_hi"]))
        assert int(block["go_local"]) in stack
        assert int(block["syscallsp"]) in stack
        assert int(block["sched_sp"]) in stack
        assert int(block["syscallsp"]) < int(block["go_local"])
        assert int(block["c_local"]) not in stack


def test_the_frame_pointer_saved_on_entering_c_is_on_the_stack(program: Path) -> None:
    layout = dict(read_go_layout(program))
    for block in peek(program):
        if "go_g_syscallbp" in layout:
            assert int(block["syscallsp"]) <= int(block["syscallbp"]) < int(block["stack_hi"])


def test_the_code_of_go_is_where_the_layout_says(program: Path) -> None:
    layout = dict(read_go_layout(program))
    for block in peek(program):
        bias = int(block["load_bias"])
        text = range(int(layout["go_text_start"], 16) + bias, int(layout["go_text_end"], 16) + bias)
        assert int(block["syscallpc"]) in text
        assert int(block["go_function"]) in text


def test_who_started_the_goroutine_is_where_the_layout_says(program: Path) -> None:
    layout = dict(read_go_layout(program))
    first, *others = peek(program)

    assert {block["parent"] for block in others} == {first["real_goid"]}
    start, end = int(layout["go_text_start"], 16), int(layout["go_text_end"], 16)
    for block in others:
        assert start <= int(block["gopc"]) - int(block["load_bias"]) < end


def test_the_name_of_the_test_can_be_found(program: Path) -> None:
    layout = dict(read_go_layout(program))
    start, end = int(layout["go_trunner_start"], 16), int(layout["go_trunner_end"], 16)

    assert int(layout["go_text_start"], 16) < start < end < int(layout["go_text_end"], 16)
    assert int(layout["go_t_name"]) > 0


def test_the_list_of_arenas_is_where_the_layout_says(program: Path) -> None:
    for block in peek(program):
        assert 1 <= int(block["arenas_len"]) <= int(block["arenas_cap"]) < 1_000_000


def test_the_version_is_the_one_the_program_says(program: Path) -> None:
    version = dict(read_go_layout(program))["go_version"].split()[0]

    assert {block["version"] for block in peek(program)} == {version}


def test_g_alone_is_right_below_the_thread_pointer(plain: Path) -> None:
    assert dict(read_go_layout(plain))["go_tlsg"] == "-8"


def test_other_thread_local_variables_move_g(go: GoTool, tmp_path: Path) -> None:
    program = build(go, tmp_path, cflags="-DMORE_THREAD_LOCALS")

    assert int(dict(read_go_layout(program))["go_tlsg"]) < -8


def test_the_offsets_of_go_1_26_are_those_that_were_measured(go: GoTool, plain: Path) -> None:
    layout = dict(read_go_layout(plain))
    measured = {
        "go_g_m": "48",
        "go_g_sched_sp": "56",
        "go_g_syscallsp": "104",
        "go_g_syscallpc": "112",
        "go_g_syscallbp": "120",
        "go_g_goid": "152",
        "go_m_g0": "0",
        "go_m_curg": "184",
    }

    assert go.version[:2] != (1, 26) or layout.items() >= measured.items()


def test_without_debug_information_the_reason_is_given(go: GoTool, tmp_path: Path) -> None:
    layout = dict(read_go_layout(build(go, tmp_path, ("-ldflags=-w",))))

    assert layout["go_layout_missing"] == "no debug information (built with -ldflags=-w or -s)"
    assert layout["go_tlsg"] == "-8"
    assert "go_text_start" in layout
    assert not OFFSETS & layout.keys()


def test_without_symbols_both_reasons_are_given(go: GoTool, tmp_path: Path) -> None:
    layout = dict(read_go_layout(build(go, tmp_path, ("-ldflags=-s -w",))))

    assert layout["go_layout_missing"].startswith("no symbol table (built with -ldflags=-s); ")
    assert layout["go"] == "1"
    assert layout["go_version"].startswith("go1.")
    assert not (OFFSETS | {"go_tlsg"}) & layout.keys()


def test_pure_go_has_no_thread_local_g_and_says_so(go: GoTool, tmp_path: Path) -> None:
    (tmp_path / "go.mod").write_text("module example.com/pure\n\ngo 1.21\n", encoding="utf-8")
    (tmp_path / "main.go").write_text("package main\n\nfunc main() {}\n", encoding="utf-8")
    completed = run(Command((str(go.path), "build", "-o", "pure", "."), cwd=tmp_path))
    assert completed.returncode == 0, completed.stderr

    layout = dict(read_go_layout(tmp_path / "pure"))

    assert layout["go_layout_missing"].endswith("for g (built without cgo)")
    assert layout.keys() >= OFFSETS


def test_a_c_program_has_no_go_layout() -> None:
    assert read_go_layout(Path("/bin/sh")) == ()


def test_it_is_read_within_half_a_second_and_from_the_cache_within_ten_ms(
    plain: Path, tmp_path: Path
) -> None:
    def cpu_s() -> float:
        started = time.process_time()
        read_go_layout(plain, tmp_path)
        return time.process_time() - started

    cold_s = cpu_s()
    warm_s = min(cpu_s() for _ in range(5))

    assert cold_s < 0.5
    assert warm_s < 0.010
