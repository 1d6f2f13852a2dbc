from __future__ import annotations

from pathlib import Path

import pytest
from elf_samples import AARCH64, Elf
from hypothesis import given
from hypothesis import strategies as st

from leakcheck.errors import BadInput, ToolMissing
from leakcheck.settings import Settings
from leakcheck.toolchain import tcmalloc, unwinder
from leakcheck.toolchain.elf import read_elf
from leakcheck.toolchain.libraries import CachedLibrary, find_libraries
from leakcheck.toolchain.tcmalloc import (
    Tcmalloc,
    find_checker,
    find_tcmalloc,
    list_tcmallocs,
    parse_tcmalloc_version,
    tcmalloc_capabilities,
)
from leakcheck.toolchain.unwinder import find_libunwind

HOOKS = ("MallocHook_AddNewHook", "MallocHook_AddDeleteHook")
CHECKER = "_ZN15HeapLeakChecker15DoMainHeapCheckEv"
STUB = "_ZN15HeapLeakChecker9NoLeaksMEv"
PROFILER = "HeapProfilerStart"
FULL = (*HOOKS, CHECKER, PROFILER)


class Machine:
    """A folder that stands for all the libraries of a machine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def install(self, name: str, *exports: str, version: str = "", machine: int = 62) -> Path:
        path = self.folder / name
        sections = {".rodata": f"\0gperftools {version}\0".encode()} if version else {}
        elf = Elf(soname=name, exports=exports, sections=sections, machine=machine)
        path.write_bytes(bytes(elf))
        return path


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    def find(pattern: str, *, cache: tuple[CachedLibrary, ...]) -> tuple[object, ...]:
        return find_libraries(pattern, cache=cache, directories=(tmp_path,))

    for module in (tcmalloc, unwinder):
        monkeypatch.setattr(module, "loader_cache", lambda: ())
        monkeypatch.setattr(module, "find_libraries", find)
    return Machine(tmp_path)


def settings(path: Path | None = None) -> Settings:
    return Settings(cache_dir=Path("/none"), tcmalloc=path)


def test_minimal_is_taken_before_full(machine: Machine) -> None:
    machine.install("libtcmalloc.so.4", *FULL)
    minimal = machine.install("libtcmalloc_minimal.so.4", *HOOKS)

    assert find_tcmalloc(settings()).path == minimal


def test_the_full_library_is_taken_where_it_is_alone(machine: Machine) -> None:
    full = machine.install("libtcmalloc.so.4", *FULL, version="2.10")

    assert find_tcmalloc(settings()) == Tcmalloc(
        path=full,
        version="2.10",
        is_minimal=False,
        has_hooks=True,
        has_checker=True,
        has_profiler=True,
    )


def test_other_versions_are_found_after_the_usual_one(machine: Machine) -> None:
    newer = machine.install("libtcmalloc_minimal.so.5", *HOOKS)
    assert find_tcmalloc(settings()).path == newer

    usual = machine.install("libtcmalloc_minimal.so.4", *HOOKS)
    assert find_tcmalloc(settings()).path == usual


@pytest.mark.parametrize(
    "name",
    [
        "libtcmalloc_debug.so.4",
        "libtcmalloc_minimal_debug.so.4",
        "libtcmalloc_internal.so.4",
        "libnot_tcmalloc.so.4",
    ],
)
def test_debug_variants_and_strangers_are_not_taken(machine: Machine, name: str) -> None:
    machine.install(name, *FULL)

    assert list_tcmallocs() == ()


def test_a_library_without_hooks_is_passed_over(machine: Machine) -> None:
    machine.install("libtcmalloc_minimal.so.4", "malloc", HOOKS[0])
    full = machine.install("libtcmalloc.so.4", *FULL)

    assert find_tcmalloc(settings()).path == full


def test_without_any_the_command_that_installs_it_is_told(machine: Machine) -> None:
    assert machine

    with pytest.raises(ToolMissing, match="tcmalloc was not found") as caught:
        find_tcmalloc(settings())

    assert caught.value.hint.endswith("apt-get install -y libtcmalloc-minimal4")


def test_those_without_hooks_are_named_when_there_is_no_other(machine: Machine) -> None:
    path = machine.install("libtcmalloc.so.4", "malloc")

    with pytest.raises(ToolMissing) as caught:
        find_tcmalloc(settings())

    assert caught.value.why == f"{path} has no malloc hooks"


def test_a_library_for_another_machine_is_not_on_the_list(machine: Machine) -> None:
    machine.install("libtcmalloc_minimal.so.4", *HOOKS, machine=AARCH64)

    assert list_tcmallocs() == ()


def test_one_file_with_several_names_is_listed_once_by_its_best(machine: Machine) -> None:
    real = machine.install("libtcmalloc_minimal.so.4.5.10", *HOOKS)
    for name in ("libtcmalloc_minimal.so.4", "libtcmalloc_minimal.so"):
        (machine.folder / name).symlink_to(real.name)

    assert [found.path.name for found in list_tcmallocs()] == ["libtcmalloc_minimal.so.4"]


# LEAKCHECK_TCMALLOC


def test_the_named_library_is_taken_before_all_others(machine: Machine, tmp_path: Path) -> None:
    machine.install("libtcmalloc_minimal.so.4", *HOOKS)
    chosen = machine.install("mine.so", *HOOKS)

    assert find_tcmalloc(settings(chosen)).path == tmp_path / "mine.so"


def test_a_named_library_that_is_not_there_is_not_replaced_by_another(machine: Machine) -> None:
    machine.install("libtcmalloc_minimal.so.4", *HOOKS)

    with pytest.raises(BadInput, match=r"LEAKCHECK_TCMALLOC=/gone\.so cannot be used") as caught:
        find_tcmalloc(settings(Path("/gone.so")))

    assert "No such file" in caught.value.why
    assert caught.value.hint == "unset LEAKCHECK_TCMALLOC"


def test_a_named_library_without_hooks_is_refused(machine: Machine) -> None:
    path = machine.install("libjemalloc.so.2", "malloc")

    with pytest.raises(BadInput, match="it has no malloc hooks"):
        find_tcmalloc(settings(path))


def test_a_named_library_for_another_machine_is_refused(machine: Machine) -> None:
    path = machine.install("mine.so", *HOOKS, machine=AARCH64)

    with pytest.raises(BadInput, match="it is not for x86-64"):
        find_tcmalloc(settings(path))


def test_a_named_file_that_is_no_library_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.so"
    path.write_text("text", encoding="utf-8")

    with pytest.raises(BadInput, match="is not a whole ELF file"):
        find_tcmalloc(settings(path))


# What a library can do


@pytest.mark.parametrize(
    ("exports", "hooks", "checker", "profiler"),
    [
        (HOOKS, True, False, False),
        (FULL, True, True, True),
        ((*HOOKS, STUB, PROFILER), True, False, True),
        ((*HOOKS, STUB), True, False, False),
        (HOOKS[:1], False, False, False),
        ((), False, False, False),
    ],
    ids=["minimal", "full", "full since 2.17", "stubs", "half the hooks", "nothing"],
)
def test_capabilities_are_told_by_exported_symbols(
    machine: Machine, exports: tuple[str, ...], *, hooks: bool, checker: bool, profiler: bool
) -> None:
    facts = read_elf(machine.install("libtcmalloc.so.4", *exports))

    found = tcmalloc_capabilities(facts, None)

    assert (found.has_hooks, found.has_checker, found.has_profiler) == (hooks, checker, profiler)


def test_minimal_is_told_by_the_name(machine: Machine) -> None:
    minimal = read_elf(machine.install("libtcmalloc_minimal.so.4"))
    full = read_elf(machine.install("libtcmalloc.so.4"))

    assert tcmalloc_capabilities(minimal, None).is_minimal
    assert not tcmalloc_capabilities(full, None).is_minimal


@pytest.mark.parametrize(
    ("content", "version"),
    [
        (b"\0gperftools 2.10\0", "2.10"),
        (b"x gperftools 2.18.1\0y", "2.18.1"),
        (b"\0gperftools 2.9.1\0gperftools 3.0\0", "2.9.1"),
        (b"\0gperftools\0", None),
        (b"gperftools 2", None),
        (b"", None),
    ],
)
def test_the_version_stands_in_the_library(content: bytes, version: str | None) -> None:
    assert parse_tcmalloc_version(content) == version


@given(st.binary(max_size=100), st.integers(0, 9), st.integers(0, 99), st.binary(max_size=100))
def test_the_version_is_found_wherever_it_stands(
    before: bytes, major: int, minor: int, after: bytes
) -> None:
    content = before + b"\0gperftools %d.%d\0" % (major, minor) + after

    assert parse_tcmalloc_version(content) == f"{major}.{minor}"


# libunwind


def test_libunwind_is_found(machine: Machine) -> None:
    path = machine.install("libunwind.so.8", "unw_backtrace")

    assert find_libunwind() == path


def test_the_libunwind_of_llvm_is_another_library(machine: Machine) -> None:
    machine.install("libunwind.so.1", "unw_getcontext")

    assert find_libunwind() is None


def test_the_classic_engine_takes_the_first_library_with_a_checker(machine: Machine) -> None:
    machine.install("libtcmalloc_minimal.so.4", *HOOKS)
    full = machine.install("libtcmalloc.so.4", *FULL)

    assert find_checker(settings()).path == full
    assert find_checker(settings(full)).path == full


@pytest.mark.parametrize("is_chosen", [False, True])
def test_libraries_without_the_checker_are_named_with_the_way_out(
    machine: Machine, *, is_chosen: bool
) -> None:
    stub = machine.install("libtcmalloc.so.4", *HOOKS, STUB, version="2.17.2")
    if not is_chosen:
        machine.install("libtcmalloc_minimal.so.4", *HOOKS)

    with pytest.raises(ToolMissing, match="no tcmalloc with a heap checker") as caught:
        find_checker(settings(stub if is_chosen else None))

    assert f"{stub} (gperftools 2.17.2) has none" in caught.value.why
    assert ("(gperftools, minimal) has none" in caught.value.why) is not is_chosen
    assert caught.value.hint == "leakcheck leak --engine agent"


def test_without_any_tcmalloc_the_full_one_is_to_be_installed(machine: Machine) -> None:
    assert machine.folder.is_dir()

    with pytest.raises(ToolMissing) as caught:
        find_checker(settings())

    assert caught.value.hint.endswith("apt-get install -y libgoogle-perftools4")
