"""The tests of a Go test binary one by one, from what it prints with `-test.v=test2json`.

With that flag package testing puts ^V before each line of its own, so that no output of the
tests themselves is taken for one. From Go 1.27 on it also puts ^O and ^N around errors, and ^[
before such bytes where a test logs them. `MarkedOutput` takes the marks out again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from leakcheck.model import Case, Outcome
from leakcheck.supervision.keptoutput import KeptOutput

__all__ = ["MarkedOutput", "without_marks"]

KEPT_BYTES = 16 * 1024
FRAME, ESCAPE = b"\x16", b"\x1b"

MARK = re.compile(rb"[\x16\x0e\x0f\x1b]")
MARKS_IN_TEXT = re.compile("\x1b([\x16\x0e\x0f\x1b])|[\x16\x0e\x0f]")
LINE_HEADS = (b"=== ", b"--- ", b"PASS", b"FAIL")
NAME = b"=== NAME "
HEAD_BYTES = len(LINE_HEADS[0])

UPDATE = re.compile(r"=== (RUN|PAUSE|CONT|NAME) +(\S*)\n?")
RESULT = re.compile(r"--- (PASS|FAIL|SKIP): (.+) \(([0-9.]+)s\)\n?")
VERDICT = re.compile(r"(?:PASS|FAIL)\b.*\n?")
OUTCOMES = {"PASS": Outcome.PASSED, "FAIL": Outcome.FAILED, "SKIP": Outcome.SKIPPED}


def without_marks(text: str) -> str:
    """Take the marks out of text that is whole."""
    return MARKS_IN_TEXT.sub(lambda match: match[1] or "", text)


@dataclass(slots=True)
class _Test:
    """What is known of a test so far; with `-test.count` it runs more than once."""

    started: int = 0
    ended: list[Outcome] = field(default_factory=list)
    duration_s: float = 0.0
    output: KeptOutput = field(default_factory=lambda: KeptOutput(KEPT_BYTES))

    def outcome(self) -> Outcome:
        """The worst of its runs; SKIPPED only when all were."""
        if self.started > len(self.ended):
            return Outcome.UNFINISHED
        order = (Outcome.FAILED, Outcome.PASSED, Outcome.SKIPPED)
        return min(self.ended, key=order.index)


class MarkedOutput:
    """Reads the output of a test binary as it comes."""

    def __init__(self) -> None:
        self._tests: dict[str, _Test] = {}
        self._current = ""
        self._pending = b""
        self._name_line = b""

    def feed(self, data: bytes) -> bytes:
        """Take the next piece of output; gives what of it is to be shown."""
        self._pending += data
        return self._read(is_last=False)

    def finish(self) -> bytes:
        """Say that no more comes; gives what was held back."""
        return self._read(is_last=True)

    def cases(self) -> tuple[Case, ...]:
        """Give all tests in the order they started."""
        return tuple(
            Case(
                name=name,
                outcome=test.outcome(),
                duration_s=test.duration_s,
                output=test.output.text(),
            )
            for name, test in self._tests.items()
        )

    def _read(self, *, is_last: bool) -> bytes:
        """Read all that is whole, and keep the rest for the next time."""
        data, at = self._pending, 0
        shown = []
        while at < len(data):
            found = MARK.search(data, at)
            mark = found.start() if found else len(data)
            shown.append(self._said(data[at:mark]))
            at = _end_of_mark(data, mark, is_last=is_last)
            if at == mark:
                break
            shown.append(self._marked(data[mark:at]))
        self._pending = data[at:]
        return b"".join(shown)

    def _marked(self, piece: bytes) -> bytes:
        """Read a mark and what belongs to it."""
        if piece[:1] == FRAME and len(piece) > 1:
            self._note(piece[1:].decode(errors="replace"))
            self._name_line = piece[1:] if piece[1:].startswith(NAME) else b""
            return b"" if self._name_line else piece[1:]
        if piece[:1] == ESCAPE:
            return self._said(piece[1:] or piece)
        return b""

    def _said(self, text: bytes) -> bytes:
        """Keep for the test that runs what it printed; a line before it names that test.

        With the marks package testing names the test after each line of its own, too.
        """
        if not text:
            return b""
        test = self._tests.get(self._current)
        if test:
            test.output.add(text)
        text, self._name_line = (self._name_line if test else b"") + text, b""
        return text

    def _note(self, line: str) -> None:
        """Read a line of package testing."""
        if update := UPDATE.fullmatch(line):
            self._current = update[2]
            if update[1] == "RUN":
                self._tests.setdefault(update[2], _Test()).started += 1
        elif result := RESULT.fullmatch(line):
            self._current = result[2]
            self._end(self._tests.setdefault(result[2], _Test(started=1)), result)
        elif VERDICT.fullmatch(line):
            self._current = ""

    def _end(self, test: _Test, result: re.Match[str]) -> None:
        outcome = OUTCOMES[result[1]]
        test.ended.append(outcome)
        test.duration_s += float(result[3])
        if outcome is Outcome.PASSED and test.outcome() is Outcome.PASSED:
            test.output = KeptOutput(KEPT_BYTES)


def _end_of_mark(data: bytes, at: int, *, is_last: bool) -> int:
    """Find where the mark at `at`, and what belongs to it, ends; `at` itself when more must come.

    A ^V that begins no line of package testing, and an ^[ before anything else, are the test's.
    """
    after = at + 1
    if data[at:after] == ESCAPE:
        if after == len(data) and not is_last:
            return at
        return after + (MARK.match(data, after) is not None)
    head = data[after : after + HEAD_BYTES]
    if data[at:after] != FRAME or (head not in LINE_HEADS and (is_last or len(head) == HEAD_BYTES)):
        return after
    end = data.find(b"\n", after) + 1
    if end:
        return end
    return len(data) if is_last else at
