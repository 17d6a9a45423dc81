"""Pieces come as they are written, failover ends with the first, and the reader may leave."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest

from ai_catalyst.errors import AllEndpointsFailed
from ai_catalyst.llm import LLMProvider
from ai_catalyst.llm.testing import Behaviour, ModelServer

Provide = Callable[..., LLMProvider]
Servers = Callable[..., ModelServer]


@pytest.mark.parametrize("wire", ["openai", "anthropic", "mistral"])
async def test_pieces_come_one_by_one_and_soon(
    provide: Provide, server: ModelServer, wire: str
) -> None:
    server.default = Behaviour("one two three four", gap_s=0.1)
    llm = provide(server.endpoint(wire=wire))
    began = time.monotonic()
    arrivals = []
    pieces = []
    async for piece in llm.stream_async("hello"):
        arrivals.append(time.monotonic() - began)
        pieces.append(piece)
    assert pieces == ["one ", "two ", "three ", "four"]
    assert arrivals[-1] - arrivals[0] > 0.2


@pytest.mark.parametrize("failover", ["sequential", "concurrent", "hedged"])
async def test_a_stream_fails_over_until_its_first_piece(
    provide: Provide, servers: Servers, failover: str
) -> None:
    bad, hanging, good = servers(Behaviour(status=500)), servers(Behaviour(hang=True)), servers()
    llm = provide(
        bad.endpoint("bad"),
        hanging.endpoint("hanging"),
        good.endpoint("good"),
        failover=failover,
        timeout=0.3,
    )
    assert [piece async for piece in llm.stream_async("hello")] == ["Hello."]


async def test_a_stream_that_breaks_after_its_first_piece_says_so(
    provide: Provide, servers: Servers
) -> None:
    breaking, other = servers(Behaviour("one two three", break_after=2)), servers()
    llm = provide(breaking.endpoint("breaking"), other.endpoint("other"))
    pieces = []
    with pytest.raises(AllEndpointsFailed, match="broke") as caught:
        async for piece in llm.stream_async("hello"):
            pieces.append(piece)
    assert "".join(pieces).startswith("one ")
    assert [attempt.outcome for attempt in caught.value.attempts] == ["failed"]
    assert other.count == 0


async def test_a_stream_that_falls_silent_is_a_time_out(
    provide: Provide, server: ModelServer
) -> None:
    server.default = Behaviour("one two", gap_s=5.0)
    llm = provide(server.endpoint(), timeout=0.2)
    with pytest.raises(AllEndpointsFailed) as caught:
        async for _ in llm.stream_async("hello"):
            pass
    assert [attempt.outcome for attempt in caught.value.attempts] == ["timeout"]


async def test_a_slow_reader_is_not_a_slow_model(provide: Provide, server: ModelServer) -> None:
    server.default = Behaviour("one two three", gap_s=0.01)
    llm = provide(server.endpoint(), timeout=0.15)
    pieces = []
    async for piece in llm.stream_async("hello"):
        await asyncio.sleep(0.2)
        pieces.append(piece)
    assert "".join(pieces) == "one two three"


async def test_a_reader_who_leaves_early_leaves_nothing_open(
    provide: Provide, server: ModelServer
) -> None:
    server.default = Behaviour("word " * 200, gap_s=0.01)
    llm = provide(server.endpoint())
    stream = llm.stream_async("hello")
    async for _ in stream:
        break
    await stream.aclose()  # type: ignore[attr-defined]
    for _ in range(200):
        if server.in_flight == 0:
            break
        await asyncio.sleep(0.005)
    assert server.cancelled == 1


async def test_a_reader_who_is_cancelled_leaves_nothing_open(
    provide: Provide, server: ModelServer
) -> None:
    server.default = Behaviour("word " * 200, gap_s=0.01)
    llm = provide(server.endpoint())
    seen = asyncio.Event()

    async def read() -> None:
        async for _ in llm.stream_async("hello"):
            seen.set()

    task = asyncio.create_task(read())
    await seen.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_server_that_does_not_stream_is_read_all_the_same(
    provide: Provide, server: ModelServer
) -> None:
    body = '{"choices": [{"message": {"content": "all at once"}}], "model": "m"}'
    server.default = Behaviour(body=body)
    llm = provide(server.endpoint())
    assert [piece async for piece in llm.stream_async("hello")] == ["all at once"]
    assert (await llm.generate_async("hello")).text == "all at once"


async def test_a_stream_without_its_content_type_is_known_by_its_beginning(
    provide: Provide, server: ModelServer
) -> None:
    body = b': hi\n\ndata: {"choices": [{"delta": {"content": "x"}}]}\n\ndata: [DONE]\n\n'
    server.default = Behaviour(body=body, headers={"Content-Type": "text/plain"})
    llm = provide(server.endpoint())
    assert (await llm.generate_async("hello")).text == "x"


async def test_a_server_that_keeps_the_line_open_after_its_last_word_is_not_waited_for(
    provide: Provide,
) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
            b'data: {"choices": [{"delta": {"content": "x"}}]}\n\ndata: [DONE]\n\n'
        )
        await writer.drain()
        await reader.read()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    from ai_catalyst.llm import Endpoint

    llm = provide(Endpoint("open", "local", f"http://127.0.0.1:{port}/v1"))
    began = time.monotonic()
    assert (await llm.generate_async("hello")).text == "x"
    assert time.monotonic() - began < 1.0
    server.close()
    await asyncio.sleep(0.02)
