"""Installs the system packages that are missing, where that is allowed without a question."""

from __future__ import annotations

import os
import shutil

from bootstrap import effects
from bootstrap.commands import apt_install_command, apt_update_command, install_by_hand
from bootstrap.errors import SetupError
from bootstrap.needs import missing_packages
from bootstrap.progress import show_step

__all__ = ["SKIP_KEY", "find_missing_packages", "install_system_packages", "last_lines"]

SKIP_KEY = "LEAKCHECK_NO_SYSTEM_PACKAGES"


def find_missing_packages(*, for_tests: bool) -> tuple[str, ...]:
    """The packages to install; none at all where the user wants the system left alone."""
    if os.environ.get(SKIP_KEY, "") not in {"", "0"}:
        return ()
    return missing_packages(effects.probe_machine(), for_tests=for_tests)


def install_system_packages(packages: tuple[str, ...]) -> None:
    """Install `packages`; SetupError with the one command to type when that cannot be."""
    by_hand = install_by_hand(packages, has_sudo=shutil.which("sudo") is not None)
    if shutil.which("apt-get") is None:
        raise SetupError(
            f"missing on this machine: {', '.join(packages)} (names of Debian and Ubuntu)",
            why="there is no apt-get here; install what your system calls these packages",
            hint=f"{SKIP_KEY}=1 make setup   (afterwards, to go on with what there is)",
        )
    privilege = effects.find_privilege()
    if privilege is None:
        raise SetupError(
            f"missing on this machine: {', '.join(packages)}",
            why=f"installing needs root, or sudo without a password ({SKIP_KEY}=1 goes without)",
            hint=by_hand,
        )
    show_step("Installing", f"{', '.join(packages)} (apt-get)")
    _apt_install(privilege, packages, by_hand)


def _apt_install(privilege: tuple[str, ...], packages: tuple[str, ...], by_hand: str) -> None:
    updated = not effects.has_package_lists()
    if updated:
        effects.run(apt_update_command(privilege), label="apt-get update")
    done = effects.run(apt_install_command(privilege, packages), label="apt-get install")
    if done.returncode != 0 and not updated:
        show_step("Updating", "the package lists, and once more")
        effects.run(apt_update_command(privilege), label="apt-get update")
        done = effects.run(apt_install_command(privilege, packages), label="apt-get install")
    if done.returncode != 0:
        raise SetupError(
            "apt-get could not install " + ", ".join(packages),
            why=last_lines(done.output),
            hint=by_hand,
        )
    probed = missing_packages(effects.probe_machine(), for_tests=True)
    still_missing = [package for package in packages if package in probed]
    if still_missing:
        raise SetupError(
            f"{', '.join(still_missing)} installed, but what should come with it was not found",
            why="the library, program or header is not where the system looks for it",
            hint=by_hand,
        )


def last_lines(output: str, *, count: int = 8) -> str:
    """The last lines of a command's output that are not blank: where the reason stands."""
    lines = [line.rstrip() for line in output.splitlines() if line.strip()]
    return "\n".join(lines[-count:])
