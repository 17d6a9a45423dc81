"""Leases of videos: one holder, kept while it lives, free when it does not."""

import asyncio
import json

import pytest

from ai_catalyst.video.leases import Leases
from ai_catalyst.video.place import here


class Clock:
    now = 1_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture
async def rows(library):
    found = (await here()).leases
    async for row in found.stream():
        await found.delete(row["id"])
    return found


async def test_one_holds_it_until_it_gives_it_back(rows):
    async with Leases(rows) as one, Leases(rows) as other:
        assert await one.take("v1")
        assert await one.take("v1"), "it is ours already"
        assert not await other.take("v1")
        assert await other.take(7)
        await one.give_back("v1")
        assert await other.take("v1")
        assert not await one.take("v1")


async def test_of_many_who_want_it_one_gets_it(rows):
    async def want():
        async with Leases(rows) as leases:
            taken = await leases.take("v1")
            await asyncio.sleep(0.2 if taken else 0)
            return taken

    assert sum(await asyncio.gather(*(want() for _ in range(8)))) == 1


async def test_all_are_given_back_at_the_end(rows):
    async with Leases(rows) as one:
        await one.take("v1")
    async with Leases(rows) as other:
        assert await other.take("v1")


async def test_that_of_a_dead_process_is_free_at_once_and_of_another_machine_later(rows):
    clock = Clock()
    async with Leases(rows, clock=clock) as one:
        await one.take("here")
        owner = json.loads((await rows.get("here"))["owner"])
        until = clock.now + 60
        for name, host, pid in (("dead", owner[0], 2**22 + 5), ("far", "example.org", 1)):
            dead = json.dumps([host, pid, "1", "x"])
            await rows.add({"id": name, "owner": dead, "until": until})
        async with Leases(rows, clock=clock) as other:
            assert [await other.take(name) for name in ("here", "dead", "far")] == [
                *(False, True, False),
            ]
            clock.now += 61
            assert await other.take("far")


async def test_a_long_look_keeps_its_lease(rows):
    async with Leases(rows, lease_s=0.3) as one, Leases(rows, lease_s=0.3) as other:
        await one.take("v1")
        await asyncio.sleep(0.6)
        assert not await other.take("v1")
