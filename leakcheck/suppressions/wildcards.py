"""The patterns of LeakSanitizer and of Valgrind, matched against one name.

Both take time that grows with the name only: a file of garbage cannot hold up a check.
"""

from __future__ import annotations

import re

__all__ = ["matches_glob", "matches_template", "simplified_glob"]

_SPECIAL = re.compile(r"[*$]")
_STARS = re.compile(r"\*+")


def matches_template(template: str, text: str) -> bool:
    """Match as LeakSanitizer does: somewhere in `text`, `*` for anything, `^` and `$` for its ends.

    Parts between `*` are looked for once, from the left: `foo$` does not match `foofoo`. An
    empty text is never matched.
    """
    if not text:
        return False
    is_anchored = template.startswith("^")
    at, position, has_star = int(is_anchored), 0, False
    while at < len(template):
        if template[at] == "*":
            at, is_anchored, has_star = at + 1, False, True
            continue
        if template[at] == "$":
            return position == len(text) or has_star
        special = _SPECIAL.search(template, at)
        part = template[at : special.start() if special else len(template)]
        found = text.find(part, position)
        if found < 0 or position == len(text) or (is_anchored and found != position):
            return False
        at, position = at + len(part), found + len(part)
        is_anchored = has_star = False
    return True


def simplified_glob(pattern: str) -> str:
    """Write `**` as `*`, which means the same."""
    return _STARS.sub("*", pattern)


def matches_glob(pattern: str, text: str) -> bool:
    """Match all of `text` as Valgrind does: `*` for anything, `?` for one character.

    Where a part does not fit, only the last `*` takes in one character more.
    """
    if len(pattern) - pattern.count("*") > len(text):
        return False
    at = position = 0
    star, after_star = -1, 0
    while position < len(text):
        wanted = pattern[at : at + 1]
        if wanted == "*":
            star, after_star, at = at, position, at + 1
        elif wanted and wanted in {"?", text[position]}:
            at, position = at + 1, position + 1
        elif star >= 0:
            after_star += 1
            at, position = star + 1, after_star
        else:
            return False
    return not pattern[at:].strip("*")
