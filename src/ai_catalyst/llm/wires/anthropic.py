"""Anthropic messages."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from ai_catalyst.llm.call import Answer, Reported
from ai_catalyst.llm.schema import closed
from ai_catalyst.llm.wires import Told
from ai_catalyst.llm.wires.openai import number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ai_catalyst.llm.call import Call, Message
    from ai_catalyst.llm.endpoints import Endpoint

__all__ = ["AnthropicWire", "MessageReader"]

MAX_TOKENS = 4096
"""The wire insists on a number; this one is asked for when the caller gave none."""


class _Block(msgspec.Struct):
    type: str = ""
    text: str | None = None
    id: str | None = None
    name: str | None = None
    input: Any = None
    partial_json: str | None = None
    stop_reason: str | None = None


class _Usage(msgspec.Struct):
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_read_input_tokens: int | None = None

    @property
    def prompt_tokens(self) -> int | None:
        """All tokens read, from the provider's own cache or not."""
        if self.input_tokens is None:
            return None
        cached = (self.cache_creation_input_tokens or 0) + (self.cache_read_input_tokens or 0)
        return self.input_tokens + cached


class _Reply(msgspec.Struct):
    type: str = ""
    model: str | None = None
    content: list[_Block] | None = None
    stop_reason: str | None = None
    usage: _Usage | None = None
    error: Any = None


class _Event(msgspec.Struct):
    type: str = ""
    index: int = 0
    message: _Reply | None = None
    content_block: _Block | None = None
    delta: _Block | None = None
    usage: _Usage | None = None
    error: Any = None


_reply = msgspec.json.Decoder(_Reply)
_event = msgspec.json.Decoder(_Event)
_encode = msgspec.json.Encoder().encode

_FINISH = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}


def _finish(reason: str | None) -> str | None:
    return _FINISH.get(reason, reason) if reason else None


class MessageReader:
    """Reads the events of one streamed message."""

    __slots__ = ("_pieces", "_tools", "answer", "begun", "done", "over")

    def __init__(self) -> None:
        """Start with an empty answer."""
        self.answer = Answer()
        self.begun = self.done = self.over = False
        self._pieces: list[str] = []
        self._tools: dict[int, list[str]] = {}

    def feed(self, event: bytes) -> str:
        """Take one event's data and return its piece of text."""
        told = _event.decode(event)
        if told.type == "content_block_delta" and told.delta is not None:
            return self._delta(told.index, told.delta)
        if told.error is not None or told.type == "error":
            raise Reported(told.error)
        if told.type == "message_stop":
            self.done = self.over = True
        elif told.type == "message_start" and told.message is not None:
            self.answer.model = told.message.model or ""
            self._count(told.message.usage)
        elif told.type == "message_delta":
            if told.delta is not None:
                self.answer.finish = _finish(told.delta.stop_reason)
            self._count(told.usage)
        elif told.type == "content_block_start" and told.content_block is not None:
            return self._start(told.index, told.content_block)
        return ""

    def _delta(self, index: int, delta: _Block) -> str:
        self.begun = True
        if delta.partial_json is not None and index in self._tools:
            self._tools[index][2] += delta.partial_json
        if delta.text:
            self._pieces.append(delta.text)
        return delta.text or ""

    def _start(self, index: int, block: _Block) -> str:
        if block.type == "tool_use":
            self._tools[index] = [block.id or "", block.name or "", ""]
        if block.text:
            self._pieces.append(block.text)
        return block.text or ""

    def _count(self, usage: _Usage | None) -> None:
        if usage is None:
            return
        if usage.prompt_tokens is not None:
            self.answer.prompt_tokens = usage.prompt_tokens
        if usage.output_tokens is not None:
            self.answer.completion_tokens = usage.output_tokens

    def feed_all(self, events: Sequence[bytes]) -> None:
        """Take many events at once."""
        for event in events:
            self.feed(event)

    def finish(self) -> Answer:
        """Put the pieces together."""
        answer = self.answer
        answer.text = "".join(self._pieces)
        answer.tools = [(p[0], p[1], p[2] or "{}") for _, p in sorted(self._tools.items())]
        return answer


class AnthropicWire:
    """The messages API."""

    name = "anthropic"
    chat = "/messages"
    embeddings: str | None = None

    def headers(self, key: str | None) -> Mapping[str, str]:
        """Return the version of the API and the key, when there is one."""
        version = {"anthropic-version": "2023-06-01"}
        return {**version, "x-api-key": key} if key else version

    def encode(self, call: Call, endpoint: Endpoint, *, stream: bool) -> bytes:
        """Return the body of a message request."""
        system, messages = _translated(call)
        body: dict[str, Any] = {
            "model": call.model or endpoint.model,
            "max_tokens": call.max_tokens or MAX_TOKENS,
            "messages": messages,
        }
        if system:
            body["system"] = system
        if call.temperature is not None:
            body["temperature"] = call.temperature
        if call.schema is not None:
            schema = closed(call.schema)
            body["output_config"] = {"format": {"type": "json_schema", "schema": schema}}
        if call.tools is not None:
            body["tools"] = [_tool(tool) for tool in call.tools]
        if stream:
            body["stream"] = True
        return _encode(body)

    def decode(self, body: bytes) -> Answer:
        """Read a message."""
        reply = _reply.decode(body)
        if reply.error is not None or reply.type == "error":
            raise Reported(reply.error)
        if reply.content is None:
            raise ValueError("no content")
        usage = reply.usage or _Usage()
        return Answer(
            "".join(block.text or "" for block in reply.content if block.type == "text"),
            reply.model or "",
            usage.prompt_tokens,
            usage.output_tokens,
            _finish(reply.stop_reason),
            [
                (block.id or "", block.name or "", _encode(block.input or {}).decode())
                for block in reply.content
                if block.type == "tool_use"
            ],
        )

    def reader(self) -> MessageReader:
        """Return a reader of message events."""
        return MessageReader()

    def encode_embeddings(self, texts: Sequence[str], model: str | None) -> bytes:
        """Refuse: the wire has no vectors."""
        raise NotImplementedError("the Anthropic wire has no embeddings")

    def decode_embeddings(self, body: bytes) -> tuple[list[list[float]], int | None]:
        """Refuse: the wire has no vectors."""
        raise NotImplementedError("the Anthropic wire has no embeddings")

    def told(self, headers: Mapping[str, str]) -> Sequence[Told]:
        """Read ``anthropic-ratelimit-requests-limit`` and its kin."""
        if "anthropic-ratelimit-requests-limit" not in headers:
            return ()
        found = []
        for what, name in (
            ("requests", "requests"),
            ("input", "input-tokens"),
            ("output", "output-tokens"),
        ):
            limit = number(headers.get(f"anthropic-ratelimit-{name}-limit"))
            if limit:
                left = number(headers.get(f"anthropic-ratelimit-{name}-remaining"))
                reset = _until(headers.get(f"anthropic-ratelimit-{name}-reset"))
                found.append(Told(what, limit, left, reset))
        return found


def _until(value: str | None) -> float | None:
    """Return the seconds until a moment (RFC 3339), or None."""
    try:
        moment = datetime.fromisoformat(value or "")
    except ValueError:
        return None
    return max(0.0, (moment - datetime.now(UTC)).total_seconds()) if moment.tzinfo else None


def _translated(call: Call) -> tuple[str, list[Message]]:
    """Return the system text and the messages in this wire's form."""
    system = [call.system] if call.system else []
    messages: list[Message] = []
    for message in call.messages:
        role = message["role"]
        if role in {"system", "developer"}:
            system.append(_plain(message.get("content")))
        elif role == "tool":
            result = {
                "type": "tool_result",
                "tool_use_id": message.get("tool_call_id", ""),
                "content": _plain(message.get("content")),
            }
            last = messages[-1] if messages else None
            if last is not None and last["role"] == "user" and isinstance(last["content"], list):
                last["content"].append(result)
            else:
                messages.append({"role": "user", "content": [result]})
        elif message.get("tool_calls"):
            messages.append({"role": "assistant", "content": _tool_use(message)})
        else:
            messages.append({"role": role, "content": _content(message.get("content"))})
    return "\n\n".join(system), messages


def _plain(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "".join(part.get("text", "") for part in content or () if isinstance(part, dict))


def _content(content: Any) -> Any:
    if not isinstance(content, list):
        return content or ""
    return [_image(part) if part.get("type") == "image_url" else part for part in content]


def _image(part: dict[str, Any]) -> dict[str, Any]:
    url = part["image_url"]["url"] if isinstance(part["image_url"], dict) else part["image_url"]
    if not url.startswith("data:"):
        return {"type": "image", "source": {"type": "url", "url": url}}
    kind, _, data = url[5:].partition(";base64,")
    return {"type": "image", "source": {"type": "base64", "media_type": kind, "data": data}}


def _tool_use(message: Message) -> list[dict[str, Any]]:
    text = _plain(message.get("content"))
    blocks: list[dict[str, Any]] = [{"type": "text", "text": text}] if text else []
    for call in message["tool_calls"]:
        function = call["function"]
        arguments = function.get("arguments") or "{}"
        given = msgspec.json.decode(arguments) if isinstance(arguments, str) else arguments
        blocks.append(
            {"type": "tool_use", "id": call["id"], "name": function["name"], "input": given}
        )
    return blocks


def _tool(tool: dict[str, Any]) -> dict[str, Any]:
    function = tool.get("function", tool)
    return {
        "name": function["name"],
        "description": function.get("description", ""),
        "input_schema": function.get("parameters") or {"type": "object"},
    }
