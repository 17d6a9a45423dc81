"""Sync twins: in scripts, in running loops, on top of each other, interrupted and abandoned."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import inspect
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
import warnings
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from parity import assert_twin, assert_twins

from ai_catalyst.engine import (
    AdaptiveLimit,
    Batch,
    InFlight,
    RateLimit,
    SingleFlight,
    run_sync,
    run_sync_iter,
    twin,
    twin_iter,
)
from ai_catalyst.errors import BlockingCallWarning

HERE = os.path.abspath(__file__)


class Counter:
    """A class with twins, the way every room declares them."""

    def __init__(self) -> None:
        self.closed = 0
        self.pulled = 0

    async def add_async(self, a: int, b: int = 2, *, loud: bool = False) -> int:
        """Add two numbers."""
        await asyncio.sleep(0)
        if loud:
            raise ValueError("loud")
        return a + b

    async def count_async(self, upto: int, *, fail_at: int | None = None) -> AsyncIterator[int]:
        """Count."""
        try:
            for number in range(upto):
                await asyncio.sleep(0)
                if number == fail_at:
                    raise ValueError("no further")
                self.pulled += 1
                yield number
        finally:
            await asyncio.sleep(0)
            self.closed += 1

    async def nested_async(self, depth: int) -> int:
        """Call its own twin from a coroutine."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", BlockingCallWarning)
            return depth if depth == 0 else 1 + self.nested(depth - 1)

    add = twin(add_async)
    count = twin_iter(count_async)
    nested = twin(nested_async)


class Louder(Counter):
    async def add_async(self, a: int, b: int = 2, *, loud: bool = False) -> int:
        return 100 * await super().add_async(a, b, loud=loud)


# In a script.


def test_a_twin_returns_what_the_async_method_returns() -> None:
    assert Counter().add(1) == 3
    assert Counter().add(1, b=5) == 6
    assert list(Counter().count(200)) == list(range(200))
    assert run_sync(Counter().add_async(2)) == 4
    assert list(run_sync_iter(Counter().count_async(3))) == [0, 1, 2]


def test_a_twin_raises_what_the_async_method_raises() -> None:
    with pytest.raises(ValueError, match="loud"):
        Counter().add(1, loud=True)
    with pytest.raises(TypeError):
        Counter().add()  # type: ignore[call-arg]


def test_run_sync_takes_any_awaitable() -> None:
    class Later:
        def __await__(self) -> Iterator[Any]:
            return asyncio.sleep(0, "later").__await__()

    assert run_sync(Later()) == "later"


def test_a_subclass_that_overrides_the_method_changes_its_twin() -> None:
    assert Louder().add(1) == 300


def test_a_twin_has_its_own_name_and_the_signature_of_its_method() -> None:
    assert assert_twins(Counter) == ["add", "count", "nested"]
    bound = Counter().add
    assert str(inspect.signature(bound)) == str(inspect.signature(Counter().add_async))
    assert bound.__name__ == "add"
    assert bound.__qualname__ == "Counter.add"
    assert bound.__doc__ is not None
    assert "Add two numbers." in bound.__doc__
    assert Counter.add(Counter(), 1) == 3  # as a function of the class
    assert list(Counter.count(Counter(), 2)) == [0, 1]


def test_the_parity_check_finds_what_differs() -> None:
    class Wrong:
        async def one_async(self, a: int) -> None: ...
        def one(self, a: int, b: int) -> None: ...
        async def two_async(self) -> None: ...
        async def three_async(self) -> None: ...
        async def three(self) -> None: ...

    for name, why in [("one", "differs"), ("two", "no sync twin"), ("three", "must be sync")]:
        with pytest.raises(AssertionError, match=why):
            assert_twin(Wrong, name)
    with pytest.raises(AssertionError, match="no method"):
        assert_twins(int)


def test_context_variables_reach_the_work() -> None:
    who = contextvars.ContextVar("who", default="nobody")
    who.set("caller")

    async def ask() -> str:
        return who.get()

    async def asks() -> AsyncIterator[str]:
        yield who.get()

    assert run_sync(ask()) == "caller"
    assert list(run_sync_iter(asks())) == ["caller"]


def test_many_threads_call_twins_at_once() -> None:
    results: list[int] = []

    def call(number: int) -> None:
        counter = Counter()
        results.extend(counter.add(number, 0) for _ in range(20))
        results.append(sum(counter.count(50)))

    threads = [threading.Thread(target=call, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(results) == 8 * 21
    assert results.count(1225) == 8


def test_one_object_is_used_from_one_loop_whatever_the_thread() -> None:
    """Connections belong to a loop: all twins of a program share one."""

    async def where() -> int:
        return id(asyncio.get_running_loop())

    found = {run_sync(where())}
    thread = threading.Thread(target=lambda: found.add(run_sync(where())))
    thread.start()
    thread.join()
    assert len(found) == 1


def test_the_work_may_itself_call_twins() -> None:
    assert Counter().nested(4) == 4


def test_a_thread_of_the_work_may_call_twins() -> None:
    async def work() -> int:
        return await asyncio.to_thread(Counter().add, 1)

    assert run_sync(work()) == 3


# Inside a running loop.


async def test_in_a_running_loop_a_twin_works_and_names_the_async_form() -> None:
    with pytest.warns(BlockingCallWarning, match=r"await add_async\(…\)"):
        assert Counter().add(1) == 3
    with pytest.warns(BlockingCallWarning, match=r"async for … in count_async\(…\)"):
        assert list(Counter().count(3)) == [0, 1, 2]
    with pytest.warns(BlockingCallWarning, match="Counter.add_async"):
        assert run_sync(Counter().add_async(1)) == 3
    with pytest.warns(BlockingCallWarning, match="Counter.count_async"):
        assert list(run_sync_iter(Counter().count_async(1))) == [0]


def line_of(name: str) -> int:
    """Return the line of this file that is marked so."""
    with open(HERE, encoding="utf-8") as source:
        return next(n for n, line in enumerate(source, 1) if line.rstrip().endswith(f"# {name}"))


async def test_the_warning_points_to_the_callers_line() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        Counter().add(1)  # twin line
        Counter.add(Counter(), 1)  # class line
        run_sync(asyncio.sleep(0))  # run_sync line
        for _ in Counter().count(1):  # iterator line
            pass
        list(run_sync_iter(Counter().count_async(1)))  # run_sync_iter line
    lines = [line_of(f"{name} line") for name in ("twin", "class", "run_sync", "iterator")]
    lines.append(line_of("run_sync_iter line"))
    assert [(warning.filename, warning.lineno) for warning in caught] == [
        (HERE, line) for line in lines
    ]


async def test_when_the_warning_is_an_error_no_coroutine_is_left_unawaited() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(BlockingCallWarning):
            Counter().add(1)
        gc.collect()


async def test_in_a_notebook_nobody_is_warned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ipykernel", object())  # type: ignore[arg-type]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert Counter().add(1) == 3
        assert list(Counter().count(2)) == [0, 1]


@pytest.mark.filterwarnings("ignore::ai_catalyst.errors.BlockingCallWarning")
@pytest.mark.parametrize("make", [InFlight, AdaptiveLimit])
async def test_a_twin_never_waits_for_a_permit_of_the_loop_it_blocks(
    make: type[InFlight],
) -> None:
    limit = make(2)

    class Service:
        async def ask_async(self) -> str:
            async with limit, limit:
                await asyncio.sleep(0)
                return "answer"

        async def asks_async(self) -> AsyncIterator[str]:
            for _ in range(3):
                async with limit:
                    yield "answer"

        ask = twin(ask_async)
        asks = twin_iter(asks_async)

    async def holder() -> str:
        async with limit:
            await asyncio.sleep(0)
            return Service().ask()

    async def iterating_holder() -> list[str]:
        async with limit:
            await asyncio.sleep(0)
            return list(Service().asks())

    async with asyncio.timeout(10):
        results = await asyncio.gather(*(holder() for _ in range(5)), iterating_holder())
    assert results == ["answer"] * 5 + [["answer"] * 3]
    assert (limit.in_flight, limit.waiting) == (0, 0)


@pytest.mark.filterwarnings("ignore::ai_catalyst.errors.BlockingCallWarning")
async def test_twins_on_top_of_twins_never_wait_for_permits_below_them() -> None:
    limit = InFlight(1)

    class Service:
        async def ask_async(self, depth: int) -> int:
            async with limit:
                return depth if not depth else self.ask(depth - 1)

        ask = twin(ask_async)

    async with asyncio.timeout(10):
        assert await Service().ask_async(3) == 0
    assert limit.in_flight == 0


@pytest.mark.filterwarnings("ignore::ai_catalyst.errors.BlockingCallWarning")
async def test_a_twin_never_waits_for_a_call_or_a_turn_of_the_loop_it_blocks() -> None:
    flight, rate, go_on = SingleFlight[str](), RateLimit(50), asyncio.Event()

    async def slow() -> str:
        await go_on.wait()
        return "slow"

    async def quick() -> str:
        return "quick"

    async def ask() -> str:
        await rate.acquire()
        return await flight.do("key", quick)

    calling = asyncio.create_task(flight.do("key", slow))
    await rate.acquire()
    queued = asyncio.create_task(rate.acquire())
    await asyncio.sleep(0)
    assert run_sync(asyncio.wait_for(ask(), 5)) == "quick"
    go_on.set()
    assert await calling == "slow"
    await queued


# Iterators.


def test_an_iterator_runs_at_most_prefetch_items_ahead() -> None:
    counter = Counter()
    items = run_sync_iter(counter.count_async(1000), prefetch=5)
    ahead = []
    for read, _ in enumerate(items, 1):
        if read % 100 == 0:
            time.sleep(0.005)
        ahead.append(counter.pulled - read)
    assert max(ahead) <= 6  # five that wait, and the one that is being handed over
    assert len(ahead) == 1000


def test_nothing_runs_before_the_first_item_is_asked_for() -> None:
    counter = Counter()
    items = counter.count(3)
    time.sleep(0.005)
    assert counter.pulled == 0
    assert next(items) == 0
    items.close()  # type: ignore[attr-defined]


def test_an_iterator_that_is_closed_or_dropped_closes_the_async_one() -> None:
    counter = Counter()
    for number in counter.count(10**9):
        if number == 3:
            break
    gc.collect()
    assert counter.closed == 1
    items = counter.count(10**9)
    next(items)
    items.close()  # type: ignore[attr-defined]
    assert counter.closed == 2


def test_an_error_in_the_middle_comes_after_the_items_before_it() -> None:
    counter, seen = Counter(), list[int]()
    with pytest.raises(ValueError, match="no further"):
        seen.extend(counter.count(100, fail_at=70))
    assert seen == list(range(70))
    assert counter.closed == 1


def test_an_error_while_closing_reaches_the_reader_and_nobody_hangs() -> None:
    class Items:
        def __init__(self) -> None:
            self.left = 2

        def __aiter__(self) -> Items:
            return self

        async def __anext__(self) -> int:
            self.left -= 1
            if self.left < 0:
                raise StopAsyncIteration
            return self.left

        async def aclose(self) -> None:
            raise OSError("cannot close")

    seen: list[int] = []
    with pytest.raises(OSError, match="cannot close"):
        seen.extend(run_sync_iter(Items()))
    assert seen == [1, 0]


def test_an_error_in_the_body_closes_the_async_iterator() -> None:
    counter = Counter()

    def read() -> None:
        for number in counter.count(10**9):
            if number == 2:
                raise KeyError

    with pytest.raises(KeyError):
        read()
    gc.collect()
    assert counter.closed == 1


def test_a_reader_that_is_forgotten_on_the_background_loop_does_not_hang_it() -> None:
    """The collector runs anywhere, also in the thread that would have to do the closing."""
    counter = Counter()
    items = counter.count(10**9)
    next(items)
    holder = [items]
    del items

    async def forget() -> None:
        holder.clear()

    thread = threading.Thread(target=lambda: run_sync(forget()))
    thread.start()
    thread.join(5)
    assert not thread.is_alive()
    run_sync(asyncio.sleep(0.01))
    assert counter.closed == 1


def test_batches_run_under_twins() -> None:
    async def double(number: int) -> int:
        return 2 * number

    async def run() -> list[int | None]:
        async with Batch(double, range(100), 8, ordered=True) as batch:
            return [outcome.value async for outcome in batch]

    assert run_sync(run()) == list(range(0, 200, 2))


# Processes.


def script(body: str, *, timeout: float = 20) -> subprocess.CompletedProcess[str]:
    code = """
import asyncio, os, sys
from ai_catalyst.engine import InFlight, run_sync, run_sync_iter
""" + textwrap.dedent(body)
    return subprocess.run(
        [sys.executable, "-X", "dev", "-c", code], capture_output=True, text=True, timeout=timeout
    )


def test_a_program_ends_quietly_whatever_its_twins_left_behind() -> None:
    done = script(
        """
        async def forever():
            n = 0
            try:
                while True:
                    yield n
                    n += 1
            finally:
                print("closed")
        async def work():
            asyncio.get_running_loop().create_task(asyncio.sleep(60))
        run_sync(work())
        items = run_sync_iter(forever())
        print(next(items))
        """
    )
    assert done.stderr == ""
    assert done.stdout == "0\nclosed\n"
    assert done.returncode == 0


def test_twins_work_in_a_forked_child() -> None:
    done = script(
        """
        limit = InFlight(1)
        async def hold():
            await limit.acquire()
            return 1
        async def ask():
            async with limit:
                return 42
        assert run_sync(hold()) == 1
        child = os.fork()
        if child == 0:
            assert run_sync(asyncio.wait_for(ask(), 5)) == 42
            sys.exit(7)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
        limit.release()
        assert run_sync(ask()) == 42
        """
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("form", ["run_sync(work())", "list(run_sync_iter(works()))"])
def test_ctrl_c_cancels_the_work_and_waits_for_its_clean_up(form: str) -> None:
    code = textwrap.dedent(
        f"""
        import asyncio, sys
        from ai_catalyst.engine import run_sync, run_sync_iter
        async def work():
            print("working", flush=True)
            try:
                await asyncio.sleep(60)
            finally:
                await asyncio.sleep(0.05)
                print("cleaned", flush=True)
        async def works():
            await work()
            yield
        try:
            {form}
        except KeyboardInterrupt:
            print("interrupted", flush=True)
        """
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "working\n"
        process.send_signal(signal.SIGINT)
        out, errors = process.communicate(timeout=10)
    assert (out, errors) == ("cleaned\ninterrupted\n", "")


def test_twins_work_on_uvloop() -> None:
    pytest.importorskip("uvloop")
    done = script(
        """
        import uvloop, warnings
        warnings.simplefilter("ignore")
        limit = InFlight(1)
        async def ask():
            async with limit:
                return type(asyncio.get_running_loop()).__module__
        async def main():
            async with limit:
                return run_sync(ask())
        asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
        assert run_sync(ask()) == "uvloop"
        assert asyncio.run(main()) == "uvloop"
        """
    )
    assert (done.returncode, done.stderr) == (0, "")
