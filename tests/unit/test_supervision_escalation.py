from __future__ import annotations

import os
import signal
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakcheck.supervision.escalation import KILL, Escalation, Interruptions, Step

DUMP = Step(signal.SIGQUIT, to_group=False, wait_s=5)
TERM = Step(signal.SIGTERM, to_group=True, wait_s=3)
INT = Step(signal.SIGINT, to_group=True, wait_s=4)


def escalation(deadline: float | None = 100) -> Escalation:
    return Escalation(deadline=deadline, at_timeout=(DUMP, TERM, KILL), at_interruption=(INT, KILL))


def steps(subject: Escalation, times: list[tuple[float, int]]) -> list[tuple[float, Step]]:
    """The steps given at each (time, interruptions so far)."""
    given_steps = [(now, subject.step(now, count)) for now, count in times]
    return [(now, step) for now, step in given_steps if step is not None]


def test_before_the_deadline_nothing_is_done() -> None:
    subject = escalation()

    assert steps(subject, [(0, 0), (50, 0), (99.9, 0)]) == []
    assert not subject.has_begun()
    assert not subject.timed_out


def test_at_the_deadline_come_dump_request_and_kill_each_in_its_time() -> None:
    times = [(now, 0) for now in (99, 100, 101, 104.9, 105, 107, 108, 120)]

    assert steps(escalation(), times) == [(100, DUMP), (105, TERM), (108, KILL)]


def test_a_timeout_is_remembered() -> None:
    subject = escalation()
    subject.step(100, 0)

    assert subject.timed_out
    assert subject.has_begun()


def test_without_a_deadline_a_program_may_run_for_ever() -> None:
    assert steps(escalation(None), [(1e9, 0)]) == []


def test_ctrl_c_asks_once_and_kills_after_the_grace() -> None:
    subject = escalation()

    assert steps(subject, [(10, 1), (11, 1), (14, 1), (15, 1)]) == [(10, INT), (14, KILL)]
    assert not subject.timed_out


def test_a_second_ctrl_c_kills_at_once() -> None:
    assert steps(escalation(), [(10, 1), (10.1, 2)]) == [(10, INT), (10.1, KILL)]


def test_two_that_come_together_kill_at_once() -> None:
    assert steps(escalation(), [(10, 2)]) == [(10, KILL)]


def test_ctrl_c_takes_over_from_a_timeout() -> None:
    subject = escalation()

    taken = steps(subject, [(100, 0), (101, 1), (104.9, 1), (105, 1)])

    assert taken == [(100, DUMP), (101, INT), (105, KILL)]


def test_the_deadline_does_not_take_over_from_ctrl_c() -> None:
    subject = escalation()

    assert steps(subject, [(99, 1), (100, 1), (102, 1), (103, 1)]) == [(99, INT), (103, KILL)]
    assert not subject.timed_out


def test_only_a_program_that_outlives_the_kill_cannot_be_ended() -> None:
    subject = escalation()
    steps(subject, [(10, 1), (11, 2)])

    assert not subject.is_exhausted(11 + KILL.wait_s - 0.1)
    assert subject.is_exhausted(11 + KILL.wait_s)


def test_waiting_for_an_answer_to_a_request_is_not_the_end() -> None:
    subject = escalation()
    steps(subject, [(10, 1)])

    assert not subject.is_exhausted(1000)


@given(st.lists(st.tuples(st.floats(0, 200), st.integers(0, 3)), min_size=1, max_size=50))
def test_every_course_of_events_that_begins_ends_with_a_kill(
    events: list[tuple[float, int]],
) -> None:
    subject = escalation()
    times = sorted(now for now, _ in events)
    counts = sorted(count for _, count in events)
    taken = steps(subject, list(zip(times, counts, strict=True)))
    taken += steps(subject, [(1000 + 10 * late, counts[-1]) for late in range(5)])

    assert taken[-1][1] is KILL
    # One at the end of the time-out's steps, and one for each interruption.
    assert sum(step is KILL for _, step in taken) <= 1 + counts[-1]


def test_signals_are_counted_and_not_raised() -> None:
    interruptions = Interruptions()
    with interruptions:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGTERM)

        assert interruptions.count() == 2


def test_ctrl_c_is_raised_when_all_is_done() -> None:
    interruptions = Interruptions()
    with interruptions:
        os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        interruptions.deliver()


def test_a_request_to_end_leaves_by_an_exception_so_that_all_is_cleaned_up() -> None:
    interruptions = Interruptions()
    with interruptions:
        os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(SystemExit) as caught:
        interruptions.deliver()
    assert caught.value.code == 128 + signal.SIGTERM


def test_a_handler_of_someone_else_gets_its_signal_afterwards() -> None:
    seen: list[int] = []
    previous = signal.signal(signal.SIGTERM, lambda number, _: seen.append(number))
    try:
        interruptions = Interruptions()
        with interruptions:
            os.kill(os.getpid(), signal.SIGTERM)
            assert seen == []
        interruptions.deliver()
    finally:
        signal.signal(signal.SIGTERM, previous)

    assert seen == [signal.SIGTERM]


def test_without_a_signal_nothing_is_delivered() -> None:
    interruptions = Interruptions()
    with interruptions:
        pass

    interruptions.deliver()
    assert interruptions.count() == 0


def test_in_another_thread_the_handlers_are_left_alone() -> None:
    seen: list[object] = []

    def work() -> None:
        with Interruptions():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()

    assert seen == [signal.getsignal(signal.SIGINT)]
