"""One item's way: limits given back on every path, time-outs told apart, retries."""

from __future__ import annotations

import asyncio
import gc
import itertools
import weakref
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from ai_catalyst.engine import AdaptiveLimit, Breaker, InFlight, Outcome, RateLimit, Retry
from ai_catalyst.engine.attempt import Attempts, Desk
from ai_catalyst.errors import BreakerOpen, ItemCancelled, ItemTimeout, RateLimited

Work = Callable[[Any], Awaitable[Any]]


async def double(number: int) -> int:
    await asyncio.sleep(0)
    return 2 * number


def failing(*errors: BaseException) -> Work:
    left = list(errors)

    async def work(item: Any) -> Any:
        await asyncio.sleep(0)
        if left:
            raise left.pop(0)
        return item

    return work


def quick(attempts: int = 3, **rules: Any) -> Retry:
    return Retry(attempts, base_s=0, **rules)


async def run(work: Work, item: Any = "item", **rules: Any) -> Outcome[Any, Any]:
    jobs, outcomes = [(7, item)], list[Outcome[Any, Any]]()

    async def wait() -> None:
        return None

    desk = Desk(lambda: jobs.pop() if jobs else None, wait, lambda _, o: outcomes.append(o))  # type: ignore[func-returns-value]
    del item
    await Attempts(work, **rules).work(desk)
    assert len(outcomes) == 1
    return outcomes.pop()


async def test_a_success_is_a_value() -> None:
    outcome = await run(double, 21)
    assert (outcome.index, outcome.item, outcome.value, outcome.error) == (7, 21, 42, None)
    assert (outcome.attempts, outcome.resumed, outcome.ok) == (1, False, True)
    assert outcome.seconds > 0


async def test_a_failure_is_a_value_too() -> None:
    error = KeyError("x")
    outcome = await run(failing(error))
    assert (outcome.value, outcome.error, outcome.attempts) == (None, error, 1)


async def test_work_that_is_no_coroutine_function_fails_its_item() -> None:
    assert isinstance((await run(lambda item: 1)).error, TypeError)  # type: ignore[arg-type, return-value]


async def test_it_is_tried_as_often_as_the_policy_says() -> None:
    outcome = await run(failing(ValueError(), OSError()), retry=quick())
    assert (outcome.value, outcome.attempts) == ("item", 3)
    outcome = await run(failing(ValueError("1"), ValueError("2"), ValueError("3")), retry=quick(2))
    assert (str(outcome.error), outcome.attempts) == ("2", 2)


async def test_the_deadline_runs_on_the_policys_own_clock() -> None:
    clock = itertools.count(0, 10).__next__
    rules = Retry(9, base_s=0, deadline_s=25, clock=clock)
    outcome = await run(failing(*[ValueError()] * 8), retry=rules)
    assert outcome.attempts == 3


async def test_what_the_other_side_asks_for_is_honoured() -> None:
    asked = RateLimited("slow down")
    asked.retry_after_s = 12.0
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    await run(failing(asked), retry=Retry(2, sleep=sleep))
    assert waits == [12.0]


# Time-outs.


async def test_work_that_takes_too_long_is_an_item_timeout() -> None:
    outcome = await run(lambda _: asyncio.sleep(60), timeout=0.01)
    assert isinstance(outcome.error, ItemTimeout)
    assert isinstance(outcome.error, TimeoutError)
    assert "0.01 s" in str(outcome.error)


async def test_a_timeout_of_the_works_own_is_left_as_it_is() -> None:
    error = TimeoutError("the database took too long")
    outcome = await run(failing(error), timeout=60)
    assert outcome.error is error


async def test_each_attempt_has_the_whole_time() -> None:
    tries = 0

    async def work(item: str) -> str:
        nonlocal tries
        tries += 1
        await asyncio.sleep(60 if tries < 3 else 0)
        return item

    outcome = await run(work, timeout=0.01, retry=quick())
    assert (outcome.value, outcome.attempts) == ("item", 3)


async def test_time_spent_waiting_for_a_limit_is_not_the_items() -> None:
    limit = InFlight(1)
    await limit.acquire()
    asyncio.get_running_loop().call_later(0.03, limit.release)
    assert (await run(double, timeout=0.02, limits=[limit])).ok


# Cancellation.


async def test_work_that_cancels_itself_fails_its_item_and_not_the_worker() -> None:
    outcome = await run(failing(asyncio.CancelledError()))
    assert isinstance(outcome.error, ItemCancelled)
    assert isinstance(outcome.error.__cause__, asyncio.CancelledError)
    assert (await run(failing(asyncio.CancelledError()), retry=quick())).ok


async def test_awaiting_what_somebody_else_cancelled_fails_the_item() -> None:
    future = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_soon(future.cancel)

    async def work(item: str) -> None:
        await future

    assert isinstance((await run(work, timeout=60)).error, ItemCancelled)


@pytest.mark.parametrize(
    "rules", [{}, {"timeout": 60}, {"retry": quick()}, {"limits": [InFlight(1), RateLimit(9)]}]
)
async def test_a_cancellation_from_outside_passes_through(rules: dict[str, Any]) -> None:
    task = asyncio.create_task(run(lambda _: asyncio.sleep(60), **rules))
    await asyncio.sleep(0.001)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    for limit in rules.get("limits", []):
        assert getattr(limit, "in_flight", 0) == 0


# Limits.


class Recorder:
    """A limit that remembers what it was told, and refuses when asked to."""

    def __init__(self, log: list[Any], name: str, refusal: BaseException | None = None) -> None:
        self.log, self.name, self.refusal = log, name, refusal
        self.broken: Exception | None = None

    async def acquire(self) -> None:
        await asyncio.sleep(0)
        if self.refusal is not None:
            raise self.refusal
        self.log.append(f"+{self.name}")

    def release(self, error: BaseException | None = None) -> None:
        self.log.append((f"-{self.name}", error))
        if self.broken is not None:
            raise self.broken


async def test_limits_are_passed_in_order_and_given_back_in_reverse_each_attempt() -> None:
    log: list[Any] = []
    error = ValueError()
    await run(failing(error), limits=[Recorder(log, "a"), Recorder(log, "b")], retry=quick(2))
    assert log == ["+a", "+b", ("-b", error), ("-a", error), "+a", "+b", ("-b", None), ("-a", None)]


async def test_nothing_is_held_while_waiting_for_the_next_attempt() -> None:
    limit = InFlight(1)

    async def sleep(seconds: float) -> None:
        assert limit.in_flight == 0

    outcome = await run(failing(ValueError()), limits=[limit], retry=Retry(2, sleep=sleep))
    assert outcome.attempts == 2


async def test_a_limit_that_refuses_gives_back_those_before_it() -> None:
    log: list[Any] = []
    refusal = BreakerOpen("left alone")
    outcome = await run(double, limits=[Recorder(log, "a"), Recorder(log, "b", refusal)])
    assert outcome.error is refusal
    assert log == ["+a", ("-a", refusal)]


async def test_another_breakers_refusal_does_not_open_a_breaker() -> None:
    healthy, open_one = Breaker(1), Breaker(1)
    open_one.failure()
    outcome = await run(double, limits=[healthy, open_one])
    assert isinstance(outcome.error, BreakerOpen)
    assert healthy.state == "closed"


async def test_a_limit_that_raises_on_release_does_not_keep_the_others() -> None:
    log: list[Any] = []
    first, second = Recorder(log, "a"), Recorder(log, "b")
    second.broken = OSError("broken limit")
    outcome = await run(double, limits=[first, second])
    assert outcome.error is second.broken
    assert log[-1] == ("-a", None)


async def test_the_adaptive_limit_hears_of_a_timeout() -> None:
    limit = AdaptiveLimit(10)
    await run(lambda _: asyncio.sleep(60), timeout=0.01, limits=[limit])
    assert limit.limit == 7


@pytest.mark.parametrize("moment", range(8))
async def test_limits_are_given_back_wherever_a_cancellation_strikes(moment: int) -> None:
    log: list[Any] = []
    limits = [Recorder(log, "a"), InFlight(1), Recorder(log, "b")]
    task = asyncio.create_task(run(failing(ValueError()), limits=limits, retry=quick()))
    for _ in range(moment):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    taken = [entry for entry in log if isinstance(entry, str)]
    assert len(log) == 2 * len(taken)
    assert limits[1].in_flight == 0  # type: ignore[union-attr]


async def test_a_failed_item_is_not_kept_by_its_error_longer_than_its_outcome() -> None:
    class Item:
        pass

    items = [Item()]
    gone = weakref.ref(items[0])
    gc.disable()
    try:
        outcome = await run(failing(ValueError()), items.pop(), limits=[InFlight(1)], timeout=60)
        assert outcome.error is not None
        del outcome
        assert gone() is None, "a reference cycle keeps it until the collector comes"
    finally:
        gc.enable()
