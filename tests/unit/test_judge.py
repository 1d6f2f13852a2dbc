"""The verdict: every combination of how tests ended, what the agent left, and what leaked."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_samples import CRASHED, LEAK, LEAKING, PROOF, RUN, captured_report, ended

from leakcheck import model
from leakcheck.attribution import collect_leaks
from leakcheck.evidence import AgentReport, NoReport, Silence
from leakcheck.judge import judge, judge_run, judge_share
from leakcheck.model import Check, EngineName, Evidence, Leak, Level, Report, Run

if TYPE_CHECKING:
    from leakcheck.process import Completed

PASSED, FAILED, CRASH, SLOW, NONE = (
    model.Tests.PASSED,
    model.Tests.FAILED,
    model.Tests.CRASHED,
    model.Tests.TIMED_OUT,
    model.Tests.NONE_RAN,
)
ENDINGS = {
    PASSED: ended(0, "PASS\n"),
    FAILED: ended(1, "FAIL\n"),
    CRASH: ended(2, "panic: no\n"),
    SLOW: ended(2, "panic: test timed out after 1s\n"),
    NONE: ended(0, "testing: warning: no tests to run\nPASS\n"),
}
SILENCES = {
    "missing": NoReport(silence=Silence.MISSING),
    "failure": NoReport(silence=Silence.FAILURE, reason="seccomp was refused"),
    "malformed": NoReport(silence=Silence.MALFORMED, reason="evidence: line 3: no 'end' line"),
}


def changed(report: AgentReport, **fields: str) -> AgentReport:
    """The report with other evidence; a value of "" takes the key out."""
    merged = dict(report.evidence.fields) | fields
    kept = tuple((key, value) for key, value in merged.items() if value)
    return replace(report, evidence=Evidence(fields=kept))


def without_leaks(report: AgentReport) -> AgentReport:
    """The same run, had it found nothing."""
    empty = replace(report.direct, rows=())
    zeros = {
        f"{kind}_{what}": "0"
        for kind in ("direct", "indirect")
        for what in ("rows", "objects", "bytes")
    }
    return changed(replace(report, direct=empty, indirect=empty, owners=()), **zeros)


def leaks_of(report: AgentReport) -> tuple[Leak, ...]:
    """The leaks of a report, with no frames."""
    return collect_leaks(report.direct.rows, report.indirect.rows, lambda _: ())


def judged(
    outcome: AgentReport | NoReport,
    *,
    ending: Completed = ENDINGS[PASSED],
    leaks: tuple[Leak, ...] | None = None,
    level: Level = Level.NORMAL,
) -> Run:
    """The verdict over a Go test binary."""
    if leaks is None:
        leaks = leaks_of(outcome) if isinstance(outcome, AgentReport) else ()
    return judge_run(
        package="example.com/m",
        binary="./x.test",
        level=level,
        ended=ending,
        is_go_test=True,
        outcome=outcome,
        leaks=leaks,
    )


LEAKY = captured_report()
CLEAN = without_leaks(LEAKY)
OUTCOMES: dict[str, AgentReport | NoReport] = {
    "clean": CLEAN,
    "leaky": LEAKY,
    "no canary": changed(CLEAN, canary="missing"),
    "lost": changed(CLEAN, lost="1"),
    "leaky, no canary": changed(LEAKY, canary="missing"),
    **SILENCES,
}


def outcome_of(name: str, tests: model.Tests) -> AgentReport | NoReport:
    """The outcome with the exit code that the ending has."""
    outcome = OUTCOMES[name]
    if isinstance(outcome, NoReport):
        return outcome
    return changed(outcome, exit_code=str(ENDINGS[tests].returncode))


EXPECTED_CHECK = {"clean": Check.CLEAN, "leaky": Check.LEAKS}


@pytest.mark.parametrize("tests", ENDINGS, ids=lambda tests: tests.value)
@pytest.mark.parametrize("name", OUTCOMES)
def test_every_ending_with_every_outcome(tests: model.Tests, name: str) -> None:
    run = judged(outcome_of(name, tests), ending=ENDINGS[tests])
    check = EXPECTED_CHECK.get(name, Check.NOT_CHECKED)
    if tests in {CRASH, SLOW}:
        check = Check.NOT_CHECKED
    assert run.tests is tests
    assert run.check is check
    assert bool(run.reason) is (check is Check.NOT_CHECKED)
    assert bool(run.leaks) is (check is Check.LEAKS)


@pytest.mark.parametrize("tests", ENDINGS, ids=lambda tests: tests.value)
@pytest.mark.parametrize("name", OUTCOMES)
def test_the_exit_code_of_every_ending_with_every_outcome(tests: model.Tests, name: str) -> None:
    report = judge([judged(outcome_of(name, tests), ending=ENDINGS[tests])], level=Level.NORMAL)
    if tests in {FAILED, CRASH, SLOW} or name == "leaky":
        assert report.exit_code == 1
    elif name == "clean" and tests is PASSED:
        assert report.exit_code == 0
    else:
        assert report.exit_code == 2


def test_what_a_run_was_is_kept() -> None:
    run = judged(LEAKY)
    assert (run.package, run.binary, run.argv) == (
        "example.com/m",
        "./x.test",
        ("./x.test", "-test.v"),
    )
    assert run.duration_s == 0.25
    assert run.evidence == LEAKY.evidence
    assert sum(leak.leaked_objects for leak in run.leaks) == 7


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"agent": "2"}, "format '2', not '1'"),
        ({"agent": ""}, "format '', not '1'"),
        ({"canary": "missing"}, "canary"),
        ({"canary": ""}, "canary"),
        ({"lost": "3"}, "could not record 3 blocks"),
        (
            {"lost": "3", "over_limit": "2", "max_blocks": "64000000"},
            "more than 64,000,000 blocks were in use at one time, the limit",
        ),
        ({"lost": ""}, "no number for lost"),
        ({"lost": "none"}, "no number for lost"),
        ({"lost": "\u0660"}, "no number for lost"),
        ({"allocations": ""}, "no number for allocations"),
        ({"level": "draconian"}, "at level 'draconian', not 'normal'"),
        ({"level": ""}, "at level ''"),
        ({"exit_code": "1"}, "went on after the check"),
        ({"exit_code": ""}, "went on after the check"),
        ({"exit_code": "0x0"}, "went on after the check"),
        ({"direct_rows": "3"}, "report of direct leaks is cut"),
        ({"direct_objects": "7"}, "report of direct leaks is cut"),
        ({"direct_bytes": "425"}, "report of direct leaks is cut"),
        ({"indirect_rows": "0"}, "report of indirect leaks is cut"),
        ({"indirect_bytes": "0"}, "report of indirect leaks is cut"),
        ({"live_objects": "6"}, "more is reported lost"),
        ({"live_bytes": "527"}, "more is reported lost"),
    ],
)
def test_evidence_that_does_not_fit_is_not_believed(fields: dict[str, str], reason: str) -> None:
    run = judged(changed(LEAKY, **fields))
    assert run.check is Check.NOT_CHECKED
    assert reason in run.reason
    assert run.leaks == ()


@pytest.mark.parametrize("key", [key for key, _ in LEAKY.evidence.fields])
def test_evidence_may_lack_only_what_no_verdict_rests_on(key: str) -> None:
    needless = {
        "pid",
        "moment",
        "unknown_frees",
        "unwinder",
        "stacks",
        "threads",
        "threads_unanswered",
        "root_bytes",
        "go_frames",
        "go_liveness",
        "check_us",
    }
    run = judged(changed(CLEAN, **{key: ""}))
    assert (run.check is Check.CLEAN) is (key in needless)


def test_a_cut_file_is_not_believed() -> None:
    cut = replace(LEAKY, direct=replace(LEAKY.direct, rows=LEAKY.direct.rows[1:]))
    assert judged(cut, leaks=leaks_of(LEAKY)).check is Check.NOT_CHECKED


def test_leaks_that_were_dropped_on_the_way_are_missed() -> None:
    run = judged(LEAKY, leaks=leaks_of(LEAKY)[1:])
    assert run.check is Check.NOT_CHECKED
    assert "understood" in run.reason


@pytest.mark.parametrize(("told", "code"), [("0", 0), ("256", 0), ("3", 3), ("-1", 255)])
def test_exit_codes_are_compared_as_the_kernel_cuts_them(told: str, code: int) -> None:
    run = judged(changed(CLEAN, exit_code=told), ending=ended(code))
    assert run.check is Check.CLEAN


def test_a_program_killed_after_its_check_was_not_checked() -> None:
    run = judged(CLEAN, ending=ended(-9))
    assert (run.tests, run.check) == (CRASH, Check.NOT_CHECKED)
    assert run.reason == "the program was killed (SIGKILL): leaks were not checked"


@pytest.mark.parametrize(
    ("number", "killer", "code"),
    [(9, "SIGKILL", 2), (15, "SIGTERM", 2), (11, None, 1), (6, None, 1)],
)
def test_who_was_killed_says_nothing_and_who_crashed_failed(
    number: int, killer: str | None, code: int
) -> None:
    run = judged(CLEAN, ending=ended(-number))
    assert run.killed_by == killer
    assert judge([run], level=Level.NORMAL).exit_code == code


def test_a_killed_package_does_not_hide_that_another_one_failed() -> None:
    killed = judged(CLEAN, ending=ended(-9))
    failed = judged(changed(CLEAN, exit_code="1"), ending=ended(1))
    assert judge([killed, failed], level=Level.NORMAL).exit_code == 1


def test_a_time_limit_says_that_leaks_were_not_checked() -> None:
    run = judged(CLEAN, ending=ended(0, timed_out=True))
    assert (run.tests, run.check) == (SLOW, Check.NOT_CHECKED)
    assert run.reason == "the program ran out of time: leaks were not checked"


@pytest.mark.parametrize(
    ("name", "output", "reason"),
    [
        ("failure", "", "seccomp was refused"),
        ("malformed", "", "the agent's report is damaged: evidence: line 3"),
        ("missing", "", "replaced itself by exec"),
        (
            "missing",
            "ERROR: ld.so: object '/c/a.so' from LD_PRELOAD cannot be preloaded (x): ignored.\n",
            "the dynamic loader did not load the agent: ERROR: ld.so: object '/c/a.so'",
        ),
    ],
)
def test_a_missing_report_is_explained(name: str, output: str, reason: str) -> None:
    run = judged(SILENCES[name], ending=ended(0, output + "PASS\n"))
    assert run.check is Check.NOT_CHECKED
    assert reason in run.reason


def test_a_failure_without_words_still_has_a_reason() -> None:
    assert judged(NoReport(silence=Silence.FAILURE)).reason


@pytest.mark.parametrize(
    "accepted",
    [{"suppressed_by": "leak:x"}, {"in_baseline": True}],
    ids=["suppressed", "baseline"],
)
def test_accepted_leaks_do_not_fail_the_run_and_are_kept(accepted: dict[str, object]) -> None:
    leaks = tuple(replace(leak, **accepted) for leak in leaks_of(LEAKY))
    run = judged(LEAKY, leaks=leaks)
    assert run.check is Check.CLEAN
    assert run.leaks == leaks
    assert judged(LEAKY, leaks=(*leaks[1:], leaks_of(LEAKY)[0])).check is Check.LEAKS


def reported(*runs: Run) -> Report:
    """The sum of runs."""
    return judge(runs, level=Level.NORMAL)


def test_nothing_ran_is_not_clean() -> None:
    report = judge([], level=Level.STRICT, skipped=[("example.com/pure", "no cgo")])
    assert (report.check, report.tests, report.exit_code) == (Check.NOT_CHECKED, NONE, 2)
    assert report.reason == "nothing ran"
    assert report.skipped == (("example.com/pure", "no cgo"),)
    assert (report.level, report.engine) == (Level.STRICT, EngineName.AGENT)


def test_no_tests_anywhere_is_not_clean() -> None:
    report = reported(replace(RUN, tests=NONE))
    assert (report.check, report.exit_code) == (Check.NOT_CHECKED, 2)
    assert report.reason == "no tests ran"


def test_a_package_without_a_matching_test_does_not_spoil_the_others() -> None:
    report = reported(RUN, replace(RUN, tests=NONE))
    assert (report.check, report.tests, report.exit_code) == (Check.CLEAN, PASSED, 0)


def test_leaks_beside_an_unchecked_run_are_told_with_its_name() -> None:
    report = reported(LEAKING, CRASHED)
    assert (report.check, report.exit_code) == (Check.LEAKS, 1)
    assert report.reason == f"{CRASHED.package}: {CRASHED.reason}"


def test_clean_beside_an_unchecked_run_is_not_clean() -> None:
    unchecked = replace(RUN, check=Check.NOT_CHECKED, reason="no tcmalloc", evidence=Evidence())
    report = reported(RUN, unchecked)
    assert (report.check, report.tests, report.exit_code) == (Check.NOT_CHECKED, PASSED, 2)
    assert "no tcmalloc" in report.reason


def test_a_single_unchecked_run_gives_its_reason_plainly() -> None:
    assert reported(CRASHED).reason == CRASHED.reason


def test_the_sums_leave_accepted_leaks_out_and_count_the_suppressed() -> None:
    report = reported(LEAKING, LEAKING)
    assert (report.leaked_bytes, report.leaked_objects) == (2 * 4122, 2 * 67)
    assert (report.suppressed_bytes, report.suppressed_objects) == (2 * 8, 2)


@pytest.mark.parametrize(
    "evidence",
    [
        Evidence(),
        Evidence(fields=(("canary", "missing"), ("lost", "0"))),
        Evidence(fields=(("canary", "found"), ("lost", "2"))),
        Evidence(fields=(("canary", "found"),)),
    ],
)
def test_a_run_that_claims_to_be_clean_needs_its_proof(evidence: Evidence) -> None:
    assert reported(replace(RUN, evidence=evidence)).check is Check.NOT_CHECKED


EVIDENCES = st.builds(
    lambda canary, lost: Evidence(fields=(("canary", canary), ("lost", lost))),
    st.sampled_from(["found", "missing", ""]),
    st.sampled_from(["0", "1", "", "00"]),
)
RUNS = st.builds(
    replace,
    st.just(RUN),
    tests=st.sampled_from(model.Tests),
    check=st.sampled_from(Check),
    evidence=st.one_of(st.just(PROOF), EVIDENCES),
    leaks=st.lists(
        st.sampled_from([LEAK, replace(LEAK, in_baseline=True), replace(LEAK, suppressed_by="x")]),
        max_size=2,
    ).map(tuple),
)


@given(st.lists(RUNS, max_size=4))
def test_clean_is_never_said_without_proof_from_every_run(runs: list[Run]) -> None:
    report = reported(*runs)
    if report.check is Check.CLEAN:
        assert runs
        for run in runs:
            assert run.evidence.text("canary") == "found"
            assert run.evidence.text("lost") == "0"
            assert run.tests not in {CRASH, SLOW}
            assert run.check is Check.CLEAN
            assert LEAK not in run.leaks
        assert any(run.tests is not NONE for run in runs)


@given(st.lists(RUNS, max_size=4))
def test_zero_is_only_returned_for_clean_and_passed(runs: list[Run]) -> None:
    report = reported(*runs)
    is_good = report.check is Check.CLEAN and report.tests is PASSED
    assert (report.exit_code == 0) is is_good
    assert report.exit_code in {0, 1, 2}


@given(st.lists(RUNS, max_size=4))
def test_not_checked_always_has_a_reason(runs: list[Run]) -> None:
    report = reported(*runs)
    assert report.reason or report.check is not Check.NOT_CHECKED


@given(st.lists(RUNS, min_size=1, max_size=4))
def test_the_order_of_runs_does_not_change_the_verdict(runs: list[Run]) -> None:
    one, other = reported(*runs), reported(*reversed(runs))
    assert (one.check, one.tests, one.exit_code) == (other.check, other.tests, other.exit_code)


VALUES = st.sampled_from(
    ["0", "1", "-1", "2", "found", "missing", "normal", "strict", "", "6", "x"]
)
KEYS = [key for key, _ in LEAKY.evidence.fields]


@given(st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=4), st.sampled_from([0, 1, -6]))
def test_no_twisted_evidence_makes_a_clean_run_of_a_leaky_one(
    fields: dict[str, str], code: int
) -> None:
    assert judged(changed(LEAKY, **fields), ending=ended(code)).check is not Check.CLEAN


@pytest.mark.parametrize(
    ("first", "second"), list(itertools.product([RUN, LEAKING, CRASHED], repeat=2))
)
def test_a_second_run_never_mends_the_first(first: Run, second: Run) -> None:
    severity = (0, 2, 1)
    together = severity.index(reported(first, second).exit_code)
    assert together >= max(severity.index(reported(run).exit_code) for run in (first, second))


def test_a_run_whose_leaks_are_anothers_is_clean_and_keeps_its_proof() -> None:
    run = replace(RUN, check=Check.LEAKS, leaks=(LEAK,))

    assert judge_share(run, ()) == RUN
    assert judge_share(RUN, (LEAK,)) == run


def test_no_share_makes_an_unchecked_run_a_checked_one() -> None:
    assert judge_share(CRASHED, ()) == CRASHED
    assert judge_share(CRASHED, (LEAK,)) == CRASHED


def test_an_isolated_test_is_named_where_it_was_not_checked() -> None:
    argv = ("x.test", "-test.run=^TestA$", "-test.paniconexit0")

    report = reported(RUN, replace(CRASHED, argv=argv))

    assert report.reason == f"{CRASHED.package} TestA: {CRASHED.reason}"


NO_DUMP = "conservative: the companion left no heap dump"
BUILT_ELSEWHERE = "conservative: this test binary was built elsewhere"


@pytest.mark.parametrize(
    ("outcome", "level", "liveness", "check"),
    [
        (CLEAN, Level.NORMAL, NO_DUMP, Check.NOT_CHECKED),
        (CLEAN, Level.STRICT, NO_DUMP, Check.NOT_CHECKED),
        (CLEAN, Level.DRACONIAN, NO_DUMP, Check.CLEAN),
        (CLEAN, Level.NORMAL, BUILT_ELSEWHERE, Check.CLEAN),
        (LEAKY, Level.NORMAL, NO_DUMP, Check.LEAKS),
    ],
)
def test_a_run_whose_companion_left_no_dump_is_not_clean(
    outcome: AgentReport, level: Level, liveness: str, check: Check
) -> None:
    run = judged(changed(outcome, go_liveness=liveness, level=level.value), level=level)

    assert run.check is check
    assert ("left through C" in run.reason) is (check is Check.NOT_CHECKED)


@pytest.mark.parametrize(
    ("moment", "liveness", "reason"),
    [
        ("go_exit", "the companion left no heap dump", "the companion left no heap dump"),
        ("exit", "the companion left no heap dump", "the program left through C"),
        ("go_exit", "the companion did not compile: x.go:1", "the companion did not compile: x.go"),
        ("exit", "the companion's heap dump is empty", "the companion's heap dump is empty"),
    ],
)
def test_the_reason_says_what_became_of_the_companion(
    moment: str, liveness: str, reason: str
) -> None:
    run = judged(changed(CLEAN, go_liveness=f"conservative: {liveness}", moment=moment))

    assert run.check is Check.NOT_CHECKED
    assert run.reason.startswith(reason)
    assert run.reason.endswith(", and dead memory may hide leaks")
