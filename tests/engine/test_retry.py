"""The retry policy: a pure function of numbers, and the one place that awaits it."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_catalyst.engine import Retry
from ai_catalyst.errors import (
    BudgetExceeded,
    PrivacyError,
    RateLimited,
    RequestRefused,
    UnsafeAddress,
    UserError,
)


@given(
    attempt=st.integers(1, 200),
    attempts=st.integers(1, 200),
    base_s=st.floats(0, 1e3, allow_subnormal=False),
    cap_s=st.floats(0, 1e4),
    jitter=st.floats(0, 1),
    retry_after=st.none() | st.floats(-5, 1e4),
)
def test_the_wait_lies_between_what_was_asked_for_and_the_ceiling(
    attempt: int,
    attempts: int,
    base_s: float,
    cap_s: float,
    jitter: float,
    retry_after: float | None,
) -> None:
    retry = Retry(attempts, base_s=base_s, cap_s=cap_s, jitter=lambda: jitter)
    wait = retry.delay(attempt, retry_after)
    if attempt >= attempts:
        assert wait is None
        return
    assert wait is not None
    doublings = min(attempt - 1, 1000)
    ceiling = min(cap_s, base_s * 2.0**doublings)
    asked = max(0.0, retry_after or 0.0)
    assert asked <= wait <= max(asked, ceiling)
    assert wait >= jitter * ceiling


@given(elapsed=st.floats(0, 100), deadline_s=st.floats(0, 100), retry_after=st.floats(0, 100))
def test_no_attempt_starts_after_the_deadline(
    elapsed: float, deadline_s: float, retry_after: float
) -> None:
    wait = Retry(9, deadline_s=deadline_s).delay(1, retry_after, elapsed)
    assert wait is None or elapsed + wait <= deadline_s


def test_the_ceiling_doubles_until_the_cap() -> None:
    retry = Retry(10, base_s=1, cap_s=10, jitter=lambda: 1.0)
    assert [retry.delay(n) for n in range(1, 8)] == [1, 2, 4, 8, 10, 10, 10]


def test_three_attempts_are_two_waits() -> None:
    retry = Retry()
    assert [retry.delay(n) is not None for n in (1, 2, 3)] == [True, True, False]


def test_the_full_range_is_drawn_from() -> None:
    waits = [Retry(base_s=1).delay(1) or 0 for _ in range(200)]
    assert min(waits) < 0.2
    assert max(waits) > 0.8


@pytest.mark.parametrize(
    "error", [UserError, PrivacyError, BudgetExceeded, UnsafeAddress, RequestRefused]
)
def test_what_is_hopeless_is_not_tried_again(error: type[Exception]) -> None:
    assert Retry().after(error("no"), 1) is None
    assert Retry(on=lambda _: True).after(error("no"), 1) is not None  # unless one insists


@pytest.mark.parametrize("on", [ValueError, (ValueError, OSError)])
def test_on_takes_exception_types(on: type[Exception] | tuple[type[Exception], ...]) -> None:
    assert Retry(on=on).wants(ValueError())
    assert not Retry(on=on).wants(KeyError())


@pytest.mark.parametrize(
    "numbers", [{"attempts": 0}, {"base_s": -1}, {"cap_s": -0.1}, {"base_s": float("nan")}]
)
def test_numbers_that_make_no_sense_are_refused(numbers: dict[str, float]) -> None:
    with pytest.raises(UserError, match="attempts"):
        Retry(**numbers)  # type: ignore[arg-type]


class Story:
    """An operation that fails as told, on a clock that only sleeping moves."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.now = 0.0
        self.waits: list[float] = []
        self.calls = 0

    async def __call__(self) -> str:
        self.calls += 1
        if self.failures:
            raise self.failures.pop(0)
        return "done"

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds

    def policy(self, attempts: int = 3, deadline_s: float | None = None) -> Retry:
        return Retry(
            attempts,
            base_s=1,
            deadline_s=deadline_s,
            jitter=lambda: 0.5,
            clock=lambda: self.now,
            sleep=self.sleep,
        )


async def test_it_tries_until_it_works() -> None:
    story = Story(ValueError(), OSError())
    assert await story.policy().run(story) == "done"
    assert (story.calls, story.waits) == (3, [0.5, 1.0])


async def test_the_last_error_is_raised() -> None:
    story = Story(ValueError("one"), ValueError("two"), ValueError("three"))
    with pytest.raises(ValueError, match="three"):
        await story.policy().run(story)
    assert story.calls == 3


async def test_what_the_other_side_asks_for_is_honoured() -> None:
    asked = RateLimited("slow down")
    asked.retry_after_s = 7.5
    story = Story(asked)
    await story.policy().run(story)
    assert story.waits == [7.5]


async def test_a_wait_beyond_the_deadline_is_not_begun() -> None:
    asked = RateLimited("slow down")
    asked.retry_after_s = 60
    story = Story(asked)
    with pytest.raises(RateLimited):
        await story.policy(deadline_s=30).run(story)
    assert story.waits == []


async def test_a_cancellation_is_not_retried() -> None:
    story = Story(asyncio.CancelledError())  # type: ignore[arg-type]
    with pytest.raises(asyncio.CancelledError):
        await story.policy().run(story)
    assert story.calls == 1


def test_waits_grow_by_the_factor_and_by_none_beyond_any_number() -> None:
    retry = Retry(attempts=10_000, base_s=1, cap_s=1e9, factor=1.5, jitter=lambda: 1.0)
    assert [retry.delay(n) for n in (1, 2, 3)] == [1.0, 1.5, 2.25]
    steep = Retry(attempts=10_000, cap_s=7, factor=1e12, jitter=lambda: 1.0)
    assert steep.delay(9_999) == 7
    with pytest.raises(UserError, match="factor"):
        Retry(factor=0.5)
