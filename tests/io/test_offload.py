"""Blocking calls leave the loop free, keep their context, and tell honestly what became of them."""

import asyncio
import contextvars
import math
import os
import threading
import time

import pytest
from classes import assert_sync_class

from ai_catalyst.errors import UserError
from ai_catalyst.io import AsyncLibraryWrapper, LibraryWrapper

user = contextvars.ContextVar("user", default="nobody")


@pytest.fixture
async def wrapper():
    async with AsyncLibraryWrapper(max_workers=2) as wrapper:
        yield wrapper


async def test_a_blocking_call_runs_in_a_thread_with_all_its_arguments(wrapper):
    def blocking(*args, **kwargs):
        return args, kwargs, threading.current_thread() is threading.main_thread()

    assert await wrapper.sync_to_async(blocking, 1, func=2) == ((1,), {"func": 2}, False)


async def test_context_variables_are_those_of_the_caller(wrapper):
    user.set("jane")
    assert await wrapper.sync_to_async(user.get) == "jane"
    await wrapper.sync_to_async(user.set, "mallory")
    assert user.get() == "jane"


async def test_the_loop_is_free_meanwhile_and_the_threads_are_bounded(wrapper):
    running = most = 0
    lock = threading.Lock()

    def blocking():
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.02)
        with lock:
            running -= 1

    beats = 0
    calls = asyncio.gather(*(wrapper.sync_to_async(blocking) for _ in range(6)))
    while not calls.done():
        beats += 1
        await asyncio.sleep(0.001)
    await calls
    assert most == 2
    assert beats > 5


@pytest.mark.parametrize("error", [ValueError("no"), KeyError("k"), SystemExit(3)])
async def test_what_the_call_raises_is_raised(wrapper, error):
    def failing():
        raise error

    with pytest.raises(type(error)) as caught:
        await wrapper.sync_to_async(failing)
    assert caught.value is error


async def test_an_exhausted_iterator_does_not_hang_the_caller(wrapper):
    with pytest.raises(RuntimeError, match="StopIteration"):
        await wrapper.sync_to_async(next, iter([]))


async def test_a_coroutine_function_is_a_mistake_that_is_named(wrapper):
    async def already():
        pass

    with pytest.raises(TypeError, match="await it"):
        await wrapper.sync_to_async(already)


async def test_a_cancelled_call_that_waits_is_withdrawn_and_one_that_runs_is_reported(
    wrapper, caplog
):
    started, finish, ran = threading.Semaphore(0), threading.Event(), []

    def blocking(name):
        ran.append(name)
        started.release()
        finish.wait(5)

    running = [asyncio.ensure_future(wrapper.sync_to_async(blocking, n)) for n in (1, 2)]
    await asyncio.to_thread(lambda: (started.acquire(), started.acquire()))
    waiting = asyncio.ensure_future(wrapper.sync_to_async(blocking, 3))
    await asyncio.sleep(0)
    for task in (*running, waiting):
        task.cancel()
    results = await asyncio.gather(*running, waiting, return_exceptions=True)
    assert all(isinstance(result, asyncio.CancelledError) for result in results)
    assert caplog.text.count("runs on") == 2
    finish.set()
    await wrapper.close()
    assert sorted(ran) == [1, 2]


async def test_cpu_bound_work_runs_in_another_process_and_raises_what_it_raises(wrapper):
    assert await wrapper.cpu_bound(os.getpid) != os.getpid()
    assert await wrapper.cpu_bound(math.factorial, 20) == math.factorial(20)
    with pytest.raises(ValueError):
        await wrapper.cpu_bound(math.factorial, -1)


async def test_one_wrapper_serves_two_loops():
    wrapper = AsyncLibraryWrapper()
    other = asyncio.to_thread(lambda: asyncio.run(wrapper.sync_to_async(sum, [1, 2])))
    assert await asyncio.gather(other, wrapper.sync_to_async(sum, [3, 4])) == [3, 7]
    await wrapper.close()


async def test_a_closed_wrapper_refuses_and_leaves_no_thread():
    async with AsyncLibraryWrapper() as wrapper:
        await wrapper.sync_to_async(sum, [])
        assert any("catalyst-offload" in thread.name for thread in threading.enumerate())
    with pytest.raises(RuntimeError, match="shutdown"):
        await wrapper.sync_to_async(sum, [])
    assert not any("catalyst-offload" in thread.name for thread in threading.enumerate())


def test_there_must_be_a_thread():
    with pytest.raises(UserError, match="max_workers"):
        AsyncLibraryWrapper(0)


def test_the_sync_wrapper_has_the_same_methods_and_does_the_same():
    assert_sync_class(LibraryWrapper, AsyncLibraryWrapper)
    with LibraryWrapper(max_workers=2) as wrapper:
        assert wrapper.sync_to_async(sorted, [3, 1, 2], reverse=True) == [3, 2, 1]
        assert wrapper.sync_to_async(user.get) == "nobody"
        thread = wrapper.sync_to_async(threading.current_thread)
        assert thread.name.startswith("catalyst-offload")
        assert wrapper.cpu_bound(os.getpid) != os.getpid()
        assert wrapper.executor._max_workers == 2
        with pytest.raises(ZeroDivisionError):
            wrapper.sync_to_async(lambda: 1 / 0)
    with pytest.raises(RuntimeError, match="shutdown"):
        wrapper.sync_to_async(sum, [])
