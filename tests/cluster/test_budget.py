"""A budget over many processes: hard, whoever dies, and whatever is forgotten."""

from __future__ import annotations

import asyncio
import math
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack

import pytest
import redis
from hypothesis import given, settings
from hypothesis import strategies as st
from inline_courier import InlineCourier, MemoryKeeper
from own_servers import own_server
from real_servers import own_namespace
from starting import go
from virtual_time import run_virtual, virtual_now

from ai_catalyst.cluster.budget import SharedBudget
from ai_catalyst.cluster.limits import SharedLimits
from ai_catalyst.cluster.redis_keeper import RedisKeeper
from ai_catalyst.errors import BudgetExceeded, StoreError, UserError
from ai_catalyst.llm import LLMProvider
from ai_catalyst.llm.testing import Behaviour, ModelServer


class World:
    """Some processes with a budget together, in virtual time."""

    def __init__(self, limit: float, many: int = 2, *, stored: float | None = None) -> None:
        self.keeper = MemoryKeeper(virtual_now)
        self.couriers = [InlineCourier(self.keeper) for _ in range(many)]
        self.stored = stored
        self.limit = limit
        self.budgets = [self.budget(courier, f"p{n}") for n, courier in enumerate(self.couriers)]

    def budget(self, courier: InlineCourier, owner: str) -> SharedBudget:
        async def spent() -> float:
            assert self.stored is not None
            return self.stored

        told = None if self.stored is None else spent
        return SharedBudget(courier, "run", owner, self.limit, spent=told)

    async def run(self, seconds: float) -> None:
        """Let time pass, with each process's regular reports."""
        until = virtual_now() + seconds
        while virtual_now() < until:
            await asyncio.sleep(0.05)
            for courier in self.couriers:
                courier.tick()

    @property
    def spent(self) -> float:
        return sum(budget.spent_usd for budget in self.budgets)


async def call(budget: SharedBudget, most: float, cost: float, seconds: float = 0.0) -> bool:
    try:
        while most > budget.at_hand_usd:
            await budget.fetch(most)
        budget.reserve(most)
    except BudgetExceeded:
        return False
    if seconds:
        await asyncio.sleep(seconds)
    budget.settle(most, cost)
    return True


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.floats(0.001, 0.5), st.floats(0, 1), st.floats(0, 3)),
        min_size=1,
        max_size=60,
    ),
    st.floats(0.1, 3),
)
def test_no_order_of_calls_spends_more_than_there_is(
    calls: list[tuple[int, float, float, float]], limit: float
) -> None:
    async def main() -> None:
        world = World(limit, 3)
        async with asyncio.TaskGroup() as group:
            clock = group.create_task(world.run(60))
            await asyncio.gather(
                *(call(world.budgets[who], m, m * share, s) for who, m, share, s in calls)
            )
            clock.cancel()
        reserved = sum(budget.reserved_usd for budget in world.budgets)
        assert reserved == pytest.approx(0, abs=1e-9)
        assert world.spent <= limit + 1e-8

    run_virtual(main())


def test_the_last_cent_can_be_spent_by_whoever_needs_it() -> None:
    async def main() -> None:
        world = World(1.0)
        one, other = world.budgets
        assert await call(one, 0.1, 0.1)
        async with asyncio.TaskGroup() as group:
            clock = group.create_task(world.run(60))
            done = 1
            while await call(other, 0.1, 0.1):
                done += 1
            clock.cancel()
        assert done == 10, "what the other held idle was called back"
        with pytest.raises(BudgetExceeded, match="nothing was sent"):
            await other.fetch(0.1)

    run_virtual(main())


def test_most_calls_ask_nobody() -> None:
    async def main() -> None:
        world = World(100.0, 1)
        for _ in range(400):
            assert await call(world.budgets[0], 0.01, 0.001)
        assert world.couriers[0].trips < 30

    run_virtual(main())


def test_a_dead_processs_portion_comes_back_and_its_calls_count_as_spent() -> None:
    async def main() -> None:
        world = World(1.0)
        dead, alive = world.budgets
        await dead.fetch(0.2)
        dead.reserve(0.2)
        await world.run(0.2)
        world.couriers.pop(0)  # nothing is heard of it any more
        done = 0
        async with asyncio.TaskGroup() as group:
            clock = group.create_task(world.run(100))
            await asyncio.sleep(16)
            while await call(alive, 0.1, 0.1):
                done += 1
            clock.cancel()
        assert done == 8

    run_virtual(main())


def test_a_frozen_process_that_wakes_finds_its_portion_gone() -> None:
    async def main() -> None:
        world = World(1.0)
        frozen, alive = world.budgets
        await frozen.fetch(0.1)
        assert frozen.at_hand_usd >= 0.1
        courier = world.couriers.pop(0)
        await world.run(16)
        assert frozen.at_hand_usd == 0.0, "it may not spend what others were given"
        done = 0
        while await call(alive, 0.1, 0.1):
            done += 1
        courier.tick()
        assert done == 10
        assert not await call(frozen, 0.1, 0.1)

    run_virtual(main())


def test_when_the_keeper_forgets_the_limit_holds() -> None:
    async def main() -> None:
        world = World(1.0, 3, stored=0.0)
        for budget in world.budgets:
            assert await call(budget, 0.05, 0.05)
        await world.run(1)
        world.stored = 0.15
        world.keeper.lose()
        done = 3
        async with asyncio.TaskGroup() as group:
            clock = group.create_task(world.run(300))
            tries = [True, True, True]
            while any(tries):
                tries = [await call(budget, 0.05, 0.05) for budget in world.budgets]
                done += sum(tries)
            clock.cancel()
        assert world.spent <= 1.0 + 1e-9
        assert done >= 17

    run_virtual(main())


def test_a_resumed_run_has_only_what_is_left() -> None:
    async def main() -> None:
        world = World(1.0, 1, stored=0.7)
        (budget,) = world.budgets
        done = 0
        while await call(budget, 0.1, 0.1):
            done += 1
        assert done == 3
        assert budget.left_usd == pytest.approx(0, abs=1e-8)

    run_virtual(main())


def test_who_ends_gives_back() -> None:
    async def main() -> None:
        world = World(1.0)
        one, other = world.budgets
        await one.fetch(0.1)
        await one.give_back()
        assert one.at_hand_usd == 0
        done = 0
        while await call(other, 0.1, 0.1):
            done += 1
        assert done == 10

    run_virtual(main())


def test_without_the_keeper_nothing_is_fetched() -> None:
    async def main() -> None:
        world = World(1.0, 1)
        world.couriers[0].away = True
        with pytest.raises(StoreError, match="here:0"):
            await world.budgets[0].fetch(0.1)
        with pytest.raises(BudgetExceeded):
            world.budgets[0].reserve(0.1)
        world.couriers[0].away = False
        await world.budgets[0].fetch(0.1)

    run_virtual(main())


def test_a_limit_makes_sense() -> None:
    async def main() -> None:
        with pytest.raises(UserError):
            World(-1.0)
        (budget,) = World(0.0, 1).budgets
        assert not await call(budget, 0.1, 0.1)
        assert math.isfinite(budget.left_usd)

    run_virtual(main())


# The real thing.

WORKER = """
import asyncio, sys
from ai_catalyst.cluster.limits import SharedLimits
from ai_catalyst.cluster.redis_keeper import RedisKeeper
from ai_catalyst.errors import BudgetExceeded
from ai_catalyst.llm import LLMProvider, Endpoint

async def main(url, space, owner, model, limit):
    limits = SharedLimits(RedisKeeper(url, space), "run", owner=owner, lease_s=5)
    endpoint = Endpoint("c", "cloud", model, "gpt-4o", private=True)
    async with limits, LLMProvider([endpoint], quotas=limits, budget_usd=float(limit)) as llm:
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        numbers = iter(range(100000))
        async def one():
            for n in numbers:
                try:
                    await llm.generate_async(f"{owner} {n}", max_tokens=100)
                except BudgetExceeded:
                    return
        async with asyncio.TaskGroup() as group:
            for _ in range(8):
                group.create_task(one())
        print(llm.budget.spent_usd)

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.fixture
def namespace() -> Iterator[tuple[str, str]]:
    yield from own_namespace()


def start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WORKER, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_real_processes_spend_no_more_than_the_limit_even_when_one_is_killed(
    namespace: tuple[str, str],
) -> None:
    """The server's record says what was charged."""
    usage = (40, 100)
    cost = usage[0] * 2.5e-6 + usage[1] * 10e-6
    url, space = namespace
    limit = 400 * cost
    with ModelServer(Behaviour(usage=usage, delay_s=0.02)) as server:
        workers = [start(url, space, f"w{n}", server.url, str(limit)) for n in range(3)]
        try:
            go(workers)
            until = time.monotonic() + 30
            while server.count < 100 and time.monotonic() < until:
                time.sleep(0.01)
            workers[0].kill()
            told = [float(worker.communicate(timeout=60)[0]) for worker in workers[1:]]
        finally:
            for worker in workers:
                worker.kill()
                worker.wait()
                for pipe in (worker.stdin, worker.stdout):
                    assert pipe is not None
                    pipe.close()
        charged = server.count * cost
    in_flight = 8 * cost
    assert charged <= limit + in_flight
    assert charged >= 0.9 * limit, "the dead one's portion was not used"
    assert sum(told) <= limit
    with redis.Redis.from_url(url) as client:
        keys = [key.decode() for key in client.scan_iter(f"{space}:*")]
        assert keys
        assert not [key for key in keys if "127.0.0.1" in key or "http" in key]
        assert all(client.pttl(key) > 0 for key in keys)


async def test_a_provider_with_shared_limits_works_as_any(
    limits_pair: tuple[SharedLimits, SharedLimits],
) -> None:
    one, other = limits_pair
    with ModelServer(Behaviour(usage=(100, 50))) as server:
        endpoint = server.endpoint("c", "cloud", model="gpt-4o", requests_per_minute=600)
        async with (
            LLMProvider([endpoint], quotas=one, budget_usd=0.05) as llm,
            LLMProvider([endpoint], quotas=other, budget_usd=0.05) as second,
        ):
            answer = await llm.generate_async("hello", max_tokens=50)
            assert [piece async for piece in llm.stream_async("hello", max_tokens=50)]
            assert (await second.generate_async("hello", max_tokens=50)).text == answer.text
            outcomes = await second.batch_async([f"{n}" for n in range(200)], max_tokens=100)
            assert outcomes.partial
            assert all(isinstance(end.error, BudgetExceeded) for end in outcomes.failed)
            spent = llm.budget.spent_usd + second.budget.spent_usd
            assert 0.02 < spent <= 0.05
            assert server.count * (100 * 2.5e-6 + 50 * 10e-6) == pytest.approx(spent)


@pytest.mark.loop_guard(0.5, reason="a server is killed and started in the loop's thread")
async def test_a_redis_that_comes_back_empty_does_not_double_the_budget() -> None:
    with own_server("redis") as server:
        paid = 0.0

        async def stored() -> float:
            return paid

        async with AsyncExitStack() as stack:
            budgets = []
            for owner in "ab":
                limits = SharedLimits(
                    RedisKeeper(server.url, "x"), "run", owner=owner, spent=stored
                )
                await stack.enter_async_context(limits)
                budgets.append(limits.budget(1.0))
            for budget in budgets:
                for _ in range(5):
                    assert await call(budget, 0.05, 0.05)
                    paid += 0.05
            server.kill()
            (server.folder / "appendonlydir").rename(server.folder / "lost")
            server.start()
            server.wait()
            more = True
            while more:
                more = False
                for budget in budgets:
                    if await call(budget, 0.05, 0.05):
                        more, paid = True, paid + 0.05
            assert sum(budget.spent_usd for budget in budgets) == pytest.approx(paid)
            assert 0.9 <= paid <= 1.0 + 1e-9


async def test_without_a_redis_all_who_wait_for_money_fail_together() -> None:
    keeper = RedisKeeper("redis://127.0.0.1:1", "x")
    async with SharedLimits(keeper, "run", owner="o", patience_s=0.4) as limits:
        budget = limits.budget(1.0)
        began = time.monotonic()
        ends = await asyncio.gather(*(budget.fetch(0.1) for _ in range(20)), return_exceptions=True)
        assert all(isinstance(end, StoreError) and "127.0.0.1:1 " in str(end) for end in ends)
        assert time.monotonic() - began < 4, "they waited one after the other"


@pytest.mark.loop_guard(0.5, reason="a server is killed in the loop's thread")
async def test_who_ends_without_a_redis_ends_soon(caplog: pytest.LogCaptureFixture) -> None:
    with own_server("redis") as server:
        async with SharedLimits(RedisKeeper(server.url, "x"), "run", owner="o") as limits:
            budget = limits.budget(1.0)
            assert await call(budget, 0.1, 0.1)
            server.kill()
            began = time.monotonic()
        assert time.monotonic() - began < 8
    assert "comes back later" in caplog.text


def test_a_url_names_no_password() -> None:
    assert "secret" not in RedisKeeper("redis://:secret@10.0.0.1:7000/2").where
