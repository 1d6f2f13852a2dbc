"""The user's build flags and ours on one command line, without either overriding the other.

Go takes the last `-overlay`, and of several `-ldflags` the last whose pattern matches, so ours
and the user's have to become one.
"""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from leakcheck.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

__all__ = ["Flags", "parse_flags", "parse_goflags", "read_overlay"]

_MERGED = ("ldflags", "overlay")


@dataclass(frozen=True, slots=True, kw_only=True)
class Flags:
    """Build flags with those taken out that must be merged.

    `ldflags` are values as written (`-s -w`, `all=-s`), `overlays` names of JSON files, `rest`
    every other word in its order.
    """

    ldflags: tuple[str, ...] = ()
    overlays: tuple[str, ...] = ()
    rest: tuple[str, ...] = ()

    def words(self, *, linker_flags: str = "", overlay: Path | None = None) -> tuple[str, ...]:
        """Write the flags for a command line, `linker_flags` and the file `overlay` added.

        `linker_flags` end every value of the user's, and stand once before them for the
        case that none of their patterns matches.
        """
        ours = (linker_flags,) if linker_flags else ()
        values = (*ours, *(" ".join((value, *ours)) for value in self.ldflags))
        overlays = (str(overlay),) if overlay else self.overlays[-1:]
        return (
            *self.rest,
            *(f"-ldflags={value}" for value in values),
            *(f"-overlay={name}" for name in overlays),
        )


def parse_flags(words: Sequence[str]) -> Flags:
    """Sort build flags: `-ldflags=-s`, `--ldflags '-s -w'`, `-overlay x.json`, `-tags y`.

    Raises BadInput when the last one lacks its value.
    """
    taken: dict[str, list[str]] = {name: [] for name in _MERGED}
    rest: list[str] = []
    pending = list(words)
    while pending:
        word = pending.pop(0)
        name, equals, value = word.lstrip("-").partition("=")
        if not word.startswith("-") or name not in taken:
            rest.append(word)
        elif equals:
            taken[name].append(value)
        elif pending:
            taken[name].append(pending.pop(0))
        else:
            raise BadInput(f"the build flag {word} has no value", hint=f"{word}='…'")
    return Flags(
        ldflags=tuple(taken["ldflags"]), overlays=tuple(taken["overlay"]), rest=tuple(rest)
    )


def parse_goflags(text: str) -> tuple[str, ...]:
    """Split `GOFLAGS`: words parted by blanks, quoted as a whole (`'-ldflags=-s -w' -race`)."""
    try:
        return tuple(shlex.split(text))
    except ValueError:  # go will say what is wrong
        return tuple(text.split())


def read_overlay(names: Sequence[str], project: Path) -> Mapping[str, str]:
    """Read the user's own overlay, the last of `names`: path in the tree → file to take.

    Relative paths count from `project`, where go runs. Raises BadInput.
    """
    if not names:
        return {}
    path = project / names[-1]
    try:
        replacements = json.loads(path.read_text(encoding="utf-8")).get("Replace") or {}
        return {str(project / name): _absolute(to, project) for name, to in replacements.items()}
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise BadInput(f"the overlay {path} cannot be used", why=str(error)) from error


def _absolute(name: str, project: Path) -> str:
    """Keep "", which means that the file is not there."""
    return str(project / name) if name else ""
