"""What `leakcheck init` finds in a repository. Nothing is written here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from leakcheck.adoption.cgoscan import find_module_folders, scan_cgo_folders
from leakcheck.build.gopackages import find_packages
from leakcheck.errors import BadInput, LeakcheckError
from leakcheck.toolchain.discovery import find_go

if TYPE_CHECKING:
    from leakcheck.observation import Watcher
    from leakcheck.settings import Settings

__all__ = ["GoModule", "Repository", "examine_repository"]

MAKEFILES = ("GNUmakefile", "makefile", "Makefile")
"""In the order in which make looks for them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GoModule:
    """A folder with `go.mod`; `folder` is relative to the repository, as `--project` takes it.

    `cgo_packages` are those with tests that reach C, relative to the module (`.`, `./codec`).
    `doubt` says why go could not be asked; then they are those that import "C" themselves.
    """

    folder: str
    cgo_packages: tuple[str, ...] = ()
    doubt: str = ""

    @property
    def name(self) -> str:
        """The folder as a name, for sessions and files."""
        return re.sub(r"\W+", "-", self.folder).strip("-") or "root"

    def file(self, name: str) -> str:
        """Where a file of the module's folder is, relative to the repository."""
        return (PurePosixPath(self.folder) / name).as_posix()

    @property
    def pattern(self) -> str:
        """The package pattern that reaches all of them."""
        return "." if self.cgo_packages == (".",) else "./..."


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """A repository: its modules worth checking, and the text of files that are already there."""

    root: Path
    modules: tuple[GoModule, ...]
    makefile: str | None = None
    has_github: bool = False
    has_gitlab: bool = False

    def text(self, name: str) -> str | None:
        """Read a file, or a Python package's `__init__.py`; None where there is neither."""
        folder = self.root / name.removesuffix(".py")
        path = folder / "__init__.py" if name.endswith(".py") and folder.is_dir() else None
        for candidate in (self.root / name, path):
            if candidate is not None and candidate.exists():
                return candidate.read_text(encoding="utf-8", errors="replace")
        return None


def examine_repository(root: Path, settings: Settings, watcher: Watcher) -> Repository:
    """Look at the files in `root`, and ask go which packages reach C.

    Raises BadInput when there is no Go module.
    """
    folders = find_module_folders(root)
    if not folders:
        raise BadInput(
            f"there is no Go module in {root}",
            why="no go.mod was found in it or below (go mod init makes one)",
            hint="leakcheck leak --binary PROGRAM  # any C or C++ program needs no set-up",
        )
    return Repository(
        root=root,
        modules=_worth_checking([_module(folder, root, settings, watcher) for folder in folders]),
        makefile=next((name for name in MAKEFILES if (root / name).exists()), None),
        has_github=(root / ".github").is_dir(),
        has_gitlab=(root / ".gitlab-ci.yml").exists(),
    )


def _worth_checking(modules: list[GoModule]) -> tuple[GoModule, ...]:
    """Take those with C; where none has any, the first, so that there is something to begin with.

    Examples and tools of a repository are modules of their own, mostly without C.
    """
    with_c = tuple(module for module in modules if module.cgo_packages)
    return with_c or tuple(modules[:1])


def _module(folder: Path, root: Path, settings: Settings, watcher: Watcher) -> GoModule:
    name = folder.relative_to(root).as_posix()
    try:
        with watcher.step(f"Asking go about the packages of {name}"):
            packages, doubt = _ask_go(folder, settings), ""
    except LeakcheckError as error:
        packages, doubt = scan_cgo_folders(folder), str(error).splitlines()[0]
    patterns = tuple(_pattern(package.relative_to(folder)) for package in packages)
    return GoModule(folder=name, cgo_packages=patterns, doubt=doubt)


def _ask_go(folder: Path, settings: Settings) -> tuple[Path, ...]:
    go = find_go(settings).path
    packages = find_packages(go, "./...", project=folder, flags=settings.go_flags)
    return tuple(package.dir for package in packages if package.uses_cgo and package.has_tests)


def _pattern(path: Path) -> str:
    return "." if path == Path() else f"./{path.as_posix()}"
