"""The order of the set-up: system packages, `.venv`, this project, Go."""

from __future__ import annotations

import sys
import time
from dataclasses import replace

from bootstrap import effects
from bootstrap.environment import (
    Checkout,
    install_packages,
    install_project,
    read_stamp,
    wanted_stamp,
    write_stamp,
)
from bootstrap.errors import SetupError, render_error
from bootstrap.golang import has_go, install_go
from bootstrap.needs import venv_package
from bootstrap.progress import show_step
from bootstrap.stamp import Stamp
from bootstrap.system import find_missing_packages, install_system_packages

__all__ = ["set_up"]


def set_up(checkout: Checkout, *, for_tests: bool = False, keep_going: bool = False) -> bool:
    """Do what is not done yet; True when anything was done.

    `for_tests` includes what leakcheck's own tests need. With `keep_going`, missing system
    packages are only told about where `.venv` can be made without them. SetupError for all else.
    """
    wanted = wanted_stamp(checkout)
    if not find_missing_packages(for_tests=for_tests) and _is_made(checkout, wanted):
        return False
    start = time.monotonic()
    with effects.exclusive(checkout.root):
        # All is asked again: whoever held the checkout may have done the same work.
        installed = _provide_system_packages(for_tests=for_tests, keep_going=keep_going)
        made = not _is_made(checkout, wanted)
        if made:
            _make_environment(checkout, wanted)
    if not (installed or made):
        return False
    show_step("Finished", f"set-up in {time.monotonic() - start:.1f} s")
    return True


def _provide_system_packages(*, for_tests: bool, keep_going: bool) -> bool:
    packages = find_missing_packages(for_tests=for_tests)
    if not packages:
        return False
    try:
        install_system_packages(packages)
    except SetupError as error:
        if not keep_going or venv_package(sys.version_info[:2]) in packages:
            raise
        sys.stderr.write(render_error(error))
        return False
    return True


def _is_made(checkout: Checkout, wanted: Stamp) -> bool:
    there = read_stamp(checkout)
    if (there.packages, there.project) != (wanted.packages, wanted.project):
        return False
    return there.go == wanted.go or has_go(checkout)


def _make_environment(checkout: Checkout, wanted: Stamp) -> None:
    there = read_stamp(checkout)
    if there.packages != wanted.packages:
        install_packages(checkout)
        there = Stamp(packages=wanted.packages)
        write_stamp(checkout, there)
    if there.project != wanted.project:
        install_project(checkout)
        there = replace(there, project=wanted.project)
        write_stamp(checkout, there)
    if there.go != wanted.go and not has_go(checkout):
        install_go(checkout)
        write_stamp(checkout, replace(there, go=wanted.go))
