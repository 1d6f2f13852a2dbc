"""Who takes part on this machine: every contender, built, or the reason why it is absent.

A further contender is one more function in `LINE_UP`, in the order of the table.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from leakcheck.build.gotest import test_build_command
from leakcheck.errors import LeakcheckError
from leakcheck.model import Level
from leakcheck.observation import set_up
from leakcheck.process import Command, run
from leakcheck.toolchain.discovery import find_cc, find_go, list_tcmallocs
from tests.accuracy.answer import Language
from tests.accuracy.contenders import Anchor, Leakcheck
from tests.accuracy.toolreports import parse_heapcheck, parse_sanitizer, parse_valgrind
from tests.corpus.workshop import (
    C_SOURCES,
    GO_PROJECT,
    CPrograms,
    GoTests,
    Silence,
    c_build_command,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from leakcheck.settings import Settings
    from tests.accuracy.contenders import Contender

__all__ = ["LINE_UP", "Entry", "Workshop", "enter", "is_runtime_found", "with_flag"]

_BUILD_TIMEOUT_S = 300.0
_ASAN_SINCE = (1, 25)  # the first go whose -asan looks for leaks


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A line of the table; without a contender, `absence` says what is missing.

    One that `is_slow` is asked less often; `is_own` is leakcheck, which must be right.
    """

    name: str
    language: Language
    contender: Contender | None = None
    absence: str = ""
    is_slow: bool = False
    is_own: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """Where the programs of all contenders are built; plain ones once for all."""

    settings: Settings
    folder: Path

    def place(self, name: str) -> Path:
        """Make a folder of its own."""
        path = self.folder / name
        path.mkdir()
        return path

    def go_tests(self, name: str, *flags: str) -> Path:
        """Compile the Go tests as `go test -c` does; the same name compiles once."""
        path = self.folder / name
        if not path.exists():
            go = find_go(self.settings).path
            command = test_build_command(
                go, "./...", self.place(name), project=GO_PROJECT, flags=flags
            )
            _built(command)
        return path

    def c_programs(self, name: str, *flags: str) -> Path:
        """Compile the C and C++ programs; the same name compiles once."""
        path = self.folder / name
        if not path.exists():
            self.place(name)
            for source in sorted((*C_SOURCES.glob("*.c"), *C_SOURCES.glob("*.cc"))):
                _built(with_flag(c_build_command(source, path), *flags))
        return path

    def plain(self, language: Language) -> Path:
        """Programs as anybody builds them."""
        if language is Language.GO:
            return self.go_tests("plain-go")
        return self.c_programs("plain-c")


class Absent(Exception):  # noqa: N818 - a line of the table, no error of the user's
    """A contender cannot take part here."""


def _built(command: Command) -> None:
    completed = run(command, timeout_s=_BUILD_TIMEOUT_S)
    if completed.returncode != 0:
        said = completed.stderr.strip() or completed.stdout.strip()
        raise Absent(f"`{command.argv[0]}` failed: {said[-300:]}")


def with_flag(command: Command, *flags: str) -> Command:
    """Put flags right after the compiler's name."""
    return Command((command.argv[0], *flags, *command.argv[1:]), env=command.env, cwd=command.cwd)


def is_runtime_found(answer: str) -> bool:
    """Read `cc -print-file-name=liblsan.so`: a bare name again where there is no such file."""
    return Path(answer.strip()).is_absolute()


def _leakcheck(level: Level, language: Language) -> Callable[[Workshop], Contender]:
    def prepare(workshop: Workshop) -> Contender:
        set_up(level, workshop.settings, Silence())  # the agent's build is not a case's time
        corpus = GoTests if language is Language.GO else CPrograms
        place = workshop.place(f"leakcheck-{level.value}-{language.value}")
        checker = corpus.build(workshop.settings, place)
        return Leakcheck(language=language, level=level, checker=checker)

    return prepare


def _heapcheck(level: str, language: Language) -> Callable[[Workshop], Contender]:
    def prepare(workshop: Workshop) -> Contender:
        library = next((one for one in list_tcmallocs() if one.has_checker), None)
        if library is None:
            raise Absent("no tcmalloc with a heap checker")
        return Anchor(
            language=language,
            folder=workshop.plain(language),
            sources=GO_PROJECT,
            read=parse_heapcheck,
            environment=(
                ("LD_PRELOAD", str(library.path)),
                ("HEAPCHECK", level),
                ("HEAP_CHECK_DUMP_DIRECTORY", str(workshop.folder)),
            ),
        )

    return prepare


def _task(level: Level) -> str:
    return f"leakcheck --level {level.value}"


def _recipe(level: str) -> str:
    return f"LD_PRELOAD=libtcmalloc.so.4 HEAPCHECK={level}"


def _go_asan(workshop: Workshop) -> Contender:
    go = find_go(workshop.settings)
    if go.version < _ASAN_SINCE:
        raise Absent(f"go {go.version_text} does not look for leaks")
    _need_runtime("libasan.so")
    return Anchor(
        language=Language.GO,
        folder=workshop.go_tests("asan-go", "-asan"),
        sources=GO_PROJECT,
        read=parse_sanitizer,
    )


def _leak_sanitizer(workshop: Workshop) -> Contender:
    _need_runtime("liblsan.so")
    return Anchor(
        language=Language.C,
        folder=workshop.c_programs("lsan-c", "-fsanitize=leak"),
        sources=GO_PROJECT,
        read=parse_sanitizer,
    )


def _need_runtime(name: str) -> None:
    cc = find_cc()
    asked = run(Command((str(cc.path), f"-print-file-name={name}")), timeout_s=_BUILD_TIMEOUT_S)
    if not is_runtime_found(asked.stdout):
        raise Absent(f"{cc.path} has no {name}")


def _valgrind(language: Language) -> Callable[[Workshop], Contender]:
    def prepare(workshop: Workshop) -> Contender:
        path = shutil.which("valgrind")
        if path is None:
            raise Absent("no valgrind on PATH")
        return Anchor(
            language=language,
            folder=workshop.plain(language),
            sources=GO_PROJECT,
            read=parse_valgrind,
            prefix=(path, "--leak-check=full"),
        )

    return prepare


VALGRIND = "valgrind --leak-check=full"


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the line-up: `prepare` builds what the contender needs, or raises Absent."""

    name: str
    language: Language
    prepare: Callable[[Workshop], Contender]
    is_slow: bool = False
    is_own: bool = False


LINE_UP = (
    *(
        Place(_task(level), language, _leakcheck(level, language), is_own=True)
        for language in Language
        for level in (Level.NORMAL, Level.STRICT)
    ),
    Place("go test -asan", Language.GO, _go_asan, is_slow=True),
    Place("cc -fsanitize=leak", Language.C, _leak_sanitizer),
    *(Place(VALGRIND, language, _valgrind(language), is_slow=True) for language in Language),
    *(
        Place(_recipe(level), language, _heapcheck(level, language))
        for language in Language
        for level in ("normal", "strict")
    ),
)
"""Everybody there is, in the order of the table."""


def enter(places: Sequence[Place], workshop: Workshop) -> tuple[Entry, ...]:
    """Build what all of them need; who cannot take part says why."""
    return tuple(_entry(place, workshop) for place in places)


def _entry(place: Place, workshop: Workshop) -> Entry:
    contender, absence = None, ""
    try:
        contender = place.prepare(workshop)
    except (Absent, LeakcheckError) as reason:
        if place.is_own:
            raise
        absence = str(reason)
    return Entry(
        name=place.name,
        language=place.language,
        contender=contender,
        absence=absence,
        is_slow=place.is_slow,
        is_own=place.is_own,
    )
