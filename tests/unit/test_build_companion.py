from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakcheck.build import companion
from leakcheck.build.companion import (
    companion_sources,
    companion_text,
    linker_flags,
    overlay_of,
    parse_go_release,
    write_companion,
)
from leakcheck.build.gopackages import GoPackage
from leakcheck.errors import BuildFailed

PACKAGE = GoPackage(import_path="example.com/m/probe", dir=Path("/m/probe"), name="probe")


def test_the_templates_are_test_files_of_an_external_package() -> None:
    for source in companion_sources():
        assert source.name.endswith("_test.go.txt")
        assert source.read_text().count("package PACKAGE_test\n") == 1


def test_there_is_a_hook_for_go_before_and_since_1_23() -> None:
    texts = [source.read_text() for source in companion_sources()]

    assert sum(text.startswith("//go:build go1.23\n") for text in texts) == 1
    assert sum(text.startswith("//go:build !go1.23\n") for text in texts) == 1


def test_a_package_without_the_templates_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(companion, "__file__", str(tmp_path / "build" / "companion.py"))

    with pytest.raises(BuildFailed, match="sources are missing"):
        companion_sources()


def test_the_template_becomes_part_of_the_packages_external_tests() -> None:
    text = companion_text("// PACKAGE_test\n\npackage PACKAGE_test\n\nvar x int\n", "probe")

    assert text == "// PACKAGE_test\n\npackage probe_test\n\nvar x int\n"


def test_the_overlay_puts_the_files_beside_the_package_and_keeps_the_users() -> None:
    overlay = overlay_of(Path("/m/probe"), (Path("/t/x_test.go"),), {"/m/a.go": "/u/a.go"})

    assert overlay == {"Replace": {"/m/a.go": "/u/a.go", "/m/probe/x_test.go": "/t/x_test.go"}}


def test_the_companion_is_written_beside_the_binary_and_not_into_the_tree(tmp_path: Path) -> None:
    made = write_companion(PACKAGE, tmp_path, go_version="go1.26.8", users={})

    replaced = json.loads(made.overlay.read_text())["Replace"]
    assert len(replaced) == len(companion_sources())
    for shown, real in replaced.items():
        assert Path(shown).parent == PACKAGE.dir
        assert Path(shown).name.startswith("leakcheck_")
        assert Path(real).parent == tmp_path
        assert "\npackage probe_test\n" in Path(real).read_text()


@pytest.mark.parametrize(
    ("version", "flags"),
    [
        ("go1.22.12", "-s=false -w=false"),
        ("go1.23", "-s=false -w=false -checklinkname=0"),
        ("go1.26.8", "-s=false -w=false -checklinkname=0"),
    ],
)
def test_the_linker_keeps_debug_information_and_links_what_it_would_not(
    version: str, flags: str
) -> None:
    assert linker_flags(version) == flags


def test_the_companion_comes_with_the_flags_of_its_go(tmp_path: Path) -> None:
    made = write_companion(PACKAGE, tmp_path, go_version="go1.21.0", users={})

    assert made.linker_flags == linker_flags("go1.21.0")


@pytest.mark.parametrize(
    ("text", "release"),
    [
        ("go1.21", (1, 21)),
        ("go1.26.8", (1, 26)),
        ("go1.27rc1", (1, 27)),
        ("devel go1.28-1a2b3c Mon Nov 2 10:00:00 2026 +0000", (1, 28)),
        ("go1.26.8 X:nodwarf5", (1, 26)),
    ],
)
def test_the_release_is_read_from_what_go_calls_itself(text: str, release: tuple[int, int]) -> None:
    assert parse_go_release(text) == release


@given(st.text())
def test_a_version_nobody_knows_counts_as_the_newest(text: str) -> None:
    if "go" not in text:
        assert parse_go_release(text) > (1, 23)
    assert len(parse_go_release(text)) == 2
