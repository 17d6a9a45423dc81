"""Timings of operations."""

from __future__ import annotations

import asyncio
import json
import math
import sys
import threading

import pytest
from classes import assert_sync_class
from hypothesis import given
from hypothesis import strategies as st

from ai_catalyst.engine.durations import Durations
from ai_catalyst.engine.monitor import AsyncOperationMonitor, OperationMonitor
from ai_catalyst.errors import BlockingCallWarning, UserError


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


async def taking(clock: Clock, seconds: float, error: BaseException | None = None) -> float:
    await asyncio.sleep(0)
    clock.now += seconds
    if error is not None:
        raise error
    return seconds


async def test_the_stats_have_exactly_the_fields_of_the_contract(clock: Clock) -> None:
    monitor = AsyncOperationMonitor(clock=clock)
    assert await monitor.monitor_operation("read", taking(clock, 0.5)) == 0.5
    assert await monitor.monitor_operation("read", lambda: taking(clock, 1.5)) == 1.5
    stats = monitor.get_stats()
    assert list(stats) == ["read"]
    assert stats["read"] == pytest.approx(
        {
            "count": 2,
            "avg_time": 1.0,
            "min_time": 0.5,
            "max_time": 1.5,
            "p50": 0.5,
            "p95": 1.5,
            "p99": 1.5,
            "errors": 0,
        },
        rel=0.01,
    )
    json.dumps(stats)


async def test_any_awaitable_will_do(clock: Clock) -> None:
    monitor = AsyncOperationMonitor(clock=clock)
    future = asyncio.get_running_loop().create_future()
    future.set_result("done")
    assert await monitor.monitor_operation("future", future) == "done"
    with pytest.raises(UserError, match="cannot be awaited"):
        await monitor.monitor_operation("plain", lambda: 3)  # type: ignore[arg-type,return-value]


async def test_an_error_is_raised_counted_and_not_timed(clock: Clock) -> None:
    monitor = AsyncOperationMonitor(clock=clock)
    with pytest.raises(KeyError):
        await monitor.monitor_operation("read", taking(clock, 9.0, KeyError("x")))
    await monitor.monitor_operation("read", taking(clock, 1.0))
    stats = monitor.get_stats()["read"]
    assert (stats["count"], stats["errors"], stats["max_time"]) == (1, 1, 1.0)


async def test_an_operation_that_only_failed_has_times_of_zero(clock: Clock) -> None:
    monitor = AsyncOperationMonitor(clock=clock)
    with pytest.raises(OSError):
        await monitor.monitor_operation("read", taking(clock, 9.0, OSError()))
    assert set(monitor.get_stats()["read"].values()) == {0, 1}


async def test_a_cancelled_operation_is_neither_success_nor_error(clock: Clock) -> None:
    monitor = AsyncOperationMonitor(clock=clock)
    task = asyncio.ensure_future(monitor.monitor_operation("wait", asyncio.sleep(60)))
    await asyncio.sleep(0)
    assert monitor.in_flight() == {"wait": 1}
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert monitor.in_flight() == {"wait": 0}
    stats = monitor.get_stats()["wait"]
    assert (stats["count"], stats["errors"]) == (0, 0)


durations = st.floats(min_value=1e-6, max_value=1e5, allow_nan=False)


@given(st.lists(durations, min_size=1, max_size=200), st.floats(min_value=0.01, max_value=1.0))
def test_a_quantile_is_within_one_per_cent(values: list[float], share: float) -> None:
    subject = Durations()
    subject.add(values[:7])
    subject.add(values[7:])
    exact = sorted(values)[max(1, math.ceil(share * len(values))) - 1]
    assert subject.quantile(share) == pytest.approx(exact, rel=0.0100001)
    assert subject.total == pytest.approx(sum(values))
    assert (subject.shortest, subject.longest) == (min(values), max(values))


def test_memory_does_not_grow_with_the_number_of_operations() -> None:
    subject = Durations()
    for start in range(0, 100_000, 100):
        subject.add([1e-8 * 1.0003**number for number in range(start, start + 100)])
    assert len(subject._buckets) < 1600
    assert sys.getsizeof(subject._buckets) < 100_000


async def test_memory_does_not_grow_with_the_number_of_names(clock: Clock) -> None:
    monitor = AsyncOperationMonitor(clock=clock, max_names=3)
    for number in range(10):
        await monitor.monitor_operation(f"order {number}", taking(clock, 1.0))
    stats = monitor.get_stats()
    assert list(stats) == ["order 0", "order 1", "order 2", "(other)"]
    assert stats["(other)"]["count"] == 7


def test_threads_lose_no_count() -> None:
    monitor = AsyncOperationMonitor()

    async def work() -> None:
        for _ in range(500):
            await monitor.monitor_operation("step", asyncio.sleep(0))

    threads = [threading.Thread(target=lambda: asyncio.run(work())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert monitor.get_stats()["step"]["count"] == 2000


async def test_reset_forgets_counts_and_keeps_what_is_in_flight(clock: Clock) -> None:
    monitor = AsyncOperationMonitor(clock=clock)
    await monitor.monitor_operation("read", taking(clock, 1.0))
    gate = asyncio.Event()
    task = asyncio.ensure_future(monitor.monitor_operation("wait", gate.wait()))
    await asyncio.sleep(0)
    monitor.reset()
    assert monitor.in_flight() == {"wait": 1}
    gate.set()
    await task
    assert monitor.in_flight() == {"wait": 0}
    assert list(monitor.get_stats()) == ["wait"]


async def test_prometheus_reads_it(clock: Clock) -> None:
    monitor = AsyncOperationMonitor(clock=clock)
    await monitor.monitor_operation('say "hi"\\\n', taking(clock, 0.25))
    with pytest.raises(ValueError):
        await monitor.monitor_operation("read", taking(clock, 1.0, ValueError()))
    assert monitor.prometheus("op").splitlines() == [
        "# HELP op_seconds Time of operations that succeeded.",
        "# TYPE op_seconds summary",
        r'op_seconds{operation="say \"hi\"\\\n",quantile="0.5"} 0.25',
        r'op_seconds{operation="say \"hi\"\\\n",quantile="0.95"} 0.25',
        r'op_seconds{operation="say \"hi\"\\\n",quantile="0.99"} 0.25',
        r'op_seconds_sum{operation="say \"hi\"\\\n"} 0.25',
        r'op_seconds_count{operation="say \"hi\"\\\n"} 1',
        'op_seconds{operation="read",quantile="0.5"} 0',
        'op_seconds{operation="read",quantile="0.95"} 0',
        'op_seconds{operation="read",quantile="0.99"} 0',
        'op_seconds_sum{operation="read"} 0',
        'op_seconds_count{operation="read"} 0',
        "# HELP op_errors_total Operations that raised an error.",
        "# TYPE op_errors_total counter",
        r'op_errors_total{operation="say \"hi\"\\\n"} 0',
        'op_errors_total{operation="read"} 1',
        "# HELP op_in_flight Operations under way.",
        "# TYPE op_in_flight gauge",
        r'op_in_flight{operation="say \"hi\"\\\n"} 0',
        'op_in_flight{operation="read"} 0',
    ]


async def test_the_table_is_for_people(clock: Clock) -> None:
    monitor = AsyncOperationMonitor(clock=clock)
    await monitor.monitor_operation("write", taking(clock, 0.0005))
    for seconds in (3.0, 3.0):
        await monitor.monitor_operation("read", taking(clock, seconds))
    assert monitor.table().splitlines() == [
        "operation  count  errors     avg     min     p50     p95     p99     max",
        "read           2       0     3 s     3 s     3 s     3 s     3 s     3 s",
        "write          1       0  500 µs  500 µs  500 µs  500 µs  500 µs  500 µs",
    ]


async def test_what_is_in_flight_over_a_reset_is_counted_when_it_ends(clock: Clock) -> None:
    monitor = AsyncOperationMonitor(clock=clock)
    gate = asyncio.Event()
    task = asyncio.ensure_future(monitor.monitor_operation("wait", gate.wait()))
    await asyncio.sleep(0)
    monitor.reset()
    gate.set()
    await task
    monitor.reset()
    await monitor.monitor_operation("wait", taking(clock, 2.0))
    assert monitor.get_stats()["wait"]["count"] == 1


def test_threads_that_reset_meanwhile_leave_nothing_in_flight() -> None:
    monitor = AsyncOperationMonitor()
    done = threading.Event()

    async def work() -> None:
        for number in range(2000):
            await monitor.monitor_operation(f"step {number % 3}", asyncio.sleep(0))

    def forget() -> None:
        while not done.is_set():
            monitor.reset()

    workers = [threading.Thread(target=lambda: asyncio.run(work())) for _ in range(3)]
    cleaner = threading.Thread(target=forget)
    for thread in (*workers, cleaner):
        thread.start()
    for thread in workers:
        thread.join()
    done.set()
    cleaner.join()
    assert set(monitor.in_flight().values()) <= {0}
    monitor.reset()
    assert monitor.get_stats() == {}


def test_the_sync_monitor_times_sync_and_async_operations(clock: Clock) -> None:
    monitor = OperationMonitor(clock=clock)

    def read() -> str:
        clock.now += 1.0
        return threading.current_thread().name

    assert monitor.monitor_operation("read", read) == threading.current_thread().name
    assert monitor.monitor_operation("read", lambda: taking(clock, 2.0)) == 2.0
    assert monitor.monitor_operation("read", taking(clock, 3.0)) == 3.0
    with pytest.raises(ZeroDivisionError):
        monitor.monitor_operation("read", lambda: 1 / 0)
    stats = monitor.get_stats()["read"]
    assert (stats["count"], stats["errors"], stats["max_time"]) == (3, 1, 3.0)
    assert monitor.in_flight() == {"read": 0}
    assert 'count{operation="read"} 3' in monitor.prometheus()
    assert monitor.table().splitlines()[1].startswith("read")
    monitor.reset()
    assert monitor.get_stats() == {}


async def test_the_sync_monitor_says_that_it_blocks_the_loop(clock: Clock) -> None:
    with pytest.warns(BlockingCallWarning, match="await monitor_operation"):
        OperationMonitor(clock=clock).monitor_operation("read", taking(clock, 1.0))


def test_the_sync_monitor_has_the_same_methods() -> None:
    assert_sync_class(OperationMonitor, AsyncOperationMonitor)
