from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakcheck.build import gopackages
from leakcheck.build.gopackages import GoPackage, find_packages, parse_go_list
from leakcheck.errors import BadInput, BuildFailed, MalformedReport
from leakcheck.process import Command, Completed

# Printed by `go list -e -deps -test -json=… ./...` of Go 1.26, shortened to what matters.
A_MODULE = """
{
	"Dir": "/usr/local/go/src/net",
	"ImportPath": "net",
	"Name": "net",
	"Standard": true,
	"DepOnly": true,
	"CgoFiles": ["cgo_linux.go"]
}
{
	"Dir": "/m/cg",
	"ImportPath": "example.com/m/cg",
	"Name": "cg",
	"CgoFiles": ["a.go"],
	"TestGoFiles": ["a_test.go"],
	"Deps": ["C", "runtime/cgo", "unsafe"]
}
{
	"Dir": "/m/over",
	"ImportPath": "example.com/m/over",
	"Name": "over",
	"XTestGoFiles": ["over_test.go"],
	"Deps": ["example.com/m/cg", "fmt"]
}
{
	"Dir": "/m/pure",
	"ImportPath": "example.com/m/pure",
	"Name": "pure",
	"TestGoFiles": ["a_test.go"],
	"Deps": ["net"]
}
{
	"Dir": "/m/bytests",
	"ImportPath": "example.com/m/bytests",
	"Name": "bytests",
	"TestGoFiles": ["a_test.go"]
}
{
	"Dir": "/m/untested",
	"ImportPath": "example.com/m/untested",
	"Name": "untested",
	"SwigFiles": ["lib.swig"]
}
{
	"Dir": "/m/cg",
	"ImportPath": "example.com/m/cg [example.com/m/cg.test]",
	"Name": "cg",
	"ForTest": "example.com/m/cg",
	"CgoFiles": ["a.go"],
	"TestGoFiles": ["a_test.go"]
}
{
	"Dir": "/m/cg",
	"ImportPath": "example.com/m/cg.test",
	"Name": "main",
	"Deps": ["example.com/m/cg [example.com/m/cg.test]", "net"]
}
{
	"Dir": "/m/bytests",
	"ImportPath": "example.com/m/bytests.test",
	"Name": "main",
	"Deps": ["example.com/m/bytests [example.com/m/bytests.test]", "example.com/m/cg"]
}
"""


def by_name(packages: tuple[GoPackage, ...]) -> dict[str, GoPackage]:
    return {package.import_path.rpartition("/")[2]: package for package in packages}


def test_only_the_packages_of_the_pattern_are_named() -> None:
    names = [package.import_path for package in parse_go_list(A_MODULE)]

    assert names == [
        "example.com/m/cg",
        "example.com/m/over",
        "example.com/m/pure",
        "example.com/m/bytests",
        "example.com/m/untested",
    ]


@pytest.mark.parametrize(
    ("name", "uses_cgo"),
    [
        pytest.param("cg", True, id="its own cgo files"),
        pytest.param("over", True, id="a dependency's cgo files"),
        pytest.param("pure", False, id="cgo of the standard library alone"),
        pytest.param("bytests", True, id="only its tests reach C"),
        pytest.param("untested", True, id="swig"),
    ],
)
def test_a_package_uses_cgo_when_the_test_binary_holds_c_of_the_user(
    name: str, uses_cgo: bool
) -> None:
    assert by_name(parse_go_list(A_MODULE))[name].uses_cgo is uses_cgo


def test_a_package_has_tests_in_it_or_beside_it() -> None:
    packages = by_name(parse_go_list(A_MODULE))

    assert packages["cg"].has_tests
    assert packages["over"].has_tests
    assert not packages["untested"].has_tests


def test_the_package_knows_its_folder() -> None:
    assert by_name(parse_go_list(A_MODULE))["cg"].dir == Path("/m/cg")


def test_a_command_named_main_is_a_package_like_others() -> None:
    text = '{"ImportPath": "example.com/m/cmd", "Name": "main", "Dir": "/m/cmd"}'

    assert [package.import_path for package in parse_go_list(text)] == ["example.com/m/cmd"]


def test_an_error_of_the_package_is_kept_in_gos_words() -> None:
    text = '{"ImportPath": ".", "Error": {"Pos": "", "Err": "no Go files in /m"}}'

    assert parse_go_list(text)[0].error == "no Go files in /m"


def test_an_error_of_a_tests_dependency_is_told_once_with_its_place() -> None:
    error = {"Pos": "a_test.go:2:40", "Err": "no required module provides package x.org/nope"}
    text = "".join(
        json.dumps(entry)
        for entry in (
            {"ImportPath": "m/a", "Name": "a", "Dir": "/m/a", "DepsErrors": [error]},
            {"ImportPath": "m/a.test", "Name": "main", "DepsErrors": [error]},
        )
    )

    assert parse_go_list(text)[0].error == (
        "a_test.go:2:40: no required module provides package x.org/nope"
    )


@pytest.mark.parametrize(
    "text",
    ["{", '{"Dir": "/m"}', "[]", '{"ImportPath": "m"} garbage', '{"ImportPath": 3}'],
)
def test_text_that_is_no_package_list_is_refused_with_the_line(text: str) -> None:
    with pytest.raises(MalformedReport, match="go list, line 1"):
        parse_go_list(text)


def test_no_output_is_no_package() -> None:
    assert parse_go_list("") == ()


_PATHS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=30)


@given(
    st.lists(_PATHS.filter(lambda path: not path.endswith(".test")), unique=True),
    st.sampled_from(["", "\n", " \t\r\n\n"]),
    st.sampled_from([None, 1, "\t"]),
)
def test_every_package_of_a_stream_is_read_however_it_is_spaced(
    paths: list[str], between: str, indent: int | str | None
) -> None:
    text = between.join(json.dumps({"ImportPath": path}, indent=indent) for path in paths)

    assert [package.import_path for package in parse_go_list(text)] == paths


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        packages = parse_go_list(text)
    except MalformedReport as error:
        assert "line" in error.why  # noqa: PT017 - both outcomes are fine, this checks one
    else:
        assert packages == ()


def test_the_command_asks_for_tests_and_dependencies_with_cgo_on() -> None:
    command = gopackages.list_packages_command(
        "/go/bin/go", ("./...",), project=Path("/m"), flags=("-tags", "x")
    )

    assert command.argv[:5] == ("/go/bin/go", "list", "-e", "-deps", "-test")
    assert command.argv[-4:] == ("-tags", "x", "--", "./...")
    assert command.cwd == Path("/m")
    assert dict(command.env or ())["CGO_ENABLED"] == "1"


def answer(monkeypatch: pytest.MonkeyPatch, **fields: Any) -> None:
    defaults = {"returncode": 0, "stdout": "", "stderr": "", "timed_out": False}

    def fake(command: Command, **_: Any) -> Completed:
        return Completed(command=command, duration_s=0.1, **{**defaults, **fields})

    monkeypatch.setattr(gopackages, "run", fake)


def test_packages_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    answer(monkeypatch, stdout=A_MODULE)

    assert len(find_packages("go", "./...", project=Path("/m"))) == 5


def test_a_folder_outside_of_a_module_is_told_in_gos_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said = "go: go.mod file not found in current directory or any parent directory"
    answer(monkeypatch, returncode=1, stderr=said + "\n")

    with pytest.raises(BadInput) as caught:
        find_packages("go", ".", project=Path("/m"))

    assert caught.value.why == said
    assert "--project" in caught.value.hint


@pytest.mark.parametrize(
    "said", ["flag provided but not defined: -count", "flag needs an argument: -tags"]
)
def test_build_flags_go_does_not_take_are_named_as_the_cause(
    monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    answer(monkeypatch, returncode=2, stderr=f"{said}\nusage: go list")

    with pytest.raises(BadInput, match="flag") as caught:
        find_packages("go", ".", project=Path("/m"), flags=("-count",))

    assert "LEAKCHECK_GO_FLAGS" in caught.value.hint


def test_a_pattern_that_matches_nothing_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    answer(monkeypatch, stderr='go: warning: "./..." matched no packages')

    with pytest.raises(BadInput, match="matched no packages"):
        find_packages("go", "./...", project=Path("/m"))


def test_a_pattern_that_matches_nothing_silently_is_an_error_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answer(monkeypatch)

    with pytest.raises(BadInput, match="matches no package"):
        find_packages("go", "./...", project=Path("/m"))


def test_a_go_list_without_end_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    answer(monkeypatch, timed_out=True, returncode=-9)

    with pytest.raises(BuildFailed, match="did not end"):
        find_packages("go", ".", project=Path("/m"))


def test_the_package_knows_the_name_in_its_clause() -> None:
    text = '{"ImportPath": "example.com/m/go-probe", "Name": "probe", "Dir": "/m/go-probe"}'

    assert parse_go_list(text)[0].name == "probe"
