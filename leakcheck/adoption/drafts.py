"""The files that `leakcheck init` writes: templates filled with what was found."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined

from leakcheck.baseline import BASELINE_NAME
from leakcheck.settings import KEYS

if TYPE_CHECKING:
    from leakcheck.adoption.repository import Repository

__all__ = ["SHARDS", "Draft", "draft_files", "make_prefix"]

SHARDS = 2
"""How many machines share the work in the workflow at first."""

_TARGETS = (
    "test-tcmalloc",
    "test-tcmalloc-strict",
    "test-tcmalloc-draconian",
    "profile",
    "pprof-text",
    "pprof-pdf",
    "pprof-http",
)
_RULE = re.compile(r"^([^\s#:=][^#:=\n]*)::?(?!=)", re.MULTILINE)
_PACKAGES = "gcc libtcmalloc-minimal4 libunwind8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A file to write; `path` is relative to the repository."""

    path: str
    text: str


def draft_files(repository: Repository) -> tuple[Draft, ...]:
    """Draw up all files; which of them may be written is not asked here."""
    templates = {
        ".env.example": "env.example",
        "leakcheck.mk": "leakcheck.mk",
        "leakcheck.supp": "leakcheck.supp",
        "tasks.py": "tasks.py",
        "noxfile.py": "noxfile.py",
        _ci_file(repository): "gitlab.yml" if _is_on_gitlab(repository) else "github.yml",
    }
    if repository.makefile is None:
        templates["Makefile"] = "Makefile"
    facts = _facts(repository)
    environment = _templates()
    return tuple(
        Draft(path=path, text=environment.get_template(f"{name}.j2").render(facts))
        for path, name in templates.items()
    )


def make_prefix(repository: Repository) -> str:
    """What the fragment's targets begin with: nothing, unless the Makefile has one of them."""
    makefile = repository.text(repository.makefile) if repository.makefile else None
    taken = {target for rule in _RULE.findall(makefile or "") for target in rule.split()}
    return "leakcheck-" if taken.intersection(_TARGETS) else ""


def _ci_file(repository: Repository) -> str:
    if _is_on_gitlab(repository):
        return "leakcheck.gitlab-ci.yml"
    return ".github/workflows/leakcheck.yml"


def _is_on_gitlab(repository: Repository) -> bool:
    return repository.has_gitlab and not repository.has_github


def _facts(repository: Repository) -> dict[str, object]:
    first, *others = repository.modules
    return {
        "module": first,
        "modules": repository.modules,
        "others": tuple(others),
        "keys": KEYS,
        "values": {"LEAKCHECK_PROJECT": first.folder, "LEAKCHECK_PACKAGE": first.pattern},
        "prefix": make_prefix(repository),
        "targets": _TARGETS,
        "baseline": BASELINE_NAME,
        "packages": _PACKAGES,
        "requirement": f"tcmalloc-leakcheck=={metadata.version('tcmalloc-leakcheck')}",
        "shards": tuple(range(1, SHARDS + 1)),
    }


def _templates() -> Environment:
    """Leave `{{ … }}` and `{% … %}` to the CI systems: ours are `<< … >>` and `<% … %>`."""
    return Environment(
        loader=PackageLoader("leakcheck.adoption"),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701 - no HTML is made here
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
        block_start_string="<%",
        block_end_string="%>",
        variable_start_string="<<",
        variable_end_string=">>",
        comment_start_string="<#",
        comment_end_string="#>",
    )
