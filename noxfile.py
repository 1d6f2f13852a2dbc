"""The sessions of this checkout; see `leakcheck.sessions`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import nox

from leakcheck.sessions import path_with_own_programs, register, register_development

nox.options.sessions = ["tests", "lint", "typecheck"]

register()
register_development(Path(__file__).parent)


@nox.session(venv_backend="none", default=False)
def accuracy(session: nox.Session) -> None:
    """Ask leakcheck and other tools about the labelled corpus; options after `--`."""
    path = path_with_own_programs(os.environ.get("PATH", os.defpath))
    session.run(sys.executable, "-m", "tests.accuracy", *session.posargs, env={"PATH": path})


@nox.session(venv_backend="none", default=False)
def matrix(session: nox.Session) -> None:
    """Try other Go releases, gperftools, compilers and systems, for real; options after `--`."""
    path = path_with_own_programs(os.environ.get("PATH", os.defpath))
    session.run(sys.executable, "-m", "tests.matrix", *session.posargs, env={"PATH": path})


@nox.session(venv_backend="venv", default=False)
def bench(session: nox.Session) -> None:
    """Measure leakcheck beside other tools; options after `--`."""
    path = path_with_own_programs(os.environ.get("PATH", os.defpath))
    drawing: tuple[str, ...] = ()
    if "--write-docs" in session.posargs:  # matplotlib is wanted for nothing else
        session.install("--require-hashes", "-r", "requirements/bench.txt")
        drawing = ("--plot-with", str(Path(session.bin) / "python"))
    command = (sys.executable, "-m", "tests.bench", *session.posargs, *drawing)
    session.run(*command, env={"PATH": path}, external=True)


@nox.session(name="release-check", venv_backend="none", default=False)
def release_check(session: nox.Session) -> None:
    """Build wheel and sdist, look into them, and try the wheel; `-- --final` before a tag."""
    path = path_with_own_programs(os.environ.get("PATH", os.defpath))
    session.run(sys.executable, "-m", "tests.release", *session.posargs, env={"PATH": path})


@nox.session(venv_backend="venv", default=False)
def docs(session: nox.Session) -> None:
    """Build the site in build/site, links checked; `-- --serve` shows it as it is edited."""
    session.install("--require-hashes", "-r", "requirements/docs.txt")
    quiet = {"NO_MKDOCS_2_WARNING": "1"}  # an advertisement
    if "--serve" in session.posargs:
        session.run("mkdocs", "serve", env=quiet)
    else:
        session.run("mkdocs", "build", "--strict", "--site-dir", "build/site", env=quiet)


@nox.session(venv_backend="none", default=False)
def soak(session: nox.Session) -> None:
    """Run the demo's tests again and again, `-- --runs 10000`: no hang, no wrong count."""
    path = path_with_own_programs(os.environ.get("PATH", os.defpath))
    session.run(sys.executable, "-m", "tests.soak", *session.posargs, env={"PATH": path})


@nox.session(venv_backend="venv", default=False)
def fuzz(session: nox.Session) -> None:
    """Fuzz everything that reads what others wrote; `-- --seconds 60` for each reader."""
    session.install("--require-hashes", "-r", "requirements/fuzz.txt")
    session.install("--require-hashes", "--no-deps", "-r", "requirements/locked.txt")
    session.run("python", "-m", "tests.fuzz", *session.posargs)


@nox.session(venv_backend="venv", default=False)
def audit(session: nox.Session) -> None:
    """Look the pinned packages up among known vulnerabilities, after `lint`; needs the network.

    What the service does not know is named; with `-- --strict` that is an error too.
    """
    session.install("--require-hashes", "-r", "requirements/audit.txt")
    for locked in sorted(Path("requirements").glob("*.txt")):
        session.run(
            "pip-audit", *session.posargs, "--require-hashes", "--disable-pip", "-r", str(locked)
        )
