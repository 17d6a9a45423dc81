"""A worker of the cluster: one process of a node that runs the local pipeline over shards.

Ray calls it with numbers and is answered with numbers. What it reads, and why it could not, it
finds and leaves in the shared database.
"""

from __future__ import annotations

import asyncio
import errno
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from enum import IntEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from ai_catalyst.analysis.configured import analyst_of, open_provider
from ai_catalyst.analysis.pipeline import Pipeline, RunSummary
from ai_catalyst.analysis.understanding import STAGE
from ai_catalyst.cluster.charge import Charge, settings_of
from ai_catalyst.cluster.limits import limits_of
from ai_catalyst.cluster.places import unseen_folder
from ai_catalyst.cluster.shard_rows import ShardRows
from ai_catalyst.cluster.stream import ShardStream
from ai_catalyst.documents.sources import BadSource
from ai_catalyst.engine import InFlight
from ai_catalyst.engine.commits import describe
from ai_catalyst.errors import AllEndpointsFailed, StoreError
from ai_catalyst.model import Document
from ai_catalyst.store.configured import shared_store_of

if TYPE_CHECKING:
    from ai_catalyst.analysis.understanding import Source
    from ai_catalyst.cluster.limits import SharedLimits
    from ai_catalyst.settings import Settings

__all__ = ["CALLS_AT_ONCE", "SHARDS_AT_ONCE", "Ended", "Told", "Worker", "ended_by"]

SHARDS_AT_ONCE = 2
"""Calls in a worker at a time: while the last documents of one shard end, the next one begins."""
CALLS_AT_ONCE = SHARDS_AT_ONCE + 3
"""… and calls that ask how it goes, or end it."""


class Ended(IntEnum):
    """How a call ended; what there is to say about it is in the database."""

    DONE = 0
    STOPPED = 1
    DISK_FULL = 2
    UNSEEN = 3
    STORE = 4
    UNLIKE = 5
    FAILED = 6


class Told(NamedTuple):
    """What a worker says of one shard: its number, how it ended, and how far it came.

    ``read`` and ``unreadable`` are sources that were opened, ``finished`` and ``failed`` documents.
    """

    number: int
    ended: int = Ended.DONE
    read: int = 0
    unreadable: int = 0
    pages: int = 0
    finished: int = 0
    failed: int = 0


class _Tally:
    """One shard in work, counted."""

    def __init__(self, number: int, run: str) -> None:
        self.number = number
        self.summary = RunSummary(run)
        self.read = self.unreadable = self.pages = 0

    def told(self, ended: Ended = Ended.DONE) -> Told:
        found = self.summary
        counted = (self.read, self.unreadable, self.pages, found.documents, found.failed)
        return Told(self.number, int(ended), *counted)

    async def watch(self, sources: ShardStream, leave: Callable[[], None]) -> AsyncIterator[Source]:
        """Hand sources on as they are read, and count them; ``leave`` when all are read."""
        async for source in sources:
            if isinstance(source, BadSource):
                self.unreadable += 1
            else:
                self.read += 1
                self.pages += source.pages if isinstance(source, Document) else 1
            yield source
        leave()


class Worker:
    """Everything one worker needs, opened by `open` and closed by `close`.

    ``name`` is who it is among the owners of leases: one a life, so that burying it buries no
    other. What the driver calls returns numbers and raises nothing of ours.
    """

    def __init__(self, charge: Charge, name: str) -> None:
        """Take the charge; nothing is opened yet."""
        self._charge = charge
        self._name = name
        self._stack = AsyncExitStack()
        self._working: dict[asyncio.Task[Any], _Tally] = {}
        self._stopping = False
        self._reading = asyncio.Lock()

    # What the driver calls.

    async def open(self) -> int:
        """Open store, models and pipeline; returns `Ended`."""
        # Ray keeps what its processes say, for others to read; a warning may name a file.
        logging.getLogger().addHandler(logging.NullHandler())
        try:
            await self._open()
        except AllEndpointsFailed:
            return Ended.UNLIKE  # a model is named that this node cannot ask
        except Exception as error:  # noqa: BLE001 - Ray would log what it says
            return ended_by(error)
        same = self._pipeline.options == self._charge.options
        return Ended.DONE if same else Ended.UNLIKE

    async def work(self, number: int, alone: bool) -> tuple[int, ...]:
        """Work through a shard; returns a `Told`.

        ``alone``: one document after the other, so that a death has one cause.
        """
        task = asyncio.current_task()
        assert task is not None
        tally = self._working[task] = _Tally(number, self._charge.run)
        try:
            return tuple(tally.told(await self._work(tally, alone)))
        except asyncio.CancelledError:
            if not self._stopping:
                raise
            return tuple(tally.told(Ended.STOPPED))
        except Exception as error:  # noqa: BLE001 - Ray would log what it says
            return tuple(tally.told(await self._confess(number, error)))
        finally:
            del self._working[task]

    async def counts(self) -> list[tuple[int, ...]]:
        """Return a `Told` of each shard in work."""
        return [tuple(tally.told()) for tally in self._working.values()]

    async def close(self) -> None:
        """Stop work, give its leases back, close everything."""
        self._stopping = True
        working = list(self._working)
        for task in working:
            task.cancel()
        if working:
            await asyncio.wait(working)
        await self._stack.aclose()

    # Work.

    async def _open(self) -> None:
        charge = self._charge
        self._settings = settings = await asyncio.to_thread(settings_of, charge.settings)
        self._store = shared_store_of(settings, owner_name=self._name)
        await self._stack.enter_async_context(self._store)
        self._rows = ShardRows(self._store.server, charge.run)
        at_once = settings.async_.max_concurrent if settings.async_.enabled else 1
        self._at_once = at_once
        llm = await open_provider(self._stack, settings, self._store, quotas=await self._limits())
        if llm is not None:
            llm.run = charge.run
        reading = at_once if charge.web and at_once > 1 else 0
        self._web = await self._open_web(settings) if charge.web else None
        self._pipeline = Pipeline(
            analyst_of(settings, llm, concurrency=at_once),
            self._store,
            concurrency=at_once,
            reading=reading,
            refresh=charge.refresh,
            archive=self._archive if charge.web else None,
            room=InFlight(at_once + reading),
        )
        self._only = await self._wanted()
        await self._pipeline.prepare()

    async def _limits(self) -> SharedLimits | None:
        if not self._charge.model:
            return None
        run, redis = self._charge.run, self._settings.cache.redis_url
        limits = limits_of(
            redis.get_secret_value() if redis else None,
            run,
            owner=self._name,
            spent=lambda: self._store.spent_usd(run=run),
        )
        return await self._stack.enter_async_context(limits)

    async def _open_web(self, settings: Settings) -> Any:
        from ai_catalyst.articles.configured import open_archive, open_web

        self._archive = await open_archive(self._stack, settings)
        return await open_web(
            self._stack,
            settings,
            self._store,
            concurrency=self._at_once,
            refresh=self._charge.refresh,
            follow_links=self._charge.follow_links,
        )

    async def _wanted(self) -> set[str] | None:
        if not self._charge.only_of:
            return None
        return {item.uri async for item in self._store.stream_run(self._charge.only_of)}

    async def _work(self, tally: _Tally, alone: bool) -> Ended:
        places = await self._rows.places(tally.number)
        if folder := await asyncio.to_thread(unseen_folder, places):
            await self._rows.blame(tally.number, f"{self._name} does not see {folder}")
            return Ended.UNSEEN
        stream = ShardStream(
            places,
            await self._rows.poisons(STAGE),
            key=self._pipeline.key,
            wanted=self._is_wanted,
            cache=self._store.cache if self._settings.cache.enabled else None,
            concurrency=self._at_once,
            timeout_s=self._settings.async_.timeout,
            web=None if self._web is None else self._web.open,
        )
        async with self._turn() as leave:
            sources = tally.watch(stream, leave)
            if not alone:
                await self._understand(sources, tally.summary, stream.positions)
                return Ended.DONE
            async for source in sources:
                await self._understand(_only(source), tally.summary, stream.positions[-1:])
        return Ended.DONE

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[Callable[[], None]]:
        """Read one shard after the other: the next begins while the last documents of one end.

        Two that began together would end together, and leave places empty each time.
        """
        await self._reading.acquire()
        held = True

        def leave() -> None:
            nonlocal held
            if held:
                held = False
                self._reading.release()

        try:
            yield leave
        finally:
            leave()

    async def _understand(
        self, sources: AsyncIterator[Source], summary: RunSummary, positions: list[int]
    ) -> None:
        await self._pipeline.understand(
            self._charge.run, sources, summary, position=positions.__getitem__
        )

    def _is_wanted(self, source: Source) -> bool:
        known = self._only
        return known is None or source.uri in known or source.uri.split("#")[0] in known

    async def _confess(self, number: int, error: Exception) -> Ended:
        try:
            await self._rows.blame(number, describe(error))
        except StoreError:
            return Ended.STORE
        return ended_by(error)


async def _only(source: Source) -> AsyncIterator[Source]:
    yield source


def ended_by(error: BaseException) -> Ended:
    """Say how a call ended that raised an error."""
    cause: BaseException | None = error
    while cause is not None:
        if _is_disk_full(cause):
            return Ended.DISK_FULL
        cause = cause.__cause__
    return Ended.STORE if isinstance(error, StoreError) else Ended.FAILED


def _is_disk_full(error: BaseException) -> bool:
    full = getattr(error, "sqlite_errorname", "") == "SQLITE_FULL"
    return full or getattr(error, "errno", None) in {errno.ENOSPC, errno.EDQUOT}
