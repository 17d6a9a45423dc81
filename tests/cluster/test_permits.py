"""Without Redis an actor of Ray keeps the tallies: the same promises, dearer."""

from __future__ import annotations

import json
import sys

import pytest
from inline_courier import MemoryKeeper
from private_network import in_private_network

from ai_catalyst.cluster.limits import limits_of
from ai_catalyst.cluster.permits import Permits
from ai_catalyst.errors import UserError

PROGRAM = """
import asyncio, json, logging, sys, tempfile, time
import ray
from ai_catalyst.cluster.limits import limits_of
from ai_catalyst.errors import BudgetExceeded

ray.init("local", num_cpus=3, include_dashboard=False, log_to_driver=False,
         logging_level=logging.ERROR, object_store_memory=80 * 2**20, _temp_dir=sys.argv[1])

async def work(owner, seconds):
    async with limits_of(None, "run", owner=owner) as limits:
        rate, budget = limits.rate("lane", "requests", 100, 1), limits.budget(1.0)
        moments, paid, until = [], 0, time.monotonic() + seconds

        async def one():
            nonlocal paid
            while time.monotonic() < until:
                await rate.acquire()
                moments.append(time.time())
                try:
                    while budget.at_hand_usd < 0.01:
                        await budget.fetch(0.01)
                    budget.reserve(0.01)
                    budget.settle(0.01, 0.01)
                    paid += 1
                except BudgetExceeded:
                    pass

        await asyncio.gather(*(one() for _ in range(8)))
        return moments, paid

@ray.remote
def worker(owner):
    return asyncio.run(work(owner, 8.0))

async def main():
    async with limits_of(None, "run", owner="driver") as limits:
        await limits.check()
        work = asyncio.gather(*(worker.remote(f"w{n}") for n in range(2)))
        await asyncio.sleep(2.0)
        ray.kill(ray.get_actor("permits", namespace="catalyst"), no_restart=False)
        found = await work
        await limits.check()
        return found

print(json.dumps(asyncio.run(main())))
ray.shutdown()
"""


def test_an_actor_keeps_rate_and_budget_over_processes_and_its_death(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("r")
    ended = in_private_network(sys.executable, "-c", PROGRAM, str(folder), timeout=110)
    assert ended.returncode == 0, ended.stderr[-3000:]
    found = json.loads(ended.stdout.splitlines()[-1])
    moments = sorted(moment for moments, _ in found for moment in moments)
    assert all(len(moments) > 20 for moments, _ in found), "one process was starved"
    for first, moment in enumerate(moments):
        within = sum(1 for other in moments[first : first + 120] if other < moment + 1)
        assert within <= 100 * 1.02 + 2, "more than the rate, and one burst for what was forgotten"
    assert sum(paid for _, paid in found) <= 100 + 16
    assert "ten times the price" in ended.stderr


def test_without_a_running_ray_that_is_said() -> None:
    with pytest.raises(UserError, match="Ray that runs"):
        limits_of(None, "run", owner="o")


def test_permits_keep_entries_apart() -> None:
    permits = Permits(lambda: 1000.0)
    lease = ("rate", "a", ("lease", 0.0, 0.0, 1e6))
    other = ("rate", "b", ("lease", 0.0, 0.0, 1e6))
    dues = [reply[3] for reply in permits.carry([lease, lease, other])]
    assert dues == [1_000_000_000, 1_001_000_000, 1_000_000_000]
    assert MemoryKeeper(lambda: 1.0).carry([]) == []
