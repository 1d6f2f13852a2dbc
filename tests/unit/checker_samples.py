"""What a real run of `leaky.c` at draconian left, which gperftools' own heap checker checked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from report_samples import TESTDATA

from leakcheck.checkerreport import CheckerReport, checker_outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

PROFILE = "leaky.19260._main_-end.heap"


def captured_files() -> dict[str, str]:
    """The agent's evidence and the checker's log."""
    folder = TESTDATA / "checker"
    return {name: (folder / name).read_text() for name in ("evidence", "checker.log")}


def captured_profile() -> dict[str, str]:
    """The checker's end profile."""
    return {PROFILE: (TESTDATA / "checker" / PROFILE).read_text()}


def changed_report(
    files: Mapping[str, tuple[str, str]], *, profile: tuple[str, str] = ("", "")
) -> CheckerReport:
    """The captured report, read after one text in each file named was replaced by another."""
    changed = captured_files()
    for name, (old, new) in files.items():
        assert old in changed[name]
        changed[name] = changed[name].replace(old, new)
    profiles = {name: text.replace(*profile, 1) for name, text in captured_profile().items()}
    outcome = checker_outcome(changed, profiles)
    assert isinstance(outcome, CheckerReport)
    return outcome


def captured_report() -> CheckerReport:
    """The captured report, read."""
    return changed_report({})
