"""Texts with known values go through every way to somebody else's model; none of them leaves.

What left is read off the wire, byte by byte, between the program and the server.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

from ai_catalyst import LLMProvider, PIIProcessor
from ai_catalyst.analysis import ModelAnalyst
from ai_catalyst.errors import CatalystError
from ai_catalyst.llm import Endpoint
from ai_catalyst.llm.testing import Behaviour, ModelServer, Request
from ai_catalyst.model import Document
from ai_catalyst.privacy import Vault

CANARIES = (
    "Thistlewood",
    "Quillfeather",
    "miranda.t@example.org",
    "010-4477",
    "4111 1111 1111 1111",
    "DE89 3704 0044 0532 0130 00",
    "219-09-9999",
    "203.0.113.77",
    "Zoë Møller",
)
TEXT = (
    "Dear Dr. Quillfeather, Miranda Thistlewood (miranda.t@example.org, phone (555) 010-4477) paid "
    "with card 4111 1111 1111 1111 and IBAN DE89 3704 0044 0532 0130 00. Her SSN is 219-09-9999, "
    "her address 203.0.113.77; my name is Zoë Møller."
)


class Wire:
    """A relay on loopback that keeps every byte that went to the server behind it."""

    def __init__(self, server: ModelServer) -> None:
        host, port = server.url.split("/")[2].split(":")
        self._behind = (host, int(port))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self.url = server.url.replace(f":{port}/", f":{self._listener.getsockname()[1]}/")
        self.left = bytearray()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(self._behind)
                self._open += [near, far]
                for source, sink, kept in ((near, far, self.left), (far, near, None)):
                    threading.Thread(
                        target=self._pump, args=(source, sink, kept), daemon=True
                    ).start()

    @staticmethod
    def _pump(source: socket.socket, sink: socket.socket, kept: bytearray | None) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if kept is not None:
                    kept += data
                sink.sendall(data)
        for one in (source, sink):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        for one in (self._listener, *self._open):
            one.close()

    def endpoint(self, **fields: Any) -> Endpoint:
        """This relay as a model out in the world."""
        return Endpoint("far", "cloud", self.url, "test", private=False, **fields)

    def leaked(self) -> list[str]:
        """The canaries in what left, however JSON writes them."""
        plain = self.left.decode("utf-8", "replace")
        read = re.sub(r"\\u([0-9a-fA-F]{4})", lambda code: chr(int(code[1], 16)), plain)
        bare = re.sub(r"[\W_]", "", read).casefold()
        return [one for one in CANARIES if re.sub(r"[\W_]", "", one).casefold() in bare]


def answer(request: Request) -> Behaviour:
    """Answer with what was asked, as JSON where JSON was wanted, and call a tool with it."""
    if request.body.get("tools"):
        return Behaviour("", tool_calls=[("mail", {"to": request.prompt})], finish="tool_calls")
    if '"summary' in json.dumps(request.body).replace("\\", ""):
        return Behaviour(json.dumps({"summary": request.prompt, "key_points": [], "topics": []}))
    return Behaviour(request.prompt)


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer(answer) as server:
        yield server


@pytest.fixture
def wire(server: ModelServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Wire]:
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "MISTRAL_API_KEY", "CATALYST_LOCAL_URL"):
        monkeypatch.delenv(name, raising=False)
    relay = Wire(server)
    yield relay
    relay.close()


CHAT = [
    {"role": "system", "content": TEXT},
    {"role": "user", "name": "Thistlewood", "content": [{"type": "text", "text": TEXT}]},
    {
        "role": "assistant",
        "content": TEXT,
        "tool_calls": [
            {
                "id": "c1",
                "type": "function",
                "function": {"name": "mail", "arguments": json.dumps({"to": TEXT, TEXT: [TEXT]})},
            }
        ],
    },
    {"role": "tool", "tool_call_id": "c1", "content": json.dumps({"result": TEXT})},
    {"role": "user", "content": TEXT},
]
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "mail",
            "description": TEXT,
            "parameters": {"type": "object", "properties": {"to": {"description": TEXT}}},
        },
    }
]
SCHEMA = {
    "type": "object",
    "description": TEXT,
    "properties": {"summary": {"type": "string", "description": TEXT, "default": TEXT}},
}


async def _streamed(llm: LLMProvider) -> str:
    return "".join([piece async for piece in llm.stream_async(TEXT, system=TEXT)])


async def _stream_batch(llm: LLMProvider) -> list[Any]:
    return [outcome async for outcome in llm.stream_batch_async([TEXT, CHAT], system=TEXT)]


async def _conversation(llm: LLMProvider) -> None:
    vault = Vault()
    for text in (TEXT, "Who is Thistlewood, and what did Quillfeather tell miranda.t@example.org?"):
        await llm.generate_async(text, vault=vault)


async def _analysis(llm: LLMProvider) -> None:
    document = Document(
        "letters/miranda.txt", f"{TEXT}\n\n" * 12, title=TEXT, meta={"author": TEXT}
    )
    await ModelAnalyst(llm, part_tokens=400).analyse(document)


async def _with_a_model(llm: LLMProvider) -> None:
    async with PIIProcessor(strategy="llm", llm=llm) as pii:
        assert (await pii.scrub_text_async(TEXT)).fell_back
        assert all(one.fell_back for one in await pii.batch_scrub_texts_async([TEXT] * 3))
        await pii.pseudonymise_async(TEXT)
        await pii.detect_async(TEXT)


async def _hedged(llm: LLMProvider) -> None:
    await llm.generate_async(TEXT, failover="hedged")


Path = Callable[[LLMProvider], Awaitable[Any]]
WAYS: dict[str, Path] = {
    "generate": lambda llm: llm.generate_async(TEXT),
    "generate, the twin": lambda llm: asyncio.to_thread(llm.generate, TEXT),
    "system": lambda llm: llm.generate_async("Hello", system=TEXT),
    "chat": lambda llm: llm.generate_async(CHAT),
    "tools": lambda llm: llm.generate_async(TEXT, tools=TOOLS),
    "schema": lambda llm: llm.generate_async(TEXT, schema=SCHEMA),
    "stream": _streamed,
    "batch": lambda llm: llm.batch_async([TEXT, f"{TEXT} Again."], system=TEXT),
    "stream of a batch": _stream_batch,
    "embed": lambda llm: llm.embed_async([TEXT, TEXT[::2], TEXT]),
    "conversation": _conversation,
    "hedged": _hedged,
    "concurrent": lambda llm: llm.generate_async(TEXT, failover="concurrent"),
    "sequential": lambda llm: llm.generate_async(TEXT, failover="sequential"),
    "health": lambda llm: llm.health_async(),
    "analysis": _analysis,
    "finding with a model": _with_a_model,
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("dialect", ["openai", "anthropic", "mistral"])
async def test_no_value_is_in_the_bytes_that_leave(wire: Wire, way: str, dialect: str) -> None:
    if way == "embed" and dialect == "anthropic":
        pytest.skip("that wire has no vectors")
    async with LLMProvider([wire.endpoint(wire=dialect)], timeout=30.0) as llm:
        await WAYS[way](llm)
    assert wire.leaked() == []
    if way not in ("health", "finding with a model"):
        assert len(wire.left) > 100  # something did leave


@pytest.mark.parametrize("failover", ["sequential", "hedged", "concurrent"])
async def test_after_a_private_model_failed_or_was_slow_a_stranger_sees_no_value(
    wire: Wire, failover: Any
) -> None:
    slow = Behaviour(TEXT, delay_s=1.5 if failover == "hedged" else 0.3, status=500)
    with ModelServer(lambda request: slow) as near:
        endpoints = [near.endpoint("near"), wire.endpoint()]
        async with LLMProvider(endpoints, timeout=6.0) as llm:
            done = await llm.generate_async(TEXT, system=TEXT, failover=failover)
    assert done.text == TEXT  # and the caller has it whole
    assert wire.left
    assert wire.leaked() == []


async def test_ten_sessions_at_once_get_their_own_values_back(wire: Wire) -> None:
    async with LLMProvider([wire.endpoint()], timeout=30.0) as llm:
        texts = [f"My name is Miranda Thistlewood{n} (miranda.t{n}@example.org)" for n in range(10)]
        await llm.generate_async("The recognisers are loaded.")
        done = await asyncio.gather(*[llm.generate_async(text, vault=Vault()) for text in texts])
    assert [one.text for one in done] == texts
    assert wire.leaked() == []


async def test_what_a_model_invents_drops_or_alters_stays_and_is_counted(
    wire: Wire, server: ModelServer
) -> None:
    server.default = lambda request: Behaviour(
        f"{request.prompt.split()[-1]} <NAME_99> <email_1> < EMAIL_1 > <EMAIL_1"
    )
    vault = Vault()
    async with LLMProvider([wire.endpoint()], timeout=30.0) as llm:
        done = await llm.generate_async("Write to miranda.t@example.org", vault=vault)
    assert done.text == "miranda.t@example.org <NAME_99> <email_1> < EMAIL_1 > <EMAIL_1"
    assert vault.unknown == 1


async def test_errors_and_logs_hold_no_value(
    wire: Wire, server: ModelServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.default = Behaviour(status=400)
    caplog.set_level("DEBUG")
    async with LLMProvider([wire.endpoint()], timeout=30.0) as llm:
        with pytest.raises(CatalystError) as caught:
            await llm.generate_async(TEXT)
    told = f"{caught.value!r} {caught.value} {caplog.text}"
    assert [one for one in CANARIES if one in told] == []


async def test_the_canaries_would_be_seen_if_they_left(wire: Wire) -> None:
    async with LLMProvider([wire.endpoint()], timeout=30.0, privacy="off") as llm:
        await llm.generate_async(TEXT)
    assert wire.leaked() == list(CANARIES)
