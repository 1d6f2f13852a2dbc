from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

from leakcheck import doctor
from leakcheck.doctor import Finding, doctor_exit_code, examine, render_findings
from leakcheck.errors import BadInput, BuildFailed, ExitCode, ToolMissing
from leakcheck.settings import Settings
from leakcheck.toolchain.discovery import CcTool, DotTool, GoTool, PprofTool, Tcmalloc
from leakcheck.toolchain.machine import Machine

if TYPE_CHECKING:
    from collections.abc import Callable

SETTINGS = Settings(cache_dir=Path("/cache"))
DEBIAN = Machine(system="Linux", processor="x86_64", kernel="6.1.0-26-amd64", libc="glibc 2.36")
GO = GoTool(Path("/usr/bin/go"), (1, 26, 8))
CC = CcTool(Path("/usr/bin/cc"), "cc (Debian 12.2.0-14+deb12u1) 12.2.0", "gcc")
AGENT = Path("/cache/agent/leakcheck-agent-0123.so")
MINIMAL = Tcmalloc(
    path=Path("/lib/libtcmalloc_minimal.so.4"),
    version="2.10",
    is_minimal=True,
    has_hooks=True,
    has_checker=False,
    has_profiler=False,
)
FULL = Tcmalloc(
    path=Path("/lib/libtcmalloc.so.4"),
    version="2.10",
    is_minimal=False,
    has_hooks=True,
    has_checker=True,
    has_profiler=True,
)
FULL_217 = Tcmalloc(
    path=Path("/lib/libtcmalloc.so.4"),
    version="2.17.2",
    is_minimal=False,
    has_hooks=True,
    has_checker=False,
    has_profiler=True,
)
UNWIND = Path("/lib/libunwind.so.8")

NAMES = [
    "machine",
    "C library",
    "Go",
    "C compiler",
    "agent",
    "tcmalloc",
    "code patching",
    "libunwind",
    "heap checker",
    "heap profiler",
    "pprof",
    "dot",
    "seccomp listener",
]


def missing(what: str, hint: str = "") -> Callable[..., Any]:
    def find(*_: object) -> Any:
        raise ToolMissing(what, hint=hint)

    return find


class World:
    """A machine on which all is well, until something is taken away."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.monkeypatch = monkeypatch
        self.change(
            read_machine=lambda: DEBIAN,
            find_go=lambda _: GO,
            find_cc=lambda: CC,
            build_agent=lambda _cc, _cache: AGENT,
            find_tcmalloc=lambda _: MINIMAL,
            list_tcmallocs=lambda: (MINIMAL, FULL),
            find_libunwind=lambda: UNWIND,
            patch_refusal=lambda: None,
            find_pprof=lambda _: PprofTool(("/usr/bin/go", "tool", "pprof")),
            find_dot=lambda: DotTool(Path("/usr/bin/dot"), "2.43.0"),
            has_seccomp_listener=lambda: True,
            install_command=lambda tool: f"install {tool}",
        )

    def change(self, **functions: Callable[..., Any]) -> None:
        for name, function in functions.items():
            self.monkeypatch.setattr(doctor, name, function)

    def finding(self, name: str) -> Finding:
        (found,) = (finding for finding in examine(SETTINGS) if finding.name == name)
        return found


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch)


def rendered(findings: tuple[Finding, ...], width: int = 80) -> str:
    stream = io.StringIO()
    Console(file=stream, width=width, no_color=True).print(render_findings(findings))
    return stream.getvalue()


# All is well


def test_all_that_is_needed_is_looked_for_once(world: World) -> None:
    assert world
    assert [finding.name for finding in examine(SETTINGS)] == NAMES


def test_a_machine_with_everything_is_fine(world: World) -> None:
    assert world
    findings = examine(SETTINGS)

    assert all(finding.ok for finding in findings)
    assert not any(finding.mend for finding in findings)
    assert doctor_exit_code(findings) is ExitCode.OK


def test_each_thing_found_has_its_version_and_path(world: World) -> None:
    assert world
    found = {finding.name: (finding.version, finding.path) for finding in examine(SETTINGS)}

    assert found == {
        "machine": ("6.1.0-26-amd64", ""),
        "C library": ("2.36", ""),
        "Go": ("1.26.8", "/usr/bin/go"),
        "C compiler": ("cc (Debian 12.2.0-14+deb12u1) 12.2.0", "/usr/bin/cc"),
        "agent": ("", "/cache/agent/leakcheck-agent-0123.so"),
        "tcmalloc": ("2.10", "/lib/libtcmalloc_minimal.so.4"),
        "code patching": ("", ""),
        "libunwind": ("", "/lib/libunwind.so.8"),
        "heap checker": ("2.10", "/lib/libtcmalloc.so.4"),
        "heap profiler": ("2.10", "/lib/libtcmalloc.so.4"),
        "pprof": ("", "/usr/bin/go tool pprof"),
        "dot": ("2.43.0", "/usr/bin/dot"),
        "seccomp listener": ("", ""),
    }


def test_only_what_a_check_needs_is_required(world: World) -> None:
    assert world
    optional = [finding.name for finding in examine(SETTINGS) if not finding.required]

    assert optional == NAMES[NAMES.index("libunwind") :]


def test_the_agent_is_built_for_the_cache_of_the_settings(world: World) -> None:
    asked: list[object] = []
    world.change(build_agent=lambda *arguments: asked.append(arguments) or AGENT)

    examine(SETTINGS)

    assert asked == [(CC, Path("/cache"))]


# Something is missing


@pytest.mark.parametrize(
    ("name", "function"),
    [("Go", "find_go"), ("C compiler", "find_cc"), ("tcmalloc", "find_tcmalloc")],
)
def test_without_a_required_tool_nothing_can_be_checked(
    world: World, name: str, function: str
) -> None:
    world.change(**{function: missing(f"{name} was not found", "install it")})

    finding = world.finding(name)

    assert not finding.ok
    assert finding.required
    assert finding.capability == f"{name} was not found"
    assert finding.mend == "install it"
    assert doctor_exit_code(examine(SETTINGS)) is ExitCode.NOT_CHECKED


@pytest.mark.parametrize(("name", "function"), [("dot", "find_dot"), ("pprof", "find_pprof")])
def test_without_an_optional_tool_all_can_be_checked(
    world: World, name: str, function: str
) -> None:
    world.change(**{function: missing(f"{name} was not found", "install it")})

    finding = world.finding(name)

    assert not finding.ok
    assert finding.mend == "install it"
    assert doctor_exit_code(examine(SETTINGS)) is ExitCode.OK


def test_a_library_that_cannot_be_used_is_a_finding_and_no_error(world: World) -> None:
    def refuse(_: Settings) -> Tcmalloc:
        raise BadInput("LEAKCHECK_TCMALLOC=/x cannot be used", why="no hooks", hint="unset it")

    world.change(find_tcmalloc=refuse)

    finding = world.finding("tcmalloc")

    assert finding.capability == "LEAKCHECK_TCMALLOC=/x cannot be used: no hooks"
    assert finding.mend == "unset it"


def test_without_a_compiler_there_is_no_agent_and_one_command_mends_both(world: World) -> None:
    world.change(find_cc=missing("no C compiler was found", "install cc"))

    assert world.finding("agent").mend == world.finding("C compiler").mend == "install cc"
    assert rendered(examine(SETTINGS)).count("install cc") == 1


def not_compiled(output: str) -> Callable[..., Path]:
    def fail(*_: object) -> Path:
        raise BuildFailed("the agent did not compile", why=output, hint="leakcheck doctor")

    return fail


@pytest.mark.parametrize(
    "complaint",
    [
        "hooks.c:1:10: fatal error: stdlib.h: No such file or directory",
        "hooks.c:1:10: fatal error: 'stdlib.h' file not found",
        "/usr/bin/ld: cannot find crti.o: No such file or directory",
    ],
)
def test_an_agent_without_the_headers_of_c_is_mended_by_a_package(
    world: World, complaint: str
) -> None:
    world.change(build_agent=not_compiled(complaint + "\nnoise" * 50))

    finding = world.finding("agent")

    assert not finding.ok
    assert finding.mend == "install cc"
    assert complaint in finding.capability
    assert len(finding.capability.splitlines()) == 6


def test_what_no_package_mends_another_compiler_may(world: World) -> None:
    output = "In file included from hooks.c:3:\nhooks.h:9:1: error: unknown type name 'u64'\n"
    world.change(build_agent=not_compiled(output))

    finding = world.finding("agent")

    assert finding.capability == (
        "the agent did not compile: hooks.h:9:1: error: unknown type name 'u64'"
    )
    assert finding.mend == "CC=clang leakcheck doctor  # tries another compiler"


def test_without_libunwind_stacks_come_another_way(world: World) -> None:
    world.change(find_libunwind=lambda: None)

    finding = world.finding("libunwind")

    assert not finding.ok
    assert not finding.required
    assert "C stacks come slower" in finding.capability
    assert finding.mend == "install libunwind"


def test_where_code_cannot_be_patched_the_switch_of_selinux_is_told(world: World) -> None:
    world.change(patch_refusal=lambda: "mprotect back to executable: Permission denied")

    finding = world.finding("code patching")

    assert not finding.ok
    assert finding.required
    assert "Go's exit is missed: mprotect back to executable" in finding.capability
    assert finding.mend == "sudo setsebool -P selinuxuser_execmod 1"


def test_another_machine_cannot_be_mended_by_a_command(world: World) -> None:
    other = Machine(system="Darwin", processor="arm64", kernel="23.1", libc="")
    world.change(read_machine=lambda: other)

    finding = world.finding("machine")

    assert not finding.ok
    assert finding.capability == "Darwin arm64 is not Linux x86_64 or aarch64"
    assert finding.mend == ""
    assert doctor_exit_code(examine(SETTINGS)) is ExitCode.NOT_CHECKED


def test_musl_is_not_enough(world: World) -> None:
    alpine = Machine(system="Linux", processor="x86_64", kernel="6.6", libc="")
    world.change(read_machine=lambda: alpine)

    assert not world.finding("C library").ok
    assert world.finding("machine").ok


# gperftools' own checker and profiler


def test_minimal_alone_has_neither_checker_nor_profiler(world: World) -> None:
    world.change(list_tcmallocs=lambda: (MINIMAL,))

    for name in ("heap checker", "heap profiler"):
        finding = world.finding(name)
        assert not finding.ok
        assert finding.capability == "no full tcmalloc was found"
        assert finding.mend == "install checker"


def test_newer_gperftools_has_no_checker_and_no_package_brings_it(world: World) -> None:
    world.change(list_tcmallocs=lambda: (MINIMAL, FULL_217))

    checker = world.finding("heap checker")

    assert not checker.ok
    assert checker.capability == "gperftools 2.17.2 is built without it"
    assert checker.mend == ""
    assert world.finding("heap profiler").ok


def test_pprof_may_be_there_without_go(world: World) -> None:
    asked: list[object] = []
    world.change(
        find_go=missing("Go was not found"),
        find_pprof=lambda go: asked.append(go) or PprofTool(("/usr/bin/pprof",)),
    )

    assert world.finding("pprof").path == "/usr/bin/pprof"
    assert set(asked) == {None}


def test_an_old_kernel_without_a_seccomp_listener_is_good_enough(world: World) -> None:
    world.change(has_seccomp_listener=lambda: False)

    finding = world.finding("seccomp listener")

    assert not finding.ok
    assert "not needed" in finding.capability
    assert doctor_exit_code(examine(SETTINGS)) is ExitCode.OK


# The table


def test_the_table_shows_each_thing_with_its_mark(world: World) -> None:
    world.change(
        find_go=missing("Go 1.21 or newer was not found", "install go"),
        find_dot=missing("dot was not found", "install dot"),
    )

    lines = rendered(examine(SETTINGS)).splitlines()

    def line(name: str) -> list[str]:
        (found,) = (line for line in lines if line[9:].startswith(f"{name} "))
        return found.split()

    assert line("Go")[:2] == ["MISSING", "Go"]
    assert line("dot")[:2] == ["missing", "dot"]
    assert line("tcmalloc") == ["ok", "tcmalloc", "2.10", "malloc", "hooks"]


def test_the_table_shows_a_short_version(world: World) -> None:
    assert world
    output = rendered(examine(SETTINGS))

    assert "C compiler        12.2.0   builds the agent" in output
    assert "Debian" not in output
    assert "6.1.0 " in output
    assert "amd64" not in output


def test_a_version_without_numbers_is_shown_as_it_is() -> None:
    finding = Finding(name="x", ok=True, required=False, version="devel")

    assert "devel" in rendered((finding,))


def test_paths_are_shown_whole_when_there_is_room(world: World) -> None:
    assert world
    assert "/lib/libtcmalloc_minimal.so.4\n" in "\n".join(
        line.rstrip() for line in rendered(examine(SETTINGS), width=200).splitlines()
    )


def test_a_mending_command_stands_on_a_line_of_its_own() -> None:
    command = "sudo apt-get install -y libtcmalloc-minimal4"
    finding = Finding(name="x", ok=False, required=True, mend=command)

    assert f"\n  {command}\n" in rendered((finding,))


def test_a_long_mending_command_is_not_cut() -> None:
    command = "install " + " ".join(f"package-{number}" for number in range(20))
    finding = Finding(name="x", ok=False, required=True, mend=command)

    assert command in " ".join(rendered((finding,), width=40).split())


def test_each_mending_command_is_told_once(world: World) -> None:
    world.change(list_tcmallocs=tuple, find_libunwind=lambda: None)

    output = rendered(examine(SETTINGS))

    assert "To mend, type:\n  install libunwind\n  install checker\n" in output


def test_nothing_is_to_be_typed_when_all_is_well(world: World) -> None:
    assert world
    assert "To mend" not in rendered(examine(SETTINGS))


def test_what_a_compiler_says_is_no_markup_of_ours() -> None:
    finding = Finding(name="agent", ok=False, required=True, capability="a.c: [-Werror] [/bold]")

    assert "a.c: [-Werror] [/bold]" in rendered((finding,))
