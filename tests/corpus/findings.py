"""From the JSON report to what the cases say: which function lost how much in which test."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.corpus.case import Found, joined

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["CORPUS", "found_in", "own_function", "plain_name"]

CORPUS = Path(__file__).resolve().parent

GO_CLOSURE = re.compile(r"(?:\.(?:func|gowrap|deferwrap)?[0-9]+)+$")
ARGUMENTS = re.compile(r"\([^()]*\)(?: const)?$")
# what sets up the globals of a source file
CLANG_INITIALISER = "__cxx_global_var_init"
GCC_INITIALISER = "__static_initialization_and_destruction_0"


def found_in(run: Mapping[str, Any]) -> tuple[Found, ...]:
    """All leaks of one run of the report, grouped as the cases are."""
    return joined(
        Found(
            kind=leak["kind"],
            function=own_function(leak["stack"]),
            test=leak["test"],
            objects=leak["objects"],
            bytes=leak["bytes"],
        )
        for leak in run["leaks"]
    )


def own_function(stack: Iterable[Mapping[str, Any]]) -> str:
    """The innermost function whose source is in the corpus; "" if there is none."""
    for frame in stack:
        if frame["file"] and Path(frame["file"]).is_relative_to(CORPUS):
            return plain_name(frame["function"])
    return ""


def plain_name(function: str) -> str:
    """Cut package, receiver, namespace, arguments and closures off a function's name.

    `corpus/leaks.CBytes.func1` → `CBytes`, `corpus/keeps.(*Block).Free` → `Free`,
    `(anonymous namespace)::leak_new()` → `leak_new`.
    """
    name = function.rpartition("/")[2]
    name = GO_CLOSURE.sub("", name)
    name = re.split(r"::|\.", ARGUMENTS.sub("", name))[-1]
    return GCC_INITIALISER if name == CLANG_INITIALISER else name
