"""The processors that the agent is made for, and what each is called where."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from leakcheck.toolchain.elf import ElfFacts

__all__ = ["ARM64", "NATIVE", "X86_64", "Processor", "is_for", "processor_named"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Processor:
    """The `name` people use, and those of the kernel, pyelftools, and ldconfig's cache.

    `multiarch` is Debian's folder for its libraries.
    """

    name: str
    uname: str
    elf: str
    cache_flag: str
    multiarch: str


X86_64 = Processor(
    name="x86-64",
    uname="x86_64",
    elf="X86_64",
    cache_flag="x86-64",
    multiarch="x86_64-linux-gnu",
)
ARM64 = Processor(
    name="arm64",
    uname="aarch64",
    elf="AARCH64",
    cache_flag="AArch64",
    multiarch="aarch64-linux-gnu",
)
_BITS = 64


def processor_named(uname: str) -> Processor | None:
    """Find one by what `uname -m` prints."""
    return next((each for each in (X86_64, ARM64) if each.uname == uname), None)


def is_for(processor: Processor, facts: ElfFacts) -> bool:
    """Say whether the file is made of that processor's 64-bit code."""
    return (facts.machine, facts.bits) == (processor.elf, _BITS)


NATIVE = processor_named(platform.machine()) or X86_64
"""This machine's; on another one nothing is run (`refuse_other_processors`)."""
