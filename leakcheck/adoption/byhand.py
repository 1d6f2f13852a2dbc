"""What a repository's own files need, for the user to add: they are never changed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from leakcheck.adoption.drafts import Draft
    from leakcheck.adoption.repository import Repository

__all__ = ["additions"]

_TASKS_WITH_COLLECTION = """\
from leakcheck.tasks import namespace as leakcheck_tasks
{name}.add_collection(leakcheck_tasks, "leakcheck")"""
_TASKS_WITHOUT_COLLECTION = """\
import sys
from invoke import Collection
from leakcheck.tasks import namespace as leakcheck_tasks
namespace = Collection.from_module(sys.modules[__name__])
namespace.add_collection(leakcheck_tasks, "leakcheck")"""
_COLLECTION = re.compile(r"^(namespace|ns)\b[^=\n]*=", re.MULTILINE)
_TAKEN_SESSION = re.compile(
    r"""^def (?:leak|profile)\(|\bname=["'](?:leak|profile|pprof-\w+)["']""", re.MULTILINE
)


def additions(repository: Repository, drafts: tuple[Draft, ...]) -> tuple[tuple[str, str], ...]:
    """Name the files that are there and lack something, each with the lines to add at its end."""
    by_path = {draft.path: draft.text for draft in drafts}
    wanted = (
        (repository.makefile or "Makefile", "leakcheck.mk", "include leakcheck.mk"),
        ("tasks.py", "leakcheck.tasks", _tasks_lines(repository.text("tasks.py") or "")),
        ("noxfile.py", "leakcheck.sessions", _nox_lines(repository, by_path)),
        (".env.example", "LEAKCHECK_", _set_keys(by_path[".env.example"])),
        (".gitlab-ci.yml", "leakcheck.gitlab-ci.yml", "include: {local: leakcheck.gitlab-ci.yml}"),
    )
    return tuple(
        (name, lines)
        for name, mark, lines in wanted
        if (text := repository.text(name)) is not None
        and mark not in text
        and not (name == ".gitlab-ci.yml" and mark not in by_path)
    )


def _tasks_lines(tasks: str) -> str:
    """Put the tasks under `leakcheck.`, so that names that are taken stay as they are."""
    collection = _COLLECTION.search(tasks)
    if collection is None:
        return _TASKS_WITHOUT_COLLECTION
    return _TASKS_WITH_COLLECTION.format(name=collection[1])


def _nox_lines(repository: Repository, by_path: dict[str, str]) -> str:
    """Take the calls of our own noxfile; with another name where one of our sessions is taken."""
    start = by_path["noxfile.py"].index("from leakcheck")
    lines = by_path["noxfile.py"][start:].replace("\n\n", "\n").strip()
    if _TAKEN_SESSION.search(repository.text("noxfile.py") or ""):
        return lines.replace("register(project", 'register(name="leakcheck", project')
    return lines


def _set_keys(env_example: str) -> str:
    return "\n".join(line for line in env_example.splitlines() if line.startswith("LEAKCHECK_"))
