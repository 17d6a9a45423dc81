"""Each host has its turn; a slow or pausing host takes nothing from the others."""

import asyncio
import time

import pytest

from ai_catalyst.io import pace as pace_module
from ai_catalyst.io.failures import HttpStatusError
from ai_catalyst.io.pace import Pace


async def test_a_host_that_pauses_holds_none_of_the_permits_all_share():
    pace = Pace(1, 5, None, 1)
    pace.pause("slow", 0.2)
    waiting = [asyncio.ensure_future(use(pace, "slow")) for _ in range(3)]
    await asyncio.sleep(0)
    started = time.monotonic()
    for _ in range(5):
        await use(pace, "fast")
    assert time.monotonic() - started < 0.1
    for moment in await asyncio.gather(*waiting):
        assert moment - started > 0.1


async def test_each_host_has_a_rate_of_its_own():
    pace = Pace(100, 100, 10, 2)
    for host in ("one", "other"):
        for _ in range(2):
            await use(pace, host)
        assert pace._entry(host).rate.try_acquire() > 0


async def use(pace, host):
    async with pace.turn(host):
        return time.monotonic()


async def test_a_pause_is_prolonged_and_never_shortened():
    pace = Pace(1, 1, None, 1)
    pace.pause("host", 0.05)
    pace.pause("host", 0.01)
    started = time.monotonic()
    waiting = asyncio.ensure_future(use(pace, "host"))
    await asyncio.sleep(0)
    pace.pause("host", 0.1)
    assert await waiting - started >= 0.09


async def test_hosts_that_are_idle_are_forgotten_and_busy_ones_are_not(monkeypatch):
    monkeypatch.setattr(pace_module, "REMEMBERED", 10)
    pace = Pace(100, 1, None, 1)
    for number in range(50):
        await use(pace, f"host {number}")
    assert len(pace._hosts) <= 11
    async with pace.turn("busy"):
        for number in range(50):
            await use(pace, f"host {number}")
        assert "busy" in pace._hosts
    pace.pause("paused", 3600)
    for number in range(50):
        await use(pace, f"host {number}")
    assert "paused" in pace._hosts


async def test_who_waits_when_a_pause_grows_too_long_is_told():
    pace = Pace(1, 1, None, 1)
    pace.pause("host", 0.05)
    waiting = asyncio.ensure_future(use(pace, "host"))
    await asyncio.sleep(0)
    pace.pause("host", 3600)
    with pytest.raises(HttpStatusError, match="left alone"):
        await waiting


async def test_a_cancelled_wait_gives_everything_back():
    pace = Pace(1, 1, None, 1)
    async with pace.turn("host"):
        waiting = asyncio.ensure_future(use(pace, "host"))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting])
    await asyncio.wait_for(use(pace, "host"), 1)
