"""One call for equal keys: results and errors shared, cancellations not."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
import weakref
from typing import Any

import pytest

from ai_catalyst.engine import SingleFlight, single_flight
from ai_catalyst.engine.standstill import blocked_thread


class Kitchen:
    """Makes one thing at a time, when told to."""

    def __init__(self) -> None:
        self.calls = 0
        self.ended = 0
        self.done = asyncio.Event()
        self.error: BaseException | None = None

    async def make(self) -> str:
        self.calls += 1
        number = self.calls
        try:
            await self.done.wait()
            if self.error is not None:
                raise self.error
            return f"dish {number}"
        finally:
            for _ in range(5):  # washing up
                await asyncio.sleep(0)
            self.ended += 1


def ask(flight: SingleFlight[str], kitchen: Kitchen, times: int = 1) -> list[asyncio.Task[str]]:
    return [asyncio.create_task(flight.do("soup", kitchen.make)) for _ in range(times)]


async def test_equal_keys_in_flight_are_one_call() -> None:
    flight, kitchen = SingleFlight[str](), Kitchen()
    tasks = ask(flight, kitchen, 10)
    other = asyncio.create_task(flight.do("salad", kitchen.make))
    await asyncio.sleep(0)
    assert len(flight) == 2
    kitchen.done.set()
    assert await asyncio.gather(*tasks) == ["dish 1"] * 10
    assert await other == "dish 2"
    assert (kitchen.calls, len(flight)) == (2, 0)


async def test_a_key_is_made_anew_when_it_is_asked_for_later() -> None:
    flight, kitchen = SingleFlight[str](), Kitchen()
    kitchen.done.set()
    assert await flight.do("soup", kitchen.make) == "dish 1"
    assert await flight.do("soup", kitchen.make) == "dish 2"


async def test_an_error_is_shared_and_not_remembered() -> None:
    flight, kitchen = SingleFlight[str](), Kitchen()
    kitchen.error = ValueError("burnt")
    tasks = ask(flight, kitchen, 3)
    await asyncio.sleep(0)
    kitchen.done.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert results == [kitchen.error] * 3
    kitchen.error = None
    assert await flight.do("soup", kitchen.make) == "dish 2"


async def test_an_error_that_nobody_hears_is_not_complained_about(
    caplog: pytest.LogCaptureFixture,
) -> None:
    flight, kitchen = SingleFlight[str](), Kitchen()
    complaints: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    kitchen.error = ValueError("burnt")
    [task] = ask(flight, kitchen)
    await asyncio.sleep(0)
    task.cancel()
    kitchen.done.set()
    await asyncio.wait([task])
    del task
    gc.collect()
    assert complaints == []


async def test_one_waiter_may_go_and_the_others_are_served() -> None:
    flight, kitchen = SingleFlight[str](), Kitchen()
    tasks = ask(flight, kitchen, 3)
    await asyncio.sleep(0)
    tasks[0].cancel()  # the one who came first, whose call it is
    await asyncio.wait([tasks[0]])
    kitchen.done.set()
    assert await asyncio.gather(*tasks[1:]) == ["dish 1"] * 2
    assert tasks[0].cancelled()


async def test_when_all_waiters_go_the_call_is_cancelled_and_has_ended() -> None:
    flight, kitchen = SingleFlight[str](), Kitchen()
    tasks = ask(flight, kitchen, 3)
    await asyncio.sleep(0)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    assert all(task.cancelled() for task in tasks)
    assert (kitchen.ended, len(flight)) == (1, 0)
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_who_asks_while_a_call_is_being_cancelled_starts_anew() -> None:
    flight, kitchen = SingleFlight[str](), Kitchen()
    [first] = ask(flight, kitchen)
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    [second] = ask(flight, kitchen)
    kitchen.done.set()
    assert await second == "dish 2"
    assert first.cancelled()


async def test_a_call_that_cancels_itself_is_an_error_and_not_an_endless_loop() -> None:
    flight, kitchen = SingleFlight[str](), Kitchen()
    kitchen.error = asyncio.CancelledError()
    tasks = ask(flight, kitchen, 2)
    await asyncio.sleep(0)
    kitchen.done.set()
    await asyncio.wait(tasks)
    assert all(task.cancelled() for task in tasks)
    assert kitchen.calls == 1


async def test_when_somebody_cancels_the_call_itself_who_waits_makes_another() -> None:
    flight, kitchen = SingleFlight[str](), Kitchen()
    tasks = ask(flight, kitchen, 3)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    [call] = asyncio.all_tasks() - {asyncio.current_task(), *tasks}
    call.cancel()
    kitchen.done.set()
    assert await asyncio.gather(*tasks) == ["dish 2"] * 3


async def test_the_call_sees_the_context_of_who_came_first() -> None:
    import contextvars

    who = contextvars.ContextVar("who", default="nobody")

    async def make() -> str:
        return who.get()

    who.set("first")
    assert await SingleFlight[str]().do(1, make) == "first"


async def test_neither_call_nor_result_outlives_its_use() -> None:
    class Dish:
        pass

    flight = SingleFlight[Dish]()

    async def make() -> Dish:
        return Dish()

    gone = weakref.ref(await flight.do(1, make))
    await asyncio.sleep(0)
    gc.disable()  # no cycle may keep it: they live until the collector comes
    try:
        assert gone() is None
    finally:
        gc.enable()


def test_threads_and_their_loops_share_a_call() -> None:
    flight = SingleFlight[int]()
    calls = 0
    started = threading.Event()
    barrier = threading.Barrier(4)

    async def make() -> int:
        nonlocal calls
        calls += 1
        started.set()
        while len(waiting) < 4:
            await asyncio.sleep(0.001)
        await asyncio.sleep(0.01)
        return 42

    waiting: list[int] = []
    results: list[int] = []

    async def ask_once() -> None:
        waiting.append(1)
        results.append(await flight.do("x", make))

    def run() -> None:
        barrier.wait()
        asyncio.run(ask_once())

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert results == [42] * 4
    assert calls == 1


async def test_when_the_loop_that_makes_it_ends_others_make_their_own() -> None:
    flight, kitchen = SingleFlight[str](), Kitchen()
    started, end = threading.Event(), threading.Event()

    async def never() -> str:
        started.set()
        await asyncio.Event().wait()
        raise AssertionError

    async def first() -> None:
        task = asyncio.create_task(flight.do("soup", never))
        await asyncio.to_thread(end.wait)
        assert not task.done()  # `asyncio.run` cancels it on its way out

    thread = threading.Thread(target=asyncio.run, args=(first(),))
    thread.start()
    await asyncio.to_thread(started.wait)
    [task] = ask(flight, kitchen)
    await asyncio.sleep(0)
    kitchen.done.set()
    assert kitchen.calls == 0
    end.set()
    async with asyncio.timeout(5):
        assert await task == "dish 1"
    await asyncio.to_thread(thread.join)


async def test_who_waits_for_a_loop_that_stands_still_makes_its_own() -> None:
    """A sync twin that asks for what the loop it blocks is making must not wait for it."""
    flight, kitchen = SingleFlight[str](), Kitchen()
    mine = asyncio.create_task(flight.do("soup", kitchen.make))
    await asyncio.sleep(0)
    joined = threading.Event()
    results: list[str] = []

    async def cook() -> str:
        return "their own"

    async def early() -> None:
        asyncio.get_running_loop().call_soon(joined.set)
        async with asyncio.timeout(5):
            results.append(await flight.do("soup", cook))

    async def late() -> None:
        async with asyncio.timeout(5):
            results.append(await flight.do("soup", cook))

    before = threading.Thread(target=asyncio.run, args=(early(),))
    before.start()
    await asyncio.to_thread(joined.wait)
    assert results == []
    with blocked_thread(threading.get_ident()):
        after = threading.Thread(target=asyncio.run, args=(late(),))
        after.start()
        before.join(10)
        after.join(10)
    assert results == ["their own"] * 2
    kitchen.done.set()
    assert await mine == "dish 1"
    assert len(flight) == 0


@pytest.mark.loop_guard(1.0, reason="forking the whole test suite's process takes its time")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
async def test_a_forked_child_has_nothing_in_flight() -> None:
    flight, kitchen = SingleFlight[str](), Kitchen()
    [task] = ask(flight, kitchen)
    await asyncio.sleep(0)
    child = os.fork()
    if not child:
        os._exit(len(flight))
    assert os.waitpid(child, 0)[1] == 0
    kitchen.done.set()
    await task


# The decorator.


async def test_the_decorator_shares_calls_with_equal_arguments() -> None:
    calls: list[tuple[int, int]] = []

    @single_flight
    async def add(a: int, b: int = 0) -> int:
        """Add."""
        calls.append((a, b))
        await asyncio.sleep(0)
        return a + b

    assert await asyncio.gather(add(1, b=2), add(1, b=2), add(1, b=3)) == [3, 3, 4]
    assert calls == [(1, 2), (1, 3)]
    assert (add.__name__, add.__doc__) == ("add", "Add.")


@pytest.mark.parametrize("named", [True, False])
async def test_the_decorator_takes_a_key(named: bool) -> None:
    calls: list[str] = []

    def lower(url: str) -> str:
        return url.lower()

    @(single_flight(key=lower) if named else single_flight(lower))
    async def fetch(url: str) -> str:
        calls.append(url)
        await asyncio.sleep(0)
        return url

    assert await asyncio.gather(fetch("A"), fetch("a")) == ["A", "A"]
    assert calls == ["A"]


async def test_the_decorator_works_on_methods_each_object_for_itself() -> None:
    class Client:
        def __init__(self) -> None:
            self.calls = 0

        @single_flight
        async def get(self, url: str) -> int:
            self.calls += 1
            await asyncio.sleep(0)
            return self.calls

    one, two = Client(), Client()
    assert await asyncio.gather(one.get("x"), one.get("x"), two.get("x")) == [1, 1, 1]
    assert (one.calls, two.calls) == (1, 1)
