"""What `go list` knows: the packages of a pattern, and which of them reach C code."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leakcheck.build.gocommand import go_command
from leakcheck.errors import BadInput, BuildFailed, MalformedReport
from leakcheck.process import run

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from leakcheck.process import Command

__all__ = ["GoPackage", "find_packages", "list_packages_command", "parse_go_list"]

_FIELDS = (
    "ImportPath",
    "Dir",
    "Name",
    "Standard",
    "DepOnly",
    "ForTest",
    "CgoFiles",
    "SwigFiles",
    "SwigCXXFiles",
    "TestGoFiles",
    "XTestGoFiles",
    "Deps",
    "Error",
    "DepsErrors",
)
_C_FILES = ("CgoFiles", "SwigFiles", "SwigCXXFiles")
_LIST_TIMEOUT_S = 600.0  # go may have to download modules first


@dataclass(frozen=True, slots=True, kw_only=True)
class GoPackage:
    """A package named by the user's pattern.

    `name` is the one in its package clause. `uses_cgo`: it, its tests or a dependency outside
    the standard library has cgo files. `error` is what go says against it or against one of its
    dependencies, or empty.
    """

    import_path: str
    dir: Path
    name: str = ""
    uses_cgo: bool = False
    has_tests: bool = False
    error: str = ""


def list_packages_command(
    go: Path | str, patterns: Sequence[str], *, project: Path, flags: Sequence[str] = ()
) -> Command:
    """Build `go list` over `patterns` and what their tests depend on, as a cgo build sees it."""
    options = ("list", "-e", "-deps", "-test", f"-json={','.join(_FIELDS)}")
    return go_command(go, *options, *flags, "--", *patterns, project=project)


def parse_go_list(text: str) -> tuple[GoPackage, ...]:
    """Read the packages of the pattern from a stream of JSON objects.

        {"ImportPath": "example.com/m/cg", "Dir": "/m/cg", "CgoFiles": ["a.go"]}
        {"ImportPath": "example.com/m/cg.test", "Deps": ["example.com/m/cg", "fmt"]}

    Dependencies and the tests' variants only tell whether a package reaches C.
    Raises MalformedReport.
    """
    entries = tuple(_entries(text))
    by_path = {entry["ImportPath"]: entry for entry in entries}
    with_c = {path for path, entry in by_path.items() if _has_c_files(entry)}
    return tuple(_package(entry, by_path, with_c) for entry in entries if _is_named(entry))


def find_packages(
    go: Path | str, pattern: str, *, project: Path, flags: Sequence[str] = ()
) -> tuple[GoPackage, ...]:
    """Find the packages `pattern` (`.`, `./...`, an import path) means in `project`, never none.

    Raises BadInput with go's own words when there is no module or no such package.
    """
    command = list_packages_command(go, (pattern,), project=project, flags=flags)
    completed = run(command, timeout_s=_LIST_TIMEOUT_S)
    if completed.timed_out:
        raise BuildFailed("go list did not end", why=f"waited {_LIST_TIMEOUT_S:.0f} s")
    packages = parse_go_list(completed.stdout)
    if completed.returncode != 0 or not packages:
        why = completed.stderr.strip() or f"{pattern} matches no package"
        raise BadInput(f"go cannot list {pattern} in {project}", why=why, hint=_hint_for(why))
    return packages


def _entries(text: str) -> Iterator[dict[str, Any]]:
    decoder = json.JSONDecoder()
    position = _skip_space(text, 0)
    while position < len(text):
        try:
            entry, position = decoder.raw_decode(text, position)
        except json.JSONDecodeError as error:
            raise _malformed(text, error.lineno, error.msg) from error
        if not isinstance(entry, dict) or not isinstance(entry.get("ImportPath"), str):
            raise _malformed(text, text.count("\n", 0, position) + 1, "no package")
        yield entry
        position = _skip_space(text, position)


def _skip_space(text: str, position: int) -> int:
    while position < len(text) and text[position].isspace():
        position += 1
    return position


def _malformed(text: str, line: int, problem: str) -> MalformedReport:
    lines = text.split("\n")
    quoted = lines[line - 1] if line <= len(lines) else ""
    return MalformedReport(
        "go list did not print what it should", why=f"go list, line {line}: {problem}: {quoted!r}"
    )


def _has_c_files(entry: dict[str, Any]) -> bool:
    return not entry.get("Standard") and any(entry.get(key) for key in _C_FILES)


def _is_named(entry: dict[str, Any]) -> bool:
    """Tell whether the pattern names it: no dependency, no test variant, no test main."""
    path = entry["ImportPath"]
    is_test_main = entry.get("Name") == "main" and path.endswith(".test")
    return not entry.get("DepOnly") and not entry.get("ForTest") and not is_test_main


def _package(
    entry: dict[str, Any], by_path: dict[str, dict[str, Any]], with_c: set[str]
) -> GoPackage:
    path = entry["ImportPath"]
    test_main = by_path.get(f"{path}.test", {})
    reached = {path, *entry.get("Deps", ()), *test_main.get("Deps", ())}
    return GoPackage(
        import_path=path,
        dir=Path(entry.get("Dir", "")),
        name=entry.get("Name", ""),
        uses_cgo=bool(reached & with_c),
        has_tests=bool(entry.get("TestGoFiles") or entry.get("XTestGoFiles")),
        error=_error_text((entry, test_main)),
    )


def _error_text(entries: Iterable[dict[str, Any]]) -> str:
    """Join what go says, each thing once: `a/b.go:3:8: no required module provides package …`."""
    errors = [
        error
        for entry in entries
        for error in (entry.get("Error"), *(entry.get("DepsErrors") or ()))
        if error
    ]
    lines = [
        ": ".join(part for part in (error.get("Pos", ""), error.get("Err", "")) if part)
        for error in errors
    ]
    return "\n".join(dict.fromkeys(line.strip() for line in lines))


def _hint_for(why: str) -> str:
    if "flag provided but not defined" in why or "flag needs an argument" in why:
        return "unset LEAKCHECK_GO_FLAGS  # it takes the flags of go build"
    if "go.mod" in why:
        return "leakcheck leak --project DIR  # DIR: the folder that holds go.mod"
    return "leakcheck leak --package ./..."
