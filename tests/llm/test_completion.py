"""A completion is its text, and a JSON object of its fields."""

from __future__ import annotations

import json
from dataclasses import asdict, fields

from pydantic import TypeAdapter

from ai_catalyst.llm import Attempt, Completion, ToolCall, Usage

ANSWER = Completion(
    "Hello.",
    "local",
    "local",
    "m",
    Usage(7, 3),
    0.01,
    0.5,
    False,
    [Attempt("cloud", "failed", "EndpointError: no", 0.1), Attempt("local", "ok", None, 0.4)],
    [ToolCall("c1", "look_up", {"word": "a"})],
)


def test_its_text_is_its_string() -> None:
    assert str(ANSWER) == "Hello."


def test_its_fields_are_the_ones_of_the_contract() -> None:
    assert [field.name for field in fields(Completion)] == [
        *("text", "endpoint", "tier", "model", "usage", "cost_usd", "latency_s", "cached"),
        *("attempts", "data"),
    ]


def test_a_route_may_return_it() -> None:
    shown = json.loads(TypeAdapter(Completion).dump_json(ANSWER))
    assert shown == json.loads(json.dumps(asdict(ANSWER)))
    assert shown["usage"] == {"prompt_tokens": 7, "completion_tokens": 3}
    assert shown["attempts"][0]["outcome"] == "failed"


def test_tool_calls_are_read_from_its_data() -> None:
    assert ANSWER.tool_calls == [ToolCall("c1", "look_up", {"word": "a"})]
    assert Completion("x", "e", "local", "m", data={"a": 1}).tool_calls == []
