"""How each wire says a text, whole or as a stream of events."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ai_catalyst.llm.testing.behaviour import Behaviour

__all__ = ["anthropic_events", "anthropic_reply", "chat_events", "chat_reply", "error_reply"]

Event = tuple[str | None, str]
"""The name of an event, where the wire names them, and its data."""


def _tools(told: Behaviour) -> list[dict[str, Any]]:
    return [
        {
            "index": index,
            "id": f"call_{index}",
            "type": "function",
            "function": {"name": name, "arguments": json.dumps(dict(arguments))},
        }
        for index, (name, arguments) in enumerate(told.tool_calls)
    ]


def _usage(told: Behaviour) -> dict[str, int] | None:
    if told.usage is None:
        return None
    prompt, completion = told.usage
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
    }


def chat_reply(told: Behaviour, model: str) -> dict[str, Any]:
    """Return a chat completion of OpenAI's form, which Mistral shares."""
    message: dict[str, Any] = {"role": "assistant", "content": told.text}
    if told.tool_calls:
        message["tool_calls"] = _tools(told)
    return {
        "id": "chatcmpl-test",
        "object": "chat.completion",
        "created": 0,
        "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": told.finish}],
        "usage": _usage(told),
    }


def chat_events(told: Behaviour, model: str) -> Iterator[Event]:
    """Yield the chunks of a streamed chat completion, the usage in the last one."""

    def chunk(delta: dict[str, Any], **more: Any) -> Event:
        choice = {"index": 0, "delta": delta, "finish_reason": more.pop("finish", None)}
        body = {"id": "chatcmpl-test", "object": "chat.completion.chunk", "created": 0}
        return None, json.dumps(body | {"model": model, "choices": [choice]} | more)

    for piece in told.pieces:
        yield chunk({"role": "assistant", "content": piece})
    for call in _tools(told):
        arguments = call["function"]["arguments"]
        head = {**call, "function": {**call["function"], "arguments": arguments[:3]}}
        tail = {"index": call["index"], "function": {"arguments": arguments[3:]}}
        yield chunk({"tool_calls": [head]})
        yield chunk({"tool_calls": [tail]})
    yield chunk({}, finish=told.finish, usage=_usage(told))
    yield None, "[DONE]"


def anthropic_reply(told: Behaviour, model: str) -> dict[str, Any]:
    """Return a message of Anthropic's form."""
    content: list[dict[str, Any]] = [{"type": "text", "text": told.text}]
    for index, (name, arguments) in enumerate(told.tool_calls):
        block = {"type": "tool_use", "id": f"call_{index}", "name": name, "input": dict(arguments)}
        content.append(block)
    prompt, completion = told.usage or (0, 0)
    return {
        "id": "msg_test",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": content,
        "stop_reason": {"stop": "end_turn", "length": "max_tokens"}.get(told.finish, told.finish),
        "usage": {"input_tokens": prompt, "output_tokens": completion},
    }


def anthropic_events(told: Behaviour, model: str) -> Iterator[Event]:
    """Yield the events of a streamed message."""

    def event(name: str, **body: Any) -> Event:
        return name, json.dumps({"type": name, **body})

    whole = anthropic_reply(told, model)
    usage = {"input_tokens": whole["usage"]["input_tokens"], "output_tokens": 1}
    yield event("message_start", message={**whole, "content": [], "usage": usage})
    yield event("ping")
    yield event("content_block_start", index=0, content_block={"type": "text", "text": ""})
    for piece in told.pieces:
        delta = {"type": "text_delta", "text": piece}
        yield event("content_block_delta", index=0, delta=delta)
    yield event("content_block_stop", index=0)
    for index, block in enumerate(whole["content"][1:], 1):
        yield event("content_block_start", index=index, content_block={**block, "input": {}})
        text = json.dumps(block["input"])
        for part in (text[:3], text[3:]):
            delta = {"type": "input_json_delta", "partial_json": part}
            yield event("content_block_delta", index=index, delta=delta)
        yield event("content_block_stop", index=index)
    output = {"output_tokens": whole["usage"]["output_tokens"]}
    yield event("message_delta", delta={"stop_reason": whole["stop_reason"]}, usage=output)
    yield event("message_stop")


def error_reply(wire: str, status: int, code: str) -> dict[str, Any]:
    """Return an error body as each wire writes it."""
    message = f"the test server was told to answer {status}"
    if wire == "anthropic":
        return {"type": "error", "error": {"type": code, "message": message}}
    if wire == "mistral":
        return {"object": "error", "type": code, "message": message, "code": code}
    return {"error": {"message": message, "type": code, "code": code}}
