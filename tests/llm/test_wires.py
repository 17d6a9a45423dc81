"""Three wires, one meaning: each asks in its own words, and all come back the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ai_catalyst.errors import UserError
from ai_catalyst.llm import Endpoint, LLMProvider, ToolCall
from ai_catalyst.llm.call import Call
from ai_catalyst.llm.testing import Behaviour, ModelServer
from ai_catalyst.llm.wires import wire_for

Provide = Callable[..., LLMProvider]

WIRES = ("openai", "anthropic", "mistral")
TOOL = {
    "type": "function",
    "function": {
        "name": "look_up",
        "description": "Look a word up",
        "parameters": {"type": "object", "properties": {"word": {"type": "string"}}},
    },
}


def body_of(server: ModelServer) -> dict[str, Any]:
    return dict(server.requests[-1].body)


def asks_whole(llm: LLMProvider) -> None:
    """Make the provider sure that answers are quick, so that it asks for them in one piece."""
    for route in llm._routes:
        for _ in range(20):
            route.lane.first.add(0.001)
            route.lane.piece_s.add(0.00001)


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("whole", [False, True], ids=["stream", "whole"])
async def test_text_usage_and_model_come_back(
    provide: Provide, server: ModelServer, wire: str, whole: bool
) -> None:
    server.default = Behaviour("Grüße, 世界 🎈!", usage=(11, 5))
    llm = provide(server.endpoint(wire=wire))
    if whole:
        asks_whole(llm)
    answer = await llm.generate_async("hello", max_tokens=50)
    assert answer.text == "Grüße, 世界 🎈!"
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (11, 5)
    assert answer.usage.total_tokens == 16
    assert answer.model == "test-model"
    assert server.requests[-1].stream is not whole


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("whole", [False, True], ids=["stream", "whole"])
async def test_tool_calls_come_back_with_their_arguments(
    provide: Provide, server: ModelServer, wire: str, whole: bool
) -> None:
    arguments = {"word": 'a "quoted" näme', "n": [1, {"deep": None}]}
    server.default = Behaviour(
        "", tool_calls=[("look_up", arguments), ("stop", {})], finish="tool_calls"
    )
    llm = provide(server.endpoint(wire=wire))
    if whole:
        asks_whole(llm)
    answer = await llm.generate_async("hello", tools=[TOOL], max_tokens=50)
    assert [(call.name, call.arguments) for call in answer.tool_calls] == [
        ("look_up", arguments),
        ("stop", {}),
    ]
    assert all(isinstance(call, ToolCall) and call.id for call in answer.tool_calls)


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize(
    "odd",
    [{"crlf": True}, {"comments": True}, {"shred": True}, {"crlf": True, "shred": True}],
    ids=str,
)
async def test_streams_are_read_however_they_are_written(
    provide: Provide, server: ModelServer, wire: str, odd: dict[str, Any]
) -> None:
    server.default = Behaviour("Grüße 世界 🎈", **odd)
    llm = provide(server.endpoint(wire=wire))
    assert (await llm.generate_async("hello")).text == "Grüße 世界 🎈"
    assert "".join([piece async for piece in llm.stream_async("hello")]) == "Grüße 世界 🎈"


@pytest.mark.parametrize("wire", ["openai", "mistral"])
async def test_the_chat_wires_send_what_was_asked(
    provide: Provide, server: ModelServer, wire: str
) -> None:
    llm = provide(server.endpoint(wire=wire, key="k"))
    await llm.generate_async("hello", system="be brief", max_tokens=7, temperature=0.5)
    body = body_of(server)
    assert body["messages"] == [
        {"role": "system", "content": "be brief"},
        {"role": "user", "content": "hello"},
    ]
    assert (body["model"], body["max_tokens"], body["temperature"]) == ("test-model", 7, 0.5)
    assert body.get("stream_options") == ({"include_usage": True} if wire == "openai" else None)
    assert server.requests[-1].headers["Authorization"] == "Bearer k"


async def test_the_anthropic_wire_sends_what_was_asked(
    provide: Provide, server: ModelServer
) -> None:
    llm = provide(server.endpoint(wire="anthropic", key="k"))
    await llm.generate_async(
        [
            {"role": "system", "content": "speak French"},
            {"role": "user", "content": "hello"},
            {
                "role": "assistant",
                "content": "let me see",
                "tool_calls": [
                    {"id": "c1", "function": {"name": "look_up", "arguments": '{"word": "a"}'}},
                    {"id": "c2", "function": {"name": "look_up", "arguments": {"word": "b"}}},
                ],
            },
            {"role": "tool", "tool_call_id": "c1", "content": "alpha"},
            {"role": "tool", "tool_call_id": "c2", "content": "beta"},
        ],
        system="be brief",
        tools=[TOOL],
    )
    body = body_of(server)
    assert body["system"] == "be brief\n\nspeak French"
    assert body["max_tokens"] == 4096
    assert body["tools"][0]["input_schema"]["properties"] == {"word": {"type": "string"}}
    assert [message["role"] for message in body["messages"]] == ["user", "assistant", "user"]
    assert body["messages"][1]["content"][1:] == [
        {"type": "tool_use", "id": "c1", "name": "look_up", "input": {"word": "a"}},
        {"type": "tool_use", "id": "c2", "name": "look_up", "input": {"word": "b"}},
    ]
    assert [part["tool_use_id"] for part in body["messages"][2]["content"]] == ["c1", "c2"]
    headers = server.requests[-1].headers
    assert (headers["x-api-key"], headers["anthropic-version"]) == ("k", "2023-06-01")


def test_images_are_put_into_anthropic_form() -> None:
    parts = [
        {"type": "text", "text": "what is this?"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,QUJD"}},
        {"type": "image_url", "image_url": "https://example.com/a.png"},
    ]
    endpoint = Endpoint("a", "local", "http://localhost/v1", "m", wire="anthropic")
    body = wire_for("anthropic").encode(
        Call([{"role": "user", "content": parts}]), endpoint, stream=False
    )
    assert b'"media_type":"image/png","data":"QUJD"' in body
    assert b'{"type":"url","url":"https://example.com/a.png"}' in body


def test_openai_itself_is_asked_in_its_newer_words() -> None:
    endpoint = Endpoint("o", "cloud", "https://api.openai.com/v1", "gpt-5-mini", "k")
    call = Call([{"role": "user", "content": "x"}], max_tokens=9, temperature=0.0)
    body = wire_for("openai").encode(call, endpoint, stream=False)
    assert b'"max_completion_tokens":9' in body
    assert b"temperature" not in body  # its reasoning models refuse one


@pytest.mark.parametrize(
    ("wire", "headers", "told"),
    [
        (
            "openai",
            {
                "x-ratelimit-limit-requests": "60",
                "x-ratelimit-remaining-requests": "59",
                "x-ratelimit-reset-requests": "1m1.5s",
                "x-ratelimit-limit-tokens": "150000",
                "x-ratelimit-remaining-tokens": "0",
                "x-ratelimit-reset-tokens": "20ms",
            },
            [("requests", 60, 59, 61.5), ("tokens", 150000, 0, 0.02)],
        ),
        ("openai", {"x-ratelimit-limit-requests": "many"}, []),
        ("openai", {}, []),
        (
            "mistral",
            {
                "x-ratelimit-limit-req-minute": "30",
                "x-ratelimit-remaining-req-minute": "2",
                "x-ratelimit-limit-tokens-minute": "500000",
            },
            [("requests", 30, 2, None), ("tokens", 500000, None, None)],
        ),
        (
            "anthropic",
            {
                "anthropic-ratelimit-requests-limit": "50",
                "anthropic-ratelimit-requests-remaining": "0",
                "anthropic-ratelimit-requests-reset": "2001-01-01T00:00:00Z",
                "anthropic-ratelimit-input-tokens-limit": "40000",
                "anthropic-ratelimit-output-tokens-limit": "8000",
            },
            [("requests", 50, 0, 0.0), ("input", 40000, None, None), ("output", 8000, None, None)],
        ),
    ],
)
def test_limits_are_read_from_headers(
    wire: str, headers: dict[str, str], told: list[tuple[Any, ...]]
) -> None:
    assert [tuple(each) for each in wire_for(wire).told(headers)] == told


def test_thoughts_are_a_sign_of_life_and_no_part_of_the_text() -> None:
    reader = wire_for("openai").reader()
    assert reader.feed(b'{"choices":[{"delta":{"role":"assistant","content":""}}]}') == ""
    assert not reader.begun
    assert reader.feed(b'{"choices":[{"delta":{"reasoning_content":"hmm"}}]}') == ""
    assert reader.begun
    assert reader.feed(b'{"choices":[{"delta":{"content":"yes"}}]}') == "yes"
    assert reader.finish().text == "yes"


def test_parts_of_a_mistral_message_are_put_together() -> None:
    body = (
        b'{"choices":[{"message":{"content":[{"type":"thinking","thinking":[]},'
        b'{"type":"text","text":"a"},{"type":"text","text":"b"}]}}]}'
    )
    assert wire_for("mistral").decode(body).text == "ab"


def test_an_unknown_wire_is_refused_with_those_there_are() -> None:
    with pytest.raises(UserError, match="anthropic, mistral, openai"):
        wire_for("telegraph")
