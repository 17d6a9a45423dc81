"""One request to a model and its reply, as they go over the wire."""

from __future__ import annotations

import asyncio
import io
import time
from typing import TYPE_CHECKING, Any, Self

import aiohttp
import msgspec

from ai_catalyst.errors import ContentFiltered, EndpointError
from ai_catalyst.io.address import was_refused
from ai_catalyst.llm.call import Reported
from ai_catalyst.llm.faults import broken, refusal, reported
from ai_catalyst.llm.wires.sse import EventStream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from ai_catalyst.llm.call import Answer
    from ai_catalyst.llm.route import Route
    from ai_catalyst.llm.wires import Reader

__all__ = ["Exchange"]

MOST_BYTES = 64 * 2**20
"""The largest reply that is read; more is no answer of a model."""
MOST_OF_AN_ERROR = 64 * 2**10
LARGE = 2**19
PARTING_S = 0.25
"""How long a server may take to end a body after its last event, before the connection is cut."""
FOREIGN = (aiohttp.ClientError, OSError, msgspec.MsgspecError, ValueError)
"""What aiohttp, sockets and decoders raise; anything else is a mistake of ours."""
FIELDS = (b"data:", b"event:", b"id:", b":")
"""How a stream of events begins, where the content type does not say that it is one."""


class Exchange:
    """Sends one body and reads what comes back, whole or event by event.

    ``sent_at``, ``first_at`` and ``last_at`` are moments of the monotonic clock: when the request
    left, when the model had begun to answer, when something was heard last; None until then.
    Every error is an `EndpointError`, and leaves nothing open.
    """

    __slots__ = (
        "_events",
        "_on_first",
        "_reader",
        "_ready",
        "_response",
        "first_at",
        "last_at",
        "received",
        "route",
        "sent_at",
    )

    def __init__(self, route: Route, on_first: Callable[[], None] | None = None) -> None:
        """Prepare an exchange; ``on_first`` is called when the model begins to answer."""
        self.route = route
        self.sent_at: float | None = None
        self.first_at: float | None = None
        self.last_at: float | None = None
        self.received = 0
        self._on_first = on_first
        self._response: aiohttp.ClientResponse | None = None
        self._reader: Reader | None = None
        self._events = EventStream()
        self._ready = ""

    def __enter__(self) -> Self:
        """Guard a block: a foreign error becomes ours, and whatever fails closes the exchange."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: object
    ) -> None:
        """Map the error."""
        if error is None:
            return
        self.close()
        if isinstance(error, Reported):
            raise reported(self.route.name, error.detail) from None
        if isinstance(error, FOREIGN):
            if was_refused(error):
                self.route.unsettle()
            raise broken(self.route.name, error) from error

    async def ask(self, body: bytes, *, stream: bool) -> Answer:
        """Send a request and return its answer, whole."""
        with self:
            response = await self.post(self.route.chat, body)
            first = await self._begin(response) if stream else b""
            if self._reader is None:
                return self._checked(self.route.wire.decode(await self.body(first)))
            self._feed(self._reader, self._events.feed(first))
            while not self._reader.over and (chunk := await self._chunk(response)):
                self._feed(self._reader, self._events.feed(chunk))
            await self._part(response)
            return self._end(self._reader)

    async def open(self, body: bytes) -> None:
        """Send a request and return when the first piece of its answer is there."""
        with self:
            response = await self.post(self.route.chat, body)
            first = await self._begin(response)
            if self._reader is None:
                answer = self._checked(self.route.wire.decode(await self.body(first)))
                self._reader = self.route.wire.reader()
                self._reader.answer, self._reader.over = answer, True
                self._ready = answer.text
                return
            self._ready = self._read(self._reader, self._events.feed(first))
            while not self._ready and await self._more(response, self._reader):
                pass

    async def pieces(self) -> AsyncIterator[str]:
        """Yield the pieces of an answer that was opened, as they come."""
        response, reader = self._response, self._reader
        if response is None or reader is None:
            raise RuntimeError("the exchange was not opened")
        with self:
            while True:
                if self._ready:
                    piece, self._ready = self._ready, ""
                    yield piece
                if reader.over or not await self._more(response, reader):
                    break
            await self._part(response)

    async def _more(self, response: aiohttp.ClientResponse, reader: Reader) -> bool:
        """Read on; return whether the stream goes on after that."""
        chunk = await self._chunk(response)
        if not chunk:
            self._end(reader)
            return False
        self._ready += self._read(reader, self._events.feed(chunk))
        return True

    @property
    def so_far(self) -> Answer | None:
        """What has come until now, None before anything has."""
        if self._reader is None:
            return None
        return self._reader.answer if self._reader.answer.text else self._reader.finish()

    async def post(self, path: str, body: bytes) -> aiohttp.ClientResponse:
        """Send a body and return the reply, once its status is a good one."""
        route = self.route
        # aiohttp would copy many bytes at once, and warns about it.
        data: Any = body if len(body) < LARGE else io.BytesIO(body)
        self.sent_at = time.monotonic()
        response = self._response = await route.session().post(
            route.url(path),
            data=data,
            headers=route.headers,
            proxy=route.proxy,
            allow_redirects=False,
        )
        if told := route.wire.told(response.headers):
            route.lane.learn(told)
        if response.status != 200:
            said = await response.content.read(MOST_OF_AN_ERROR)
            raise refusal(route.name, response.status, response.headers, said)
        return response

    async def body(self, first: bytes = b"") -> bytes:
        """Read a whole body, as much of it as an answer can be."""
        if self._response is None:
            raise RuntimeError("nothing was sent")
        content = self._response.content
        data = first or await self._chunk(self._response)
        if content.at_eof():
            return data
        parts = [data]
        while chunk := await self._chunk(self._response):
            parts.append(chunk)
        return b"".join(parts)

    async def _chunk(self, response: aiohttp.ClientResponse) -> bytes:
        chunk = await response.content.readany()
        self.received += len(chunk)
        if self.received > MOST_BYTES:
            raise ValueError("a reply without an end")
        return chunk

    async def _begin(self, response: aiohttp.ClientResponse) -> bytes:
        """Read the first bytes and see whether they begin a stream of events."""
        kind = response.headers.get("Content-Type", "")
        first = await self._chunk(response)
        if "event-stream" in kind or ("json" not in kind and first.lstrip().startswith(FIELDS)):
            self._reader = self.route.wire.reader()
        return first

    def _feed(self, reader: Reader, events: list[bytes]) -> None:
        """Take events for whose pieces nobody waits."""
        if events:
            reader.feed_all(events)
            self._heard(reader)

    def _read(self, reader: Reader, events: list[bytes]) -> str:
        """Take events and return their text."""
        pieces = [reader.feed(event) for event in events]
        self._heard(reader)
        return "".join(pieces)

    def _heard(self, reader: Reader) -> None:
        if not reader.begun:
            return
        self.last_at = time.monotonic()
        if self.first_at is None:
            self.first_at = self.last_at
            if self._on_first is not None:
                self._on_first()

    def _end(self, reader: Reader) -> Answer:
        """Return the whole answer of a stream that has ended; raises when it was cut off."""
        self._feed(reader, self._events.finish())
        if not reader.done:
            name = self.route.name
            raise EndpointError(f"{name}: its stream stopped before the end", endpoint=name)
        return self._checked(reader.finish())

    async def _part(self, response: aiohttp.ClientResponse) -> None:
        """Read a body whose last word was said to its end, so that its connection is kept.

        A server that does not end it soon loses the connection.
        """
        if response.content.at_eof():
            return
        cut = asyncio.get_running_loop().call_later(PARTING_S, response.close)
        try:
            while await self._chunk(response):
                pass
        except aiohttp.ClientError:
            self.close()
        finally:
            cut.cancel()

    def _checked(self, answer: Answer) -> Answer:
        if answer.finish == "content_filter":
            name = self.route.name
            raise ContentFiltered(f"{name}: stopped by the content filter", endpoint=name)
        return answer

    def close(self) -> None:
        """Drop the connection when the reply was not read to its end; else it is kept."""
        if self._response is not None:
            self._response.close()
