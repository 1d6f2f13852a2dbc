"""What a repository's own files need, for the user to add: they are never changed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from leakcheck.adoption.drafts import Draft
    from leakcheck.adoption.repository import Repository

__all__ = ["additions"]

_COLLECTION_OF_THE_FILE = """\
import sys
from invoke import Collection
namespace = Collection.from_module(sys.modules[__name__])
"""
_COLLECTION = re.compile(r"^(namespace|ns)\b[^=\n]*=", re.MULTILINE)
_TAKEN_SESSION = re.compile(
    r"""^def (?:leak|profile)\(|\bname=["'](?:leak|profile|pprof-\w+)["']""", re.MULTILINE
)


def additions(repository: Repository, drafts: tuple[Draft, ...]) -> tuple[tuple[str, str], ...]:
    """Name the files that are there and lack something, each with the lines to add at its end."""
    by_path = {draft.path: draft.text for draft in drafts}
    wanted = (
        (repository.makefile or "Makefile", "leakcheck.mk", "include leakcheck.mk"),
        ("tasks.py", "leakcheck.tasks", _tasks_lines(repository, by_path)),
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


def _tasks_lines(repository: Repository, by_path: dict[str, str]) -> str:
    """Put the tasks under `leakcheck.`, so that names that are taken stay as they are."""
    ours = by_path["tasks.py"]
    lines = ours[ours.index("from leakcheck") : ours.index("__all__")]
    lines = lines.replace("import namespace", "import namespace as leakcheck_tasks")
    lines = lines.replace("namespace.configure", "leakcheck_tasks.configure").replace("\n\n", "\n")
    collection = _COLLECTION.search(repository.text("tasks.py") or "")
    name, before = (collection[1], "") if collection else ("namespace", _COLLECTION_OF_THE_FILE)
    return f'{before}{lines}{name}.add_collection(leakcheck_tasks, "leakcheck")'


def _nox_lines(repository: Repository, by_path: dict[str, str]) -> str:
    """Take the calls of our own noxfile; with another name where one of our sessions is taken."""
    start = by_path["noxfile.py"].index("from leakcheck")
    lines = by_path["noxfile.py"][start:].replace("\n\n", "\n").strip()
    if _TAKEN_SESSION.search(repository.text("noxfile.py") or ""):
        return lines.replace(
            "register(\n    project", 'register(\n    name="leakcheck",\n    project'
        )
    return lines


def _set_keys(env_example: str) -> str:
    return "\n".join(line for line in env_example.splitlines() if line.startswith("LEAKCHECK_"))
