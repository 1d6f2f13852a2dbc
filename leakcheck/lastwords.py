"""The agent's last words: how far a run came that left no report (docs/agent.md, `words`)."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["LastWords", "parse_last_words"]

_LEAVING = re.compile(r"[0-9]{3}")


@dataclass(frozen=True, slots=True, kw_only=True)
class LastWords:
    """Whether the agent was in place, with what status the program was leaving, what failed.

    `left_with` is None until the program left in a way that the agent sees.
    """

    has_started: bool = False
    left_with: int | None = None
    failure: str = ""


def parse_last_words(text: str) -> LastWords:
    """Read lines `started`, `leaving 003`, `failure WHY`, up to the first NUL.

    Never raises: the page may be cut anywhere, and what cannot be read was not said.
    """
    said = [line.partition(" ") for line in text.partition("\0")[0].splitlines()]
    codes = [rest for word, _, rest in said if word == "leaving" and _LEAVING.fullmatch(rest)]
    failures = [" ".join(rest.split()) for word, _, rest in said if word == "failure"]
    return LastWords(
        has_started=any(word == "started" for word, _, _ in said),
        left_with=int(codes[0]) if codes else None,
        failure=failures[0] if failures else "",
    )
