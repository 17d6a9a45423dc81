"""A passing failure is tried again after 1, 2, 4 … seconds; a lasting one is raised as it is."""

import asyncio
import logging

import pytest

from ai_catalyst.errors import UserError
from ai_catalyst.io import robust_async_operation


@pytest.fixture
def naps(monkeypatch):
    """The seconds slept, without sleeping."""
    seconds = []

    async def nap(duration):
        seconds.append(duration)

    monkeypatch.setattr(asyncio, "sleep", nap)
    return seconds


def failing(times, error=ConnectionError):
    calls = []

    async def operation():
        calls.append(1)
        if len(calls) <= times:
            raise error(f"failure {len(calls)}")
        return len(calls)

    return operation


async def test_success_needs_one_attempt_and_no_wait(naps):
    assert await robust_async_operation(failing(0)) == 1
    assert naps == []


async def test_waits_double_and_each_retry_is_logged(naps, caplog):
    with caplog.at_level(logging.WARNING):
        assert await robust_async_operation(failing(4), max_retries=5) == 5
    assert naps == [1, 2, 4, 8]
    assert len(caplog.records) == 4
    assert "attempt 2 of 5" in caplog.text


async def test_max_retries_counts_all_attempts_and_the_last_error_is_raised(naps):
    with pytest.raises(ConnectionError, match="failure 3"):
        await robust_async_operation(failing(9))
    assert naps == [1, 2]
    with pytest.raises(ConnectionError, match="failure 1"):
        await robust_async_operation(failing(9), max_retries=1)


async def test_only_the_errors_named_are_tried_again(naps):
    with pytest.raises(KeyError):
        await robust_async_operation(failing(1, KeyError), on=(OSError,))
    assert await robust_async_operation(failing(1, KeyError), on=lambda error: True) == 2
    assert naps == [1]


async def test_jitter_waits_a_part_and_the_cap_bounds_it(naps):
    assert await robust_async_operation(failing(6), 7, jitter=True, cap_s=3) == 7
    assert all(0 <= nap <= 3 for nap in naps)
    assert len(set(naps)) == 6


async def test_nothing_begins_after_the_deadline(naps):
    with pytest.raises(ConnectionError, match="failure 2"):
        await robust_async_operation(failing(9), 9, deadline_s=1.5)
    assert naps == [1]


async def test_a_servers_wish_is_obeyed(naps):
    class Busy(Exception):
        retry_after_s = 7.0

    assert await robust_async_operation(failing(1, Busy)) == 2
    assert naps == [7]


async def test_a_cancellation_passes_through(naps):
    async def cancelled():
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await robust_async_operation(cancelled)
    assert naps == []


async def test_a_plain_function_is_an_operation_too(naps):
    assert await robust_async_operation(lambda: 5) == 5


async def test_there_must_be_an_attempt():
    with pytest.raises(UserError):
        await robust_async_operation(failing(0), max_retries=0)
