from __future__ import annotations

from pathlib import Path

import pytest

from leakcheck.build.gopackages import GoPackage
from leakcheck.build.gotest import TestBinary
from leakcheck.errors import BadInput, NotChecked
from leakcheck.launch import program
from leakcheck.launch.program import Options, Program, named_program, package_program
from leakcheck.toolchain.elf import ElfFacts


def facts_of(path: Path, *, is_go: bool, interpreter: str | None) -> ElfFacts:
    return ElfFacts(
        path=path,
        machine="X86_64",
        bits=64,
        interpreter=interpreter,
        needed=("libc.so.6",),
        is_go=is_go,
        has_symtab=True,
        build_id="ab",
        exports=frozenset(),
    )


PLAIN = Options()


class Files:
    """Stands for the file system: what `read_elf` and `is_go_test_program` say."""

    def __init__(self) -> None:
        self.is_go = False
        self.is_test = False
        self.interpreter: str | None = "/lib64/ld-linux-x86-64.so.2"

    def read_elf(self, path: Path) -> ElfFacts:
        return facts_of(path, is_go=self.is_go, interpreter=self.interpreter)

    def is_go_test_program(self, _: Path) -> bool:
        return self.is_test


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Files:
    fake = Files()
    monkeypatch.setattr(program, "read_elf", fake.read_elf)
    monkeypatch.setattr(program, "is_go_test_program", fake.is_go_test_program)
    for name in ("a.out", "m.test"):
        (tmp_path / name).write_text("binary")
        (tmp_path / name).chmod(0o755)
    return fake


def named(folder: Path, options: Options = PLAIN) -> Program:
    return named_program(Path("a.out"), options, cwd=folder, environment={"HOME": "/root"})


def packaged(folder: Path, options: Options = PLAIN, *, why_not: str = "") -> Program:
    return package_program(
        GoPackage(import_path="example.com/m", dir=Path("/m")),
        TestBinary(path=folder / "m.test", why_no_companion=why_not),
        options,
        goroot=Path("/go"),
        environment={"PATH": "/usr/bin"},
    )


@pytest.mark.usefixtures("files")
def test_a_named_program_runs_here_with_its_arguments(tmp_path: Path) -> None:
    made = named(tmp_path, Options(arguments=("a b", "--flag")))

    assert made.argv == (str(tmp_path / "a.out"), "a b", "--flag")
    assert made.cwd == tmp_path
    assert made.name == "a.out"
    assert made.environment == {"HOME": "/root"}
    assert not made.is_go_test


@pytest.mark.usefixtures("files")
def test_a_named_program_is_ended_at_the_time_limit(tmp_path: Path) -> None:
    assert named(tmp_path, Options(timeout_s=90)).kill_after_s == 90


@pytest.mark.usefixtures("files")
def test_no_limit_is_no_limit(tmp_path: Path) -> None:
    assert named(tmp_path, Options(timeout_s=0)).kill_after_s is None
    assert packaged(tmp_path, Options(timeout_s=0)).kill_after_s is None


def test_a_go_program_that_is_no_test_gets_no_options_of_tests(
    tmp_path: Path, files: Files
) -> None:
    files.is_go = True

    assert named(tmp_path).argv == (str(tmp_path / "a.out"),)


def test_a_go_test_built_elsewhere_is_run_as_one(tmp_path: Path, files: Files) -> None:
    files.is_go = files.is_test = True

    made = named(tmp_path, Options(test="TestA", arguments=("-custom",)))

    assert made.is_go_test
    assert made.argv[1:] == (
        "-test.paniconexit0",
        "-test.timeout=30m0s",
        "-test.run=TestA",
        "-custom",
    )
    assert not made.has_companion


@pytest.mark.usefixtures("files")
def test_choosing_tests_of_a_program_that_has_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="not a Go test binary"):
        named(tmp_path, Options(test="TestA"))


def test_a_program_that_cannot_be_observed_is_refused_before_it_runs(
    tmp_path: Path, files: Files
) -> None:
    files.interpreter = None

    with pytest.raises(NotChecked, match="static"):
        named(tmp_path)


@pytest.mark.usefixtures("files")
def test_a_missing_program_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="No such file"):
        named_program(Path("missing"), Options(), cwd=tmp_path, environment={})


@pytest.mark.usefixtures("files")
def test_a_packages_tests_run_in_its_folder_as_go_test_runs_them(tmp_path: Path) -> None:
    made = packaged(tmp_path, Options(test="TestA", timeout_s=90, verbose=True))

    assert made.cwd == Path("/m")
    assert made.environment == {"PATH": "/go/bin:/usr/bin", "PWD": "/m"}
    assert made.argv == (
        f"{tmp_path}/m.test",
        "-test.paniconexit0",
        "-test.timeout=1m30s",
        "-test.v=true",
        "-test.run=TestA",
    )
    assert (made.name, made.package) == ("m.test", "example.com/m")


@pytest.mark.usefixtures("files")
def test_go_ends_a_test_itself_and_is_given_time_for_the_check(tmp_path: Path) -> None:
    assert packaged(tmp_path, Options(timeout_s=90)).kill_after_s == 90 + program.CHECK_GRACE_S


@pytest.mark.usefixtures("files")
def test_a_test_binary_knows_whether_the_companion_is_in_it(tmp_path: Path) -> None:
    assert packaged(tmp_path).has_companion

    without = packaged(tmp_path, why_not="the companion did not compile: x")

    assert not without.has_companion
    assert without.why_no_companion == "the companion did not compile: x"
