"""Names for addresses of real programs, compared with what the programs say themselves.

The programs print their own stack and `/proc/self/maps`; Go programs also print the functions,
files and lines that Go's runtime has for the same stack.
"""

from __future__ import annotations

import lzma
import time
from typing import TYPE_CHECKING

import pytest

from leakcheck import process
from leakcheck.process import Command
from leakcheck.procmaps import parse_maps
from leakcheck.symbolise import Symboliser, cgo_call, is_glue, is_runtime

if TYPE_CHECKING:
    from pathlib import Path

    from leakcheck.model import Frame

pytestmark = pytest.mark.e2e

GO_PROGRAM = """package main

/*
#include <execinfo.h>

extern void goCallback(void);

static void *stack[64];
static int depth;

static inline void take_stack(void) { depth = backtrace(stack, 64); }

__attribute__((noinline)) static int record(void) {
  take_stack(); // line: record
  __asm__ volatile("");
  return depth;
}
__attribute__((noinline)) static void call_back(void) {
  goCallback();
  __asm__ volatile("");
}
static void *frame_at(int index) { return stack[index]; }
static int frame_count(void) { return depth; }
*/
import "C"

import (
	"fmt"
	"os"
	"runtime"
	"strings"
)

type shape interface{ area() int }
type box[T any] struct{ value T }

//go:noinline
func (b *box[T]) area() int { return inlined(func() int { return report() }) }

func inlined(f func() int) int { return 1 + f() }

//go:noinline
func report() int {
	pcs := make([]uintptr, 64)
	pcs = pcs[:runtime.Callers(1, pcs)]
	fmt.Println("go")
	for _, pc := range pcs {
		frame, _ := runtime.CallersFrames([]uintptr{pc}).Next()
		inlined := frame.Func == nil
		fmt.Printf("%#x\\t%v\\t", pc, inlined)
		fmt.Printf("%s\\t%s\\t%d\\n", frame.Function, frame.File, frame.Line)
	}
	return len(pcs)
}

//export goCallback
func goCallback() {
	C.record()
	fmt.Println("c")
	for i := 0; i < int(C.frame_count()); i++ {
		fmt.Printf("%p\\n", C.frame_at(C.int(i)))
	}
}

func main() {
	var s shape = &box[string]{strings.Repeat("x", 3)}
	s.area()
	C.call_back()
	fmt.Println("maps")
	maps, _ := os.ReadFile("/proc/self/maps")
	os.Stdout.Write(maps)
}
"""

C_PROGRAM = """#include <execinfo.h>
#include <stdio.h>
#include <stdlib.h>

static void *stack[64];
static int depth;

static inline __attribute__((always_inline)) void take_stack(void) { depth = backtrace(stack, 64); }

static int compare(const void *a, const void *b) {
  take_stack(); /* line: compare */
  return *(const int *)a - *(const int *)b;
}

__attribute__((noinline)) static void sort(void) {
  int two[] = {2, 1};
  qsort(two, 2, sizeof *two, compare); /* line: sort */
  __asm__ volatile("");
}

int main(void) {
  int c;
  FILE *maps = fopen("/proc/self/maps", "r");
  sort(); /* line: main */
  puts("c");
  for (int i = 0; i < depth; i++) printf("%p\\n", stack[i]);
  puts("maps");
  while ((c = getc(maps)) != EOF) putchar(c);
  return 0;
}
"""

CXX_PROGRAM = """#include <execinfo.h>
#include <cstdio>
#include <string>

static void *stack[64];
static int depth;

namespace media {
template <class T> struct Muxer {
  __attribute__((noinline)) int write(const T &what) {
    depth = backtrace(stack, 64); /* line: write */
    return what.size();
  }
};
}  // namespace media

int main() {
  auto each = [](int n) { return media::Muxer<std::string>().write(std::string(n, 'x')); };
  int n = each(3); /* line: main */
  std::puts("c");
  for (int i = 0; i < depth; i++) std::printf("%p\\n", stack[i]);
  std::puts("maps");
  FILE *maps = std::fopen("/proc/self/maps", "r");
  for (int c; (c = std::getc(maps)) != EOF;) std::putchar(c);
  return n != 3;
}
"""


def run(*argv: str | Path, cwd: Path) -> str:
    """Run a tool or a program, which must succeed."""
    completed = process.run(Command(tuple(map(str, argv)), cwd=cwd))
    assert completed.returncode == 0, completed.stderr
    return completed.stdout


def sections(output: str) -> dict[str, list[str]]:
    """Cut what a program printed at the lines `go`, `c` and `maps`."""
    found: dict[str, list[str]] = {}
    name = ""
    for line in output.splitlines():
        if line in {"go", "c", "maps"}:
            name = line
        else:
            found.setdefault(name, []).append(line)
    return found


def c_frames(output: str, cache: Path) -> tuple[Frame, ...]:
    """The frames of the stack that C code took."""
    printed = sections(output)
    mappings = parse_maps("\n".join(printed["maps"]) + "\n")
    return Symboliser(cache).stack([int(word, 16) for word in printed["c"]], mappings)


def line_of(source: str, marker: str) -> int:
    """The line with the comment `line: marker`."""
    lines = source.splitlines()
    return next(number for number, line in enumerate(lines, 1) if f"line: {marker}" in line)


def build_c(folder: Path, source: str, name: str, *flags: str) -> Path:
    """Compile a program with debug information."""
    path = folder / name
    path.write_text(source)
    compiler = "g++" if name.endswith(".cc") else "gcc"
    run(compiler, "-g", "-O1", *flags, name, "-o", "prog", cwd=folder)
    return folder / "prog"


def build_go(folder: Path, *flags: str) -> Path:
    """Build the Go program."""
    (folder / "go.mod").write_text("module example.com/shape\n\ngo 1.21\n")
    (folder / "main.go").write_text(GO_PROGRAM)
    run("go", "build", *flags, "-o", "prog", ".", cwd=folder)
    return folder / "prog"


GO_BUILDS = {
    "fixed": (),
    "pie": ("-buildmode=pie",),
    "trimpath": ("-trimpath",),
    "internal-linker": ("-ldflags=-linkmode=internal",),
    "plain-dwarf": ("-ldflags=-compressdwarf=false",),
    "no-inlining": ("-gcflags=-l",),
}


@pytest.mark.parametrize("flags", GO_BUILDS.values(), ids=list(GO_BUILDS))
def test_go_frames_are_those_that_gos_runtime_tells(tmp_path: Path, flags: tuple[str, ...]) -> None:
    printed = sections(run(build_go(tmp_path, *flags), cwd=tmp_path))
    mappings = parse_maps("\n".join(printed["maps"]) + "\n")
    symboliser = Symboliser(tmp_path / "cache")
    lines = [line.split("\t") for line in printed["go"]]
    # Go gives inlined functions addresses of their own; the real one is the innermost's.
    was_inlined = ["false", *(line[1] for line in lines)]
    addresses = [
        int(line[0], 16)
        for line, callee_inlined in zip(lines, was_inlined, strict=False)
        if callee_inlined == "false"
    ]
    ours = [(f.function, f.file, f.line) for f in symboliser.stack(addresses, mappings)]
    assert ours == [(function, file, int(line)) for _, _, function, file, line in lines]
    assert [function for function, _, _ in ours][-3:-1] == ["main.main", "runtime.main"]
    is_inlining = "-gcflags=-l" not in flags
    assert (len(ours) > len(addresses)) is is_inlining


@pytest.mark.parametrize("flags", [(), ("-buildmode=pie",)], ids=["fixed", "pie"])
def test_c_frames_in_a_go_program_have_lines_of_the_go_file(
    tmp_path: Path, flags: tuple[str, ...]
) -> None:
    frames = c_frames(run(build_go(tmp_path, *flags), cwd=tmp_path), tmp_path / "cache")
    assert [frame.function for frame in frames[:2]] == ["take_stack", "record"]
    assert frames[1].file == str(tmp_path / "main.go")
    assert frames[1].line == line_of(GO_PROGRAM, "record")
    assert frames[1].language == "c"
    assert frames[1].module == "prog"
    assert is_glue(frames[2])
    assert cgo_call(frames[2]) == "C.record"
    assert is_runtime(frames[3])
    assert frames[3].function == "runtime.asmcgocall"


def test_a_go_program_without_debug_information_still_has_names(tmp_path: Path) -> None:
    output = run(build_go(tmp_path, "-ldflags=-w"), cwd=tmp_path)
    frames = c_frames(output, tmp_path / "cache")
    assert [(frame.function, frame.language) for frame in frames[:1]] == [("record", None)]
    assert cgo_call(frames[1]) == "C.record"
    assert (frames[2].function, frames[2].language) == ("runtime.asmcgocall", "go")
    assert is_runtime(frames[2])


@pytest.mark.parametrize("flags", [("-pie", "-fPIE"), ("-no-pie",)], ids=["pie", "fixed"])
def test_c_frames_through_a_library_have_names_and_lines(
    tmp_path: Path, flags: tuple[str, ...]
) -> None:
    frames = c_frames(run(build_c(tmp_path, C_PROGRAM, "prog.c", *flags), cwd=tmp_path), tmp_path)
    found = {frame.function: frame for frame in frames}
    order = [name for name in found if name in {"take_stack", "compare", "sort", "main"}]
    assert order == ["take_stack", "compare", "sort", "main"]
    for name in ("compare", "sort", "main"):
        assert found[name].line == line_of(C_PROGRAM, name)
        assert found[name].file == str(tmp_path / "prog.c")
    assert any(frame.module.startswith("libc.so") for frame in frames)
    assert found["__libc_start_main"].module.startswith("libc.so")


def test_cxx_frames_are_demangled_and_lambdas_are_seen(tmp_path: Path) -> None:
    frames = c_frames(run(build_c(tmp_path, CXX_PROGRAM, "prog.cc"), cwd=tmp_path), tmp_path)
    assert frames[0].function == "media::Muxer<std::string>::write(std::string const&)"
    assert frames[0].line == line_of(CXX_PROGRAM, "write")
    assert frames[0].language == "c++"
    assert "operator()" in [frame.function for frame in frames]
    main = next(frame for frame in frames if frame.function == "main")
    assert main.line == line_of(CXX_PROGRAM, "main")


def test_a_stripped_program_with_its_debug_file_beside_it_has_lines(tmp_path: Path) -> None:
    program = build_c(tmp_path, C_PROGRAM, "prog.c", "-Wl,--build-id=none")
    run("objcopy", "--only-keep-debug", "prog", "prog.debug", cwd=tmp_path)
    run("objcopy", "--strip-all", "--add-gnu-debuglink=prog.debug", "prog", cwd=tmp_path)
    frames = c_frames(run(program, cwd=tmp_path), tmp_path / "cache")
    assert ("sort", line_of(C_PROGRAM, "sort")) in [(f.function, f.line) for f in frames]


def test_a_stripped_program_names_nothing_it_does_not_know(tmp_path: Path) -> None:
    program = build_c(tmp_path, C_PROGRAM, "prog.c", "-s")
    frames = c_frames(run(program, cwd=tmp_path), tmp_path / "cache")
    own = [frame.function for frame in frames if frame.module == "prog"]
    assert own
    assert all(name.startswith("prog+0x") for name in own)


def test_a_program_replaced_since_it_ran_is_not_named_after_the_old_cache(tmp_path: Path) -> None:
    first = run(build_c(tmp_path, C_PROGRAM, "prog.c"), cwd=tmp_path)
    c_frames(first, tmp_path / "cache")
    longer = C_PROGRAM.replace("#include <stdlib.h>", "#include <stdlib.h>\n\n\n")
    second = run(build_c(tmp_path, longer, "prog.c"), cwd=tmp_path)
    found = {frame.function: frame.line for frame in c_frames(second, tmp_path / "cache")}
    assert found["sort"] == line_of(longer, "sort") == line_of(C_PROGRAM, "sort") + 3


def test_the_small_symbol_table_of_fedora_is_read(tmp_path: Path) -> None:
    program = build_c(tmp_path, C_PROGRAM, "prog.c")
    run("objcopy", "--strip-debug", "prog", "mini", cwd=tmp_path)
    (tmp_path / "mini.xz").write_bytes(lzma.compress((tmp_path / "mini").read_bytes()))
    run("objcopy", "--strip-all", "--add-section", ".gnu_debugdata=mini.xz", "prog", cwd=tmp_path)
    frames = c_frames(run(program, cwd=tmp_path), tmp_path / "cache")
    assert "sort" in [frame.function for frame in frames]


def test_ten_thousand_addresses_are_named_in_seconds(tmp_path: Path) -> None:
    printed = sections(run(build_go(tmp_path), cwd=tmp_path))
    mappings = parse_maps("\n".join(printed["maps"]) + "\n")
    code = next(m for m in mappings if m.path.endswith("/prog") and "x" in m.permissions)
    addresses = range(code.start, min(code.end, code.start + 64 * 10_000), 64)
    started = time.monotonic()
    frames = Symboliser(tmp_path / "cache").stack(addresses, mappings)
    assert len(frames) >= len(addresses)
    assert time.monotonic() - started < 10
