"""Who is measured on this machine: every contender, or the reason why it is absent."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from leakcheck.build.agent import build_agent
from leakcheck.engines.agent import Preloads
from leakcheck.errors import LeakcheckError
from leakcheck.model import EngineName, Level
from leakcheck.observation import find_library
from leakcheck.process import Command, run
from leakcheck.toolchain.discovery import find_cc, find_go, find_tcmalloc
from tests.accuracy.lineup import is_runtime_found
from tests.accuracy.toolreports import parse_sanitizer, parse_valgrind
from tests.bench.contenders import Leakcheck, Tool
from tests.bench.suites import Absent, Build
from tests.bench.workbench import Around

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from leakcheck.settings import Settings
    from tests.bench.contenders import Contender
    from tests.bench.workbench import Workbench

__all__ = ["LINE_UP", "Entry", "Place", "enter"]

_ASAN_SINCE = (1, 25)  # the first go whose -asan looks for leaks
_TIMEOUT_S = 60.0
_THROUGH_LIBC = ("BENCH_LEAVE", "libc")
"""These look when exit handlers run, which Go's own way out passes by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A row of the tables; without a contender, `absence` says what is missing."""

    name: str
    contender: Contender | None = None
    absence: str = ""
    is_slow: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the line-up: `prepare` finds what the contender needs, or raises Absent."""

    name: str
    prepare: Callable[[Workbench, Settings], Contender]
    is_slow: bool = False


def enter(places: Sequence[Place], bench: Workbench, settings: Settings) -> tuple[Entry, ...]:
    """Find what all of them need; who cannot take part says why."""
    return tuple(_entry(place, bench, settings) for place in places)


def _entry(place: Place, bench: Workbench, settings: Settings) -> Entry:
    contender, absence = None, ""
    try:
        contender = place.prepare(bench, settings)
    except (Absent, LeakcheckError) as reason:
        absence = str(reason)
    return Entry(name=place.name, contender=contender, absence=absence, is_slow=place.is_slow)


def _glibc(bench: Workbench, _settings: Settings) -> Contender:
    return Tool(bench=bench)


def _tcmalloc(bench: Workbench, settings: Settings) -> Contender:
    return Tool(bench=bench, around=_preloading(find_tcmalloc(settings).path))


def _leakcheck(
    level: Level, engine: EngineName = EngineName.AGENT
) -> Callable[[Workbench, Settings], Contender]:
    def prepare(bench: Workbench, settings: Settings) -> Contender:
        agent = build_agent(find_cc(), settings.cache_dir)
        return Leakcheck(
            bench=bench,
            level=level,
            preloads=Preloads(agent=agent, tcmalloc=find_library(engine, settings).path),
            cache_dir=settings.cache_dir,
            is_exact=engine is EngineName.AGENT and level is not Level.DRACONIAN,
            engine=engine,
        )

    return prepare


def _leak_sanitizer(bench: Workbench, _settings: Settings) -> Contender:
    library = _runtime("liblsan.so")
    return Tool(bench=bench, around=_preloading(library, _THROUGH_LIBC), read=parse_sanitizer)


def _go_asan(bench: Workbench, settings: Settings) -> Contender:
    go = find_go(settings)
    if go.version < _ASAN_SINCE:
        raise Absent(f"go {go.version_text} does not look for leaks")
    _runtime("libasan.so")
    return Tool(bench=bench, build=Build.ASAN, read=parse_sanitizer)


def _valgrind(bench: Workbench, _settings: Settings) -> Contender:
    path = shutil.which("valgrind")
    if path is None:
        raise Absent("no valgrind on PATH")
    around = Around(prefix=(path, "--leak-check=full"))
    return Tool(bench=bench, around=around, read=parse_valgrind)


def _preloading(library: Path, *more: tuple[str, str]) -> Around:
    return Around(environment=(("LD_PRELOAD", str(library)), *more))


def _runtime(name: str) -> Path:
    cc = find_cc()
    asked = run(Command((str(cc.path), f"-print-file-name={name}")), timeout_s=_TIMEOUT_S)
    if not is_runtime_found(asked.stdout):
        raise Absent(f"{cc.path} has no {name}")
    return Path(asked.stdout.strip())


LINE_UP = (
    Place("glibc", _glibc),
    Place("tcmalloc", _tcmalloc),
    *(Place(f"leakcheck {level.value}", _leakcheck(level)) for level in Level),
    Place("LeakSanitizer", _leak_sanitizer),
    Place("go test -asan", _go_asan),
    Place("valgrind", _valgrind, is_slow=True),
    Place("HEAPCHECK", _leakcheck(Level.NORMAL, EngineName.HEAPCHECK), is_slow=True),
)
"""Everybody there is, in the order of the tables. HEAPCHECK is `--engine heapcheck`: gperftools'
checker, which would report nothing of a Go program by itself."""
