"""A report in the light of a baseline, and a baseline made of a report."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_samples import CRASHED, LEAK, RUN

from leakcheck.baseline import (
    Baseline,
    Circumstances,
    Conditions,
    Entry,
    Key,
    refuse_other_conditions,
    renewed,
    with_baseline,
)
from leakcheck.errors import BadInput, ExitCode, NotChecked
from leakcheck.judge import judge
from leakcheck.model import Check, EngineName, Leak, Level, Report, Run
from leakcheck.model import Tests as Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

TODAY = dt.date(2026, 11, 24)
NOW = Circumstances(today=TODAY, is_whole=True)
PART = Circumstances(today=TODAY, is_whole=False)
PROGRAM = RUN.package
OTHER = replace(LEAK, id="other", leaked_objects=5)


def known(id_: str = LEAK.id, objects: int = 1, **fields: Any) -> Entry:
    values = {"where": "f", "bytes": 9, "first_seen": dt.date(2026, 1, 2), **fields}
    return Entry(key=Key(PROGRAM, id_), objects=objects, **values)


def report(*leaks: Leak, level: Level = Level.NORMAL, **fields: Any) -> Report:
    run = replace(RUN, check=Check.LEAKS if leaks else Check.CLEAN, leaks=leaks, **fields)
    return judge([run], level=level)


def compared(
    before: Report, *entries: Entry, circumstances: Circumstances = NOW, level: Level = Level.NORMAL
) -> Report:
    return with_baseline(before, Baseline(level=level, entries=entries), circumstances)


def gone(after: Report) -> list[str]:
    return [each.id for each in after.gone]


@pytest.mark.parametrize("objects", [1, 2])
def test_a_known_leak_that_has_not_grown_is_accepted(objects: int) -> None:
    after = compared(report(LEAK), known(objects=objects))

    assert (after.exit_code, after.check, after.leaked_objects) == (ExitCode.OK, Check.CLEAN, 0)
    assert after.runs[0].leaks[0].in_baseline
    assert after.runs[0].leaks[0].known_objects == objects
    assert after.gone == ()


def test_a_leak_that_is_not_known_is_new() -> None:
    after = compared(report(LEAK, OTHER), known())

    assert (after.exit_code, after.leaked_objects) == (ExitCode.FAILED, 5)
    assert after.runs[0].leaks[1].known_objects is None


def test_a_known_leak_that_has_grown_counts_and_says_from_what() -> None:
    after = compared(report(OTHER), known("other", 4))

    assert (after.exit_code, after.leaked_objects) == (ExitCode.FAILED, 5)
    assert after.runs[0].leaks[0].known_objects == 4
    assert after.runs[0].leaks[0].expired_on is None


def test_a_leak_that_several_processes_share_is_summed_up() -> None:
    runs = report(LEAK).runs * 3
    three = judge(runs, level=Level.NORMAL)

    assert compared(three, known(objects=3)).check is Check.CLEAN
    assert compared(three, known(objects=2)).leaked_objects == 3


@pytest.mark.parametrize(("expires", "is_accepted"), [(TODAY, False), (dt.date.max, True)])
def test_from_its_expiry_on_a_leak_counts(expires: dt.date, *, is_accepted: bool) -> None:
    after = compared(report(LEAK), known(expires=expires))

    assert after.runs[0].leaks[0].in_baseline is is_accepted
    assert after.runs[0].leaks[0].expired_on == (None if is_accepted else "2026-11-24")
    assert after.exit_code == (ExitCode.OK if is_accepted else ExitCode.FAILED)


def test_the_same_id_of_another_program_is_not_known() -> None:
    entry = replace(known(), key=Key("example.com/other", LEAK.id))
    assert compared(report(LEAK), entry).check is Check.LEAKS


def test_a_program_is_known_by_its_name_without_folders() -> None:
    entry = replace(known(), key=Key("x.test", LEAK.id))
    assert compared(report(LEAK, package=""), entry).check is Check.CLEAN


def test_what_no_longer_leaks_has_gone() -> None:
    assert gone(compared(report(LEAK), known(), known("old"))) == ["old"]


def test_what_is_suppressed_now_has_not_gone() -> None:
    assert gone(compared(report(replace(LEAK, suppressed_by="k:1 leak:f")), known())) == []


@pytest.mark.parametrize(
    "after",
    [
        compared(report(), known(), circumstances=PART),
        compared(report(), known(), level=Level.STRICT),
        compared(report(tests=Verdict.FAILED), known()),
        compared(judge([replace(CRASHED, package=PROGRAM)], level=Level.NORMAL), known()),
        compared(report(package="example.com/another"), known()),
    ],
    ids=["some tests", "laxer level", "failed", "not checked", "other package"],
)
def test_what_was_not_looked_for_well_enough_has_not_gone(after: Report) -> None:
    assert after.gone == ()


def test_a_stricter_level_tells_what_has_gone() -> None:
    assert gone(compared(report(level=Level.STRICT), known())) == [LEAK.id]


@pytest.mark.parametrize(
    ("conditions", "why"),
    [
        (Conditions(isolate=True), "with no --isolate, and this check is with --isolate"),
        (Conditions(engine=EngineName.HEAPCHECK), "--engine agent"),
        (Conditions(repeat=3), "with --repeat 1, and this check is with --repeat 3"),
    ],
)
def test_a_baseline_of_another_kind_of_check_is_refused(conditions: Conditions, why: str) -> None:
    with pytest.raises(BadInput) as caught:
        refuse_other_conditions(Baseline(), conditions)
    assert why in caught.value.why


def test_the_same_kind_of_check_is_not_refused() -> None:
    refuse_other_conditions(Baseline(), Conditions())


# Renewal


def entries(
    before: Report, *old: Entry, circumstances: Circumstances = NOW, isolate: bool = False
) -> dict[str, Entry]:
    new = renewed(before, Baseline(entries=old), Conditions(isolate=isolate), circumstances)
    return {entry.key.id: entry for entry in new.entries}


def test_a_new_baseline_has_every_leak() -> None:
    (entry,) = entries(report(LEAK)).values()

    assert entry == Entry(
        key=Key(PROGRAM, LEAK.id),
        where="probe_open",
        test="TestProbe",
        objects=1,
        bytes=100,
        first_seen=TODAY,
    )


def test_what_is_suppressed_is_not_in_it() -> None:
    assert entries(report(replace(LEAK, suppressed_by="k:1 leak:f"))) == {}


def test_date_expiry_and_note_of_a_known_leak_are_kept() -> None:
    old = known("other", 1, expires=dt.date(2027, 1, 1), note="ticket 7")
    new = entries(report(OTHER), old)["other"]

    assert (new.objects, new.bytes) == (5, 100)
    assert (new.first_seen, new.expires, new.note) == (old.first_seen, old.expires, "ticket 7")


def test_what_has_gone_is_dropped() -> None:
    assert set(entries(report(LEAK), known(), known("old"))) == {LEAK.id}


def test_what_was_not_looked_for_stays() -> None:
    elsewhere = replace(known("far"), key=Key("example.com/other", "far"))

    assert set(entries(report(LEAK), elsewhere)) == {LEAK.id, "far"}
    assert set(entries(report(LEAK), known("old"), circumstances=PART)) == {LEAK.id, "old"}


def test_what_was_found_with_other_options_does_not_stay() -> None:
    elsewhere = replace(known("far"), key=Key("example.com/other", "far"))
    assert set(entries(report(LEAK), elsewhere, isolate=True)) == {LEAK.id}


@pytest.mark.parametrize(
    "before",
    [
        report(LEAK, tests=Verdict.FAILED),
        judge([RUN, CRASHED], level=Level.NORMAL),
        judge([], level=Level.NORMAL),
    ],
    ids=["failed", "not checked", "nothing ran"],
)
def test_no_baseline_is_made_of_an_uncertain_report(before: Report) -> None:
    with pytest.raises(NotChecked, match="no baseline was written"):
        entries(before)


LEAKS = st.lists(
    st.builds(
        lambda id_, objects: replace(LEAK, id=id_, leaked_objects=objects),
        st.sampled_from("abcd"),
        st.integers(1, 5),
    ),
    max_size=4,
    unique_by=lambda leak: leak.id,
)


@given(LEAKS, LEAKS)
def test_a_new_baseline_accepts_the_report_it_was_made_of_and_less(
    first: Sequence[Leak], second: Sequence[Leak]
) -> None:
    baseline = renewed(report(*first), Baseline(), Conditions(), NOW)
    counts = {leak.id: leak.leaked_objects for leak in first}

    assert with_baseline(report(*first), baseline, NOW).exit_code == ExitCode.OK
    is_more = any(leak.leaked_objects > counts.get(leak.id, 0) for leak in second)
    again = with_baseline(report(*second), baseline, NOW)
    assert again.exit_code == (ExitCode.FAILED if is_more else ExitCode.OK)
    assert set(gone(again)) == set(counts) - {leak.id for leak in second}


def test_a_run_that_was_not_checked_stays_so() -> None:
    unchecked: Run = replace(CRASHED, package=PROGRAM)
    after = compared(judge([unchecked], level=Level.NORMAL), known())
    assert (after.check, after.runs) == (Check.NOT_CHECKED, (unchecked,))
