"""The sync cache in Redis."""

import threading
import time

import pytest
from classes import assert_sync_class

from ai_catalyst.errors import UserError
from ai_catalyst.io import AsyncRedisManager, ConnectionManager, RedisManager


def test_it_has_the_methods_of_the_async_class():
    assert_sync_class(RedisManager, AsyncRedisManager)


def test_it_does_the_same(redis_place):
    url, prefix = redis_place
    with RedisManager(url, namespace=prefix) as cache:
        assert cache.set("k", [1]) is True
        assert cache.get("k") == [1]
        assert cache.set_many({"a": 1, "b": "two"}, ttl=60) == 2
        assert cache.get_many(["k", "b", "none"]) == {"k": [1], "b": "two"}
        assert cache.delete("k") == 1
        with pytest.raises(UserError, match="ttl"):
            cache.set("k", 1, ttl=0)
        assert cache.clear() == 2


def test_a_computation_may_block_and_serves_all_threads(redis_place):
    url, prefix = redis_place
    calls = []

    def compute():
        calls.append(1)
        time.sleep(0.05)
        return {"rows": 3}

    with RedisManager(url, namespace=prefix) as cache:
        found = []
        threads = [
            threading.Thread(target=lambda: found.append(cache.get_or_compute("c", compute, 60)))
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert found == [{"rows": 3}] * 4
        assert len(calls) == 1

        async def later():
            return 4

        assert cache.get_or_compute("d", later, 60) == 4
        assert cache.get_or_compute("e", lambda: later(), 60) == 4


def test_it_works_on_a_connection_managers_redis(redis_place):
    url, prefix = redis_place
    with ConnectionManager({"database_url": None, "redis_url": url}) as manager:
        with RedisManager(manager, namespace=prefix) as cache:
            assert cache.set("k", 1)
        assert manager.redis_pool is not None, "it is the manager's to close"
        with RedisManager(manager, namespace=prefix) as cache:
            assert cache.get("k") == 1
