"""`RedisManager`: a cache in Redis for programs that are not async."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from typing import Any, Self, TypeVar

from ai_catalyst.engine.blocking import iterate_here, run_here
from ai_catalyst.io.connections import AsyncConnectionManager
from ai_catalyst.io.redis import AsyncRedisManager
from ai_catalyst.io.sync_connections import ConnectionManager

__all__ = ["RedisManager"]

T = TypeVar("T")


class RedisManager:
    """The sync twin of `AsyncRedisManager`; the same arguments."""

    def __init__(
        self,
        source: str | AsyncConnectionManager | ConnectionManager | None = None,
        *,
        namespace: str = "",
        fallback: bool = False,
        lock_s: float = 10.0,
        reconnect_s: float = 5.0,
        retry_s: float = 1.0,
        max_bytes: int = 16 * 2**20,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Choose the server; nothing is opened yet."""
        given = source.asynchronous if isinstance(source, ConnectionManager) else source
        self.asynchronous = AsyncRedisManager(
            given,
            namespace=namespace,
            fallback=fallback,
            lock_s=lock_s,
            reconnect_s=reconnect_s,
            retry_s=retry_s,
            max_bytes=max_bytes,
            clock=clock,
        )

    def initialize(self) -> None:
        """Open the client; it connects when it is used. Harmless when open already."""
        run_here(self.asynchronous.initialize(), "AsyncRedisManager.initialize")

    def get(self, key: str) -> Any | None:
        """Return a value, None when there is none."""
        return run_here(self.asynchronous.get(key), "AsyncRedisManager.get")

    def get_many(self, keys: Iterable[str]) -> dict[str, Any]:
        """Return the values that are there, by key, in one round trip a thousand."""
        return run_here(self.asynchronous.get_many(keys), "AsyncRedisManager.get_many")

    def set(self, key: str, value: object, ttl: float | None = None) -> bool:
        """Keep a value, for ``ttl`` seconds when given; returns True."""
        return run_here(self.asynchronous.set(key, value, ttl), "AsyncRedisManager.set")

    def set_many(self, values: Mapping[str, object], ttl: float | None = None) -> int:
        """Keep many values, a thousand to a pipeline; returns how many."""
        return run_here(self.asynchronous.set_many(values, ttl), "AsyncRedisManager.set_many")

    def delete(self, *keys: str) -> int:
        """Remove values; returns how many there were."""
        return run_here(self.asynchronous.delete(*keys), "AsyncRedisManager.delete")

    def clear(self) -> int:
        """Remove everything of the namespace; raises `UserError` when there is none."""
        return run_here(self.asynchronous.clear(), "AsyncRedisManager.clear")

    @property
    def away(self) -> bool:
        """Whether the memory stands in, for now, because Redis did not answer."""
        return self.asynchronous.away

    def all_keys(self) -> Iterator[str]:
        """Yield the keys of the namespace; one that changes meanwhile may come twice or not."""
        return iterate_here(self.asynchronous.all_keys(), "AsyncRedisManager.all_keys")

    def get_or_compute(
        self, key: str, compute: Callable[[], Awaitable[T] | T], ttl: float | None = None
    ) -> T:
        """Return a value, or what ``compute()`` returns, kept for ``ttl`` seconds.

        A plain function is called in a thread, and may take its time.
        """

        async def made() -> T:
            waits = inspect.iscoroutinefunction(compute)
            value = compute() if waits else await asyncio.to_thread(compute)
            return await value if inspect.isawaitable(value) else value

        call: Awaitable[T] = self.asynchronous.get_or_compute(key, made, ttl)
        return run_here(call, "AsyncRedisManager.get_or_compute")

    def cleanup(self) -> None:
        """Close the client, unless it belongs to a connection manager that was given."""
        run_here(self.asynchronous.cleanup(), "AsyncRedisManager.cleanup")

    def close(self) -> None:
        """Close the client."""
        self.cleanup()

    def __enter__(self) -> Self:
        """Open the client and return the manager."""
        self.initialize()
        return self

    def __exit__(self, *_: object) -> None:
        """Close the client."""
        self.cleanup()
