"""What a person names, as a stream of documents: files, folders, patterns, pages and feeds."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import time
from collections.abc import (
    AsyncGenerator,
    Awaitable,
    Callable,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from ai_catalyst.documents.blob import Blob, Limits
from ai_catalyst.documents.hopping import hop_by_hop
from ai_catalyst.documents.loading import Loader
from ai_catalyst.documents.locating import Locator, expand
from ai_catalyst.documents.opening import Opened, open_blob
from ai_catalyst.documents.prose import BadSource, Texts, bad_source
from ai_catalyst.engine.batch import Batch
from ai_catalyst.errors import FileError, UserError
from ai_catalyst.model import Document

if TYPE_CHECKING:
    from ai_catalyst.documents.loading import Pool, ReadCache
    from ai_catalyst.engine.events import ProgressCallback
    from ai_catalyst.io.http import HttpClient

__all__ = ["BadSource", "Locator", "Opener", "Unread", "expand", "stream_documents"]

FILES_PER_HOP = 64
HOP_S = 0.03
HOPS_AHEAD = 2
INLINE_CHARS = 64 * 1024
"""Above this much text documents are made (and hashed) in a thread."""


@runtime_checkable
class Unread(Protocol):
    """A document that is named but not read yet, such as the page an entry of a feed leads to.

    ``key`` stays the same from run to run while there is nothing new to read: what was understood
    under it is not read again.
    """

    @property
    def uri(self) -> str:
        """The place it will be read from."""
        ...

    @property
    def title(self) -> str:
        """What it is called, as far as that is known."""
        ...

    @property
    def key(self) -> str:
        """What its result is kept under."""
        ...

    async def read(self) -> Document:
        """Read it; raises `SourceError` when it cannot be."""
        ...


Found = Document | BadSource | Unread
Opener = Callable[[Locator], Awaitable[Sequence[Found] | Blob]]
"""Says what a URL leads to, or hands over what it holds; raises `SourceError` when nothing."""


@dataclass(slots=True)
class _Job:
    """One source on its way: where it is, what was found when it was opened, what came of it."""

    locator: Locator
    opened: Opened | None = None
    texts: Texts | None = None
    found: list[Found] = field(default_factory=list)
    last: bool = False

    @property
    def uri(self) -> str:
        return self.locator.uri

    def judge(self) -> None:
        """Raise the first error when nothing came of the source, so that its event says so."""
        if self.found and all(isinstance(item, BadSource) for item in self.found):
            first = self.found[0]
            assert isinstance(first, BadSource)
            raise first.error


async def stream_documents(
    arguments: Iterable[str | os.PathLike[str] | Locator],
    *,
    http: HttpClient | None = None,
    cache: ReadCache | None = None,
    concurrency: int = 8,
    limit: int | None = None,
    pool: Pool | None = None,
    on_event: ProgressCallback | None = None,
    allow_hosts: Iterable[str] = (),
    timeout_s: float = 60.0,
    web: Opener | None = None,
    on_place: Callable[[int], None] | None = None,
) -> AsyncGenerator[Found, None]:
    """Yield every document the arguments name, in source order, whatever the ``concurrency``.

    What cannot be read comes as a `BadSource` in its place. A record with prose in it is a document
    of its own, as is a feed's entry (``uri#part``); a table without prose is one. At most ``limit``
    documents are yielded. ``cache`` remembers what hostile files held (kind ``"read"``). URLs go
    through ``http``, or a client of our own that may reach the private ``allow_hosts``.
    ``on_event`` hears of each source. One parse takes at most ``timeout_s`` seconds. With ``web``
    each URL is what that says it is, and may be `Unread` documents. ``on_place`` hears, before each
    document, the number (from 0) of the source it is of.
    """
    if concurrency < 1:
        raise UserError(f"concurrency must be 1 or more, not {concurrency}")
    loader = Loader(pool=pool, cache=cache, timeout_s=timeout_s)
    reading = _Reading(loader, http, allow_hosts, web)
    left = limit
    async with AsyncExitStack() as stack:
        stack.push_async_callback(reading.close)
        found = await stack.enter_async_context(
            aclosing(reading.stream(expand(arguments), concurrency, on_event))
        )
        if left is not None and left <= 0:
            return
        async for number, item in found:
            if on_place is not None:
                on_place(number)
            yield item
            if left is not None and not isinstance(item, BadSource):
                left -= 1
                if left <= 0:
                    return


class _Reading:
    """One run over sources; owns the HTTP client when nobody gave one."""

    def __init__(
        self,
        loader: Loader,
        http: HttpClient | None,
        allow_hosts: Iterable[str],
        web: Opener | None = None,
    ) -> None:
        self._loader = loader
        self._web = web
        self._http = http
        self._allow_hosts = tuple(allow_hosts)
        self._own_http: HttpClient | None = None

    async def close(self) -> None:
        if self._own_http is not None:
            await self._own_http.close()

    async def stream(
        self, locators: Iterator[Locator], concurrency: int, on_event: ProgressCallback | None
    ) -> AsyncGenerator[tuple[int, Found], None]:
        ahead = asyncio.Semaphore(HOPS_AHEAD)
        batch = Batch(
            self._read,
            _jobs(locators, ahead),
            concurrency,
            ordered=True,
            on_event=on_event,
            label=lambda job: job.uri,
        )
        async with batch:
            async for outcome in batch:
                job = outcome.item
                if outcome.error is not None and not job.found:
                    yield outcome.index, bad_source(job.uri, outcome.error)
                for item in job.found:
                    yield outcome.index, item
                if outcome.error is None and job.texts is not None and job.opened is not None:
                    async with aclosing(self._rest(job.opened, job.texts)) as rest:
                        async for item in rest:
                            yield outcome.index, item
                if job.last:
                    ahead.release()

    async def _read(self, job: _Job) -> None:
        """Read one source; a large one of many items is left to be streamed in its turn."""
        if job.found:
            job.judge()
            return
        if job.locator.kind in {"url", "stdin"}:
            fetched = await self._fetch(job.locator)
            if not isinstance(fetched, tuple):
                job.found = list(fetched)
                job.judge()
                return
            blob, extra = fetched
            job.opened = await asyncio.to_thread(open_blob, blob)
            job.texts = _texts(job.uri, job.opened, extra)
        assert job.opened is not None
        opened = await self._loader.load(job.opened)
        if opened.error is not None:
            raise opened.error
        texts = job.texts or _texts(job.uri, opened)
        if opened.found is None:
            job.texts = texts
            return
        job.texts = None
        if _chars(opened.found) <= INLINE_CHARS:
            job.found = _made(texts, opened)
        else:
            job.found = await asyncio.to_thread(_made, texts, opened)
        job.judge()

    async def _rest(self, opened: Opened, texts: Texts) -> AsyncGenerator[Found, None]:
        async with aclosing(self._loader.stream(opened)) as batches:
            async for batch in batches:
                for item in await asyncio.to_thread(_listed, texts.take(batch)):
                    yield item
        for item in await asyncio.to_thread(_listed, texts.finish()):
            yield item

    async def _fetch(self, locator: Locator) -> tuple[Blob, Mapping[str, Any]] | Sequence[Found]:
        if locator.kind == "stdin":
            return Blob("-", data=await _standard_input()), {}
        if self._web is not None:
            opened = await self._web(locator)
            return (opened, {"url": opened.url}) if isinstance(opened, Blob) else opened
        assert locator.path is not None
        response = await self._client().get(locator.path)
        blob = Blob(
            locator.uri,
            data=response.body,
            media_type=response.media_type,
            charset=response.charset,
            url=response.url,
        )
        return blob, {"url": response.url}

    def _client(self) -> HttpClient:
        if self._http is None:
            from ai_catalyst.io.http import HttpClient

            self._http = self._own_http = HttpClient(allow_hosts=self._allow_hosts)
        return self._http


def _texts(uri: str, opened: Opened, extra: Mapping[str, Any] | None = None) -> Texts | None:
    reader = opened.reader
    return None if reader is None else Texts(uri, reader.kind, reader.shape, extra or {})


def _listed(found: Iterator[Found]) -> list[Found]:
    return list(found)


def _chars(items: Iterable[Mapping[str, Any] | FileError]) -> int:
    mappings = (item for item in items if not isinstance(item, FileError))
    return sum(len(value) for item in mappings for value in item.values() if isinstance(value, str))


def _made(texts: Texts | None, opened: Opened) -> list[Found]:
    assert texts is not None
    return [*texts.take(opened.found or ()), *texts.finish()]


async def _jobs(
    locators: Iterator[Locator], ahead: asyncio.Semaphore
) -> AsyncGenerator[_Job, None]:
    """Open what the locators lead to, many files in one hop."""
    async with aclosing(hop_by_hop(lambda: _some(locators), ahead)) as hops:
        async for jobs in hops:
            jobs[-1].last = True
            for job in jobs:
                yield job


def _some(locators: Iterator[Locator]) -> list[_Job]:
    jobs: list[_Job] = []
    deadline = time.perf_counter() + HOP_S
    for locator in islice(locators, FILES_PER_HOP):
        jobs.append(_job(locator))
        if time.perf_counter() > deadline:
            break
    return jobs


def _job(locator: Locator) -> _Job:
    if locator.error is not None:
        return _Job(locator, Opened(Blob(locator.uri), error=locator.error))
    if locator.kind != "file":
        return _Job(locator)
    opened = open_blob(Blob(locator.uri, path=locator.path))
    job = _Job(locator, opened)
    if opened.error is None and opened.found is not None:
        job.found = _made(_texts(locator.uri, opened), opened)
    return job


async def _standard_input() -> bytes:
    """Read standard input to its end, in a thread that no exit waits for."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[bytes] = loop.create_future()

    def settle(data: bytes | None, error: Exception | None) -> None:
        if done.cancelled():
            return
        if error is None and data is not None:
            done.set_result(data)
        else:
            done.set_exception(error or EOFError())

    def read() -> None:
        cap = Limits().whole_bytes
        try:
            data = sys.stdin.buffer.read(cap + 1)
            if len(data) > cap:
                raise FileError("-: more than can be read at once", path="-", kind="too_large")
        except Exception as error:  # noqa: BLE001 - handed to the one who waits
            loop.call_soon_threadsafe(settle, None, error)
        else:
            loop.call_soon_threadsafe(settle, data, None)

    threading.Thread(target=read, name="catalyst-stdin", daemon=True).start()
    return await done
