"""Background loops: one a level, contexts copied, ended cleanly."""

from __future__ import annotations

import asyncio
import contextvars
import threading

import pytest

from ai_catalyst.engine.background import Background, Job, background


@pytest.fixture
def loop() -> Background:
    return Background()


def test_all_threads_that_are_not_background_loops_share_one() -> None:
    found: list[Background] = []
    threads = [threading.Thread(target=lambda: found.append(background())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(found) == {background()}


def test_a_background_loop_asks_the_next_level() -> None:
    async def level() -> list[Background]:
        one = background()

        async def deeper() -> Background:
            return background()

        return [one, await asyncio.to_thread(Job(one, deeper()).start().done.result)]

    first = background()
    second, third = Job(first, level()).start().done.result(10)
    assert len({first, second, third}) == 3


def test_a_loop_that_has_ended_is_replaced() -> None:
    first = background()
    first.stop()
    assert not first.alive
    second = background()
    assert second is not first
    assert second.alive


def test_stopping_lets_what_runs_clean_up(loop: Background) -> None:
    events: list[str] = []
    begun = threading.Event()

    async def work() -> None:
        begun.set()
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0)
            events.append("cleaned")

    job = Job(loop, work()).start()
    begun.wait(5)
    loop.stop()
    loop.stop()  # twice is once
    assert events == ["cleaned"]
    with pytest.raises(asyncio.CancelledError):
        job.done.result(0)
    job.cancel()  # too late, and harmless


def test_a_job_runs_in_a_copy_of_the_callers_context(loop: Background) -> None:
    who = contextvars.ContextVar("who", default="nobody")
    who.set("caller")

    async def work() -> str:
        seen = who.get()
        who.set("job")
        return seen

    assert Job(loop, work()).start().done.result(5) == "caller"
    assert who.get() == "caller"
    loop.stop()


def test_a_job_is_done_when_its_clean_up_is(loop: Background) -> None:
    events: list[str] = []
    begun = threading.Event()

    async def work() -> None:
        try:
            begun.set()
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.01)
            events.append("cleaned")

    job = Job(loop, work()).start()
    begun.wait(5)
    job.cancel()
    with pytest.raises(asyncio.CancelledError):
        job.done.result(5)
    assert events == ["cleaned"]
    loop.stop()


def test_a_job_cancelled_before_it_began_leaves_no_coroutine_behind(loop: Background) -> None:
    gate = threading.Event()
    loop.loop.call_soon_threadsafe(gate.wait, 5)

    async def work() -> None:
        pytest.fail("it ran")

    job = Job(loop, work()).start()
    job.cancel()
    gate.set()
    with pytest.raises(asyncio.CancelledError):
        job.done.result(5)
    loop.stop()


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), GeneratorExit()])
def test_no_error_of_a_job_ends_the_loop(loop: Background, error: BaseException) -> None:
    async def work() -> None:
        raise error

    with pytest.raises(type(error)):
        Job(loop, work()).start().done.result(5)
    assert Job(loop, asyncio.sleep(0, "alive")).start().done.result(5) == "alive"
    loop.stop()


def test_a_job_cancelled_before_it_was_started_is_over(loop: Background) -> None:
    async def work() -> None:
        raise AssertionError

    job = Job(loop, work())
    job.cancel()
    job.cancel()
    with pytest.raises(asyncio.CancelledError):
        job.done.result(5)
    job.start()
    loop.stop()
