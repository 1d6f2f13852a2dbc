"""Everything that reads what others wrote, as functions of bytes that may only refuse."""

from __future__ import annotations

import contextlib
import gzip
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from leakcheck.ending import crash_cause, ran_nothing
from leakcheck.errors import LeakcheckError
from leakcheck.evidence import agent_outcome, parse_evidence, parse_owners, parse_tests
from leakcheck.heapprofile import parse_heap_profile
from leakcheck.lastwords import parse_last_words
from leakcheck.process import Command, Completed
from leakcheck.procmaps import parse_maps
from leakcheck.profiles.encoding import Encoder
from leakcheck.profiles.profile import LEAK_TYPES, Heading
from leakcheck.profiles.sampletypes import offer_of
from leakcheck.settings import Settings, load_environment
from leakcheck.suppressions.parsing import parse_suppressions
from leakcheck.toolchain.elf import read_elf
from leakcheck.toolchain.golayout import parse_build_info, read_go_layout

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["TARGETS", "Target"]

TESTDATA = Path(__file__).parents[1] / "testdata"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A reader, and files that it reads well: what is tried are those, damaged."""

    read: Callable[[bytes], object]
    samples: tuple[bytes, ...]

    def attempt(self, data: bytes) -> None:
        """Read `data`; to be refused in our own words is as good as to be read."""
        with contextlib.suppress(LeakcheckError):
            self.read(data)


def _text(data: bytes) -> str:
    return data.decode(errors="surrogateescape")


def _of_files(*names: str) -> tuple[bytes, ...]:
    return tuple((TESTDATA / name).read_bytes() for name in names)


def _read_outcome(data: bytes) -> object:
    """Split into the files of a run directory at NUL."""
    names = ("evidence", "direct.heap", "indirect.heap", "owners", "tests", "words", "failure")
    return agent_outcome(dict(zip(names, map(_text, data.split(b"\0")), strict=False)))


def _read_dotenv(data: bytes) -> object:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / ".env").write_bytes(data)
        return Settings.from_mapping(load_environment(Path(folder)))


def _read_elf_file(data: bytes) -> object:
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        path = Path(file.name)
        return read_elf(path), read_go_layout(path)


def _read_offer(data: bytes) -> object:
    """Read what a profile of pprof's format offers; the damage is within, gzip finds its own."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(gzip.compress(data, 1))
        file.flush()
        return offer_of(Path(file.name))


def _profile() -> bytes:
    heading = Heading(types=LEAK_TYPES, shown="leaked_space", comments=("a comment",))
    return gzip.decompress(Encoder().finished(heading))


def _read_output(data: bytes) -> object:
    text = data.decode(errors="replace")
    ended = Completed(
        command=Command(("x.test",)),
        returncode=2,
        stdout=text,
        stderr="",
        duration_s=0.0,
        timed_out=False,
    )
    return crash_cause(ended), ran_nothing(text)


TARGETS = {
    "heapprofile": Target(
        read=lambda data: parse_heap_profile(_text(data), source="fuzzed"),
        samples=_of_files("heap/gperftools.heap", "evidence/direct.heap"),
    ),
    "profile": Target(read=_read_offer, samples=(_profile(),)),
    "maps": Target(read=lambda data: parse_maps(_text(data)), samples=_of_files("maps/cat.maps")),
    "evidence": Target(
        read=lambda data: parse_evidence(_text(data)), samples=_of_files("evidence/evidence")
    ),
    "owners": Target(
        read=lambda data: parse_owners(_text(data)), samples=_of_files("evidence/owners")
    ),
    "tests": Target(
        read=lambda data: parse_tests(_text(data)), samples=(b"direct 0 TestA\nindirect 3 TestB\n",)
    ),
    "words": Target(
        read=lambda data: parse_last_words(_text(data)),
        samples=(b"started\nleaving 003\nfailure the disk is full\n\0\0",),
    ),
    "outcome": Target(
        read=_read_outcome,
        samples=(
            b"\0".join(
                _of_files(*(f"evidence/{name}" for name in ("evidence", "direct.heap")))
                + _of_files(*(f"evidence/{name}" for name in ("indirect.heap", "owners", "tests")))
            ),
        ),
    ),
    "dotenv": Target(
        read=_read_dotenv,
        samples=(b"HEAPCHECK=strict\nLEAKCHECK_PACKAGE='./...' # all\nexport A=\"b\\n\"\n",),
    ),
    "suppressions": Target(
        read=lambda data: parse_suppressions(_text(data), source="fuzzed"),
        samples=(
            b"leak:libfoo\n# a comment\n{\n  name\n  Memcheck:Leak\n  fun:my_alloc\n  ...\n}\n",
        ),
    ),
    "elf": Target(
        read=_read_elf_file,
        samples=_of_files("symbolise/libbox.so", "symbolise/libshape.so.1.2", "symbolise/fixed"),
    ),
    "buildinfo": Target(
        read=parse_build_info,
        samples=(b"\xff Go buildinf:\x08\x02" + bytes(16) + b"\x08go1.26.8\x00",),
    ),
    "output": Target(
        read=_read_output,
        samples=(b"--- FAIL: TestA\npanic: x\n\ngoroutine 7 [running]:\nPASS\nSIGSEGV: y\n",),
    ),
}
