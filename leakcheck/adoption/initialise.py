"""Writing what a repository needs, or showing it: the effects of `leakcheck init`."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from rich.console import Console

from leakcheck.adoption.byhand import additions
from leakcheck.adoption.drafts import draft_files, make_prefix
from leakcheck.adoption.repository import examine_repository
from leakcheck.errors import BadInput, ExitCode
from leakcheck.reports.labels import labelled

if TYPE_CHECKING:
    from pathlib import Path

    from leakcheck.adoption.drafts import Draft
    from leakcheck.adoption.repository import GoModule, Repository
    from leakcheck.observation import Watcher
    from leakcheck.settings import Settings

__all__ = ["render_diff", "run_init"]

_MOST_PACKAGES = 6


def run_init(root: Path, settings: Settings, watcher: Watcher, *, dry_run: bool) -> int:
    """Write the files that are missing in `root`; with `dry_run` print them as a unified diff.

    A file that is there, even as a dangling link, is left as it is, and what to add to it by
    hand is printed. Returns the exit code. Raises BadInput when nothing can be done.
    """
    if not root.is_dir():
        raise BadInput(f"{root} is not a folder", hint="leakcheck init --project DIR")
    repository = examine_repository(root.resolve(), settings, watcher)
    drafts = draft_files(repository)
    missing = tuple(draft for draft in drafts if not _is_there(repository, draft))
    # Looked up before anything is written: what init itself writes lacks nothing.
    by_hand = additions(repository, drafts)
    if dry_run:
        print("".join(render_diff(draft) for draft in missing), end="")  # noqa: T201
    else:
        _write(repository.root, missing)
    console = Console(stderr=dry_run)
    _tell_modules(console, repository)
    for draft in drafts:
        _tell_draft(console, draft, is_new=draft in missing, dry_run=dry_run)
    _tell_by_hand(console, by_hand)
    tasks = f"make {make_prefix(repository)}test-tcmalloc  # or: inv leak, nox -s 'leak(normal)'"
    _tell(console, "Next", "leakcheck init  # without --dry-run" if dry_run else tasks)
    return ExitCode.OK


def render_diff(draft: Draft) -> str:
    """Show a file that is to be made as `git apply` and `patch -p1` take it."""
    lines = difflib.unified_diff(
        [], draft.text.splitlines(keepends=True), "/dev/null", f"b/{draft.path}"
    )
    return "".join(lines)


def _is_there(repository: Repository, draft: Draft) -> bool:
    path = repository.root / draft.path
    return path.exists() or path.is_symlink() or repository.text(draft.path) is not None


def _write(root: Path, drafts: tuple[Draft, ...]) -> None:
    for draft in drafts:
        path = root / draft.path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8") as stream:  # never over another's file
                stream.write(draft.text)
        except OSError as error:
            raise BadInput(f"{path} cannot be written", why=error.strerror or str(error)) from error


def _tell_modules(console: Console, repository: Repository) -> None:
    for module in repository.modules:
        _tell(console, "Module", _module_line(module))
        if module.doubt:
            _tell(console, "", f"go could not be asked ({module.doubt});")
            _tell(console, "", 'its sources were searched for import "C" instead')


def _module_line(module: GoModule) -> str:
    """Name the packages; of many only the first."""
    shown, hidden = module.cgo_packages[:_MOST_PACKAGES], module.cgo_packages[_MOST_PACKAGES:]
    if not shown:
        return f"{module.folder}: no package that reaches C was found"
    more = f" and {len(hidden)} more" if hidden else ""
    return f"{module.folder}: C is reached by {', '.join(shown)}{more}"


def _tell_draft(console: Console, draft: Draft, *, is_new: bool, dry_run: bool) -> None:
    label = ("Would write" if dry_run else "Wrote") if is_new else "Kept"
    _tell(console, label, draft.path)


def _tell_by_hand(console: Console, by_hand: tuple[tuple[str, str], ...]) -> None:
    for name, lines in by_hand:
        _tell(console, "Add", f"at the end of {name}:")
        for line in lines.splitlines():
            _tell(console, "", f"    {line}")


def _tell(console: Console, label: str, text: str) -> None:
    console.print(labelled(label, text), soft_wrap=True)
