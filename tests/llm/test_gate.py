"""Raw text goes to private endpoints only; others see pseudonyms, which the caller never does."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel

from ai_catalyst.errors import AllEndpointsFailed, PrivacyError, UserError
from ai_catalyst.llm import Endpoint, LLMProvider
from ai_catalyst.llm.testing import Behaviour, ModelServer, Request
from ai_catalyst.privacy import Scrubber, Vault

Provide = Callable[..., LLMProvider]

MAIL = "jane.roe@example.com"
TEXT = f"Write to {MAIL} about it."


class Letter(BaseModel):
    to: str
    about: str


def echo(request: Request) -> Behaviour:
    """Answer with what was asked."""
    return Behaviour(f"You said: {request.prompt}")


def sent(server: ModelServer) -> str:
    """Return everything the server was ever sent, as JSON text."""
    return json.dumps([dict(request.body) for request in server.requests])


def stranger(server: ModelServer, **fields: Any) -> Endpoint:
    """An endpoint on loopback that is to be treated as one out in the world."""
    return server.endpoint("cloud", "cloud", private=False, **fields)


async def test_a_private_endpoint_sees_the_text_as_it_is(
    provide: Provide, server: ModelServer
) -> None:
    server.default = echo
    answer = await provide(server.endpoint()).generate_async(TEXT)
    assert MAIL in sent(server)
    assert answer.text == f"You said: {TEXT}"


@pytest.mark.parametrize("wire", ["openai", "anthropic", "mistral"])
async def test_a_stranger_sees_pseudonyms_and_the_caller_does_not(
    provide: Provide, server: ModelServer, wire: str
) -> None:
    server.default = echo
    llm = provide(stranger(server, wire=wire))
    answer = await llm.generate_async(TEXT, system=f"You work for {MAIL}.")
    assert MAIL not in sent(server)
    assert answer.text == f"You said: {TEXT}"


async def test_a_stream_is_restored_piece_by_piece(provide: Provide, server: ModelServer) -> None:
    server.default = lambda request: Behaviour(f"Mail {request.prompt}", gap_s=0.03)
    llm = provide(stranger(server))
    pieces = [piece async for piece in llm.stream_async(TEXT)]
    assert "".join(pieces) == f"Mail {TEXT}"
    assert len(pieces) > 1
    assert MAIL not in sent(server)


async def test_every_part_of_a_conversation_is_sealed(
    provide: Provide, server: ModelServer
) -> None:
    messages = [
        {"role": "system", "content": f"Serve {MAIL}"},
        {"role": "user", "name": "Jane", "content": [{"type": "text", "text": f"I am {MAIL}"}]},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {
                    "id": "c1",
                    "type": "function",
                    "function": {"name": "mail", "arguments": json.dumps({"to": MAIL})},
                },
                {"id": "c2", "type": "function", "function": {"name": "m", "arguments": MAIL}},
            ],
        },
        {"role": "tool", "tool_call_id": "c1", "content": f"sent to {MAIL}"},
        {"role": "tool", "tool_call_id": "c2", "content": "ok"},
    ]
    tools = [{"type": "function", "function": {"name": "m", "description": f"as {MAIL} wants"}}]
    schema = {"type": "object", "properties": {"who": {"enum": [MAIL, "other"]}}}
    server.default = Behaviour("{}")
    await provide(stranger(server)).generate_async(messages, tools=tools, schema=schema)
    assert MAIL not in sent(server)
    assert "Jane" not in sent(server)
    body = server.requests[-1].body
    assert body["messages"][2]["tool_calls"][0]["function"]["name"] == "mail"
    assert json.loads(body["messages"][2]["tool_calls"][0]["function"]["arguments"])["to"]


async def test_tool_arguments_and_data_are_restored_as_json(
    provide: Provide, server: ModelServer
) -> None:
    def tool(request: Request) -> Behaviour:
        return Behaviour("", tool_calls=[("mail", {"to": request.prompt})], finish="tool_calls")

    llm = provide(stranger(server))
    server.default = tool
    assert (await llm.generate_async(MAIL)).tool_calls[0].arguments == {"to": MAIL}
    server.default = lambda request: Behaviour(json.dumps({"to": request.prompt, "about": "it"}))
    assert (await llm.generate_async(MAIL, schema=Letter)).data == Letter(to=MAIL, about="it")


async def test_a_repair_tells_a_stranger_nothing_new(provide: Provide, server: ModelServer) -> None:
    schema = {"type": "object", "additionalProperties": {"type": "integer"}}
    server.default = lambda request: (
        Behaviour(json.dumps({request.prompt: "x"})) if server.count == 1 else Behaviour("{}")
    )
    await provide(stranger(server)).generate_async(MAIL, schema=schema)
    assert server.count == 2
    assert MAIL not in sent(server)


async def test_the_raw_text_stays_when_the_private_endpoint_fails(
    provide: Provide, servers: Callable[..., ModelServer]
) -> None:
    near, far = servers(Behaviour(status=500)), servers(echo)
    answer = await provide(near.endpoint("near"), stranger(far)).generate_async(TEXT)
    assert MAIL in sent(near)
    assert MAIL not in sent(far)
    assert answer.text == f"You said: {TEXT}"


@pytest.mark.parametrize("kind", ["image_url", "input_audio", "file", None])
async def test_what_cannot_be_sealed_is_not_sent(
    provide: Provide, server: ModelServer, kind: str | None
) -> None:
    part = {"type": kind, "image_url": {"url": "data:image/png;base64,QUJD"}}
    llm = provide(stranger(server))
    with pytest.raises(PrivacyError):
        await llm.generate_async([{"role": "user", "content": [part]}])
    assert server.count == 0


async def test_the_gate_fails_closed(
    provide: Provide, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: Scrubber, text: str, vault: Vault | None = None) -> None:
        raise RuntimeError(f"cannot read {text}")

    monkeypatch.setattr(Scrubber, "pseudonymise", broken)
    llm = provide(stranger(server))
    with pytest.raises(PrivacyError) as caught:
        await llm.generate_async(TEXT)
    assert MAIL not in str(caught.value)
    assert server.count == 0


async def test_a_person_may_turn_the_gate_off_by_name(
    provide: Provide, server: ModelServer
) -> None:
    await provide(stranger(server), privacy="off").generate_async(TEXT)
    assert MAIL in sent(server)
    with pytest.raises(UserError):
        provide(privacy="none")


async def test_callers_who_share_one_answer_restore_with_their_own_vaults(
    provide: Provide, server: ModelServer
) -> None:
    def slow_echo(request: Request) -> Behaviour:
        return Behaviour(request.prompt, delay_s=0.1)

    server.default = slow_echo
    llm = provide(stranger(server))
    await llm.generate_async("load the recognisers")
    one, two = await asyncio.gather(
        llm.generate_async("Mail a.one@example.com"), llm.generate_async("Mail b.two@example.com")
    )
    assert server.count == 2  # sealed, both ask the same
    assert (one.text, two.text) == ("Mail a.one@example.com", "Mail b.two@example.com")
    assert sorted([one.cached, two.cached]) == [False, True]


async def test_a_vault_keeps_pseudonyms_over_a_conversation(
    provide: Provide, server: ModelServer
) -> None:
    llm, vault = provide(stranger(server)), Vault()
    for text in (f"I am {MAIL}", f"Mail b.two@example.com, not {MAIL}"):
        await llm.generate_async(text, vault=vault)
    first, second = (request.prompt for request in server.requests)
    token = first.removeprefix("I am ")
    assert second.endswith(f"not {token}")


async def test_a_name_that_resolves_to_private_addresses_is_private(
    provide: Provide, server: ModelServer
) -> None:
    url = server.url.replace("127.0.0.1", "localhost")
    await provide(Endpoint("lan", "network", url, "m")).generate_async(TEXT)
    assert MAIL in sent(server)


async def test_a_private_name_that_turns_public_is_not_dialled(
    provide: Provide, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def said(host: str) -> bool:
        return True

    def now(host: str, port: int, *args: Any, **options: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.1", port))]

    monkeypatch.setattr("ai_catalyst.llm.route.resolves_to_private", said)
    monkeypatch.setattr(socket, "getaddrinfo", now)
    llm = provide(Endpoint("lan", "network", "http://model.example/v1", "m"))
    with pytest.raises(AllEndpointsFailed, match="nothing was sent"):
        await llm.generate_async(TEXT)


async def test_a_public_host_declared_private_is_warned_about(
    provide: Provide, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def said(host: str) -> bool:
        return False

    monkeypatch.setattr("ai_catalyst.llm.route.resolves_to_private", said)
    llm = provide(Endpoint("mine", "cloud", "https://no-such-host.invalid/v1", "m", private=True))
    with caplog.at_level(logging.WARNING), pytest.raises(AllEndpointsFailed):
        await llm.generate_async("hello")
    assert "declared private" in caplog.text


async def test_texts_for_vectors_are_sealed_too(provide: Provide, server: ModelServer) -> None:
    vectors = await provide(stranger(server)).embed_async([TEXT, "plain"])
    assert len(vectors) == 2
    assert MAIL not in sent(server)


async def test_long_texts_are_sealed_off_the_loop(provide: Provide, server: ModelServer) -> None:
    await provide(stranger(server)).generate_async(f"{TEXT} " * 3000)  # the guard is watching
    assert MAIL not in sent(server)
