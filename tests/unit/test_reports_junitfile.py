"""The JUnit report, read by a JUnit library and held against Jenkins's schema."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from junitparser import Error, Failure, JUnitXml, Skipped
from report_samples import CRASHED, HOLDING, ISOLATED, LEAK, LEAKING, PLACES, RUN, terminal_reports
from report_strategies import REPORTS

from leakcheck import model
from leakcheck.errors import ToolMissing
from leakcheck.judge import judge
from leakcheck.model import Case, Check, Level, Outcome, Report, Run
from leakcheck.pipeline import refused
from leakcheck.reports import render_junit
from leakcheck.reports.stacklines import Places

if TYPE_CHECKING:
    from collections.abc import Iterator

    from junitparser import TestCase as Told
    from junitparser import TestSuite as Suite

CASES = (
    Case(name="TestProbe", outcome=Outcome.PASSED, duration_s=0.25),
    Case(name="TestSlow", outcome=Outcome.SKIPPED, output="    x_test.go:3: too slow\n"),
    Case(name="TestBad", outcome=Outcome.FAILED, output="    x_test.go:5: 1 is not 2\n"),
)
TOLD = replace(LEAKING, cases=CASES)

# junit-10.xsd of Jenkins's xUnit plugin: attributes (those with ! are required) and children.
SCHEMA = {
    "testsuites": ("name time tests failures errors", "testsuite"),
    "testsuite": (
        "name! tests! failures! errors! group time skipped timestamp hostname id package file log",
        "testsuite properties testcase system-out system-err",
    ),
    "properties": ("", "property"),
    "property": ("name! value!", ""),
    "testcase": ("name! time classname group", "skipped error failure system-out system-err"),
    "skipped": ("type message", ""),
    "error": ("type message", ""),
    "failure": ("type message", ""),
    "system-out": ("", ""),
}
TIME = re.compile(r"(([0-9]{0,3},)*[0-9]{3}|[0-9]{0,3})*(\.[0-9]*)?")


def render(report: Report) -> str:
    return render_junit(report, PLACES)


def of_runs(*runs: Run) -> str:
    return render(judge(runs, level=Level.NORMAL))


def suites(text: str) -> list[Suite]:
    return list(JUnitXml.fromstring(text.encode()))


def cases(text: str) -> dict[str, Told]:
    return {case.name: case for suite in suites(text) for case in suite}


def kinds(case: Told) -> list[type]:
    return [type(result) for result in case.result]


def violations(element: ET.Element) -> Iterator[str]:
    """What Jenkins's schema has against an element and those inside it."""
    attributes, children = (words.split() for words in SCHEMA[element.tag])
    names = {name.rstrip("!") for name in attributes}
    yield from (f"{element.tag} has {name}" for name in set(element.attrib) - names)
    for name in attributes:
        if name.endswith("!") and name[:-1] not in element.attrib:
            yield f"{element.tag} lacks {name}"
    if element.tag == "testsuite" and not TIME.fullmatch(element.get("time", "")):
        yield f"time {element.get('time')}"
    for child in element:
        if child.tag not in children:
            yield f"{child.tag} in {element.tag}"
        yield from violations(child)


def test_the_rules_see_what_is_wrong() -> None:
    case = "<testcase file='x'><properties/></testcase>"
    wrong = f"<testsuites><testsuite time='1s'>{case}</testsuite></testsuites>"
    assert len(list(violations(ET.fromstring(wrong)))) == 8  # noqa: S314 - our own text


@pytest.mark.parametrize("name", terminal_reports())
def test_it_is_as_jenkins_wants_it(name: str) -> None:
    report, _ = terminal_reports()[name]
    assert list(violations(ET.fromstring(render(report)))) == []  # noqa: S314 - our own text


def counted(suite: Suite) -> tuple[int, int, int, int]:
    results = [set(kinds(case)) for case in suite]
    return (
        len(results),
        sum(Failure in result and Error not in result for result in results),
        sum(Error in result for result in results),
        sum(Skipped in result for result in results),
    )


@given(REPORTS)
def test_any_report_is_valid_and_counted_right(report: Report) -> None:
    text = render(report)
    assert list(violations(ET.fromstring(text))) == []  # noqa: S314 - our own text
    for suite in suites(text):
        assert (suite.tests, suite.failures, suite.errors, suite.skipped) == counted(suite)


@given(REPORTS)
def test_a_report_that_is_not_well_has_a_failure_or_an_error(report: Report) -> None:
    root = JUnitXml.fromstring(render(report).encode())
    if report.exit_code:
        assert root.failures + root.errors > 0


def test_a_run_that_is_clean_has_neither() -> None:
    root = JUnitXml.fromstring(of_runs(replace(RUN, cases=CASES[:2])).encode())
    assert (root.tests, root.failures, root.errors) == (2, 0, 0)


def test_each_go_test_is_a_case_with_its_own_outcome() -> None:
    told = cases(of_runs(TOLD))
    assert kinds(told["TestSlow"]) == [Skipped]
    assert told["TestSlow"].result[0].message == "x_test.go:3: too slow"
    assert "1 is not 2" in told["TestBad"].result[0].text
    assert told["TestProbe"].time == 0.25
    assert told["TestProbe"].classname == "example.com/ann/mediaprobe"


def test_a_leak_is_a_failure_of_its_test_with_the_stack() -> None:
    (failure,) = cases(of_runs(TOLD))["TestProbe"].result
    assert failure.message == "2 leaks, 4,120 bytes in 65 objects"
    assert "4,096 bytes in 64 objects, direct leak  aaaaaaaaaaaa" in failure.text
    assert re.search(r"at C\.CString .*\n.*mediaprobe\.New +probe\.go:88", failure.text)


def test_a_leak_without_a_test_has_a_case_of_its_own() -> None:
    (failure,) = cases(of_runs(TOLD))["(no test)"].result
    assert failure.message == "2 leaks, 2 bytes in 2 objects"


def test_a_test_that_failed_and_leaks_says_both_in_one_failure() -> None:
    failed = replace(CASES[0], outcome=Outcome.FAILED, output="wrong\n")
    (failure,) = cases(of_runs(replace(LEAKING, cases=(failed,))))["TestProbe"].result
    assert failure.message == "the test failed; 2 leaks, 4,120 bytes in 65 objects"


def test_what_is_accepted_is_told_and_no_failure() -> None:
    accepted = tuple(leak for leak in LEAKING.leaks if leak.suppressed_by or leak.in_baseline)
    run = replace(RUN, leaks=accepted, cases=CASES[:1])
    told = cases(of_runs(run))["TestProbe"]
    assert kinds(told) == []
    assert "suppressed by leak:probe_open: 8 bytes in 1 object" in told.system_out
    assert "in the baseline: 16 bytes in 2 objects" in told.system_out


def test_what_was_not_checked_is_an_error_and_no_success() -> None:
    unfinished = Case(name="TestCrash", outcome=Outcome.UNFINISHED, output="SIGSEGV\n")
    told = cases(of_runs(replace(CRASHED, cases=(unfinished,))))
    assert kinds(told["(leak check)"]) == [Error]
    assert told["(leak check)"].result[0].message == CRASHED.reason
    assert kinds(told["TestCrash"]) == [Error]
    assert "SIGSEGV" in told["TestCrash"].result[0].text


@pytest.mark.parametrize(
    ("tests", "kind"),
    [(model.Tests.FAILED, Failure), (model.Tests.CRASHED, Error), (model.Tests.TIMED_OUT, Error)],
)
def test_a_program_that_fails_without_a_failing_test_is_a_case(
    tests: model.Tests, kind: type
) -> None:
    told = cases(of_runs(replace(RUN, tests=tests, cases=CASES[:1])))
    assert kinds(told["(program)"]) == [kind]


def test_tests_that_ran_alone_are_one_suite() -> None:
    text = of_runs(*ISOLATED)
    assert [suite.name for suite in suites(text)] == ["example.com/ann/mediaprobe"]
    assert list(cases(text)) == [
        "TestProbe",
        "TestMux",
        "TestDemux",
        "TestDemux (leak check)",
        "(program)",
    ]


@pytest.mark.parametrize("error", [ToolMissing("tcmalloc was not found"), KeyboardInterrupt()])
def test_a_call_that_was_refused_is_an_error(error: BaseException) -> None:
    report = refused(error)
    (told,) = cases(render(report)).values()
    assert kinds(told) == [Error]
    assert told.result[0].message == report.reason


def test_nothing_ran_is_an_error() -> None:
    none_ran = judge([replace(RUN, tests=model.Tests.NONE_RAN)], level=Level.NORMAL)
    assert none_ran.check is Check.NOT_CHECKED
    root = JUnitXml.fromstring(render(none_ran).encode())
    assert root.errors == 1


def test_indirect_leaks_follow_the_leak_that_holds_them() -> None:
    (failure,) = cases(of_runs(HOLDING))["TestProbe"].result
    sizes = re.findall(r"^([0-9,]+) bytes? in .* leak  ", failure.text, re.MULTILINE)
    assert sizes == ["48", "9,000"]


def test_characters_that_xml_does_not_have_are_escaped() -> None:
    nasty = "a\x1b[2J\x00\ufffe\udcff<&>\"'\nb"
    leak = replace(LEAK, test=nasty, stack=(replace(LEAK.stack[0], function=nasty),))
    text = of_runs(replace(LEAKING, package=nasty, leaks=(leak,)))
    assert "a\\x1b[2J\\x00\\ufffe\\udcff<&>\"'\nb" in cases(text)
    assert render_junit(judge([RUN], level=Level.NORMAL), Places()).isascii()
