"""The cache's second tier on a real Redis: shared, timed, counted, forgotten, never in the way."""

import asyncio
import threading
import time

import pytest
import real_servers
import redis
from fault_proxy import fault_proxy
from sqlalchemy.engine import make_url

from ai_catalyst.errors import StoreError, UserError
from ai_catalyst.store import Cache, Store, origin
from ai_catalyst.store import remote as module
from ai_catalyst.store.remote import Remote


@pytest.fixture
def place():
    yield from real_servers.own_namespace()


@pytest.fixture
async def tier(place):
    made = Remote(place[0], namespace=place[1])
    yield made
    await made.close()


def stored(place):
    """Return what Redis holds: texts and times to live, by name."""
    with redis.Redis.from_url(place[0], decode_responses=True) as client:
        names = client.keys(f"{place[1]}*")
        return {name: (client.get(name), client.ttl(name)) for name in names}


async def test_what_one_process_keeps_another_finds(place, tier):
    other = Remote(place[0], namespace=place[1])
    one, two = Cache(tier), Cache(other)
    values = [0, "", b"\0\xff", [], {"a": [1, 2.5, None, True]}, "ü😀", "x" * 200_000]
    for number, value in enumerate(values):
        await one.set("api", str(number), value)
    assert [await two.get("api", str(n)) for n in range(len(values))] == values
    assert await two.get("rss", "0") is None
    stats = await two.stats()
    assert (stats.hits_disk, stats.misses) == (len(values), 1)
    assert await two.get("api", "4") == values[4]
    assert (await two.stats()).hits_memory == 1, "the first tier has it now"
    await other.close()


async def test_values_expire_as_their_kind_says(place, tier):
    cache = Cache(tier, memory_bytes=0)
    await cache.set("rss", "k", 1)
    await cache.set("api", "short", 1, ttl_s=0.05)
    await cache.set("api", "gone", 1, ttl_s=0)
    [ttl] = [ttl for _, ttl in stored(place).values() if ttl > 1]
    assert 3590 < ttl <= 3600
    assert await cache.get("api", "gone") is None
    await asyncio.sleep(0.06)
    assert await cache.get("api", "short") is None
    assert await cache.get("rss", "k") == 1


async def test_entries_and_bytes_are_counted_by_kind(tier):
    cache = Cache(tier)
    await cache.set("api", "a", b"x" * 1000)
    await cache.set("api", "b", b"x" * 1000)
    await cache.set("rss", "c", 1)
    stats = await cache.stats()
    assert stats.kinds == {"api": 2, "rss": 1}
    assert (stats.disk_entries, stats.disk_bytes) == (3, 2 * 1003 + 1)
    assert await cache.clear("api") == 2
    assert (await cache.stats()).kinds == {"rss": 1}
    assert await cache.clear() == 1
    assert (await cache.stats()).kinds == {}


async def test_a_value_too_large_for_redis_is_kept_in_memory_alone(tier):
    cache = Cache(tier)
    large = b"x" * (17 * 2**20)
    await cache.set("api", "large", large)
    assert await cache.get("api", "large") == large
    assert (await cache.stats()).disk_entries == 0


async def test_a_damaged_value_is_a_miss(place, tier):
    cache = Cache(tier, memory_bytes=0)
    await cache.set("api", "k", 1)
    [name] = stored(place)
    with redis.Redis.from_url(place[0]) as client:
        for damage in (b"text", b"\0bAAAA", b"\0b" + b"\xff" * 3, b"\0j{"):
            client.set(name, damage)
            assert await cache.get("api", "k") is None
            assert (await cache.stats()).kinds == {}
    await cache.set("api", "k", 2)
    assert await cache.get("api", "k") == 2
    with redis.Redis.from_url(place[0]) as client:
        client.set(f"{place[1]}:damaged", b"\xff")
    assert await cache.clear() == 2, "what nobody can read goes too"


async def test_a_server_that_goes_away_is_a_miss_and_is_back_when_it_is_back(
    place, monkeypatch, caplog
):
    monkeypatch.setattr(module, "_RETRY_S", 0.05)
    url = make_url(place[0])
    async with fault_proxy(url.host, url.port or 6379) as proxy:
        tier = Remote(f"redis://127.0.0.1:{proxy.port}", namespace=place[1])
        cache = Cache(tier, memory_bytes=0)
        await cache.set("api", "old", "before")
        await proxy.stop()
        assert await cache.get("api", "old") is None
        await cache.set("api", "old", "after")
        assert await cache.get("api", "old") == "after", "the stand-in has it"
        assert await cache.get_or_compute("api", "new", lambda: 5) == 5
        with pytest.raises(StoreError, match="Redis does not answer"):
            await cache.forget(lambda uri: True)
        with pytest.raises(StoreError):
            await cache.clear()
        await proxy.start()
        await asyncio.sleep(0.06)
        assert await cache.get("api", "old") != "before", "it was changed meanwhile"
        await cache.set("api", "old", "again")
        assert len(stored(place)) == 1
        await tier.close()
    assert [record.message for record in caplog.records] == [
        "the cache in Redis is left out: Redis does not answer"
    ]


async def test_a_dead_server_costs_no_time(dead_port):
    cache = Cache(Remote(f"redis://127.0.0.1:{dead_port}"), memory_bytes=0)
    await cache.get("api", "k")
    started = time.monotonic()
    for number in range(200):
        assert await cache.get_or_compute("api", f"{number}", lambda n=number: n) == number
    assert time.monotonic() - started < 2
    assert (await cache.stats()).kinds == {}
    await cache.close()


@pytest.fixture
def dead_port():
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


async def test_a_public_server_is_refused():
    tier = Remote("redis://8.8.8.8:6379")
    with pytest.raises(UserError, match="public address"):
        await Cache(tier).get("api", "k")
    await tier.close()


def test_it_serves_every_loop_and_thread(place):
    tier = Remote(place[0], namespace=place[1])
    cache = Cache(tier, memory_bytes=0)
    asyncio.run(cache.set("api", "k", 1))
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(asyncio.run(cache.get("api", "k"))))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [1] * 4
    asyncio.run(tier.close())
    assert not any(thread.name == "catalyst-bridge" and thread.is_alive() for thread in threads)


async def test_a_cancelled_reader_leaves_no_trace(place, tier):
    cache = Cache(tier, memory_bytes=0)
    await cache.set("api", "k", 1)
    tasks = [asyncio.create_task(cache.get("api", "k")) for _ in range(10)]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()
    found = await asyncio.gather(*tasks, return_exceptions=True)
    assert found[1::2] == [1] * 5


async def test_a_store_keeps_its_cache_there_and_forgets_it_there(place, path, monkeypatch):
    monkeypatch.setattr(module, "NAMESPACE", place[1])
    monkeypatch.setattr(Remote.__init__, "__kwdefaults__", {"namespace": place[1]})
    async with Store(path, cache_redis_url=place[0]) as store:
        for uri in ("file:///a", "file:///b"):
            token = origin.set(uri)
            await store.cache.set("api", f"answer about {uri}", "text")
            origin.reset(token)
        await store.cache.set("scraped", "https://example.org/page", "text")
        assert (await store.stats()).cache.kinds == {"api": 2, "scraped": 1}
        assert (
            await store.read(lambda c: c.execute("SELECT count(*) FROM cache").fetchone()[0]) == 0
        )
    async with Store(path, cache_redis_url=place[0]) as store:
        await store.forget("file:///a")
        assert await store.cache.get("api", "answer about file:///a") is None
        assert await store.cache.get("api", "answer about file:///b") == "text"
        await store.forget("https://example.org/")
        assert await store.cache.get("scraped", "https://example.org/page") is None
        await store.forget(older_than_s=60)
        assert (await store.stats()).cache.kinds == {"api": 1}
        await store.forget(older_than_s=0)
        assert (await store.stats()).cache.kinds == {}


async def test_nothing_is_forgotten_while_redis_is_away(path, dead_port):
    async with Store(path) as store:
        await store.cache.set("scraped", "https://example.org/page", "text")
    async with Store(path, cache_redis_url=f"redis://127.0.0.1:{dead_port}") as store:
        with pytest.raises(StoreError, match="Redis does not answer"):
            await store.forget("https://example.org/page")
    async with Store(path) as store:
        assert (await store.forget("https://example.org/page")).rows == 1
