from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from bootstrap.commands import (
    apt_install_command,
    apt_update_command,
    compile_probe_command,
    editable_install_command,
    go_version_command,
    install_by_hand,
    locked_install_command,
    sudo_probe_command,
    venv_command,
)

VENV = Path("/checkout/.venv")


@pytest.mark.parametrize("privilege", [(), ("sudo", "-n")], ids=["root", "sudo"])
def test_apt_installs_without_a_question_and_without_recommended_packages(
    privilege: tuple[str, ...],
) -> None:
    command = apt_install_command(privilege, ("gcc", "libc6-dev"))
    assert command.argv == (
        *privilege,
        *("env", "DEBIAN_FRONTEND=noninteractive"),
        *("apt-get", "-q", "-o", "DPkg::Lock::Timeout=300"),
        *("install", "-y", "--no-install-recommends", "gcc", "libc6-dev"),
    )


def test_apt_update_carries_the_privilege_in_front() -> None:
    argv = apt_update_command(("sudo", "-n")).argv
    assert argv[:2] == ("sudo", "-n")
    assert argv[-1] == "update"


def test_sudo_is_probed_without_a_password_prompt() -> None:
    assert sudo_probe_command().argv == ("sudo", "-n", "true")


def test_the_line_to_type_uses_sudo_where_there_is_sudo() -> None:
    assert install_by_hand(("gcc", "graphviz"), has_sudo=True) == (
        "sudo apt-get update && sudo apt-get install -y --no-install-recommends gcc graphviz"
    )


def test_the_line_to_type_is_one_su_command_where_there_is_no_sudo() -> None:
    words = shlex.split(install_by_hand(("gcc",), has_sudo=False))
    assert words[:2] == ["su", "-c"]
    assert words[2:] == ["apt-get update && apt-get install -y --no-install-recommends gcc"]


def test_a_lock_file_is_installed_with_hashes_and_nothing_else() -> None:
    argv = locked_install_command(VENV, Path("/checkout/requirements/locked.txt")).argv
    assert argv == (
        *("/checkout/.venv/bin/python", "-m", "pip", "install"),
        *("--require-hashes", "--no-deps", "--only-binary=:all:"),
        *("-r", "/checkout/requirements/locked.txt"),
    )


def test_no_install_names_an_index() -> None:
    commands = (
        locked_install_command(VENV, Path("lock")),
        editable_install_command(VENV, Path("/checkout")),
    )
    for command in commands:
        words = " ".join((*command.argv, *(key for key, _ in command.environment)))
        assert "index" not in words.lower()


def test_the_project_is_installed_with_the_build_backend_that_is_there() -> None:
    argv = editable_install_command(VENV, Path("/checkout")).argv
    assert argv[-4:] == ("--no-deps", "--no-build-isolation", "--editable", "/checkout")


def test_an_environment_is_made_in_place_of_the_old_one() -> None:
    argv = venv_command("/usr/bin/python3", VENV).argv
    assert argv == ("/usr/bin/python3", "-m", "venv", "--clear", "/checkout/.venv")


def test_asking_go_for_its_version_never_fetches_another_toolchain() -> None:
    command = go_version_command("/opt/go/bin/go")
    assert command.argv == ("/opt/go/bin/go", "version")
    assert command.environment == (("GOTOOLCHAIN", "local"),)


def test_a_compiler_with_flags_is_probed_with_its_flags() -> None:
    command = compile_probe_command(("ccache", "gcc"))
    assert command.argv[:2] == ("ccache", "gcc")
    assert "#include" in command.stdin
