"""The tools and libraries of this very machine."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest

from leakcheck.doctor import doctor_exit_code, examine
from leakcheck.errors import BadInput, ExitCode
from leakcheck.process import Command, run
from leakcheck.settings import Settings
from leakcheck.toolchain.discovery import (
    MINIMUM_GO,
    find_cc,
    find_dot,
    find_go,
    find_libunwind,
    find_pprof,
    find_tcmalloc,
    list_tcmallocs,
)
from leakcheck.toolchain.elf import read_elf
from leakcheck.toolchain.libraries import links_tcmalloc, loader_cache

pytestmark = pytest.mark.e2e

SETTINGS = Settings.from_mapping(os.environ)


def compiled(folder: Path, *flags: str, source: str = "int main(void) { return 0; }") -> Path:
    """A program, or with -shared a library, of one C file."""
    folder.mkdir(parents=True, exist_ok=True)
    file, output = folder / "x.c", folder / "out"
    file.write_text(source, encoding="utf-8")
    completed = run(
        Command((str(find_cc().path), "-o", str(output), str(file), *flags), cwd=folder)
    )
    assert completed.returncode == 0, completed.stderr
    return output


# Tools


def test_go_is_found_and_new_enough() -> None:
    go = find_go(SETTINGS)

    assert go.version >= MINIMUM_GO
    assert f"go{go.version_text}" in run(Command((str(go.path), "version"))).stdout


def test_the_compiler_compiles() -> None:
    cc = find_cc()

    assert cc.kind in {"gcc", "clang"}
    assert re.search(r"\d+\.\d+", cc.version)


def test_the_compiler_is_used_under_a_heap_checker_without_being_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = next(library for library in list_tcmallocs() if not library.is_minimal)
    monkeypatch.setenv("LD_PRELOAD", str(full.path))
    monkeypatch.setenv("HEAPCHECK", "draconian")

    assert compiled(tmp_path).exists()


def test_pprof_answers() -> None:
    pprof = find_pprof(find_go(SETTINGS))

    completed = run(Command((*pprof.argv, "-help"), cwd=Path("/")), timeout_s=300)

    assert "-svg" in completed.stdout + completed.stderr


def test_dot_draws() -> None:
    dot = find_dot()

    assert dot.version is not None
    assert run(Command((str(dot.path), "-V"))).returncode == 0


# Libraries


def test_the_tcmalloc_that_is_found_can_be_preloaded() -> None:
    library = find_tcmalloc(SETTINGS)
    script = (
        "print([line.split()[-1] for line in open('/proc/self/maps') if 'tcmalloc' in line][0])"
    )
    command = Command(
        (sys.executable, "-c", script),
        env=tuple({**os.environ, "LD_PRELOAD": str(library.path)}.items()),
    )

    completed = run(command)

    assert Path(completed.stdout.strip()).resolve() == library.path.resolve()
    assert completed.stderr == ""


def test_minimal_and_full_are_told_apart_by_what_they_can_do() -> None:
    found = {library.is_minimal: library for library in list_tcmallocs()}

    minimal, full = found[True], found[False]
    assert minimal.has_hooks
    assert full.has_hooks
    assert not minimal.has_checker
    assert not minimal.has_profiler
    assert full.has_profiler
    assert minimal.version == full.version
    version = tuple(int(number) for number in (full.version or "0").split(".")[:2])
    assert full.has_checker == (version < (2, 17))


def test_libunwind_is_a_library_with_the_function_the_agent_calls() -> None:
    path = find_libunwind()

    assert path is not None
    assert "unw_backtrace" in read_elf(path).exports


def test_the_loaders_cache_knows_the_c_library() -> None:
    assert "libc.so.6" in {entry.name for entry in loader_cache()}


# Programs


def test_a_dynamic_c_program_is_read(tmp_path: Path) -> None:
    facts = read_elf(compiled(tmp_path))

    assert facts.interpreter == "/lib64/ld-linux-x86-64.so.2"
    assert facts.needed == ("libc.so.6",)
    assert (facts.machine, facts.bits) == ("X86_64", 64)
    assert facts.has_symtab
    assert not facts.is_go
    assert not links_tcmalloc(facts)


def test_a_static_c_program_is_read(tmp_path: Path) -> None:
    facts = read_elf(compiled(tmp_path, "-static"))

    assert facts.interpreter is None
    assert facts.needed == ()


def test_a_stripped_program_is_read(tmp_path: Path) -> None:
    assert not read_elf(compiled(tmp_path, "-s")).has_symtab


def test_two_programs_have_two_build_ids(tmp_path: Path) -> None:
    one = read_elf(compiled(tmp_path / "one", "-Wl,--build-id"))
    other = read_elf(
        compiled(tmp_path / "two", "-Wl,--build-id", source="int main(void) { return 1; }")
    )

    assert re.fullmatch(r"[0-9a-f]{40}", one.build_id)
    assert one.build_id != other.build_id


def test_a_program_without_a_build_id_is_identified_by_its_content(tmp_path: Path) -> None:
    facts = read_elf(compiled(tmp_path, "-Wl,--build-id=none"))

    assert re.fullmatch(r"[0-9a-f]{64}", facts.build_id)


def test_the_functions_of_a_library_are_its_exports(tmp_path: Path) -> None:
    source = "int shown(void) { return 1; } static int hidden(void) { return shown(); }"
    facts = read_elf(compiled(tmp_path, "-shared", "-fPIC", "-Wno-unused-function", source=source))

    assert "shown" in facts.exports
    assert "hidden" not in facts.exports


def test_a_program_linked_with_tcmalloc_brings_its_own(tmp_path: Path) -> None:
    path = find_tcmalloc(SETTINGS).path
    program = compiled(tmp_path, "-Wl,--no-as-needed", f"-l:{path.name}", f"-L{path.parent}")

    assert links_tcmalloc(read_elf(program))


def test_a_program_may_bring_tcmalloc_through_its_own_library(tmp_path: Path) -> None:
    path = find_tcmalloc(SETTINGS).path
    tcmalloc = ("-Wl,--no-as-needed", f"-l:{path.name}", f"-L{path.parent}")
    library = compiled(
        tmp_path / "lib", "-shared", "-fPIC", *tcmalloc, source="int f(void) { return 1; }"
    )
    library.rename(library.with_name("libf.so"))
    program = compiled(
        tmp_path,
        f"-L{library.parent}",
        "-lf",
        "-Wl,-rpath,$ORIGIN/lib",
        source="int f(void); int main(void) { return f(); }",
    )

    assert links_tcmalloc(read_elf(program))


def test_an_object_file_and_an_archive_are_no_programs(tmp_path: Path) -> None:
    archive = tmp_path / "libx.a"
    archive.write_bytes(b"!<arch>\n")

    with pytest.raises(BadInput, match="not a whole ELF file"):
        read_elf(archive)


# Doctor


def test_the_doctor_finds_this_machine_well(tmp_path: Path) -> None:
    settings = Settings.from_mapping({**os.environ, "LEAKCHECK_CACHE_DIR": str(tmp_path)})

    findings = examine(settings)

    assert [finding for finding in findings if finding.required and not finding.ok] == []
    assert doctor_exit_code(findings) is ExitCode.OK
    (agent,) = (finding for finding in findings if finding.name == "agent")
    assert Path(agent.path).is_relative_to(tmp_path)


def test_the_doctor_names_what_a_bare_machine_lacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CC", "")
    settings = Settings.from_mapping({"HOME": str(tmp_path), "LEAKCHECK_GO": "no-such-go"})

    findings = {finding.name: finding for finding in examine(settings)}

    for name in ("Go", "C compiler", "agent"):
        assert not findings[name].ok
        assert findings[name].mend
    assert findings["tcmalloc"].ok
    assert doctor_exit_code(tuple(findings.values())) is ExitCode.NOT_CHECKED
