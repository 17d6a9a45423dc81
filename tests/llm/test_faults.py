"""Every fault ends in one typed error with its attempts, soon, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import ssl
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
import trustme

from ai_catalyst.errors import (
    AllEndpointsFailed,
    ContentFiltered,
    ContextTooLong,
    EndpointError,
    EndpointTimeout,
    RateLimited,
    RequestRefused,
)
from ai_catalyst.llm import Endpoint, LLMProvider
from ai_catalyst.llm.faults import refusal, retry_after
from ai_catalyst.llm.testing import Behaviour, ModelServer

Provide = Callable[..., LLMProvider]

WIRES = ("openai", "anthropic", "mistral")


async def fails(llm: LLMProvider, within: float = 2.0, **options: Any) -> AllEndpointsFailed:
    """Ask, and return the error, which lists its attempts and comes soon."""
    began = time.monotonic()
    with pytest.raises(AllEndpointsFailed) as caught:
        await llm.generate_async("hello, I am Jane Roe", **options)
    assert time.monotonic() - began < within
    assert caught.value.attempts
    assert all(attempt.outcome != "ok" for attempt in caught.value.attempts)
    assert isinstance(caught.value.__cause__, EndpointError)
    return caught.value


def once(llm: LLMProvider) -> LLMProvider:
    """Leave no budget for retries, so that a test sees the first error alone."""
    for route in llm._routes:
        route.lane.retries.saved = -100.0
    return llm


async def raw_server(
    answer: Callable[[asyncio.StreamWriter], Any], tls: ssl.SSLContext | None = None
) -> tuple[asyncio.Server, int]:
    """Start a server that reads a request and then does as it likes with the connection."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            answer(writer)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    return server, server.sockets[0].getsockname()[1]


@contextlib.asynccontextmanager
async def raw(answer: bytes, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    server, port = await raw_server(lambda writer: writer.write(answer), tls)
    async with server:
        yield port
    await server.wait_closed()


async def test_a_refused_connection(provide: Provide) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{held.getsockname()[1]}/v1"
        error = await fails(once(provide(Endpoint("gone", "local", url))))
    assert "no connection" in str(error)


async def test_a_name_that_nobody_knows(provide: Provide) -> None:
    endpoint = Endpoint("lost", "cloud", "https://no-such-host.invalid/v1", "m", private=True)
    error = await fails(provide(endpoint), within=10)
    assert isinstance(error.__cause__, RequestRefused)
    assert len(error.attempts) == 1


async def test_a_certificate_nobody_signed(provide: Provide) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    async with raw(b"", context) as port:
        error = await fails(provide(Endpoint("tls", "local", f"https://127.0.0.1:{port}/v1")))
    assert "certificate or TLS" in str(error)
    assert len(error.attempts) == 1


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize(
    ("status", "kind", "outcome"),
    [
        (400, RequestRefused, "refused"),
        (401, RequestRefused, "refused"),
        (403, RequestRefused, "refused"),
        (404, RequestRefused, "refused"),
        (408, EndpointTimeout, "timeout"),
        (409, EndpointError, "failed"),
        (413, RequestRefused, "refused"),
        (422, RequestRefused, "refused"),
        (429, RateLimited, "rate_limited"),
        (500, EndpointError, "failed"),
        (502, EndpointError, "failed"),
        (503, EndpointError, "failed"),
        (504, EndpointTimeout, "timeout"),
        (529, RateLimited, "rate_limited"),
        (307, RequestRefused, "refused"),
    ],
)
async def test_a_status(
    provide: Provide,
    server: ModelServer,
    status: int,
    kind: type[EndpointError],
    outcome: str,
    wire: str,
) -> None:
    server.default = Behaviour(status=status, headers={"Location": "http://127.0.0.1:9/"})
    llm = once(provide(server.endpoint(wire=wire, key="sk-secret"), timeout=1.0))
    llm._shared.patient = llm._shared.retry
    error = await fails(llm, within=8)
    cause = error.__cause__
    assert type(cause) is kind
    assert isinstance(cause, EndpointError)
    assert cause.status == status
    assert error.attempts[0].outcome == outcome
    assert "sk-secret" not in f"{error!r} {error}"
    assert "Jane" not in f"{error!r} {error}"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "2"}, 2.0),
        ({"Retry-After": "0.25"}, 0.25),
        ({"Retry-After-Ms": "120"}, 0.12),
        ({"Retry-After-Ms": "120", "Retry-After": "9"}, 0.12),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "nan"}, None),
        ({}, None),
    ],
)
def test_how_long_an_endpoint_asks_us_to_wait(
    headers: dict[str, str], seconds: float | None
) -> None:
    found = retry_after(headers)
    assert found == (seconds if seconds is None else pytest.approx(seconds, abs=3.0))


def test_a_date_to_retry_after_is_so_many_seconds_away() -> None:
    moment = datetime.now(UTC) + timedelta(seconds=90)
    found = retry_after({"Retry-After": format_datetime(moment, usegmt=True)})
    assert found == pytest.approx(90, abs=3)


async def test_a_date_to_retry_after_is_kept_to_by_the_lane(
    provide: Provide, server: ModelServer
) -> None:
    moment = format_datetime(datetime.now(UTC) + timedelta(seconds=120), usegmt=True)
    server.default = Behaviour(status=429, headers={"Retry-After": moment})
    llm = provide(server.endpoint())
    await fails(llm)
    assert 100 < llm._routes[0].lane.blocked_s() <= 121


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, {"error": {"code": "context_length_exceeded", "message": "x"}}, ContextTooLong),
        (400, {"error": {"message": "prompt is too long: 9 tokens > 8 maximum"}}, ContextTooLong),
        (400, {"type": "error", "error": {"message": "maximum context is 8"}}, ContextTooLong),
        (413, {"message": "exceed_context_size_error n_ctx"}, ContextTooLong),
        (400, {"error": {"code": "content_filter", "message": "x"}}, ContentFiltered),
        (403, {"error": {"type": "moderation_blocked"}}, ContentFiltered),
        (400, "the prompt 'Jane Roe' is bad", RequestRefused),
        (400, b"\xff\xfe", RequestRefused),
    ],
)
def test_what_a_refusal_means(status: int, body: Any, kind: type[EndpointError]) -> None:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    error = refusal("cloud", status, {}, data)
    assert type(error) is kind
    assert "Jane" not in str(error)


async def test_a_prompt_that_is_too_long_is_not_sent_again(
    provide: Provide, server: ModelServer
) -> None:
    server.default = Behaviour(status=400, error="context_length_exceeded")
    error = await fails(provide(server.endpoint()))
    assert isinstance(error.__cause__, ContextTooLong)
    assert server.count == 1


@pytest.mark.parametrize("wire", WIRES)
async def test_an_answer_stopped_by_the_content_filter(
    provide: Provide, server: ModelServer, wire: str
) -> None:
    finish = "refusal" if wire == "anthropic" else "content_filter"
    server.default = Behaviour("I may not", finish=finish)
    error = await fails(provide(server.endpoint(wire=wire)))
    assert isinstance(error.__cause__, ContentFiltered)


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><body>Welcome to the hotel's network</body></html>",
        b'{"choices": [{"message": {"content": "cut o',
        b'{"choices": [], "content": 7}',
        b'{"choices": "none", "content": "none"}',
        b"[1, 2, 3]",
        b"null",
        b'{"choices": [{"message": {"content": "\xff\xfe"}}], "content": [{"text": "\xff"}]}',
        b'{"error": {"code": "server_error", "message": "Jane Roe"}}',
    ],
)
async def test_a_body_that_is_no_answer(
    provide: Provide, server: ModelServer, wire: str, body: bytes
) -> None:
    server.default = Behaviour(body=body)
    error = await fails(once(provide(server.endpoint(wire=wire))))
    assert "Jane" not in str(error)
    assert len(error.attempts) == 1


@pytest.mark.parametrize(
    "body", [b"garbage\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"]
)
async def test_an_answer_that_is_not_http(provide: Provide, body: bytes) -> None:
    async with raw(body) as port:
        await fails(once(provide(Endpoint("odd", "local", f"http://127.0.0.1:{port}/v1"))))


async def test_a_connection_closed_without_a_word(provide: Provide) -> None:
    async with raw(b"") as port:
        error = await fails(once(provide(Endpoint("odd", "local", f"http://127.0.0.1:{port}/v1"))))
    assert "the connection broke" in str(error)


async def test_a_body_shorter_than_announced(provide: Provide, server: ModelServer) -> None:
    server.default = Behaviour(break_after=0, body='{"choices": []}')
    error = await fails(once(provide(server.endpoint())))
    assert "cut off" in str(error) or "broke" in str(error)


@pytest.mark.parametrize("wire", WIRES)
async def test_a_stream_that_stops(provide: Provide, server: ModelServer, wire: str) -> None:
    server.default = Behaviour("one two three", break_after=2)
    await fails(once(provide(server.endpoint(wire=wire))))


async def test_a_stream_that_ends_early_but_politely(provide: Provide, server: ModelServer) -> None:
    part = b'data: {"choices": [{"delta": {"content": "half an ans"}}]}\n\n'
    server.default = Behaviour(body=part, headers={"Content-Type": "text/event-stream"})
    error = await fails(once(provide(server.endpoint())))
    assert "stopped before the end" in str(error)


@pytest.mark.parametrize("wire", WIRES)
async def test_an_error_inside_a_stream_after_tokens(
    provide: Provide, server: ModelServer, wire: str
) -> None:
    server.default = Behaviour("one two three", error_after=2)
    error = await fails(once(provide(server.endpoint(wire=wire))))
    assert "reported an error" in str(error)


async def test_a_hang_of_ten_minutes(provide: Provide, server: ModelServer) -> None:
    server.default = Behaviour(hang=True)
    error = await fails(provide(server.endpoint(), timeout=0.2), within=0.5)
    assert [attempt.outcome for attempt in error.attempts] == ["timeout"]
    assert isinstance(error.__cause__, TimeoutError)


async def test_a_body_that_trickles(provide: Provide, server: ModelServer) -> None:
    server.default = Behaviour(body='{"choices": []}' + " " * 1000, gap_s=0.02)
    error = await fails(provide(server.endpoint(), timeout=0.2), within=0.5)
    assert [attempt.outcome for attempt in error.attempts] == ["timeout"]


async def test_a_stream_that_trickles_for_ever_meets_the_total_deadline(
    provide: Provide, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("API_TIMEOUT", "0.4s")
    server.default = Behaviour("word " * 1000, gap_s=0.02)
    error = await fails(provide(server.endpoint(), timeout=0.2), within=0.8)
    assert [attempt.outcome for attempt in error.attempts] == ["timeout"]


async def test_comments_alone_are_no_sign_of_a_model(provide: Provide) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"

    async def chatter(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            writer.write(head)
            while not writer.is_closing():
                writer.write(b": still thinking\n\n")
                await writer.drain()
                await asyncio.sleep(0.02)
        writer.close()

    server = await asyncio.start_server(chatter, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    llm = provide(Endpoint("quiet", "local", f"http://127.0.0.1:{port}/v1"), timeout=0.2)
    await fails(llm, within=0.5)
    server.close()
    await asyncio.sleep(0.05)


async def test_a_reply_without_an_end(
    provide: Provide, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ai_catalyst.llm.exchange.MOST_BYTES", 100_000)
    server.default = Behaviour(body=b'{"choices": [' + b" " * 2_000_000)
    await fails(once(provide(server.endpoint())))


async def test_an_answer_that_does_not_fit_the_schema_twice(
    provide: Provide, server: ModelServer
) -> None:
    server.default = Behaviour('{"age": "old"}')
    schema = {"type": "object", "properties": {"age": {"type": "integer"}}}
    error = await fails(once(provide(server.endpoint())), schema=schema)
    assert "does not fit the schema" in str(error)
    assert server.count == 2


def test_a_provider_outlives_the_loop_it_was_used_in(server: ModelServer) -> None:
    llm = LLMProvider([server.endpoint()])
    texts = [asyncio.run(_text(llm)) for _ in range(3)]
    loop = asyncio.new_event_loop()
    texts.append(loop.run_until_complete(_text(llm)))
    loop.close()  # without a shutdown: its connections can only be swept
    texts.append(asyncio.run(_text(llm, close=True)))
    assert texts == ["Hello."] * 5


async def _text(llm: LLMProvider, *, close: bool = False) -> str:
    text = (await llm.generate_async("hello")).text
    if close:
        await llm.close()
    return text


async def test_two_event_loops_at_once_share_one_provider(
    provide: Provide, server: ModelServer
) -> None:
    llm = provide(server.endpoint())
    server.default = Behaviour(delay_s=0.05)
    here, there = await asyncio.gather(
        llm.generate_async("here"), asyncio.to_thread(asyncio.run, _text(llm))
    )
    assert (here.text, there) == ("Hello.", "Hello.")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_fork_opens_connections_of_its_own(server: ModelServer) -> None:
    llm = LLMProvider([server.endpoint()])
    loop = asyncio.new_event_loop()
    assert loop.run_until_complete(_text(llm)) == "Hello."
    child = os.fork()
    if not child:
        try:
            fresh = asyncio.new_event_loop()
            asyncio.set_event_loop(fresh)
            right = fresh.run_until_complete(_text(llm)) == "Hello."
        except BaseException:  # noqa: BLE001 - whatever it was, the parent must hear
            right = False
        os._exit(0 if right else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert loop.run_until_complete(_text(llm, close=True)) == "Hello."
    loop.close()
