"""The JUnit report: a test suite for each package, a test case for each Go test.

A leak is a failure of the test it belongs to; a check that says nothing is an error, never a
success. Elements and attributes are those of Jenkins's schema (junit-10.xsd of its xUnit plugin).
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from leakcheck.launch.argv import isolated_test
from leakcheck.model import Check, Outcome, Tests
from leakcheck.reports.sites import leak_sites, unaccepted
from leakcheck.reports.stacklines import Places, plain_stack
from leakcheck.reports.wording import (
    acceptance,
    amount,
    check_summary,
    leak_sentence,
    plural,
    totals,
    words,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from leakcheck.model import Case, Leak, Report, Run

__all__ = ["render_junit"]

NO_TEST = "(no test)"
PROGRAM = "(program)"
LEAK_CHECK = "(leak check)"

TEST_TROUBLE = {
    Tests.FAILED: ("failure", "the program failed, but none of its tests"),
    Tests.CRASHED: ("error", "the program crashed"),
    Tests.TIMED_OUT: ("error", "the program ran out of time"),
}
NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(slots=True)
class _Case:
    """A test case while it is put together; each list holds paragraphs."""

    name: str
    duration_s: float = 0.0
    skipped: str | None = None
    errors: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def is_well(self) -> bool:
        """Whether nothing is to be mended."""
        return not self.errors and not self.failures


class _Cases:
    """The test cases of one suite, by name, in the order they come up."""

    def __init__(self) -> None:
        self._cases: dict[str, _Case] = {}

    def __getitem__(self, name: str) -> _Case:
        return self._cases.setdefault(name, _Case(name))

    def __iter__(self) -> Iterator[_Case]:
        return iter(self._cases.values())


def render_junit(report: Report, places: Places) -> str:
    """Write a report as JUnit XML; it has failures or errors exactly when the exit code says so."""
    suites = [
        suite_element(name, tuple(runs), report, places)
        for name, runs in itertools.groupby(report.runs, key=suite_name)
    ]
    if report.exit_code and not any(map(has_trouble, suites)):
        suites.append(refusal_element(report))
    root = ET.Element("testsuites", name="leakcheck")
    for key in ("tests", "failures", "errors"):
        root.set(key, str(sum(int(suite.get(key, 0)) for suite in suites)))
    root.extend(suites)
    ET.indent(root)
    text = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'


def suite_name(run: Run) -> str:
    """Name the suite a run belongs to."""
    return run.package or run.binary


def has_trouble(suite: ET.Element) -> bool:
    """Tell whether a suite has failures or errors."""
    return suite.get("failures") != "0" or suite.get("errors") != "0"


def suite_element(name: str, runs: Sequence[Run], report: Report, places: Places) -> ET.Element:
    """Write the runs of one package: one, or one for each test that ran alone."""
    cases = _Cases()
    for run in runs:
        add_tests(cases, run)
        add_leaks(cases, run, places)
        add_doubts(cases, run)
    properties = {
        "level": report.level.value,
        "tests": ", ".join(sorted({words(run.tests.value) for run in runs})),
        "check": ", ".join(sorted({words(run.check.value) for run in runs})),
    }
    return suite_of(name, cases, sum(run.duration_s for run in runs), properties)


def refusal_element(report: Report) -> ET.Element:
    """Say why nothing ran, or why what ran says nothing."""
    cases = _Cases()
    cases[LEAK_CHECK].errors.append(report.reason or check_summary(report))
    return suite_of("leakcheck", cases, 0.0, {"level": report.level.value})


def add_tests(cases: _Cases, run: Run) -> None:
    """Add the Go tests, and the program itself where none of them tells how it ended."""
    for case in run.cases:
        add_test(cases[case.name], case)
    is_told = any(case.outcome in {Outcome.FAILED, Outcome.UNFINISHED} for case in run.cases)
    if run.tests in TEST_TROUBLE and not is_told:
        kind, what = TEST_TROUBLE[run.tests]
        case_ = cases[isolated_test(run.argv) or PROGRAM]
        (case_.errors if kind == "error" else case_.failures).append(what)
    elif not run.cases:
        cases[isolated_test(run.argv) or PROGRAM].duration_s += run.duration_s


def add_test(case: _Case, told: Case) -> None:
    """Add how a Go test ended."""
    case.duration_s += told.duration_s
    if told.outcome is Outcome.SKIPPED:
        case.skipped = told.output
    elif told.outcome is Outcome.FAILED:
        case.failures.append(f"the test failed\n{told.output}")
    elif told.outcome is Outcome.UNFINISHED:
        case.errors.append(f"the test did not finish\n{told.output}")


def add_leaks(cases: _Cases, run: Run, places: Places) -> None:
    """Add each leak to its test; what is accepted is a note."""
    leaks = unaccepted(run.leaks)
    for test in dict.fromkeys(leak.test for leak in leaks):
        mine = [leak for leak in leaks if leak.test == test]
        headline = f"{plural(len(mine), 'leak')}, {amount(*totals(mine))}"
        told = (
            leak_paragraph(leak, places)
            for site in leak_sites(mine, places.project)
            for entry in site.entries
            for leak in (entry.leak, *entry.held)
        )
        cases[test or NO_TEST].failures.append("\n\n".join((headline, *told)))
    for leak in run.leaks:
        how = acceptance(leak)
        if how:
            cases[leak.test or NO_TEST].notes.append(f"{how}: {leak_paragraph(leak, places)}")


def leak_paragraph(leak: Leak, places: Places) -> str:
    """Write a leak with its stack."""
    return "\n".join((f"{leak_sentence(leak)}  {leak.id}", *plain_stack(leak.stack, places)))


def add_doubts(cases: _Cases, run: Run) -> None:
    """Add that leaks were not checked."""
    if run.check is Check.NOT_CHECKED:
        alone = isolated_test(run.argv)
        name = f"{alone} {LEAK_CHECK}" if alone else LEAK_CHECK
        cases[name].errors.append(run.reason or "leaks were not checked")


def suite_of(
    name: str, cases: Iterable[_Case], duration_s: float, properties: dict[str, str]
) -> ET.Element:
    """Write a test suite and count its cases."""
    told = tuple(cases)
    suite = ET.Element(
        "testsuite",
        name=xml_text(name),
        tests=str(len(told)),
        failures=str(sum(bool(case.failures and not case.errors) for case in told)),
        errors=str(sum(bool(case.errors) for case in told)),
        skipped=str(sum(case.is_well and case.skipped is not None for case in told)),
        time=f"{duration_s:.3f}",
    )
    listed = ET.SubElement(suite, "properties")
    for key, value in properties.items():
        ET.SubElement(listed, "property", name=key, value=value)
    suite.extend(case_element(name, case) for case in told)
    return suite


def case_element(suite: str, case: _Case) -> ET.Element:
    """Write a test case: at most one element of a kind, because many readers see only the first."""
    element = ET.Element(
        "testcase",
        classname=xml_text(suite),
        name=xml_text(case.name),
        time=f"{case.duration_s:.3f}",
    )
    if case.skipped is not None and case.is_well:
        add_told(element, "skipped", [case.skipped])
    for tag, paragraphs in (("error", case.errors), ("failure", case.failures)):
        if paragraphs:
            add_told(element, tag, paragraphs)
    if case.notes:
        ET.SubElement(element, "system-out").text = xml_text("\n\n".join(case.notes))
    return element


def add_told(element: ET.Element, tag: str, paragraphs: Sequence[str]) -> None:
    """Add an element whose message is the first line of each paragraph."""
    message = "; ".join(paragraph.strip().partition("\n")[0] for paragraph in paragraphs)
    told = ET.SubElement(element, tag, message=xml_text(message))
    told.text = xml_text("\n\n".join(paragraphs))


def xml_text(text: str) -> str:
    """Escape the characters that XML cannot hold."""
    return NOT_XML.sub(lambda match: match[0].encode("unicode_escape").decode(), text)
