"""`leakcheck demo`: the bundled example, compared with the list of what is planted in it."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from leakcheck.errors import ExitCode, MalformedReport
from leakcheck.example import find_example
from leakcheck.model import Check, LeakKind, Level
from leakcheck.pipeline import Request, check
from leakcheck.progress import TerminalWatcher
from leakcheck.reports.sources import Sources
from leakcheck.reports.stacklines import Places
from leakcheck.reports.terminal import View, print_terminal
from leakcheck.settings import Settings, load_environment
from leakcheck.symbolise import is_glue, is_runtime

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from leakcheck.model import Frame, Leak, Report

__all__ = [
    "Match",
    "Planted",
    "compare",
    "demo_exit_code",
    "parse_planted",
    "render_comparison",
    "run_demo",
]

_PLANTED_NAME = "planted.json"
_NEEDS_EXACT_GO = "exact-go-liveness"


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """One leak put into the example on purpose.

    `function` allocates, in `file`; `go_function` called into C, "" where a thread of C
    allocates. `test` is `TestX`, `TestX/sub`, or None where no test can be told. Without what
    it `needs` of a run, it may stay unseen.
    """

    name: str
    test: str | None
    function: str
    go_function: str
    file: str
    objects: int
    bytes: int
    kind: LeakKind
    needs: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """What was planted under one name, and what was found of it; None for what is extra.

    `is_excused` says that the run lacks what finding it needs.
    """

    planted: Planted | None
    leaks: tuple[Leak, ...] = ()
    is_excused: bool = False

    @property
    def is_right(self) -> bool:
        """Tell whether exactly what was planted was found."""
        if self.planted is None:
            return False
        expected = (self.planted.objects, self.planted.bytes)
        return (self.objects, self.bytes) == expected or (self.is_excused and not self.leaks)

    @property
    def objects(self) -> int:
        """Objects found."""
        return sum(leak.leaked_objects for leak in self.leaks)

    @property
    def bytes(self) -> int:
        """Bytes found."""
        return sum(leak.leaked_bytes for leak in self.leaks)


def parse_planted(text: str) -> tuple[Planted, ...]:
    """Read `{"leaks": [{"name": …, "test": …, "function": …, …}]}`. Raises MalformedReport."""
    try:
        return tuple(_planted(entry) for entry in json.loads(text)["leaks"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise MalformedReport(
            f"{_PLANTED_NAME} cannot be read", why=f"{type(error).__name__}: {error}"
        ) from error


def compare(
    planted: Iterable[Planted], leaks: Iterable[Leak], *, go_is_exact: bool = True
) -> tuple[Match, ...]:
    """Give each leak to the planted one it fits; those that fit none come last, each alone.

    Of several that fit, the one of the same size is taken. `go_is_exact` says that Go's live
    memory was known exactly, not guessed.
    """
    expected = tuple(planted)
    found: dict[str, list[Leak]] = defaultdict(list)
    extra: list[Leak] = []
    for leak in leaks:
        owners = sorted((each for each in expected if _fits(leak, each)), key=_other_size(leak))
        (found[owners[0].name] if owners else extra).append(leak)
    matches = (
        Match(
            planted=each,
            leaks=tuple(found[each.name]),
            is_excused=each.needs == _NEEDS_EXACT_GO and not go_is_exact,
        )
        for each in expected
    )
    return (*matches, *(Match(planted=None, leaks=(leak,)) for leak in extra))


def demo_exit_code(report: Report, matches: Iterable[Match]) -> ExitCode:
    """Decide: OK exactly when all that is planted was found, and nothing else."""
    if report.check is Check.NOT_CHECKED or report.reason:
        return ExitCode.NOT_CHECKED
    return ExitCode.OK if all(match.is_right for match in matches) else ExitCode.FAILED


def render_comparison(matches: Iterable[Match]) -> Text:
    """Lay out planted → found, one row each: objects / bytes, and the lines of C and Go."""
    rows: list[tuple[str, ...]] = [("Planted", "expected", "found", "C", "Go")]
    styles = ["bold"]
    for match in matches:
        rows.append(_row(match))
        styles.append("green" if match.is_right else "bold red")
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)
    return Text("\n").join(map(Text, lines, styles))


def run_demo() -> int:
    """Check the example at level normal, print report and comparison; return the exit code."""
    example = find_example()
    planted = parse_planted((example / _PLANTED_NAME).read_text(encoding="utf-8"))
    settings = Settings.from_mapping(load_environment(Path.cwd()))
    request = Request(project=example, package="./...", level=Level.NORMAL)
    report = check(request, settings, TerminalWatcher(Console(stderr=True)))
    console = Console()
    view = View(max_leaks=0, places=Places(project=example), sources=Sources())
    print_terminal(report, console, view)
    leaks = (leak for run in report.runs for leak in run.leaks)
    matches = compare(planted, leaks, go_is_exact=_is_go_exact(report))
    console.print()
    console.print(render_comparison(matches), soft_wrap=True)
    exit_code = demo_exit_code(report, matches)
    console.print(f"\n{_sentence(matches, exit_code)}", highlight=False, soft_wrap=True)
    return exit_code


def _planted(entry: dict[str, Any]) -> Planted:
    parts = (entry["test"], entry.get("subtest"))
    return Planted(
        name=entry["name"],
        test="/".join(filter(None, parts)) or None,
        function=entry["function"],
        go_function=entry["go_function"],
        file=entry["file"],
        objects=entry["objects"],
        bytes=entry["bytes"],
        kind=LeakKind(entry["kind"]),
        needs=entry.get("needs", ""),
    )


def _fits(leak: Leak, planted: Planted) -> bool:
    """Compare all but the size."""
    functions = {_short(frame) for frame in leak.stack}
    allocates = any(
        _short(frame) == planted.function and PurePath(frame.file or "").name == planted.file
        for frame in leak.stack
    )
    is_called_right = not planted.go_function or planted.go_function in functions
    is_of_kind = leak.kind is planted.kind
    return allocates and is_called_right and is_of_kind and _is_test(leak.test, planted.test)


def _is_test(found: str | None, planted: str | None) -> bool:
    """Compare tests; where subtests cannot be told, the top-level test is right."""
    return found == planted or (
        found is not None and "/" not in found and found == (planted or "").partition("/")[0]
    )


def _other_size(leak: Leak) -> Callable[[Planted], bool]:
    size = (leak.leaked_objects, leak.leaked_bytes)
    return lambda planted: (planted.objects, planted.bytes) != size


def _is_go_exact(report: Report) -> bool:
    return all(run.evidence.text("go_liveness") == "exact" for run in report.runs)


def _short(frame: Frame) -> str:
    """Drop the folders of an import path: `mediaprobe.Probe` of `example.com/mediaprobe.Probe`."""
    return frame.function.rpartition("/")[2] if frame.language == "go" else frame.function


def _row(match: Match) -> tuple[str, ...]:
    planted = match.planted
    expected = _amount(planted.objects, planted.bytes) if planted else "-"
    return (
        planted.name if planted else "(not planted)",
        f"{expected}, if Go's memory is known" if match.is_excused else expected,
        _amount(match.objects, match.bytes),
        _places(match.leaks, is_go=False),
        _places(match.leaks, is_go=True),
    )


def _amount(objects: int, size: int) -> str:
    return f"{objects} / {size:,} B"


def _places(leaks: Iterable[Leak], *, is_go: bool) -> str:
    """Name the innermost line of the user's in C or in Go, of each leak once."""
    places = (
        next((place for frame in leak.stack for place in _place(frame, is_go=is_go)), "-")
        for leak in leaks
    )
    return ", ".join(dict.fromkeys(places)) or "-"


def _place(frame: Frame, *, is_go: bool) -> tuple[str, ...]:
    is_users = frame.file is not None and not is_glue(frame) and not is_runtime(frame)
    if not is_users or (frame.language == "go") is not is_go or ".so" in frame.module:
        return ()
    return (f"{PurePath(frame.file or '').name}:{frame.line}",)


def _sentence(matches: Iterable[Match], exit_code: ExitCode) -> str:
    if exit_code is ExitCode.NOT_CHECKED:
        return "The demo says nothing: the example was not checked."
    counted = tuple(matches)
    planted = [match for match in counted if match.planted]
    right = sum(match.is_right for match in planted)
    text = f"Found {right} of {len(planted)} planted leaks, and "
    extra = len(counted) - len(planted)
    return text + (f"{extra} that nobody planted." if extra else "nothing else.")
