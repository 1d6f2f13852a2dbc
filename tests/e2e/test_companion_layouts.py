"""The companion gets into every kind of Go package and module, and changes nothing there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Checker

    from leakcheck.model import Report

pytestmark = pytest.mark.e2e

LIBRARY = """package {name}

// #include <stdlib.h>
// __attribute__((noinline)) static void *hide(void *p) {{
//   __asm__ volatile("" : "+r"(p));
//   return p;
// }}
// static void leak(int n) {{
//   for (int i = 0; i < n; i++) hide(malloc(100));
// }}
import "C"

func Leak(n int) {{ C.leak(C.int(n)) }}
"""
TEST = """package {name}

import {imports}

func TestLeaks(t *testing.T) {{ {body} }}
"""
MAIN_TEST = """package main

import ("os"; "testing")

func TestMain(m *testing.M) { Leak(1); os.Exit(m.Run()) }

func TestLeaks(t *testing.T) { Leak(2) }
"""


def lay_out(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def module(name: str, more: str = "") -> str:
    return f"module example.com/{name}\n\ngo 1.21\n{more}"


def library(name: str) -> str:
    return LIBRARY.format(name=name)


def test_of(name: str, body: str, *imports: str) -> str:
    listed = "; ".join(f'"{path}"' for path in ("testing", *imports))
    return TEST.format(name=name, imports=f"({listed})", body=body)


test_of.__test__ = False  # type: ignore[attr-defined]  # makes a source, is no test

VENDORED = {
    "vendor/example.com/b/b.go": library("b"),
    "vendor/modules.txt": "# example.com/b v1.0.0\n## explicit; go 1.21\nexample.com/b\n",
    "go.mod": module("v", "\nrequire example.com/b v1.0.0\n"),
    "v.go": 'package v\n\nimport "example.com/b"\n\nvar Leak = b.Leak\n',
    "v_test.go": test_of("v", "Leak(4)"),
}
WORKSPACE = {
    "go.work": "go 1.21\n\nuse ./a\n\nuse ./b\n",
    "a/go.mod": module("a"),
    "a/a.go": library("a"),
    "a/a_test.go": test_of("a", "Leak(2); b.Leak(3)", "example.com/b"),
    "b/go.mod": module("b"),
    "b/b.go": library("b"),
}
EXTERNAL = {
    "go.mod": module("x"),
    "x.go": library("x"),
    "x_test.go": test_of("x_test", "x.Leak(2)", "example.com/x"),
}
OLD_LANGUAGE = {**EXTERNAL, "go.mod": "module example.com/x\n\ngo 1.1\n"}
COMMAND = {
    "go.mod": module("m"),
    "m.go": library("main") + "\nfunc main() {}\n",
    "m_test.go": MAIN_TEST,
}


def found(report: Report) -> set[tuple[str | None, int]]:
    (run,) = report.runs
    assert run.reason == ""
    assert run.evidence.text("go_liveness") == "exact"
    return {(leak.test, leak.leaked_objects) for leak in run.leaks}


@pytest.mark.parametrize(
    ("files", "project", "leaks"),
    [
        pytest.param(VENDORED, ".", {("TestLeaks", 4)}, id="vendored"),
        pytest.param(WORKSPACE, "a", {("TestLeaks", 2), ("TestLeaks", 3)}, id="workspace"),
        pytest.param(EXTERNAL, ".", {("TestLeaks", 2)}, id="external tests alone"),
        pytest.param(OLD_LANGUAGE, ".", {("TestLeaks", 2)}, id="language of Go 1.1"),
        pytest.param(COMMAND, ".", {("TestLeaks", 2), (None, 1)}, id="command with TestMain"),
    ],
)
def test_the_companion_is_in_and_the_tree_is_as_it_was(
    checker: Checker,
    tmp_path: Path,
    files: dict[str, str],
    project: str,
    leaks: set[tuple[str | None, int]],
) -> None:
    lay_out(tmp_path, files)

    assert found(checker.go(".", project=tmp_path / project)) == leaks
    left = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert left == set(files)


def test_what_main_allocates_is_started_by_nobody(checker: Checker, tmp_path: Path) -> None:
    report = checker.go(".", project=lay_out(tmp_path, COMMAND))

    (leak,) = [leak for leak in report.runs[0].leaks if leak.test is None]
    assert leak.stack[-1].function == "runtime.goexit"
