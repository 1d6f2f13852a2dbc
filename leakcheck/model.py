"""The words of the domain: what a run is, what it found, and what the report says.

All values are frozen, hold no paths to temporary files, and compare with `==`.
Terms are those of LeakSanitizer and pprof: a *block* is one allocation, an *object* a block
counted in a report, a *leak* a group of lost blocks with one allocation stack.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

__all__ = [
    "Case",
    "Check",
    "EngineName",
    "Evidence",
    "Frame",
    "Gone",
    "Growth",
    "Leak",
    "LeakKind",
    "Level",
    "Outcome",
    "Part",
    "Report",
    "Run",
    "Tests",
]


class Level(enum.Enum):
    """How much memory counts as a root, from most to least (docs/agent.md, "Levels")."""

    NORMAL = "normal"
    STRICT = "strict"
    DRACONIAN = "draconian"


class EngineName(enum.Enum):
    """Who looks for leaks."""

    AGENT = "agent"
    HEAPCHECK = "heapcheck"


class Check(enum.Enum):
    """What the check found. CLEAN is only ever said by `leakcheck.judge`."""

    CLEAN = "clean"
    LEAKS = "leaks"
    NOT_CHECKED = "not_checked"


class Tests(enum.Enum):
    """How the tests themselves ended."""

    PASSED = "passed"
    FAILED = "failed"
    CRASHED = "crashed"
    TIMED_OUT = "timed_out"
    NONE_RAN = "none_ran"


class Outcome(enum.Enum):
    """How one test ended; UNFINISHED when the program was gone before."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    UNFINISHED = "unfinished"


class Growth(enum.Enum):
    """Whether a leak is more after more runs of the tests in one process."""

    PER_RUN = "per_run"
    ONCE = "once"
    UNKNOWN = "unknown"


class LeakKind(enum.Enum):
    """DIRECT: no other leaked block points here. INDIRECT: held only by a leaked block."""

    DIRECT = "direct"
    INDIRECT = "indirect"


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One frame of a stack.

    `address` is the address in the running program as the agent reported it (a return
    address), `module` the base name of the ELF file it lies in ("" when unknown), `language`
    "go", "c", "c++", "rust", … or None. `file` is a path as the debug information has it,
    `line` counts from 1; both are None without debug information.
    """

    function: str
    file: str | None = None
    line: int | None = None
    language: str | None = None
    module: str = ""
    address: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Leak:
    """Lost blocks that share an allocation stack, a kind and a test. `stack` is leaf first.

    `held_by` are the ids of the direct leaks that hold an indirect one. `known_objects` is what
    the baseline has of a leak that is in it; since `expired_on` nobody accepts that any longer.
    `growth` is known of repeated tests, and `objects_per_run` of a leak that grows.
    """

    id: str
    leaked_bytes: int
    leaked_objects: int
    kind: LeakKind
    stack: tuple[Frame, ...]
    test: str | None = None
    suppressed_by: str | None = None
    in_baseline: bool = False
    known_objects: int | None = None
    expired_on: str | None = None
    held_by: tuple[str, ...] = ()
    growth: Growth | None = None
    objects_per_run: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Why a run may be believed: the agent's own account of what it saw.

    `fields` keeps every key the agent wrote, in its order, for JSON; the properties below
    are the ones the judge reads. Format: docs/agent.md, "The evidence file".
    """

    fields: tuple[tuple[str, str], ...] = field(default=())

    def text(self, key: str, default: str = "") -> str:
        """The value of `key` as the agent wrote it, or `default`."""
        return dict(self.fields).get(key, default)

    def number(self, key: str, default: int = 0) -> int:
        """The value of `key` as an integer; `default` when it is missing or not a number."""
        value = self.text(key)
        return int(value) if value.isdecimal() else default


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One Go test or subtest, `TestX/sub`; `output` is kept of those that did not pass."""

    name: str
    outcome: Outcome
    duration_s: float = 0.0
    output: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One process: one package's test binary, one isolated test, or one `--binary`.

    `reason` says why `check` is NOT_CHECKED, or is empty. `killed_by` names the signal with
    which somebody else ended the process, so that its tests neither passed nor failed. `cases`
    are its Go tests one by one, where the program was asked to name them.
    """

    package: str
    binary: str
    argv: tuple[str, ...]
    tests: Tests
    check: Check
    reason: str = ""
    duration_s: float = 0.0
    evidence: Evidence = Evidence()
    leaks: tuple[Leak, ...] = ()
    killed_by: str | None = None
    cases: tuple[Case, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Which part of a check that was shared out: shard `index` of `count`, counting from 1.

    `units` names, in order, all that was shared out, whichever shard ran it; `revision` is the
    commit of the project, empty where it is not known.
    """

    index: int
    count: int
    units: tuple[str, ...] = ()
    revision: str = ""

    def __str__(self) -> str:
        """Write it as `--shard` takes it."""
        return f"{self.index}/{self.count}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """A leak that is in the baseline and was not found any more: `where` in which program."""

    program: str
    id: str
    where: str
    test: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The verdict over all runs; what every renderer takes.

    `skipped` names packages that were not run, with the reason ("example.com/m/x", "no cgo").
    `shard` is None unless this is one machine's part of a check.
    `unused_suppressions` are the user's rules that matched no leak, `gone` what the baseline has
    and no longer leaks.
    """

    exit_code: int
    level: Level
    engine: EngineName
    check: Check
    tests: Tests
    reason: str = ""
    leaked_bytes: int = 0
    leaked_objects: int = 0
    suppressed_bytes: int = 0
    suppressed_objects: int = 0
    runs: tuple[Run, ...] = ()
    skipped: tuple[tuple[str, str], ...] = ()
    shard: Part | None = None
    unused_suppressions: tuple[str, ...] = ()
    gone: tuple[Gone, ...] = ()
