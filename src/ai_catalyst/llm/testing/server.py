"""A real HTTP server on loopback that answers as a model does, and misbehaves when told to."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from aiohttp import web

from ai_catalyst.io.loopback import LoopbackServer
from ai_catalyst.llm.endpoints import Endpoint
from ai_catalyst.llm.testing.behaviour import Behaviour, Request
from ai_catalyst.llm.testing.speech import (
    anthropic_events,
    anthropic_reply,
    chat_events,
    chat_reply,
    error_reply,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["ModelServer"]

Choose = Callable[[Request], Behaviour]


class ModelServer(LoopbackServer):
    """A model server for tests: OpenAI's, Anthropic's and Mistral's wires under one URL.

    ``async with ModelServer() as server`` runs it in this event loop, ``with ModelServer() as
    server`` in a thread of its own. ``default`` is a `Behaviour`, or a function from a `Request` to
    one; ``script`` lines up behaviours for the next requests. ``key`` refuses others with 401,
    ``capacity`` answers 429 to what is above so many in flight. ``requests`` holds the latest
    thousand, ``count`` all of them, ``cancelled`` those whose client went away.
    """

    def __init__(
        self,
        default: Behaviour | Choose = Behaviour(),  # noqa: B008 - frozen, so safely shared
        *,
        model: str = "test-model",
        key: str | None = None,
        capacity: int | None = None,
        port: int = 0,
    ) -> None:
        """Prepare a server; it listens once started."""
        super().__init__(port)
        self.default = default
        self.model = model
        self.key = key
        self.capacity = capacity
        self.requests: deque[Request] = deque(maxlen=1000)
        self.count = self.in_flight = self.peak = self.cancelled = self.rejected = 0
        self._script: deque[Behaviour] = deque()

    @property
    def url(self) -> str:
        """The base URL, version included."""
        return f"http://127.0.0.1:{self.port}/v1"

    def endpoint(self, name: str = "test", tier: Any = "local", **fields: Any) -> Endpoint:
        """Return an `Endpoint` that leads here; ``fields`` are its other fields."""
        fields.setdefault("model", self.model)
        url = (
            self.url.replace("/v1", "/mistral/v1") if fields.get("wire") == "mistral" else self.url
        )
        return Endpoint(name, tier, url, **fields)

    def script(self, *behaviours: Behaviour) -> None:
        """Answer the next requests like this, in order; then as by default again."""
        self._script.extend(behaviours)

    def application(self) -> web.Application:
        """Return the routes of the three wires."""
        app = web.Application(client_max_size=2**28)
        for base in ("/v1", "/mistral/v1"):
            app.router.add_post(f"{base}/chat/completions", self._chat)
            app.router.add_post(f"{base}/embeddings", self._embeddings)
            app.router.add_get(f"{base}/models", self._models)
        app.router.add_post("/v1/messages", self._messages)
        app.router.add_get("/stats", self._stats)
        return app

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        wire = "mistral" if request.path.startswith("/mistral") else "openai"
        return await self._answer(request, wire)

    async def _messages(self, request: web.Request) -> web.StreamResponse:
        return await self._answer(request, "anthropic")

    async def _answer(self, request: web.Request, wire: str) -> web.StreamResponse:
        asked = Request(wire, request.path, request.headers, json.loads(await request.read()))
        self.requests.append(asked)
        self.count += 1
        self.in_flight += 1
        self.peak = max(self.peak, self.in_flight)
        try:
            return await self._act(request, asked, self._told(asked))
        except (asyncio.CancelledError, ConnectionResetError):
            asked.cancelled = True
            self.cancelled += 1
            raise
        finally:
            self.in_flight -= 1

    def _told(self, asked: Request) -> Behaviour:
        sent = asked.headers.get("Authorization", ""), asked.headers.get("x-api-key")
        if self.key is not None and sent[0] != f"Bearer {self.key}" and sent[1] != self.key:
            return Behaviour(status=401, error="invalid_api_key")
        if self.capacity is not None and self.in_flight > self.capacity:
            self.rejected += 1
            return Behaviour(status=429, error="rate_limit_exceeded")
        if self._script:
            return self._script.popleft()
        return self.default if isinstance(self.default, Behaviour) else self.default(asked)

    async def _act(
        self, request: web.Request, asked: Request, told: Behaviour
    ) -> web.StreamResponse:
        if told.hang:
            await asyncio.Event().wait()
        if told.delay_s:
            await asyncio.sleep(told.delay_s)
        if told.status != 200 or told.body is not None:
            body = told.body
            if body is None:
                body = json.dumps(error_reply(asked.wire, told.status, told.error))
            data = body.encode() if isinstance(body, str) else body
            kind = told.headers.get("Content-Type", "application/json")
            response = web.StreamResponse(status=told.status, headers=told.headers)
            response.content_type = kind
            return await self._send_whole(request, response, data, told)
        model = asked.body.get("model") or self.model
        if asked.stream:
            return await self._stream(request, asked, told, model)
        reply = anthropic_reply if asked.wire == "anthropic" else chat_reply
        response = web.StreamResponse(headers=told.headers)
        response.content_type = "application/json"
        data = json.dumps(reply(told, model)).encode()
        return await self._send_whole(request, response, data, told)

    async def _send_whole(
        self, request: web.Request, response: web.StreamResponse, data: bytes, told: Behaviour
    ) -> web.StreamResponse:
        response.content_length = len(data)
        await response.prepare(request)
        if told.break_after is not None:
            await response.write(data[: len(data) // 2])
            return self._cut(request, response)
        if told.gap_s or told.shred:
            for at in range(len(data)):
                await response.write(data[at : at + 1])
                await asyncio.sleep(told.gap_s)
        else:
            await response.write(data)
        await response.write_eof()
        return response

    def _cut(self, request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
        """Break the connection in the middle of an answer."""
        if request.transport is not None:
            request.transport.abort()
        return response

    async def _stream(
        self, request: web.Request, asked: Request, told: Behaviour, model: str
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers=told.headers)
        response.content_type = "text/event-stream"
        await response.prepare(request)
        if told.gap_s or told.shred or told.break_after is not None:
            for sent, data in enumerate(self._events(asked.wire, told, model)):
                if sent == told.break_after:
                    return self._cut(request, response)
                for part in [data[i : i + 1] for i in range(len(data))] if told.shred else [data]:
                    await response.write(part)
                await asyncio.sleep(told.gap_s)
        else:
            await response.write(b"".join(self._events(asked.wire, told, model)))
        await response.write_eof()
        return response

    def _events(self, wire: str, told: Behaviour, model: str) -> Iterator[bytes]:
        end = "\r\n" if told.crlf else "\n"
        speech = anthropic_events if wire == "anthropic" else chat_events
        for sent, (name, data) in enumerate(speech(told, model)):
            if sent == told.error_after:
                body = json.dumps(error_reply(wire, 500, told.error))
                yield f"event: error{end}data: {body}{end}{end}".encode()
                return
            comment = f": still here{end}{end}" if told.comments else ""
            head = f"event: {name}{end}" if name else ""
            yield f"{comment}{head}data: {data}{end}{end}".encode()

    async def _embeddings(self, request: web.Request) -> web.StreamResponse:
        asked = Request("openai", request.path, request.headers, json.loads(await request.read()))
        self.requests.append(asked)
        self.count += 1
        told = self._told(asked)
        if told.status != 200:
            return web.json_response(
                error_reply("openai", told.status, told.error),
                status=told.status,
                headers=told.headers,
            )
        texts = asked.body["input"]
        data = [
            {"object": "embedding", "index": index, "embedding": [float(len(text)), 1.0]}
            for index, text in enumerate(texts)
        ]
        usage = {"prompt_tokens": len(texts), "total_tokens": len(texts)}
        return web.json_response({"object": "list", "data": data[::-1], "usage": usage})

    async def _models(self, request: web.Request) -> web.StreamResponse:
        data = [{"id": self.model, "object": "model"}]
        return web.json_response({"object": "list", "data": data})

    async def _stats(self, request: web.Request) -> web.StreamResponse:
        names = ("count", "in_flight", "peak", "cancelled", "rejected")
        return web.json_response({name: getattr(self, name) for name in names})
