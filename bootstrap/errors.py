"""The one error of the set-up: a situation the user can mend."""

from __future__ import annotations

__all__ = ["SetupError", "render_error"]


class SetupError(Exception):
    """Set-up cannot go on: `what` happened, `why`, and the `hint`, a command to type next."""

    def __init__(self, what: str, *, why: str = "", hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.hint = hint


def render_error(error: SetupError) -> str:
    """The error as lines for the terminal: what, why, and `Type:` with the next command."""
    lines = [f"error: {error.what}"]
    lines += [f"       {line}" for line in error.why.splitlines()]
    if error.hint:
        lines.append(f"  type: {error.hint}")
    return "\n".join(lines) + "\n"
