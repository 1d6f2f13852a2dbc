"""What the agent leaves in the run directory (docs/agent.md), read as one value."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from leakcheck.errors import MalformedReport
from leakcheck.heapprofile import HeapProfile, parse_heap_profile
from leakcheck.lastwords import LastWords, parse_last_words
from leakcheck.model import Evidence, LeakKind
from leakcheck.reportlines import malformed, report_lines

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = [
    "AgentReport",
    "NoReport",
    "Owner",
    "RowTest",
    "Silence",
    "agent_outcome",
    "parse_evidence",
    "parse_owners",
    "parse_tests",
    "read_agent_outcome",
    "read_in_use",
    "read_text",
    "silence_of",
    "why_lost",
]

EVIDENCE_LINE = re.compile(r"([a-z][a-z0-9_]*)(?: (.*))?")
OWNERS_LINE = re.compile(r"([0-9]{1,20}) ([0-9]{1,20}) ([0-9]{1,20}) ([0-9]{1,20})")
TESTS_LINE = re.compile(r"(direct|indirect|inuse) ([0-9]{1,20}) (.+)")
ROW_KINDS = {"direct": LeakKind.DIRECT, "indirect": LeakKind.INDIRECT, "inuse": None}
WHOLE_REPORT = ("direct.heap", "indirect.heap", "owners", "tests")
REPORT_FILES = ("evidence", "failure", "words", *WHOLE_REPORT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Row `direct` of `direct.heap` holds this much of row `indirect` of `indirect.heap`."""

    indirect: int
    direct: int
    objects: int
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RowTest:
    """Row `row` (from 0) of the file of `kind` was allocated by `test`, `TestX` or `TestX/sub`.

    `kind` is None for `inuse.heap`.
    """

    kind: LeakKind | None
    row: int
    test: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentReport:
    """A whole report: every file is there and readable; whether it adds up, the judge says."""

    evidence: Evidence
    direct: HeapProfile
    indirect: HeapProfile
    owners: tuple[Owner, ...] = ()
    tests: tuple[RowTest, ...] = ()


class Silence(enum.Enum):
    """Why there is no report."""

    MISSING = "missing"
    """The program ended without the agent's knowing, or the agent never ran."""
    FAILURE = "failure"
    """The agent said itself why it cannot check."""
    MALFORMED = "malformed"
    """A file is cut or unreadable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoReport:
    """No report; `reason` is the agent's or the parser's own words, "" when it is missing."""

    silence: Silence
    reason: str = ""
    words: LastWords = field(default_factory=LastWords)


def parse_evidence(text: str, source: str = "evidence") -> Evidence:
    """Read `key value` lines up to `end`. Raises `MalformedReport`, so a cut file never passes."""
    fields: dict[str, str] = {}
    number = 0
    lines = report_lines(text, source=source)
    for number, line in enumerate(lines, 1):
        match = EVIDENCE_LINE.fullmatch(line)
        if match is None or match[1] in fields:
            raise malformed(source, number, line, "not a new 'key value' line")
        if line == "end" and number == len(lines):
            return Evidence(fields=tuple(fields.items()))
        fields[match[1]] = match[2] or ""
    raise malformed(source, number + 1, None, "no 'end' line, the evidence is cut")


def parse_owners(text: str, source: str = "owners") -> tuple[Owner, ...]:
    """Read lines `indirect_row direct_row objects bytes`. Raises `MalformedReport`."""
    owners = []
    for number, line in enumerate(report_lines(text, source=source), 1):
        match = OWNERS_LINE.fullmatch(line)
        if match is None:
            raise malformed(source, number, line, "not four numbers")
        indirect, direct, objects, size = map(int, match.groups())
        owners.append(Owner(indirect=indirect, direct=direct, objects=objects, bytes=size))
    return tuple(owners)


def parse_tests(text: str, source: str = "tests") -> tuple[RowTest, ...]:
    """Read lines `direct 3 TestProbe/short`: file, row, test. Raises `MalformedReport`."""
    tests = []
    for number, line in enumerate(report_lines(text, source=source), 1):
        match = TESTS_LINE.fullmatch(line)
        if match is None:
            raise malformed(source, number, line, "not 'direct|indirect|inuse ROW TEST'")
        tests.append(RowTest(kind=ROW_KINDS[match[1]], row=int(match[2]), test=match[3]))
    return tuple(tests)


def agent_outcome(files: Mapping[str, str]) -> AgentReport | NoReport:
    """Read the files of a run directory, name → text; never raises."""
    silence = silence_of(files)
    if silence is not None:
        return silence
    words = parse_last_words(files.get("words", ""))
    missing = [name for name in WHOLE_REPORT if name not in files]
    if missing:
        return NoReport(silence=Silence.MALFORMED, reason=f"{missing[0]} is missing", words=words)
    try:
        return parse_report(files)
    except MalformedReport as error:
        return NoReport(silence=Silence.MALFORMED, reason=str(error), words=words)


def silence_of(files: Mapping[str, str]) -> NoReport | None:
    """Say what the agent says where it made no report, in `failure` or with its last words."""
    words = parse_last_words(files.get("words", ""))
    if "failure" in files or words.failure:
        reason = words.failure or " ".join(files["failure"].split())
        return NoReport(silence=Silence.FAILURE, reason=reason, words=words)
    if "evidence" not in files:
        return NoReport(silence=Silence.MISSING, words=words)
    return None


def parse_report(files: Mapping[str, str]) -> AgentReport:
    """Read all files of a whole report. Raises `MalformedReport`."""
    return AgentReport(
        evidence=parse_evidence(files["evidence"]),
        direct=parse_heap_profile(files["direct.heap"], source="direct.heap"),
        indirect=parse_heap_profile(files["indirect.heap"], source="indirect.heap"),
        owners=parse_owners(files["owners"]),
        tests=parse_tests(files["tests"]),
    )


def read_in_use(run_directory: Path) -> HeapProfile:
    """Read `inuse.heap` beside a whole report. Raises `MalformedReport`."""
    return parse_heap_profile(read_text(run_directory / "inuse.heap"), source="inuse.heap")


def read_agent_outcome(run_directory: Path) -> AgentReport | NoReport:
    """Read a run directory; bytes that are not UTF-8 (in paths) are kept as surrogates."""
    paths = {name: run_directory / name for name in REPORT_FILES}
    return agent_outcome({name: read_text(path) for name, path in paths.items() if path.is_file()})


def read_text(path: Path) -> str:
    """Read a file; its bytes that are not UTF-8 become surrogates."""
    return path.read_bytes().decode(errors="surrogateescape")


def why_lost(evidence: Evidence) -> str:
    """Say what kept the agent from recording blocks: the user's own limit, or memory."""
    if evidence.number("over_limit"):
        return (
            f"more than {evidence.number('max_blocks'):,} blocks were in use at one time, the limit"
            f" (LEAKCHECK_MAX_BLOCKS; 0 is no limit); {evidence.text('lost')} were not recorded"
        )
    return f"the agent could not record {evidence.text('lost')} blocks"
