"""The cache's second tier on a Redis server, which many processes and machines share.

Connections live on one loop of their own, in a thread, because a store works from any loop. A
server that is away is a miss here, and left alone for some seconds: what is cached can be had
again. How much is kept is the server's own setting (``maxmemory``); every value has a time to live.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import os
import threading
from collections.abc import AsyncIterator, Callable, Coroutine
from itertools import islice
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec

from ai_catalyst.engine.background import Background, Job
from ai_catalyst.errors import StoreError, UserError
from ai_catalyst.io.address import is_private, resolve
from ai_catalyst.io.connections import AsyncConnectionManager
from ai_catalyst.io.redis import AsyncRedisManager
from ai_catalyst.io.servers import ServerSettings
from ai_catalyst.store.disk import Row

__all__ = ["Remote"]

T = TypeVar("T")

log = logging.getLogger(__name__)

NAMESPACE = "catalyst:cache"
_CONNECT_S = 2.0
_ANSWER_S = 5.0
_RETRY_S = 5.0
_SCANNED = 500


class _Kept(msgspec.Struct, array_like=True):
    """What lies under a name: the key and label too, because a document must be found to erase."""

    kind: str
    key: str
    saved: float
    expires: float
    label: str
    value: bytes


class _Servers:
    """The client, on the loop it belongs to."""

    def __init__(self, url: str, namespace: str) -> None:
        self._url = url
        settings = ServerSettings(
            database_url=None,
            redis_url=url,
            connect_timeout_s=_CONNECT_S,
            query_timeout_s=_ANSWER_S,
        )
        self._manager = AsyncConnectionManager(settings)
        self.patient = AsyncRedisManager(
            self._manager, namespace=namespace, fallback=True, retry_s=_RETRY_S
        )
        self.strict = AsyncRedisManager(self._manager, namespace=namespace, reconnect_s=1.0)

    async def open(self) -> None:
        """Look where the server is: raw texts may be among the values."""
        host = urlsplit(self._url).hostname
        if host and not self._url.startswith("unix:"):
            with contextlib.suppress(OSError):  # then it will not be dialled either
                if not all(map(is_private, await resolve(host))):
                    raise UserError(
                        f"the cache's Redis on {host} has a public address: what is cached may "
                        "hold people's texts; use a server of your own network"
                    )
        await self._manager.initialize()

    async def close(self) -> None:
        await self._manager.cleanup()


class Remote:
    """Gets and keeps rows in Redis; the same methods as `ai_catalyst.store.disk.Disk`."""

    evicted = 0

    def __init__(self, url: str, *, namespace: str = NAMESPACE) -> None:
        """Open nothing yet."""
        self._url = url
        self._namespace = namespace
        self._lock = threading.Lock()
        self._where: Background | None = None
        self._servers: _Servers | None = None
        self._pid = os.getpid()
        self._complained = False

    async def get(self, kind: str, key: str, now: float) -> Row | None:
        """Return a value that is there, whole, and has not expired."""

        async def ask(servers: _Servers) -> Any:
            return await _whole(servers.patient, _name(kind, key))

        kept = _opened(await self._try(ask))
        if kept is None or (kept.kind, kept.key) != (kind, key) or kept.expires <= now:
            return None
        return Row(kept.value, kept.expires, kept.label)

    async def put(self, kind: str, key: str, row: Row, now: float) -> None:
        """Keep a value until it expires."""
        ttl = row.expires - now
        if ttl <= 0:
            return
        kept = msgspec.msgpack.encode(_Kept(kind, key, now, row.expires, row.label, row.value))

        async def send(servers: _Servers) -> None:
            with contextlib.suppress(UserError):  # too large to be kept
                await servers.patient.set(_name(kind, key), kept, ttl)

        await self._try(send)

    async def clear(self, kind: str | None = None) -> int:
        """Remove all values, or those of a kind, for everybody; returns how many.

        Raises `StoreError` when Redis does not answer.
        """
        return await self._remove(lambda kept: kind is None or kept.kind == kind)

    async def forget(self, which: Callable[[str], bool], before: float | None) -> int:
        """Remove what came from documents for whose URI ``which`` holds; returns how many.

        With ``before``, seconds since the epoch, only what was kept before that time.
        Raises `StoreError` when Redis does not answer: then something may be left there.
        """

        def doomed(kept: _Kept) -> bool:
            old = before is None or kept.saved < before
            return old and (which(kept.label) or which(kept.key))

        return await self._remove(doomed)

    async def sizes(self) -> dict[str, tuple[int, int]]:
        """Return for each kind how many values there are and their bytes; {} while it is away."""

        async def look(servers: _Servers) -> dict[str, tuple[int, int]]:
            found: dict[str, tuple[int, int]] = {}
            async for _, kept in _each(servers.strict):
                if kept is not None:
                    entries, total = found.get(kept.kind, (0, 0))
                    found[kept.kind] = entries + 1, total + len(kept.value)
            return found

        return await self._try(look) or {}

    async def close(self) -> None:
        """Close the connections and end their thread."""
        with self._lock:
            where, self._where = self._where, None
            servers, self._servers = self._servers, None
        if where is None or servers is None or self._pid != os.getpid():
            return
        await _done(Job(where, servers.close()).start())
        await asyncio.to_thread(where.stop)

    async def _remove(self, which: Callable[[_Kept], bool]) -> int:
        async def remove(servers: _Servers) -> int:
            removed = 0
            # What stands in for a server that is away must not bring anything back, either.
            for redis in [servers.patient] * servers.patient.away + [servers.strict]:
                async for name, kept in _each(redis):
                    if kept is None or which(kept):
                        removed += await redis.delete(name)
            return removed

        try:
            return await self._run(remove)
        except StoreError as error:
            raise StoreError(
                "Redis does not answer, so what is cached there cannot be erased: "
                "see that it runs, then say it again"
            ) from error

    async def _try(self, ask: Callable[[_Servers], Coroutine[Any, Any, T]]) -> T | None:
        """Ask, if possible: no fault of Redis may stop the work."""
        try:
            found = await self._run(ask)
        except (StoreError, OSError) as error:
            self._complain(str(error))
            return None
        if self._servers is not None and self._servers.patient.away:
            self._complain("Redis does not answer")
        return found

    async def _run(self, ask: Callable[[_Servers], Coroutine[Any, Any, T]]) -> T:
        with self._lock:
            if self._where is None or self._pid != os.getpid():
                self._where, self._servers, self._pid = Background(), None, os.getpid()
            where = self._where
        if self._servers is None:
            await _done(Job(where, self._open()).start())
        assert self._servers is not None
        return await _done(Job(where, ask(self._servers)).start())

    async def _open(self) -> None:
        """Open the client, on its loop, once."""
        if self._servers is None:
            servers = _Servers(self._url, self._namespace)
            await servers.open()
            self._servers = self._servers or servers

    def _complain(self, why: str) -> None:
        if not self._complained:
            self._complained = True
            log.warning("the cache in Redis is left out: %s", why)


async def _done(job: Job[T]) -> T:
    """Wait for a job of another loop; who is cancelled leaves it to end by itself."""
    return await asyncio.shield(asyncio.wrap_future(job.done))


async def _each(redis: AsyncRedisManager) -> AsyncIterator[tuple[str, _Kept | None]]:
    """Yield all values there are, with their names; None where one cannot be read."""
    names = [name async for name in redis.all_keys()]
    rest = iter(names)
    while some := list(islice(rest, _SCANNED)):
        try:
            values = await redis.get_many(some)
        except ValueError:  # one of them is damaged
            values = {name: await _whole(redis, name) for name in some}
        for name, value in values.items():
            yield name, _opened(value)


async def _whole(redis: AsyncRedisManager, name: str) -> Any:
    try:
        return await redis.get(name)
    except ValueError:
        return b""


def _name(kind: str, key: str) -> str:
    text = f"{len(kind)}:{kind}{key}".encode("utf-8", "surrogatepass")
    return hashlib.blake2b(text, digest_size=16).hexdigest()


def _opened(stored: object) -> _Kept | None:
    """Return what was stored, if it can be read."""
    if not isinstance(stored, bytes):
        return None
    try:
        return msgspec.msgpack.decode(stored, type=_Kept)
    except msgspec.MsgspecError:
        return None
