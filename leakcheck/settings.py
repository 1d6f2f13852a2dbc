"""What the user may set: environment keys, and the `.env` file they may stand in.

`Settings.from_mapping` is pure and takes any mapping; `load_environment` reads `.env` and the
real environment. Every key is documented once, in `KEYS`, from which `.env.example` and the
README are checked.
"""

from __future__ import annotations

import difflib
import os
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from dotenv.parser import parse_stream

from leakcheck.errors import BadInput
from leakcheck.model import Level

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dotenv.parser import Binding

__all__ = [
    "GITHUB_KEYS",
    "KEYS",
    "GitHub",
    "Key",
    "Settings",
    "load_environment",
    "parse_level",
]

_LARGEST_DOTENV_BYTES = 1 << 20
_OWN_PREFIX = "LEAKCHECK_"
_MAX_BLOCKS = 64_000_000
"""The agent's table and the check then take some 4 GB together."""


class Key(NamedTuple):
    """One environment key: its name, its default as text ("" is unset) and what it means."""

    name: str
    default: str
    meaning: str


KEYS = (
    Key("HEAPCHECK", "normal", "Level of the check: normal, strict or draconian."),
    Key("HEAPPROFILE", "", "Prefix of heap profile files; /tmp/<module>_heap when unset."),
    Key(
        "TCMALLOC_VERBOSE",
        "0",
        "How much tcmalloc says on standard error; from 1 on also the run's evidence.",
    ),
    Key("MALLOCSTATS", "0", "1 prints tcmalloc's statistics when the program ends, 2 prints more."),
    Key("LD_PRELOAD", "", "Libraries of your own to preload, after the agent and tcmalloc."),
    Key("LEAKCHECK_PROJECT", "", "Folder of the Go module; this one, else the bundled example."),
    Key("LEAKCHECK_PACKAGE", ".", "Go package pattern in it; ./... runs each cgo package."),
    Key("LEAKCHECK_TCMALLOC", "", "Path of the tcmalloc library; searched for when unset."),
    Key("LEAKCHECK_GO", "", "The go command, a path or a name; found on PATH when unset."),
    Key("LEAKCHECK_GO_FLAGS", "", "Build flags for go test -c, quoted as in a shell: -tags 'a b'."),
    Key("LEAKCHECK_CACHE_DIR", "~/.cache/leakcheck", "Folder for the built agent and symbols."),
    Key("LEAKCHECK_MAX_BLOCKS", "64000000", "Blocks in use at one time, at most; 0 is no limit."),
)
"""Every key leakcheck reads, in the order of `.env.example`."""

GITHUB_KEYS = ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "GITHUB_WORKSPACE")
"""What GitHub sets for each step of a workflow; nobody writes these into `.env`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GitHub:
    """The step of a workflow that leakcheck runs in: its summary, and the folder of the clone."""

    summary: Path | None = None
    workspace: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The environment as values. Paths have `~` expanded and need not exist."""

    project: Path | None = None
    package: str = "."
    level: Level = Level.NORMAL
    heapprofile: str | None = None
    tcmalloc_verbose: int = 0
    mallocstats: int = 0
    ld_preload: str = ""
    tcmalloc: Path | None = None
    go: str | None = None
    go_flags: tuple[str, ...] = ()
    cache_dir: Path
    max_blocks: int = _MAX_BLOCKS
    github: GitHub | None = None

    @classmethod
    def from_mapping(cls, env: Mapping[str, str]) -> Settings:
        """Read the settings in `env`; a key that is missing or empty has its default.

        Raises BadInput, naming the key, for a value that cannot be used.
        """
        return cls(
            project=_path(env, "LEAKCHECK_PROJECT"),
            package=env.get("LEAKCHECK_PACKAGE") or ".",
            level=parse_level(env.get("HEAPCHECK") or "normal", source="HEAPCHECK"),
            heapprofile=_expanded(env, "HEAPPROFILE"),
            tcmalloc_verbose=_count(env, "TCMALLOC_VERBOSE"),
            mallocstats=_count(env, "MALLOCSTATS"),
            ld_preload=env.get("LD_PRELOAD", ""),
            tcmalloc=_path(env, "LEAKCHECK_TCMALLOC"),
            go=_expanded(env, "LEAKCHECK_GO"),
            go_flags=_words(env, "LEAKCHECK_GO_FLAGS"),
            cache_dir=_path(env, "LEAKCHECK_CACHE_DIR") or _default_cache_dir(env),
            max_blocks=_count(env, "LEAKCHECK_MAX_BLOCKS", default=_MAX_BLOCKS),
            github=_github(env),
        )


def load_environment(start: Path) -> dict[str, str]:
    """Lay the real environment over the keys of `start/.env`, where there is one.

    Values are taken as written, without `$NAME` interpolation. Raises BadInput, naming file
    and line, when `.env` cannot be read or parsed, or holds a LEAKCHECK_ key that does not
    exist.
    """
    return {**_read_dotenv(start / ".env"), **os.environ}


def parse_level(text: str, *, source: str) -> Level:
    """Find the level called `text`; `source` names the option or key for the error message."""
    names = [level.value for level in Level]
    if text.strip().lower() in names:
        return Level(text.strip().lower())
    raise BadInput(
        f"{source}={text} is not a level",
        why="leakcheck knows normal, strict and draconian; "
        "gperftools' minimal, as-is and local say nothing about a Go program",
        hint=f"{source}=normal",
    )


def _read_dotenv(path: Path) -> dict[str, str]:
    try:
        with path.open(encoding="utf-8") as stream:
            _refuse_large(path)
            bindings = list(parse_stream(stream))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{path} cannot be read", why=str(error)) from error
    values: dict[str, str] = {}
    for binding in bindings:
        line = f"{path}:{_line_number(binding)}"
        text = binding.original.string.strip()
        if binding.error or "\0" in text:
            raise BadInput(f"{line} is not KEY=value", why=text, hint=f"edit {path}")
        if binding.key is not None:
            _check_name(binding.key, line)
            _check_value(binding.key, binding.value, line)
            values[binding.key] = binding.value or ""
    return values


def _refuse_large(path: Path) -> None:
    """Refuse what cannot be a list of keys, before it is read as one."""
    if path.stat().st_size > _LARGEST_DOTENV_BYTES:
        raise BadInput(
            f"{path} is too large", why=f"it has more than {_LARGEST_DOTENV_BYTES:,} bytes"
        )


def _line_number(binding: Binding) -> int:
    """Count past the blank lines, which the parser takes into the statement."""
    text = binding.original.string
    blank = text[: len(text) - len(text.lstrip())]
    return binding.original.line + blank.count("\n")


def _check_name(name: str, line: str) -> None:
    """Refuse a mistyped key of ours, which would be ignored without a word."""
    names = [key.name for key in KEYS]
    if not name.startswith(_OWN_PREFIX) or name in names:
        return
    near = difflib.get_close_matches(name, names, n=1)
    raise BadInput(
        f"{line}: there is no key {name}",
        why=f"did you mean {near[0]}?" if near else "the keys are " + ", ".join(names),
    )


def _check_value(name: str, value: str | None, line: str) -> None:
    if value is None:
        raise BadInput(f"{line}: {name} has no value", hint=f"{name}=")


def _with_home(value: str, env: Mapping[str, str]) -> str:
    """Expand a leading `~`, by $HOME first as shells do."""
    home = env.get("HOME")
    if home and (value == "~" or value.startswith("~/")):
        return home + value[1:]
    return os.path.expanduser(value)  # noqa: PTH111 - a Path would normalise a prefix


def _expanded(env: Mapping[str, str], name: str) -> str | None:
    value = env.get(name)
    return _with_home(value, env) if value else None


def _github(env: Mapping[str, str]) -> GitHub | None:
    if env.get("GITHUB_ACTIONS") != "true":
        return None
    summary, workspace = (env.get(key) for key in GITHUB_KEYS[1:])
    return GitHub(
        summary=Path(summary) if summary else None,
        workspace=Path(workspace) if workspace else None,
    )


def _path(env: Mapping[str, str], name: str) -> Path | None:
    value = _expanded(env, name)
    return Path(value) if value else None


def _count(env: Mapping[str, str], name: str, *, default: int = 0) -> int:
    value = (env.get(name) or str(default)).strip()
    if not (value.isascii() and value.isdecimal()):
        raise BadInput(f"{name}={value} is not a number", hint=f"{name}=1")
    return int(value)


def _words(env: Mapping[str, str], name: str) -> tuple[str, ...]:
    value = env.get(name, "")
    try:
        return tuple(shlex.split(value))
    except ValueError as error:
        raise BadInput(
            f"{name}={value} cannot be split into words",
            why=str(error),
            hint=f"{name}=\"-tags 'one two'\"",
        ) from error


def _default_cache_dir(env: Mapping[str, str]) -> Path:
    """Build `$XDG_CACHE_HOME/leakcheck`, ignoring a relative one as the XDG specification says."""
    base = env.get("XDG_CACHE_HOME", "")
    if not base.startswith("/"):
        base = _with_home("~/.cache", env)
    return Path(base) / "leakcheck"
