"""What gperftools' own heap checker leaves in the run directory, read as one value.

The agent writes `evidence`, or `failure` and its last words. The checker writes what it says to
`checker.log`

    Leak check _main_ detected leaks of 1417 bytes in 4 objects

and every leaked block to `<program>.<pid>._main_-end.heap`, a row each. Among them is the canary;
and at draconian there are the blocks of tcmalloc's own constructor, and of the agent.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import TYPE_CHECKING

from leakcheck.errors import MalformedReport
from leakcheck.evidence import NoReport, Silence, parse_evidence, silence_of
from leakcheck.heapprofile import HeapProfile, Row, parse_heap_profile
from leakcheck.model import Evidence
from leakcheck.procmaps import find_mapping

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

__all__ = [
    "CHECKER_LOG",
    "PROFILE_PATTERN",
    "CheckerReport",
    "checker_outcome",
    "parse_checker_log",
    "read_checker_outcome",
]

CHECKER_LOG = "checker.log"
PROFILE_PATTERN = "*._main_-end.heap"
SENTENCE = re.compile(
    r"^Leak check _main_ detected leaks of ([0-9]{1,20}) bytes in ([0-9]{1,20}) objects$",
    re.MULTILINE,
)
COMPLAINT = re.compile(
    r"^.*(?:false leak|can't fix this|Could not write|Failed dumping|disappeared).*$",
    re.MULTILINE,
)
LOADER = re.compile(r"ld(?:-linux[^/]*|-[0-9.]+)\.so(?:\.[0-9]+)*")
TCMALLOC = re.compile(r"libtcmalloc[^/]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckerReport:
    """A whole report. Whether it adds up, the judge says.

    `told` are the objects and bytes of the checker's sentence. `profile` is all it found;
    `leaked` is that without the canary and without the blocks of tcmalloc and the agent.
    """

    evidence: Evidence
    told: tuple[int, int]
    profile: HeapProfile
    leaked: tuple[Row, ...]


def parse_checker_log(text: str) -> tuple[int, int] | None:
    """Read objects and bytes of the checker's sentence; None when it found nothing or failed."""
    match = SENTENCE.search(text)
    return (int(match[2]), int(match[1])) if match else None


def checker_outcome(
    files: Mapping[str, str], profiles: Mapping[str, str]
) -> CheckerReport | NoReport:
    """Read the files of a run directory and the profiles in it, name → text; never raises."""
    log = files.get(CHECKER_LOG, "")
    silence = silence_of(files)
    if silence is not None:
        said = last_complaint(log) if silence.silence is Silence.FAILURE else ""
        return replace(silence, reason=": ".join(filter(None, (silence.reason, said))))
    try:
        return parse_checker_report(parse_evidence(files["evidence"]), log, profiles)
    except MalformedReport as error:
        return NoReport(silence=Silence.MALFORMED, reason=str(error))


def parse_checker_report(
    evidence: Evidence, log: str, profiles: Mapping[str, str]
) -> CheckerReport | NoReport:
    """Put the parts together. Raises `MalformedReport`."""
    told = parse_checker_log(log)
    if told is None or not profiles:
        reason = "gperftools' heap checker did not report even the leak that was planted"
        return NoReport(
            silence=Silence.FAILURE, reason=": ".join(filter(None, (reason, last_complaint(log))))
        )
    if len(profiles) > 1:
        return NoReport(silence=Silence.MALFORMED, reason="there are several end profiles")
    ((name, text),) = profiles.items()
    profile = parse_heap_profile(text, source=name)
    return sorted_out(evidence, told, profile, complaints(log))


def sorted_out(
    evidence: Evidence, told: tuple[int, int], profile: HeapProfile, said: Sequence[str]
) -> CheckerReport:
    """Part the rows, and write down in the evidence what each part holds."""
    agent = agent_code(evidence)
    rows = merged(profile.rows)
    canaries = [row for row in rows if is_canary(row, evidence, agent, profile)]
    others = [row for row in rows if row not in canaries]
    own = [row for row in others if is_start_up(row, agent, profile)]
    leaked = [row for row in others if row not in own]
    added = (
        ("canary", "found" if sum(row.objects for row in canaries) == 1 else "missing"),
        ("reported_objects", str(profile.objects)),
        ("reported_bytes", str(profile.bytes)),
        ("own_objects", str(sum(row.objects for row in own))),
        ("own_bytes", str(sum(row.bytes for row in own))),
        ("complaints", "; ".join(said) or "-"),
    )
    return CheckerReport(
        evidence=Evidence(fields=(*evidence.fields, *added)),
        told=told,
        profile=profile,
        leaked=tuple(without_tools(row, agent, profile) for row in leaked),
    )


def merged(rows: Sequence[Row]) -> tuple[Row, ...]:
    """Make one row of each stack; the checker writes one for each block."""
    stacks: dict[tuple[int, ...], list[Row]] = defaultdict(list)
    for row in rows:
        stacks[row.addresses].append(row)
    return tuple(
        Row(
            objects=sum(row.objects for row in same),
            bytes=sum(row.bytes for row in same),
            allocated_objects=sum(row.allocated_objects for row in same),
            allocated_bytes=sum(row.allocated_bytes for row in same),
            addresses=addresses,
        )
        for addresses, same in stacks.items()
    )


def agent_code(evidence: Evidence) -> range:
    """Read `agent_code 0x00007f8a5f400000 0x00007f8a5fb50c20`; empty when it is not that."""
    match = re.fullmatch(r"(0x[0-9a-f]{16}) (0x[0-9a-f]{16})", evidence.text("agent_code"))
    return range(int(match[1], 16), int(match[2], 16)) if match else range(0)


def is_canary(row: Row, evidence: Evidence, agent: range, profile: HeapProfile) -> bool:
    """Tell whether the agent leaked this on purpose: its size, and nobody else on the stack."""
    return (
        row.bytes == row.objects * evidence.number("canary_bytes", default=-1)
        and any(address in agent for address in row.addresses)
        and all(
            address in agent or LOADER.fullmatch(library(address, profile))
            for address in row.addresses
        )
    )


def is_start_up(row: Row, agent: range, profile: HeapProfile) -> bool:
    """Tell whether the constructor of tcmalloc, or of the agent, allocated this.

    The loader called it: its frames come last, and before them is one of those two.
    """
    for address in reversed(row.addresses):
        name = library(address, profile)
        if not LOADER.fullmatch(name):
            is_last = address == row.addresses[-1]
            return not is_last and (address in agent or bool(TCMALLOC.fullmatch(name)))
    return False


def without_tools(row: Row, agent: range, profile: HeapProfile) -> Row:
    """Leave out the frames of the agent, which interposes functions, and of tcmalloc."""
    kept = (
        address
        for address in row.addresses
        if address not in agent and not TCMALLOC.fullmatch(library(address, profile))
    )
    return replace(row, addresses=tuple(kept))


def library(address: int, profile: HeapProfile) -> str:
    """Name the file that a return address lies in; "" when it is none."""
    mapping = find_mapping(address - 1, profile.mappings)
    return PurePath(mapping.path).name if mapping else ""


def complaints(log: str) -> tuple[str, ...]:
    """What the checker says against its own result."""
    return tuple(dict.fromkeys(match[0].strip() for match in COMPLAINT.finditer(log)))


def last_complaint(log: str) -> str:
    """Why the checker gave up, in its own words."""
    return next(reversed(complaints(log)), "")


def read_checker_outcome(run_dir: Path) -> CheckerReport | NoReport:
    """Read a run directory; bytes that are not UTF-8 (in paths) are kept as surrogates."""
    paths = [run_dir / name for name in ("evidence", "failure", "words", CHECKER_LOG)]
    return checker_outcome(
        {path.name: _read(path) for path in paths if path.is_file()},
        {path.name: _read(path) for path in sorted(run_dir.glob(PROFILE_PATTERN))},
    )


def _read(path: Path) -> str:
    return path.read_bytes().decode(errors="surrogateescape")
