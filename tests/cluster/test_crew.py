"""A worker's place: shared by shards, or one's alone."""

from __future__ import annotations

import asyncio

from ai_catalyst.cluster.charge import Charge
from ai_catalyst.cluster.crew import Hand
from ai_catalyst.cluster.session import Node


def hand() -> Hand:
    charge = Charge(run="run-1", settings="{}", options="")
    return Hand(None, Node("id", "node-1", "10.0.0.1"), 2, charge)


def test_every_life_of_a_worker_has_a_name_of_its_own() -> None:
    one = hand()
    first = one.owner
    one.life += 1
    assert first != one.owner
    assert one.owner == "node-1/2.1@run-1"


async def test_shards_share_a_worker_and_one_alone_has_it_for_itself() -> None:
    one, inside, seen = hand(), [], []

    async def shard(name: str, *, alone: bool, begun: asyncio.Event | None = None) -> None:
        async with one.turn(alone=alone):
            inside.append(name)
            seen.append(sorted(inside))
            if begun is not None:
                begun.set()
            for _ in range(5):
                await asyncio.sleep(0)
            inside.remove(name)

    begun = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(shard("a", alone=False))
        group.create_task(shard("b", alone=False, begun=begun))
        await begun.wait()
        group.create_task(shard("alone", alone=True))
        group.create_task(shard("c", alone=False))

    assert ["a", "b"] in seen
    assert ["alone"] in seen
    assert all(names == ["alone"] for names in seen if "alone" in names)
    assert seen[-1] == ["c"]  # who came after the one alone waited for its turn


async def test_who_waits_for_a_worker_and_is_cancelled_leaves_it_to_others() -> None:
    one = hand()
    async with one.turn(alone=False):
        waiting = asyncio.ensure_future(_take_alone(one))
        for _ in range(3):
            await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting])
    async with asyncio.timeout(1), one.turn(alone=True):
        pass


async def _take_alone(one: Hand) -> None:
    async with one.turn(alone=True):
        raise AssertionError
