"""A stack as a person reads it: cgo's and the runtimes' frames folded, paths shortened."""

from __future__ import annotations

import itertools
import operator
import re
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import TYPE_CHECKING

from leakcheck.symbolise import cgo_call, is_glue, is_runtime, split_creator

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from leakcheck.model import Frame

__all__ = [
    "Places",
    "StackLine",
    "deciding_frame",
    "frame_line",
    "frame_place",
    "is_folded",
    "plain_stack",
    "short_function",
    "stack_lines",
]

PLAIN_WIDTH = 40

CLOSURE = re.compile(r"\.func[0-9]+$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Folders that paths are shown relative to: the project, and the user's home as `~`.

    `repository` is the folder that services (GitHub, code scanning) count paths from.
    """

    project: PurePath | None = None
    home: PurePath | None = None
    repository: PurePath | None = None

    def shorten(self, file: str) -> str:
        """Write a path relative to the project when it lies inside, else from `~`, else as is."""
        path = PurePath(file)
        if self.project and path.is_relative_to(self.project):
            return str(path.relative_to(self.project))
        if self.home and path.is_relative_to(self.home):
            return str("~" / path.relative_to(self.home))
        return file

    def in_repository(self, file: str) -> str | None:
        """Write a path relative to the repository; None when it lies elsewhere."""
        path = PurePath(file)
        if not self.repository or ".." in path.parts or not path.is_relative_to(self.repository):
            return None
        return path.relative_to(self.repository).as_posix()


@dataclass(frozen=True, slots=True, kw_only=True)
class StackLine:
    """One line of a stack; `place` is `file:line` or a module, `note` says what is folded.

    `frame` is the one it shows, None where several are folded.
    """

    function: str
    place: str = ""
    language: str = ""
    note: str = ""
    frame: Frame | None = field(default=None, compare=False, repr=False)


def stack_lines(
    stack: Sequence[Frame], places: Places, *, all_frames: bool = False
) -> tuple[StackLine, ...]:
    """Lay out a stack, leaf first; never empty."""
    if not stack:
        return (StackLine(function="?", note="no frames were recorded"),)
    own, creator = split_creator(stack)
    started = tuple(
        replace(frame_line(frame, places), note="started the goroutine") for frame in creator
    )
    folded = folded_frames(own)
    if all_frames or all(folded):
        return (*(frame_line(frame, places) for frame in own), *started)
    return (*folded_lines(without_start(own, folded), places), *started)


def deciding_frame(stack: Sequence[Frame], project: PurePath | None) -> Frame | None:
    """Choose the frame that tells most: the first in the project, else the first with a line.

    Frames that are folded tell nothing; None when no other has a line.
    """
    own, _ = split_creator(stack)
    told = [
        frame
        for frame, folded in zip(own, folded_frames(own), strict=True)
        if frame.file and frame.line and not folded
    ]
    in_project = (
        frame
        for frame in told
        if project and frame.file and PurePath(frame.file).is_relative_to(project)
    )
    return next(in_project, told[0] if told else None)


def is_folded(frame: Frame) -> bool:
    """Tell whether a frame is none of the user's business."""
    return is_glue(frame) or is_runtime(frame)


def folded_frames(stack: Sequence[Frame]) -> list[bool]:
    """Tell for every frame of a stack whether it is folded."""
    folded = list(map(is_folded, stack))
    for index, (below, frame, caller) in enumerate(zip(stack, stack[1:], stack[2:], strict=False)):
        folded[index + 1] |= is_glue(below) and is_argument_check(frame, caller)
    return folded


def is_argument_check(frame: Frame, caller: Frame) -> bool:
    """Recognise the closure that cgo writes around a call with pointers among its arguments."""
    is_closure = CLOSURE.sub("", frame.function) == caller.function != frame.function
    return is_closure and (frame.file, frame.line) == (caller.file, caller.line)


def without_start(stack: Sequence[Frame], folded: Sequence[bool]) -> list[tuple[Frame, bool]]:
    """Drop the frames that only start the program, the thread or the test."""
    end = len(stack) - list(reversed(folded)).index(False)
    return list(zip(stack[:end], folded, strict=False))


def folded_lines(stack: Sequence[tuple[Frame, bool]], places: Places) -> Iterator[StackLine]:
    """Write the user's frames one a line, and each run of other frames as one line."""
    below = ""
    for folded, group in itertools.groupby(stack, key=operator.itemgetter(1)):
        frames = tuple(frame for frame, _ in group)
        if folded:
            yield fold_line(frames, below)
        else:
            yield from (frame_line(frame, places) for frame in frames)
            below = frames[-1].function


def fold_line(frames: tuple[Frame, ...], below: str) -> StackLine:
    """Write frames as one line, under the name of the cgo call that `below` does not tell yet."""
    kinds = {"runtime" if is_runtime(frame) else "cgo" for frame in frames}
    count = f"{len(frames)} {'/'.join(sorted(kinds))} frame{'s' if len(frames) > 1 else ''}"
    call = next(filter(None, map(cgo_call, reversed(frames))), None)
    if call is None or call == f"C.{below}":
        return StackLine(function="…", note=count)
    return StackLine(function=call, note=count)


def frame_line(frame: Frame, places: Places) -> StackLine:
    """Write one frame; without a file the module says where it is."""
    place = places.shorten(frame.file) if frame.file else frame.module
    return StackLine(
        function=short_function(frame.function),
        place=f"{place}:{frame.line}" if frame.file and frame.line else place,
        language=frame.language or "",
        frame=frame,
    )


def frame_place(frame: Frame, places: Places) -> str:
    """Write one frame as `probe_open  c/probe.c:41`."""
    line = frame_line(frame, places)
    return f"{line.function}  {line.place}"


def plain_stack(stack: Sequence[Frame], places: Places) -> tuple[str, ...]:
    """Write a stack as plain lines in columns: `  at probe_open  c/probe.c:41  c`."""
    lines = stack_lines(stack, places)
    width = min(max(len(line.function) for line in lines), PLAIN_WIDTH)
    rows = (
        ("at" if index == 0 else "  ", line.function.ljust(width), line.place or line.note)
        for index, line in enumerate(lines)
    )
    return tuple(f"  {mark} {function}  {place}" for mark, function, place in rows)


def short_function(function: str) -> str:
    """Drop the folders of a Go import path: `probe.Open` of `example.com/m/probe.Open`."""
    head, bracket, arguments = function.partition("[")
    return head.rpartition("/")[2] + bracket + arguments
