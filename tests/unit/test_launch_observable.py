from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from leakcheck.errors import BadInput, ExitCode, NotChecked
from leakcheck.launch.observable import Privileges, read_privileges, refuse_unobservable
from leakcheck.toolchain.elf import ElfFacts

ORDINARY = ElfFacts(
    path=Path("/t/cg.test"),
    machine="X86_64",
    bits=64,
    interpreter="/lib64/ld-linux-x86-64.so.2",
    needed=("libc.so.6",),
    is_go=True,
    has_symtab=True,
    build_id="ab12",
    exports=frozenset(),
)
NONE = Privileges()


def reason(facts: ElfFacts, privileges: Privileges = NONE) -> str:
    with pytest.raises(NotChecked) as caught:
        refuse_unobservable(facts, privileges)
    assert caught.value.exit_code is ExitCode.NOT_CHECKED
    assert caught.value.what == "cg.test cannot be observed"
    return caught.value.why


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param(ORDINARY, id="a Go test binary"),
        pytest.param(replace(ORDINARY, is_go=False, has_symtab=False), id="a stripped C program"),
        pytest.param(replace(ORDINARY, soname="cg"), id="a PIE with a soname"),
        pytest.param(
            replace(ORDINARY, interpreter="/nix/store/x-glibc/lib/ld-linux-x86-64.so.2"),
            id="a loader elsewhere",
        ),
        pytest.param(replace(ORDINARY, exports=frozenset({"__tsan_init"})), id="go test -race"),
    ],
)
def test_an_ordinary_program_is_observed(facts: ElfFacts) -> None:
    refuse_unobservable(facts, NONE)


def test_a_static_or_pure_go_binary_is_not_called_clean() -> None:
    assert "static" in reason(replace(ORDINARY, interpreter=None))


@pytest.mark.parametrize(("is_go", "word"), [(True, "CGO_ENABLED=1"), (False, "-static")])
def test_the_way_out_of_a_static_binary_depends_on_its_language(is_go: bool, word: str) -> None:
    with pytest.raises(NotChecked) as caught:
        refuse_unobservable(replace(ORDINARY, interpreter=None, is_go=is_go), NONE)

    assert word in caught.value.hint


def test_a_shared_library_is_no_program() -> None:
    assert "shared library" in reason(replace(ORDINARY, interpreter=None, soname="libz.so.1"))


@pytest.mark.parametrize(
    ("machine", "bits"), [("AARCH64", 64), ("386", 32), ("X86_64", 32), ("RISCV", 64)]
)
def test_another_architecture_is_named(machine: str, bits: int) -> None:
    assert f"{bits}-bit {machine}" in reason(replace(ORDINARY, machine=machine, bits=bits))


def test_the_architecture_comes_before_what_follows_from_it() -> None:
    facts = replace(ORDINARY, machine="AARCH64", interpreter=None)

    assert "AARCH64" in reason(facts)


def test_musl_cannot_load_an_agent_linked_with_glibc() -> None:
    assert "musl" in reason(replace(ORDINARY, interpreter="/lib/ld-musl-x86_64.so.1"))


@pytest.mark.parametrize(
    ("changes", "sanitizer"),
    [
        ({"exports": frozenset({"__asan_init", "main"})}, "AddressSanitizer"),
        ({"exports": frozenset({"__msan_init"})}, "MemorySanitizer"),
        ({"needed": ("libasan.so.8", "libc.so.6")}, "AddressSanitizer"),
        ({"needed": ("liblsan.so.0",)}, "LeakSanitizer"),
    ],
)
def test_a_sanitizers_malloc_cannot_be_replaced(
    changes: dict[str, frozenset[str] | tuple[str, ...]], sanitizer: str
) -> None:
    assert sanitizer in reason(replace(ORDINARY, **changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("privileges", "word"),
    [
        (Privileges(changes_user=True), "set-user-ID"),
        (Privileges(changes_group=True), "set-group-ID"),
        (Privileges(has_capabilities=True), "capabilities"),
    ],
)
def test_a_program_whose_loader_ignores_ld_preload_is_refused(
    privileges: Privileges, word: str
) -> None:
    assert word in reason(ORDINARY, privileges)


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "program"
    path.write_text("program")
    path.chmod(0o755)
    return path


def test_a_plain_program_has_no_privileges(program: Path) -> None:
    assert read_privileges(program) == NONE


def test_set_id_bits_of_ourselves_change_nothing(program: Path) -> None:
    program.chmod(0o6755)

    assert read_privileges(program) == NONE


def test_set_id_bits_of_somebody_else_are_seen(
    program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program.chmod(0o6755)
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    monkeypatch.setattr(os, "getegid", lambda: 12345)

    assert read_privileges(program) == Privileges(changes_user=True, changes_group=True)


def test_capabilities_are_seen(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    monkeypatch.setattr(os, "listxattr", lambda _: ["user.x", "security.capability"])

    assert read_privileges(program).has_capabilities


def test_a_file_system_without_attributes_grants_none(
    program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Path) -> list[str]:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    monkeypatch.setattr(os, "listxattr", refuse)

    assert not read_privileges(program).has_capabilities


def test_a_missing_program_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="No such file"):
        read_privileges(tmp_path / "missing")


def test_a_folder_is_no_program(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="not a file"):
        read_privileges(tmp_path)


def test_a_file_that_is_not_executable_comes_with_the_command_that_mends_it(
    program: Path,
) -> None:
    program.chmod(0o644)

    with pytest.raises(BadInput, match="not executable") as caught:
        read_privileges(program)

    assert caught.value.hint == f"chmod +x {program}"
