"""`python -m tests.release`: builds wheel and sdist and tries them as a new user would.

Ends with 1 if something is wrong. What is to be done before the tag is told, and counts as wrong
with `--final`.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from leakcheck.process import Command, run
from tests.release.contents import (
    changelog_gaps,
    constraints,
    metadata_problems,
    sdist_problems,
    wheel_problems,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]

ROOT = Path(__file__).parents[2]
_INSTALLED = ("leakcheck", "examples/mediaprobe")
_FOUND_ALL = "Found 8 of 8 planted leaks, and nothing else."


def main(argv: Sequence[str]) -> int:
    """Run it and give the exit code."""
    parser = argparse.ArgumentParser(prog="nox -s release-check --", description=__doc__)
    parser.add_argument("--final", action="store_true", help="what is to be done counts as wrong")
    parser.add_argument("--dist", type=Path, metavar="DIR", help="keep wheel and sdist in DIR")
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="leakcheck-release-") as name:
        problems, gaps = _look(Path(name))
        if options.dist:
            shutil.copytree(Path(name) / "dist", options.dist, dirs_exist_ok=True)
    for line in problems:
        print(f"Wrong: {line}")  # noqa: T201
    for line in gaps:
        print(f"To do: {line}")  # noqa: T201
    is_right = not problems and not (gaps and options.final)
    print("The release is right." if is_right else "The release is not right.")  # noqa: T201
    return 0 if is_right else 1


def _look(folder: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Build into `folder` and try there; returns what is wrong and what is to be done."""
    sources = _must(ROOT, "git", "ls-files", *_INSTALLED).split()
    _must(ROOT, sys.executable, "-m", "hatchling", "build", "-d", str(folder / "dist"))
    (wheel,) = (folder / "dist").glob("*.whl")
    (sdist,) = (folder / "dist").glob("*.tar.gz")
    version = wheel.name.split("-")[1]
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        (meta,) = [name for name in names if name.endswith(".dist-info/METADATA")]
        metadata = archive.read(meta).decode()
    with tarfile.open(sdist) as tar:
        packed = [name.partition("/")[2] for name in tar.getnames()]
    problems = (
        *wheel_problems(names, sources),
        *sdist_problems(packed, sources),
        *metadata_problems(metadata, version),
        *_trial_problems(wheel, folder, version),
    )
    return problems, changelog_gaps((ROOT / "CHANGELOG.md").read_text(), version)


def _trial_problems(wheel: Path, folder: Path, version: str) -> tuple[str, ...]:
    """Install the wheel in an empty environment, with what it names itself, and run the demo."""
    pins = folder / "constraints.txt"
    pins.write_text(constraints((ROOT / "requirements" / "locked.txt").read_text()))
    venv = folder / "venv"
    _must(folder, sys.executable, "-m", "venv", str(venv))
    _must(folder, str(venv / "bin" / "pip"), "install", "-c", str(pins), str(wheel))
    program = str(venv / "bin" / "leakcheck")
    told = _must(folder, program, "--version").strip()
    demo = run(Command(("env", f"LEAKCHECK_CACHE_DIR={folder / 'cache'}", program, "demo")))
    problems = [] if told == f"leakcheck {version}" else [f"--version says {told!r}"]
    if demo.returncode != 0 or _FOUND_ALL not in demo.stdout:
        problems.append(f"the demo failed:\n{demo.stdout[-2000:]}{demo.stderr[-2000:]}")
    return tuple(problems)


def _must(folder: Path, *argv: str) -> str:
    completed = run(Command(argv, cwd=folder))
    if completed.returncode != 0:
        sys.exit(f"{Command(argv)} failed:\n{completed.stdout}{completed.stderr}")
    return completed.stdout


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
