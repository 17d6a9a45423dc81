"""The judgement of stalls, on made-up looks."""

from __future__ import annotations

import functools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_catalyst.engine.stall import Look as _Look
from ai_catalyst.engine.stall import StallMeter

PERIOD = 0.01
A = object()
Look = functools.partial(_Look, due_s=1.25 * PERIOD)


def meter() -> StallMeter:
    return StallMeter(threshold_s=0.05, period_s=PERIOD)


def walk(*looks: _Look, left_at: float | None = None) -> float | None:
    """Take looks; the last one, at which the callback is over, may have been told of."""
    subject = meter()
    ended = [subject.see(look) for look in looks[:-1]]
    assert not any(ended)
    return subject.see(looks[-1], Look(left_at) if left_at is not None else None)


def test_a_callback_blocked_in_one_place_is_a_stall() -> None:
    looks = [Look(n * PERIOD, A, turns=3) for n in range(8)]
    assert walk(Look(-PERIOD), *looks, Look(0.08), left_at=0.078) == 0.078


def test_a_callback_that_computes_is_a_stall() -> None:
    looks = [Look(n * PERIOD, A, cpu=n * PERIOD, process_cpu=n * PERIOD, turns=n) for n in range(8)]
    seconds = walk(Look(-PERIOD), *looks, Look(0.08, turns=8, cpu=0.08), left_at=0.075)
    assert seconds is not None
    assert abs(seconds - 0.075) < 1e-9


def test_many_callbacks_in_a_row_are_no_stall() -> None:
    subject = meter()
    for n in range(100):
        assert (
            subject.see(Look(n * PERIOD, object(), cpu=n * PERIOD), Look(n * PERIOD - 0.001))
            is None
        )


def test_the_same_coroutine_at_its_next_step_is_another_callback() -> None:
    subject = meter()
    for n in range(100):
        assert subject.see(Look(n * PERIOD, A), Look(n * PERIOD - 0.001)) is None


def test_an_idle_loop_never_stands() -> None:
    subject = meter()
    assert not any(subject.see(Look(n * PERIOD)) for n in range(100))


def test_waiting_for_a_processor_is_no_stall() -> None:
    looks = [Look(n * PERIOD, A, cpu=n * 0.001, waited=n * 0.009, turns=n) for n in range(30)]
    assert walk(*looks, Look(0.3, cpu=0.03, waited=0.27, turns=30), left_at=0.299) is None


def test_a_wait_that_is_told_of_only_when_it_is_over_is_no_stall_either() -> None:
    """The kernel books the time in its queue when the thread gets out of it."""
    queued = [Look(n * PERIOD, A, turns=1) for n in range(20)]
    after = Look(0.2, A, turns=2, waited=0.185, cpu=0.001)
    assert walk(Look(-PERIOD), *queued, after, Look(0.21, turns=2, waited=0.185)) is None


def test_a_lock_whose_holder_got_no_processor_is_no_stall() -> None:
    looks = [
        Look(n * PERIOD, A, cpu=n * 0.001, turns=n, others_waited=n * 0.009) for n in range(30)
    ]
    assert walk(*looks, Look(0.3, cpu=0.03, turns=30, own_waited=0.01), left_at=0.299) is None


def test_a_lock_whose_holder_computes_is_a_stall() -> None:
    looks = [
        Look(n * PERIOD, A, cpu=n * 0.001, turns=n, others_waited=0.0, process_cpu=n * PERIOD)
        for n in range(8)
    ]
    assert walk(Look(-PERIOD), *looks, Look(0.08, turns=8, cpu=0.008)) is not None


def test_one_c_call_that_kept_the_interpreter_lock_is_a_stall_though_seen_only_once() -> None:
    seen = Look(0.3, A, cpu=0.29, process_cpu=0.29, turns=1, beat=Look(0.0))
    assert (
        walk(Look(0.0), seen, Look(0.31, cpu=0.29, beat=Look(0.305, cpu=0.29)), left_at=0.301)
        is not None
    )


def test_a_loop_that_went_round_meanwhile_was_in_no_one_call() -> None:
    """A busy loop lets the lock go for so short a time that nobody else gets it."""
    seen = Look(0.3, A, cpu=0.29, process_cpu=0.29, turns=1, beat=Look(0.27, cpu=0.26))
    assert (
        walk(Look(0.0), seen, Look(0.31, cpu=0.29, beat=Look(0.305, cpu=0.29)), left_at=0.301)
        is None
    )


def test_a_late_watchdog_alone_is_no_stall() -> None:
    seen = Look(0.3, A, cpu=0.29, own_waited=0.29, turns=1, beat=Look(0.0))
    assert walk(Look(0.0), seen, Look(0.31, cpu=0.29, own_waited=0.29), left_at=0.301) is None


def test_a_machine_that_stood_still_is_no_stall() -> None:
    before = Look(0.0, A, turns=1)
    assert walk(before, Look(0.5, A, turns=1), Look(0.51), left_at=0.501) is None


def test_after_a_regular_pulse_only_what_came_after_it_counts() -> None:
    subject = meter()
    subject.see(Look(0.0, beat=Look(0.0)))
    subject.see(Look(10.0, A, cpu=5.005, turns=1, beat=Look(9.99, cpu=5.0)))
    assert subject.standing == 0.0


def test_a_call_that_blocks_is_counted_from_where_its_thread_was_last_given_a_processor() -> None:
    """No turn since the loop went round: it is blocked where it was blocked all the time."""
    subject = meter()
    subject.see(Look(0.0, turns=4))
    beat = Look(0.1, cpu=0.01, turns=5, process_cpu=0.01)
    subject.see(Look(0.14, A, cpu=0.012, turns=5, process_cpu=0.012, beat=beat))
    assert subject.standing == pytest.approx(0.038)


def test_a_wait_for_a_processor_that_looked_like_blocking_is_taken_back() -> None:
    subject = meter()
    subject.see(Look(0.0, turns=4))
    beat = Look(0.1, cpu=0.01, turns=5, process_cpu=0.01)
    subject.see(Look(0.14, A, cpu=0.012, turns=5, process_cpu=0.012, beat=beat))
    over = Look(0.15, cpu=0.02, turns=6, waited=0.039, process_cpu=0.02)
    assert subject.see(over) is None


def test_what_a_thread_waited_after_its_callback_takes_nothing_from_a_stall() -> None:
    looks = [Look(n * PERIOD, A, cpu=n * PERIOD, process_cpu=n * PERIOD, turns=n) for n in range(8)]
    seconds = walk(Look(-PERIOD), *looks, Look(0.5, turns=9, cpu=0.08, waited=0.4), left_at=0.071)
    assert seconds == pytest.approx(0.07)


def test_the_first_callback_of_a_round_is_counted_from_the_round_s_beginning() -> None:
    subject = meter()
    subject.see(Look(0.0))
    beat = Look(0.01, turns=1)
    subject.see(Look(0.3, A, cpu=0.09, turns=7, waited=0.21, own_waited=0.2, beat=beat, first=True))
    assert subject.standing == pytest.approx(0.09 - subject.slack_s)


def test_one_of_many_callbacks_of_a_round_is_not() -> None:
    subject = meter()
    subject.see(Look(0.0))
    beat = Look(0.01, turns=1)
    subject.see(Look(0.3, A, cpu=0.09, turns=7, waited=0.21, own_waited=0.2, beat=beat))
    assert subject.standing == 0.0


def test_an_end_that_was_told_of_exactly_is_believed_however_late_the_watchdog() -> None:
    subject = meter()
    subject.see(Look(0.0))
    subject.see(Look(0.01, A, turns=1))
    left = _Look(0.9, cpu=0.1, waited=0.78, turns=9, process_cpu=0.1)
    assert subject.see(Look(1.0, own_waited=0.9), left, exact=True) == pytest.approx(0.1)


def test_what_was_computed_is_not_taken_back_by_waits_that_were_left_out_before() -> None:
    """The watchdog was late too, so the wait had not been counted when the kernel told of it."""
    subject = meter()
    subject.see(Look(0.0))
    subject.see(Look(0.01, A, turns=1))
    for n in range(1, 9):
        at = n * 0.1
        subject.see(Look(at, A, cpu=(n - 1) * 0.01, turns=n, waited=(n - 1) * 0.09))
        late = Look(at + 0.08, A, cpu=(n - 1) * 0.01, turns=n, waited=(n - 1) * 0.09)
        subject.see(late)
    assert subject.standing >= 0.07


def test_where_the_system_counts_no_turns_nothing_is_concluded_from_them() -> None:
    subject = meter()
    subject.see(Look(0.0))
    subject.see(Look(9.0, A, cpu=0.01, beat=Look(0.5)))
    assert subject.standing < 0.05


times = st.floats(min_value=0.0, max_value=0.05, allow_nan=False)


@given(st.lists(st.tuples(times, times, times, times), min_size=1, max_size=40))
def test_no_more_is_counted_than_the_clock_ran(steps: list[tuple[float, ...]]) -> None:
    """A stall is at most the wall time less the time in the queue."""
    look = Look(0.0, A)
    subject = meter()
    subject.see(look)
    start = look
    for cpu, blocked, waited, others in steps:
        look = replace(
            look,
            at=look.at + cpu + blocked + waited,
            cpu=look.cpu + cpu,
            waited=look.waited + waited,
            turns=look.turns + 1,
            own_waited=look.own_waited + others,
            process_cpu=look.process_cpu + cpu,
        )
        subject.see(look)
        real = look.at - start.at - look.waited
        assert look.cpu - 1e-9 <= subject.standing <= real + 1e-9
