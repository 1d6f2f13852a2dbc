"""The bundled example by itself: its tests pass, and its list of planted leaks is about it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from leakcheck.example import find_example
from leakcheck.process import Command, run
from leakcheck.settings import Settings
from leakcheck.toolchain.gotool import find_go

if TYPE_CHECKING:
    from leakcheck.process import Completed

pytestmark = pytest.mark.e2e

EXAMPLE = find_example()
PLANTED: list[dict[str, Any]] = json.loads((EXAMPLE / "planted.json").read_text())["leaks"]
NAMES = [entry["name"] for entry in PLANTED]


def go(*arguments: str) -> Completed:
    tool = find_go(Settings.from_mapping({}))
    return run(Command((str(tool.path), *arguments), cwd=EXAMPLE), timeout_s=300)


def sources(pattern: str) -> str:
    return "\n".join(path.read_text() for path in sorted(EXAMPLE.glob(pattern)))


@pytest.mark.parametrize("flags", [(), ("-race",)], ids=["plain", "race"])
def test_its_tests_pass_although_they_leak(flags: tuple[str, ...]) -> None:
    completed = go("test", "-count=2", *flags, "./...")
    assert completed.returncode == 0, completed.stdout + completed.stderr


def test_go_vet_has_nothing_to_say() -> None:
    completed = go("vet", "./...")
    assert (completed.returncode, completed.stdout, completed.stderr) == (0, "", "")


def test_its_c_compiles_without_warnings() -> None:
    files = [path.name for path in sorted(EXAMPLE.glob("*.c"))]
    flags = ("-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-c", "-o", "/dev/null")
    for file in files:
        completed = run(Command(("cc", *flags, file), cwd=EXAMPLE))
        assert completed.returncode == 0, completed.stderr
    assert files


def test_each_planted_leak_has_a_name_of_its_own() -> None:
    assert len(set(NAMES)) == len(NAMES) == 8


@pytest.mark.parametrize("entry", PLANTED, ids=NAMES)
def test_a_planted_leak_names_a_test_that_exists(entry: dict[str, Any]) -> None:
    test = entry["test"] or entry["started_by"]
    assert f"func {test}(t *testing.T)" in sources("*_test.go")
    if "subtest" in entry:
        assert f'{{"{entry["subtest"]}", ' in sources("*_test.go")


@pytest.mark.parametrize("entry", PLANTED, ids=NAMES)
def test_a_planted_leak_names_the_file_that_defines_its_function(entry: dict[str, Any]) -> None:
    name = re.escape(entry["function"].rpartition(".")[2])
    definition = rf"^(?:func .*\b|\w.*[ *]){name}\([^;{{]*\{{$"
    assert re.search(definition, (EXAMPLE / entry["file"]).read_text(), re.MULTILINE)


def test_only_a_leak_of_a_c_thread_names_neither_test_nor_go_function() -> None:
    nameless = [e["name"] for e in PLANTED if e["test"] is None or not e["go_function"]]
    assert nameless == ["worker-buffer"]


@pytest.mark.parametrize("entry", PLANTED, ids=NAMES)
def test_the_readme_has_a_row_for_each_planted_leak(entry: dict[str, Any]) -> None:
    row = rf"^\| `{entry['name']}` \|.*\| {entry['bytes']:,} \| {entry['objects']} \|"
    assert re.search(row, (EXAMPLE / "README.md").read_text(), re.MULTILINE)


def test_the_readme_adds_up() -> None:
    size, objects = (sum(entry[key] for entry in PLANTED) for key in ("bytes", "objects"))
    assert f"| **total** | **{size:,}** | **{objects}** |" in (EXAMPLE / "README.md").read_text()


def test_each_direct_leak_is_marked_where_it_happens() -> None:
    marked = set(re.findall(r'Planted leak "([\w-]+)"', sources("*.c") + sources("*.go")))
    assert marked == {entry["name"] for entry in PLANTED if entry["kind"] == "direct"}
