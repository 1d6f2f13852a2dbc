"""What the reports of other tools say is lost; None where they give no verdict.

A program that forked has a report of each process: that of the parent, which waits for its
child, is the last.
"""

from __future__ import annotations

import re

from tests.accuracy.answer import NOTHING, Amount

__all__ = ["parse_heapcheck", "parse_sanitizer", "parse_valgrind"]

_SANITIZER = re.compile(
    r"SUMMARY: (?:Address|Leak)Sanitizer: (\d+) byte\(s\) leaked in (\d+) allocation"
)
_SANITIZER_ERROR = re.compile(
    r"(?:Address|Leak)Sanitizer(?::DEADLYSIGNAL| has encountered a fatal error)"
    r"|ERROR: AddressSanitizer: "
)
_MEMCHECK = re.compile(r"==(\d+)== Memcheck")
_HEAPCHECK = re.compile(
    r"Leak check _main_ detected leaks of (\d+) bytes in (\d+) objects"
    r'|No leaks found for check "_main_"'
)


def parse_sanitizer(text: str) -> Amount | None:
    """Read the summary of LeakSanitizer, which AddressSanitizer prints too.

    `SUMMARY: AddressSanitizer: 101 byte(s) leaked in 1 allocation(s).`

    It counts direct and indirect leaks, and says nothing where it finds none. A program that
    it ended for another error has no verdict.
    """
    summaries = _SANITIZER.findall(text)
    if summaries:
        size, objects = summaries[-1]
        return Amount(int(objects), int(size))
    return None if _SANITIZER_ERROR.search(text) else NOTHING


def parse_valgrind(text: str) -> Amount | None:
    """Add up what memcheck holds definitely and indirectly lost in the program it started.

    ```
    ==5978== Memcheck, a memory error detector
    ==5978==    definitely lost: 1,040 bytes in 1 blocks
    ==5978==    indirectly lost: 0 bytes in 0 blocks
    ==5978== All heap blocks were freed -- no leaks are possible
    ```
    The last line stands in place of the others.
    """
    banner = _MEMCHECK.search(text)
    if banner is None:
        return None
    prefix = f"=={banner[1]}== "
    definite = _valgrind_line(text, prefix, "definitely")
    indirect = _valgrind_line(text, prefix, "indirectly")
    if definite is None or indirect is None:
        return NOTHING if f"{prefix}All heap blocks were freed" in text else None
    return Amount(definite.objects + indirect.objects, definite.bytes + indirect.bytes)


def parse_heapcheck(text: str) -> Amount | None:
    """Read the verdict of gperftools' checker; a program that it never looked at has none.

    `Leak check _main_ detected leaks of 101 bytes in 1 objects`
    `No leaks found for check "_main_" (but no 100% guarantee that there aren't any): …`
    """
    verdicts = list(_HEAPCHECK.finditer(text))
    if not verdicts:
        return None
    size, objects = verdicts[-1].groups(default="0")
    return Amount(int(objects), int(size))


def _valgrind_line(text: str, prefix: str, certainty: str) -> Amount | None:
    pattern = rf"{re.escape(prefix)}\s+{certainty} lost: ([\d,]+) bytes in ([\d,]+) blocks"
    match = re.search(pattern, text)
    if match is None:
        return None
    size, objects = (int(number.replace(",", "")) for number in match.groups())
    return Amount(objects, size)
