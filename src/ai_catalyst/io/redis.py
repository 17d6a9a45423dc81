"""`AsyncRedisManager`: a cache in Redis that many processes share."""

from __future__ import annotations

import asyncio
import base64
import inspect
import random
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, Self, TypeVar

import msgspec

from ai_catalyst.engine.single_flight import SingleFlight
from ai_catalyst.errors import StoreError, StoreTimeout, UserError
from ai_catalyst.io.connections import AsyncConnectionManager
from ai_catalyst.io.servers import ServerSettings
from ai_catalyst.io.stand_in import StandIn

if TYPE_CHECKING:
    from types import TracebackType

    from redis.asyncio import Redis

__all__ = ["AsyncRedisManager"]

T = TypeVar("T")

_MARK = "\x00"
"""What no caller's plain text begins with; those that do are stored as JSON."""
_MISSING: Any = object()
_UNLOCK = "if redis.call('get',KEYS[1])==ARGV[1] then return redis.call('del',KEYS[1]) end return 0"
_RENEW = (
    "if redis.call('get',KEYS[1])==ARGV[1] then "
    "return redis.call('pexpire',KEYS[1],ARGV[2]) end return 0"
)


class AsyncRedisManager:
    """Keeps values in Redis, under ``namespace:key``, for a time.

    ``source`` is a URL, an `AsyncConnectionManager`, or None for ``REDIS_URL``, else
    ``redis://localhost``. Text is stored as it is, anything else as JSON. With ``fallback`` a
    memory of this process stands in while Redis is away, asked again every ``retry_s`` seconds;
    without it that is a `StoreError`. A value over ``max_bytes`` is a `UserError`. Commands here
    may be repeated, so those lost with a connection are sent again for ``reconnect_s`` seconds.
    """

    def __init__(
        self,
        source: str | AsyncConnectionManager | None = None,
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
        self._own = not isinstance(source, AsyncConnectionManager)
        self._manager = (
            source if isinstance(source, AsyncConnectionManager) else _manager_of(source)
        )
        self._prefix = f"{namespace}:" if namespace else ""
        self._lock_s = lock_s
        self._reconnect_s = reconnect_s
        self._max_bytes = max_bytes
        self._stand_in = StandIn(retry_s, clock) if fallback else None
        self._flight: SingleFlight[Any] = SingleFlight()

    async def initialize(self) -> None:
        """Open the client; it connects when it is used. Harmless when open already."""
        if self._manager.redis_pool is None:
            await self._manager.initialize()

    async def get(self, key: str) -> Any | None:
        """Return a value, None when there is none."""
        found = await self._find(key)
        return None if found is _MISSING else found

    async def get_many(self, keys: Iterable[str]) -> dict[str, Any]:
        """Return the values that are there, by key, in one round trip a thousand."""
        wanted = list(keys)
        found: dict[str, Any] = {}
        for start in range(0, len(wanted), 1000):
            some = wanted[start : start + 1000]
            texts = await self._get_some([self._prefix + key for key in some])
            found |= {key: _decode(text) for key, text in zip(some, texts, strict=True) if text}
        return found

    async def _get_some(self, names: list[str]) -> list[str | None]:
        found: list[str | None] = await self._ask(
            lambda redis: redis.mget(names),
            lambda memory: [memory.get(name) for name in names],
        )
        return found

    async def set(self, key: str, value: object, ttl: float | None = None) -> bool:
        """Keep a value, for ``ttl`` seconds when given; returns True."""
        name, text, ms = self._prefix + key, self._encode(key, value), _milliseconds(ttl)
        await self._ask(
            lambda redis: redis.set(name, text, px=ms),
            lambda memory: memory.set(name, text, ttl),
        )
        return True

    async def set_many(self, values: Mapping[str, object], ttl: float | None = None) -> int:
        """Keep many values, a thousand to a pipeline; returns how many."""
        ms = _milliseconds(ttl)
        rows = [(self._prefix + key, self._encode(key, value)) for key, value in values.items()]
        for start in range(0, len(rows), 1000):
            await self._set_some(rows[start : start + 1000], ttl, ms)
        return len(rows)

    async def _set_some(
        self, rows: list[tuple[str, str]], ttl: float | None, ms: int | None
    ) -> None:
        async def send(redis: Redis) -> None:
            async with redis.pipeline(transaction=False) as pipe:
                for name, text in rows:
                    pipe.set(name, text, px=ms)
                await pipe.execute()

        def keep(memory: StandIn) -> None:
            for name, text in rows:
                memory.set(name, text, ttl)

        await self._ask(send, keep)

    async def delete(self, *keys: str) -> int:
        """Remove values; returns how many there were."""
        names = [self._prefix + key for key in keys]
        if not names:
            return 0
        return int(
            await self._ask(
                lambda redis: redis.delete(*names),
                lambda memory: sum(memory.delete(name) for name in names),
            )
        )

    async def clear(self) -> int:
        """Remove everything of the namespace; raises `UserError` when there is none."""
        if not self._prefix:
            raise UserError("only a namespace can be cleared: AsyncRedisManager(namespace=…)")
        keys = [key async for key in self.all_keys()]
        for start in range(0, len(keys), 1000):
            await self.delete(*keys[start : start + 1000])
        return len(keys)

    @property
    def away(self) -> bool:
        """Whether the memory stands in, for now, because Redis did not answer."""
        return self._stand_in is not None and self._stand_in.on_duty

    async def all_keys(self) -> AsyncIterator[str]:
        """Yield the keys of the namespace; one that changes meanwhile may come twice or not."""
        async for name in self._names():
            yield name.removeprefix(self._prefix)

    async def _names(self) -> AsyncIterator[str]:
        pattern = "".join(f"\\{c}" if c in "*?[]^-\\" else c for c in self._prefix) + "*"
        cursor, more = 0, True
        while more:
            cursor, names = await self._scan(cursor, pattern)
            for name in names:
                yield name
            more = bool(cursor)

    async def _scan(self, cursor: int, pattern: str) -> tuple[int, list[str]]:
        following, names = await self._ask(
            lambda redis: redis.scan(cursor, match=pattern, count=1000),
            lambda memory: (0, memory.names(self._prefix)),
        )
        return int(following), names

    async def get_or_compute(
        self, key: str, compute: Callable[[], Awaitable[T] | T], ttl: float | None = None
    ) -> T:
        """Return a value, or what ``compute()`` returns, kept for ``ttl`` seconds.

        Whoever asks for the key meanwhile, here or in another process, waits for that one
        computation. Its lock is renewed while it runs and expires ``lock_s`` seconds after its
        process died; then another computes. Errors are not kept.
        """
        found = await self._find(key)
        if found is not _MISSING:
            return found  # type: ignore[no-any-return]
        made: T = await self._flight.do(key, lambda: self._compute(key, compute, ttl))
        return made

    async def _compute(
        self, key: str, compute: Callable[[], Awaitable[T] | T], ttl: float | None
    ) -> T:
        lock, token = f"{self._prefix}lock:{key}", uuid.uuid4().hex
        wait = 0.005
        while not await self._lock(lock, token):
            await asyncio.sleep(wait * (0.5 + random.random() / 2))  # noqa: S311 - no secret
            found = await self._find(key)
            if found is not _MISSING:
                return found  # type: ignore[no-any-return]
            wait = min(wait * 1.5, 0.1)
        async with self._renewed(lock, token):
            found = await self._find(key)
            if found is not _MISSING:  # made between our look and our turn
                return found  # type: ignore[no-any-return]
            made = compute()
            value = await made if inspect.isawaitable(made) else made
            await self.set(key, value, ttl)
            return value

    async def _lock(self, lock: str, token: str) -> bool:
        """Take the lock; one that we hold already, because the answer was lost, is ours too."""
        ms = _milliseconds(self._lock_s)

        async def take(redis: Redis) -> bool:
            if await redis.set(lock, token, px=ms, nx=True):
                return True
            return bool(await redis.get(lock) == token)

        return bool(await self._ask(take, lambda memory: True))

    @asynccontextmanager
    async def _renewed(self, lock: str, token: str) -> AsyncIterator[None]:
        ms = round(self._lock_s * 1000)

        async def renew() -> None:
            with suppress(StoreError):  # Redis is away: the lock expires, another may compute too
                while True:
                    await asyncio.sleep(self._lock_s / 3)
                    await self._ask(
                        lambda redis: redis.eval(_RENEW, 1, lock, token, ms), lambda memory: 0
                    )

        failed: Exception | None = None
        try:
            async with asyncio.TaskGroup() as group:
                renewal = group.create_task(renew())
                try:
                    yield
                except Exception as error:  # noqa: BLE001 - raised below, out of its group
                    failed = error
                finally:
                    renewal.cancel()
        finally:
            await asyncio.shield(self._unlock(lock, token))
        if failed is not None:
            raise failed

    async def _unlock(self, lock: str, token: str) -> None:
        await self._ask(lambda redis: redis.eval(_UNLOCK, 1, lock, token), lambda memory: 0)

    async def _find(self, key: str) -> Any:
        name = self._prefix + key
        text = await self._ask(lambda redis: redis.get(name), lambda memory: memory.get(name))
        return _MISSING if text is None else _decode(text)

    async def _ask(
        self,
        command: Callable[[Redis], Awaitable[Any]],
        instead: Callable[[StandIn], Any],
    ) -> Any:
        """Send a command that may be repeated, or ask the memory that stands in."""
        memory = self._stand_in
        if memory is not None and memory.on_duty:
            return instead(memory)
        try:
            if memory is not None and memory.changed:
                await self._send(lambda redis: redis.delete(*memory.changed), 0)
                memory.relieve()
            return await self._send(command, 0 if memory else self._reconnect_s)
        except StoreError:
            if memory is None:
                raise
            memory.take_over()
            return instead(memory)

    async def _send(self, command: Callable[[Redis], Awaitable[Any]], within_s: float) -> Any:
        if self._manager.redis_pool is None:
            await self.initialize()
        redis = self._manager.redis_pool
        if redis is None:
            raise UserError("the connection manager has no redis_url")
        from redis import exceptions

        started = time.monotonic()
        wait = 0.01
        while True:
            try:
                return await command(redis)
            except (exceptions.ConnectionError, exceptions.TimeoutError, OSError) as error:
                if isinstance(error, exceptions.AuthenticationError):
                    raise UserError("Redis refused the password: check the URL") from error
                if time.monotonic() - started + wait > within_s:
                    raise _away(error) from error
            except exceptions.RedisError as error:
                raise StoreError(f"Redis refused a command: {type(error).__name__}") from error
            await asyncio.sleep(wait * (0.5 + random.random() / 2))  # noqa: S311 - no secret
            wait = min(wait * 2, 0.5)

    def _encode(self, key: str, value: object) -> str:
        text = _encode(value)
        if len(text) > self._max_bytes:
            raise UserError(f"the value of {key!r} is over {self._max_bytes} bytes")
        return text

    async def cleanup(self) -> None:
        """Close the client, unless it belongs to a connection manager that was given."""
        if self._own:
            await self._manager.cleanup()

    async def close(self) -> None:
        """Close the client."""
        await self.cleanup()

    async def __aenter__(self) -> Self:
        """Open the client and return the manager."""
        await self.initialize()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the client."""
        await self.cleanup()


def _manager_of(url: str | None) -> AsyncConnectionManager:
    settings = ServerSettings.of({"database_url": None, **({"redis_url": url} if url else {})})
    return AsyncConnectionManager(settings)


def _away(error: BaseException) -> StoreError:
    """Return the error of ours for a Redis that does not answer."""
    message = "Redis does not answer: check that it runs, or allow fallback=True"
    return StoreTimeout(message) if "Timeout" in type(error).__name__ else StoreError(message)


def _milliseconds(ttl: float | None) -> int | None:
    if ttl is None:
        return None
    if not ttl > 0:
        raise UserError(f"ttl is in seconds and above 0, not {ttl}")
    return max(1, round(ttl * 1000))


def _encode(value: object) -> str:
    """Write text as it is, anything else marked: other programs can read the text."""
    if isinstance(value, str) and not value.startswith(_MARK):
        return value or f'{_MARK}j""'
    if isinstance(value, bytes | bytearray):
        return f"{_MARK}b{base64.b64encode(value).decode()}"
    try:
        return f"{_MARK}j{msgspec.json.encode(value).decode()}"
    except (TypeError, ValueError) as error:
        raise UserError(
            f"a {type(value).__name__} cannot be kept in Redis: make it JSON"
        ) from error


def _decode(text: str) -> Any:
    if not text.startswith(_MARK):
        return text
    if text[1:2] == "b":
        return base64.b64decode(text[2:])
    return msgspec.json.decode(text[2:])
