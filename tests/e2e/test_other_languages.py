"""C programs under ctest and extensions of Python, as docs/other-languages.md shows them."""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from conftest import PROJECTS

from leakcheck.model import Check, LeakKind, Level
from leakcheck.model import Tests as Verdict
from leakcheck.process import Command, Completed, run

if TYPE_CHECKING:
    from conftest import Checker

    from leakcheck.model import Report

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def ctest(tmp_path_factory: pytest.TempPathFactory, cache_dir: Path) -> Completed:
    """What ctest said, with the console script on PATH."""
    build = tmp_path_factory.mktemp("cmake")
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    environment = {**os.environ, "PATH": path, "LEAKCHECK_CACHE_DIR": str(cache_dir)}
    source, kind = str(PROJECTS / "cmake"), "-DCMAKE_BUILD_TYPE=RelWithDebInfo"
    for argv in (
        ("cmake", "-S", source, "-B", str(build), kind),
        ("cmake", "--build", str(build)),
    ):
        made = run(Command(argv, env=tuple(environment.items())))
        assert made.returncode == 0, made.stdout + made.stderr
    tests = ("ctest", "--test-dir", str(build), "--output-on-failure")
    return run(Command(tests, env=tuple(environment.items())))


def test_ctest_fails_for_the_test_that_leaks_alone(ctest: Completed) -> None:
    assert "50% tests passed, 1 tests failed out of 2" in ctest.stdout
    assert "copy (Failed)" in ctest.stdout


def test_ctest_shows_where_the_leak_is(ctest: Completed) -> None:
    assert "Leak check _main_ detected leaks of 31 bytes in 2 objects" in ctest.stdout
    assert "shapes_test.c:10" in ctest.stdout


@pytest.fixture(scope="module")
def extension(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the compiled extension and its tests."""
    folder = tmp_path_factory.mktemp("python")
    shutil.copy(PROJECTS / "python" / "check_labels.py", folder)
    target = folder / f"labels{sysconfig.get_config_var('EXT_SUFFIX')}"
    flags = ("-O2", "-g", "-shared", "-fPIC", f"-I{sysconfig.get_path('include')}")
    source = str(PROJECTS / "python" / "labels.c")
    made = run(Command(("cc", *flags, "-o", str(target), source)))
    assert made.returncode == 0, made.stderr
    return folder


def pytest_under(checker: Checker, folder: Path, *words: str) -> Report:
    """Run the extension's tests with the Python that runs this one."""
    plain = ("-m", "pytest", "-q", "-c", os.devnull, "-p", "no:cacheprovider")
    path = str(folder / "check_labels.py")
    return checker.binary(Path(sys.executable), *plain, path, *words, level=Level.NORMAL)


def losers(report: Report) -> dict[str, tuple[int, int]]:
    """How much of it is direct and indirect, by the extension's function that lost it."""
    sums: dict[str, tuple[int, int]] = {}
    for leak in report.runs[0].leaks:
        mine = [frame.function for frame in leak.stack if "labels.c" in (frame.file or "")]
        direct, indirect = sums.get(name := mine[-1] if mine else "", (0, 0))
        amounts = (
            (leak.leaked_objects, 0) if leak.kind is LeakKind.DIRECT else (0, leak.leaked_objects)
        )
        sums[name] = (direct + amounts[0], indirect + amounts[1])
    return sums


@pytest.mark.parametrize(
    ("allocator", "expected"),
    [
        ("malloc", {"join": (1, 3), "size": (3, 0)}),
        ("default", {"join": (1, 3)}),
    ],
)
def test_what_an_extension_of_python_loses_is_found(
    checker: Checker,
    extension: Path,
    monkeypatch: pytest.MonkeyPatch,
    allocator: str,
    expected: dict[str, tuple[int, int]],
) -> None:
    monkeypatch.setenv("PYTHONMALLOC", allocator)

    report = pytest_under(checker, extension)

    assert report.tests is Verdict.PASSED, checker.watcher.shown.decode()
    assert losers(report) == expected


@pytest.mark.parametrize("level", [Level.NORMAL, Level.STRICT])
def test_what_python_itself_holds_is_a_leak_at_strict_only(
    checker: Checker, monkeypatch: pytest.MonkeyPatch, level: Level
) -> None:
    monkeypatch.setenv("PYTHONMALLOC", "malloc")

    report = checker.binary(Path(sys.executable), "-c", "import json, re, decimal", level=level)

    expected = Check.CLEAN if level is Level.NORMAL else Check.LEAKS
    assert (report.tests, report.check) == (Verdict.PASSED, expected)
