"""A cache in a real Redis: shared by processes, and what happens when it is away."""

import asyncio
import subprocess
import sys
import time

import pytest

from ai_catalyst.errors import StoreError, UserError
from ai_catalyst.io.redis import AsyncRedisManager


@pytest.fixture
async def cache(redis_place):
    url, prefix = redis_place
    async with AsyncRedisManager(url, namespace=prefix) as opened:
        yield opened


@pytest.mark.parametrize(
    "value", ["text", "", "\x00odd", "7", 7, 1.5, None, True, [1, {"a": None}], b"\x00\xff", "é😀"]
)
async def test_a_value_comes_back_as_it_was(cache, value):
    await cache.set("k", value)
    found = await cache.get("k")
    assert found == value
    assert type(found) is type(value)


async def test_text_is_stored_as_it_is_for_other_programs(cache, redis_place):
    import redis

    await cache.set("k", "plain")
    with redis.Redis.from_url(redis_place[0]) as other:
        assert other.get(f"{redis_place[1]}:k") == b"plain"


async def test_what_is_not_there_is_none_and_what_is_deleted_is_gone(cache):
    assert await cache.get("none") is None
    await cache.set("k", 1)
    assert await cache.delete("k", "none") == 1
    assert await cache.get("k") is None
    assert await cache.delete() == 0


async def test_a_value_lives_as_long_as_it_was_told(cache):
    await cache.set("short", 1, ttl=0.05)
    await cache.set("long", 2, ttl=60)
    await asyncio.sleep(0.08)
    assert (await cache.get("short"), await cache.get("long")) == (None, 2)
    with pytest.raises(UserError, match="ttl"):
        await cache.set("k", 1, ttl=0)


async def test_many_values_go_in_pipelines(cache):
    values = {f"k{n}": n for n in range(2500)}
    assert await cache.set_many(values, ttl=60) == 2500
    assert await cache.get_many([*values, "none"]) == values


async def test_clearing_a_namespace_leaves_its_neighbours_alone(redis_place):
    url, prefix = redis_place
    async with (
        AsyncRedisManager(url, namespace=f"{prefix}:a*[x]") as one,
        AsyncRedisManager(url, namespace=f"{prefix}:abc") as other,
        AsyncRedisManager(url) as whole,
    ):
        await one.set_many({str(n): n for n in range(1500)})
        await other.set("k", 1)
        assert await one.clear() == 1500
        assert await other.get("k") == 1
        with pytest.raises(UserError, match="namespace"):
            await whole.clear()


async def test_one_computation_serves_all_who_wait(cache):
    calls = []

    async def compute():
        calls.append(1)
        await asyncio.sleep(0.02)
        return {"n": 1}

    found = await asyncio.gather(*(cache.get_or_compute("k", compute, 60) for _ in range(50)))
    assert found == [{"n": 1}] * 50
    assert len(calls) == 1
    assert await cache.get_or_compute("k", lambda: pytest.fail("computed again"), 60) == {"n": 1}


async def test_an_error_is_raised_and_not_kept(cache):
    def fail():
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        await cache.get_or_compute("k", fail, 60)
    assert await cache.get_or_compute("k", lambda: None, 60) is None
    assert await cache.get_or_compute("k", lambda: pytest.fail("None is a value too"), 60) is None


COMPUTE = """
import asyncio, os, sys
from ai_catalyst.io.redis import AsyncRedisManager

async def main():
    async with AsyncRedisManager(sys.argv[1], namespace=sys.argv[2]) as cache:
        await cache.get("warm")
        print("ready", flush=True)
        sys.stdin.readline()
        async def compute():
            await cache._manager.redis_pool.incr(sys.argv[2] + ":calls")
            await asyncio.sleep(0.3)
            return os.getpid()
        print(*await asyncio.gather(*(cache.get_or_compute("k", compute, 60) for _ in range(5))))

asyncio.run(main())
"""


def test_processes_share_one_computation(redis_place):
    import redis

    url, prefix = redis_place
    started = [
        subprocess.Popen(
            [sys.executable, "-c", COMPUTE, url, prefix],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for one in started:
        assert one.stdout.readline() == "ready\n"
    for one in started:
        one.stdin.write("go\n")
        one.stdin.flush()
    found = [one.communicate()[0] for one in started]
    with redis.Redis.from_url(url) as client:
        assert client.get(f"{prefix}:calls") == b"1"
    assert len({number for line in found for number in line.split()}) == 1


async def test_the_lock_of_a_dead_process_expires(redis_place):
    url, prefix = redis_place
    async with AsyncRedisManager(url, namespace=prefix) as cache:
        await cache._manager.redis_pool.set(f"{prefix}:lock:k", "a dead one", px=150)
        started = time.monotonic()
        assert await cache.get_or_compute("k", lambda: 5, 60) == 5
        assert 0.1 < time.monotonic() - started < 2


async def test_the_lock_is_renewed_while_the_computation_runs(redis_place):
    url, prefix = redis_place
    calls = []

    async def slow():
        calls.append(1)
        await asyncio.sleep(0.5)
        return 1

    async with (
        AsyncRedisManager(url, namespace=prefix, lock_s=0.15) as one,
        AsyncRedisManager(url, namespace=prefix, lock_s=0.15) as other,
    ):
        await asyncio.gather(one.get_or_compute("k", slow, 60), other.get_or_compute("k", slow, 60))
    assert len(calls) == 1


async def test_a_cancelled_computation_gives_its_lock_back(cache):
    started = asyncio.Event()

    async def forever():
        started.set()
        await asyncio.sleep(60)

    task = asyncio.ensure_future(cache.get_or_compute("k", forever, 60))
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with asyncio.timeout(2):
        assert await cache.get_or_compute("k", lambda: 1, 60) == 1


async def test_a_dead_redis_is_an_error_that_says_what_to_do(dead_port):
    async with AsyncRedisManager(f"redis://127.0.0.1:{dead_port}", reconnect_s=0) as cache:
        with pytest.raises(StoreError, match="check that it runs"):
            await cache.get("k")


async def test_a_wrong_url_is_the_callers_fault():
    with pytest.raises(UserError, match="Redis URL"):
        await AsyncRedisManager("http://example.com").initialize()


async def test_what_cannot_be_kept_is_refused(cache, redis_place):
    with pytest.raises(UserError, match="cannot be kept"):
        await cache.set("k", object())
    small = AsyncRedisManager(redis_place[0], max_bytes=10)
    with pytest.raises(UserError, match="over 10 bytes"):
        await small.set("k", "x" * 11)


async def test_a_memory_stands_in_and_its_changes_reach_redis_later(redis_place, proxied):
    url, prefix = redis_place
    proxy, through = await proxied(url)
    now = [0.0]
    async with AsyncRedisManager(
        through, namespace=prefix, fallback=True, clock=lambda: now[0]
    ) as cache:
        await cache.set("old", "before")
        await proxy.stop()
        await cache.set("new", 1, ttl=60)
        await cache.set("old", "meanwhile")
        assert await cache.get_or_compute("made", lambda: 2, 60) == 2
        assert (await cache.get("new"), await cache.get("old")) == (1, "meanwhile")
        await proxy.start()
        now[0] += 10
        assert await cache.get("old") is None, "Redis would have given its older value"
        await cache.set("old", "after")
        assert await cache.get("old") == "after"


async def test_a_restart_is_a_delay(redis_place, proxied):
    url, prefix = redis_place
    proxy, through = await proxied(url)
    async with AsyncRedisManager(through, namespace=prefix) as cache:
        await cache.set("k", 0)
        async with asyncio.TaskGroup() as group:
            group.create_task(proxy.restart(away_s=0.2))
            for number in range(20):
                group.create_task(cache.set(f"k{number}", number))
        assert len(await cache.get_many(f"k{n}" for n in range(20))) == 20
