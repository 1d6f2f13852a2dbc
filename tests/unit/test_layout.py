"""The layout of the source: who may import whom, who may run programs, how long a module is."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "leakcheck"
LONGEST_MODULE = 300

# A module or package imports only what stands before it here; inside a package there is no order.
LAYERS = (
    "errors",
    "interruption",
    "model",
    "settings",
    "version",
    "supervision",
    "process",
    "revision",
    "parallel",
    "toolchain",
    "build",
    "launch",
    "reportlines",
    "procmaps",
    "heapprofile",
    "lastwords",
    "evidence",
    "snapshots",
    "checkerreport",
    "symbolise",
    "leakid",
    "attribution",
    "engines",
    "checkerdoubts",
    "ending",
    "silence",
    "testlog",
    "judge",
    "suppressions",
    "reports",
    "baseline",
    "profiles",
    "checkerprofiles",
    "doctor",
    "recording",
    "observation",
    "repetition",
    "ownership",
    "ownprofile",
    "shards",
    "isolation",
    "example",
    "adoption",
    "pipeline",
    "merge",
    "progress",
    "githublog",
    "delivery",
    "commandline",
    "baselining",
    "profiling",
    "showing",
    "demo",
    "taskdefaults",
    "tasks",
    "sessions",
    "console",
    "__main__",
)
MAY_RUN_PROGRAMS = {"leakcheck/process.py", "bootstrap/effects.py"}

LEAKCHECK = sorted(PACKAGE.rglob("*.py"))
MODULES = sorted([*LEAKCHECK, *(ROOT / "bootstrap").glob("*.py")])


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imported_names(source: str) -> set[str]:
    """Every dotted name that `source` imports, wherever the import stands."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            found |= {f"{module}.{alias.name}" for alias in node.names}
    return found


def assigned_names(tree: ast.Module) -> set[str]:
    """The names a module binds by `name = …` or `name: type = …` at its top."""
    return {
        node.id
        for statement in tree.body
        if isinstance(statement, ast.Assign | ast.AnnAssign)
        for node in ast.walk(statement)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }


def layer(dotted: str) -> str:
    """`leakcheck.build.agent.build_agent` → `build`."""
    return dotted.split(".")[1]


def upward_imports(module: str, source: str) -> set[str]:
    """What `module` (a name in LAYERS) imports from itself upwards."""
    allowed = {*LAYERS[: LAYERS.index(module)], module}
    ours = {dotted for dotted in imported_names(source) if dotted.startswith("leakcheck.")}
    return {dotted for dotted in ours if layer(dotted) not in allowed}


@pytest.mark.parametrize("path", LEAKCHECK, ids=name)
def test_imports_go_down_only(path: Path) -> None:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    if parts == ("__init__",):
        assert imported_names(path.read_text()) == set()
        return
    assert parts[0] in LAYERS, f"say in LAYERS where {name(path)} belongs"
    assert upward_imports(parts[0], path.read_text()) == set()


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_programs_are_run_in_one_place(path: Path) -> None:
    runs = {dotted for dotted in imported_names(path.read_text()) if "subprocess" in dotted}
    assert not runs or name(path) in MAY_RUN_PROGRAMS


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_imports_are_absolute(path: Path) -> None:
    assert [dotted for dotted in imported_names(path.read_text()) if dotted.startswith(".")] == []


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_a_module_says_what_it_is_and_what_it_offers(path: Path) -> None:
    tree = ast.parse(path.read_text())
    assert ast.get_docstring(tree)
    assert "__all__" in assigned_names(tree) or len(tree.body) == 1


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_a_module_can_be_read_in_one_go(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= LONGEST_MODULE


def test_the_set_up_stands_alone() -> None:
    sources = [path.read_text() for path in (ROOT / "bootstrap").glob("*.py")]
    outside = {dotted for source in sources for dotted in imported_names(source)}
    assert not [dotted for dotted in outside if dotted.startswith("leakcheck")]


@pytest.mark.parametrize(
    "source",
    [
        "from leakcheck.judge import judge",
        "import leakcheck.judge",
        "from leakcheck import judge",
        "def f():\n    from leakcheck.reports.terminal import render",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from leakcheck.tasks import leak",
    ],
)
def test_an_upward_import_is_seen_however_it_is_written(source: str) -> None:
    assert len(upward_imports("toolchain", source)) == 1


@pytest.mark.parametrize(
    "source",
    ["from leakcheck.toolchain.elf import read_elf", "from leakcheck import errors", "import os"],
)
def test_a_downward_import_is_none(source: str) -> None:
    assert upward_imports("toolchain", source) == set()
