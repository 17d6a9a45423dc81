"""OpenAI chat completions and embeddings; also Ollama, LM Studio, vLLM and llama.cpp speak it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from ai_catalyst.llm.call import Answer, Reported
from ai_catalyst.llm.schema import is_strict
from ai_catalyst.llm.wires import Told

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ai_catalyst.llm.call import Call
    from ai_catalyst.llm.endpoints import Endpoint

__all__ = ["ChatReader", "OpenAIWire", "seconds"]


class _Function(msgspec.Struct, gc=False):
    name: str | None = None
    arguments: Any = None


class _ToolCall(msgspec.Struct, gc=False):
    index: int | None = None
    id: str | None = None
    function: _Function | None = None


class _Message(msgspec.Struct, gc=False):
    content: str | list[Any] | None = None
    reasoning: Any = None
    reasoning_content: Any = None
    tool_calls: list[_ToolCall] | None = None


class _Choice(msgspec.Struct, gc=False):
    message: _Message | None = None
    delta: _Message | None = None
    finish_reason: str | None = None


class _Usage(msgspec.Struct, gc=False):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class _Reply(msgspec.Struct, gc=False):
    choices: list[_Choice] | None = None
    usage: _Usage | None = None
    model: str | None = None
    error: Any = None
    object: str | None = None
    code: Any = None
    type: Any = None

    def raise_error(self) -> None:
        """Raise what the reply reports; Mistral reports it beside, not inside, ``error``."""
        if self.error is not None:
            raise Reported(self.error)
        if self.object == "error":
            raise Reported({"code": self.code, "type": self.type})


class _Vector(msgspec.Struct):
    embedding: list[float]
    index: int = 0


class _Vectors(msgspec.Struct):
    data: list[_Vector]
    usage: _Usage | None = None


_NO_CHOICE = _Choice()

_reply = msgspec.json.Decoder(_Reply)
_replies = msgspec.json.Decoder(list[_Reply])
_vectors = msgspec.json.Decoder(_Vectors)
_encode = msgspec.json.Encoder().encode

_REASONING = re.compile(r"(gpt-5|o\d)(?!.*chat)")
"""OpenAI's models that refuse a temperature."""


def _text(content: Any) -> str:
    """Return the text of a message's content: plain, or a list of parts (Mistral)."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(str(part.get("text") or "") for part in content if isinstance(part, dict))
    return ""


def _arguments(value: Any) -> str:
    """Return tool arguments as JSON text; some servers send them as an object."""
    if isinstance(value, str):
        return value
    return "" if value is None else _encode(value).decode()


class ChatReader:
    """Reads a stream of chat completion chunks."""

    __slots__ = ("_pieces", "_tools", "answer", "begun", "done", "over")

    def __init__(self) -> None:
        """Start with an empty answer."""
        self.answer = Answer()
        self.begun = self.done = self.over = False
        self._pieces: list[str] = []
        self._tools: dict[int, list[str]] = {}

    def feed(self, event: bytes) -> str:
        """Take one event's data and return its piece of text."""
        if event == b"[DONE]":
            self.done = self.over = True
            return ""
        return self._take(_reply.decode(event))

    def feed_all(self, events: Sequence[bytes]) -> None:
        """Take many events at once: decoded as one array, in half the time."""
        if b"[DONE]" in events:
            self.done = self.over = True
            events = [event for event in events if event != b"[DONE]"]
        pieces = self._pieces
        for reply in _replies.decode(b"[" + b",".join(events) + b"]"):
            choice = reply.choices[0] if reply.choices else _NO_CHOICE
            delta = choice.delta
            if delta is None or choice.finish_reason or delta.tool_calls or reply.usage:
                self._take(reply)
            elif type(delta.content) is str and reply.model == self.answer.model:
                pieces.append(delta.content)
            else:
                self._take(reply)

    def _take(self, reply: _Reply) -> str:
        answer = self.answer
        reply.raise_error()
        if reply.model:
            answer.model = reply.model
        if reply.usage is not None:
            answer.prompt_tokens = reply.usage.prompt_tokens
            answer.completion_tokens = reply.usage.completion_tokens
        if not reply.choices:
            return ""
        choice = reply.choices[0]
        if choice.finish_reason:
            answer.finish = choice.finish_reason
            self.done = True
        message = choice.delta or choice.message
        if message is None:
            return ""
        if message.tool_calls:
            self._collect(message.tool_calls)
        piece = message.content if type(message.content) is str else _text(message.content)
        if piece:
            self.begun = True
            self._pieces.append(piece)
        elif message.tool_calls or message.reasoning or message.reasoning_content:
            self.begun = True
        return piece

    def _collect(self, calls: list[_ToolCall]) -> None:
        for call in calls:
            index = len(self._tools) if call.index is None else call.index
            parts = self._tools.setdefault(index, ["", "", ""])
            parts[0] = call.id or parts[0]
            if call.function is not None:
                parts[1] = call.function.name or parts[1]
                parts[2] += _arguments(call.function.arguments)

    def finish(self) -> Answer:
        """Put the pieces together."""
        answer = self.answer
        answer.text = "".join(self._pieces)
        answer.tools = [(p[0], p[1], p[2]) for _, p in sorted(self._tools.items())]
        return answer


class OpenAIWire:
    """The chat completions API."""

    name = "openai"
    chat = "/chat/completions"
    embeddings: str | None = "/embeddings"

    def headers(self, key: str | None) -> Mapping[str, str]:
        """Return the bearer token, when there is one."""
        return {"Authorization": f"Bearer {key}"} if key else {}

    def encode(self, call: Call, endpoint: Endpoint, *, stream: bool) -> bytes:
        """Return the body of a chat completion request."""
        messages = call.messages
        if call.system is not None:
            messages = [{"role": "system", "content": call.system}, *messages]
        body: dict[str, Any] = {"messages": messages}
        model = call.model or endpoint.model
        if model is not None:
            body["model"] = model
        self._parameters(body, call, endpoint)
        if stream:
            body["stream"] = True
            self._ask_usage(body)
        return _encode(body)

    def _parameters(self, body: dict[str, Any], call: Call, endpoint: Endpoint) -> None:
        own = endpoint.host.endswith("openai.com")
        if call.max_tokens is not None:
            # OpenAI's own newer models refuse the old name; other servers know only the old one.
            body["max_completion_tokens" if own else "max_tokens"] = call.max_tokens
        if call.temperature is not None and not (own and _REASONING.match(body.get("model", ""))):
            body["temperature"] = call.temperature
        if call.schema is not None:
            body["response_format"] = {
                "type": "json_schema",
                "json_schema": {
                    "name": "answer",
                    "schema": call.schema,
                    "strict": is_strict(call.schema),
                },
            }
        if call.tools is not None:
            body["tools"] = call.tools

    def _ask_usage(self, body: dict[str, Any]) -> None:
        body["stream_options"] = {"include_usage": True}

    def decode(self, body: bytes) -> Answer:
        """Read a chat completion."""
        reply = _reply.decode(body)
        reply.raise_error()
        if not reply.choices:
            raise ValueError("no choices")
        choice = reply.choices[0]
        message = choice.message or choice.delta
        if message is None:
            raise ValueError("no message")
        usage = reply.usage or _Usage()
        return Answer(
            _text(message.content),
            reply.model or "",
            usage.prompt_tokens,
            usage.completion_tokens,
            choice.finish_reason,
            [
                (call.id or "", call.function.name or "", _arguments(call.function.arguments))
                for call in message.tool_calls or ()
                if call.function is not None
            ],
        )

    def reader(self) -> ChatReader:
        """Return a reader of chat completion chunks."""
        return ChatReader()

    def encode_embeddings(self, texts: Sequence[str], model: str | None) -> bytes:
        """Return the body of a request for vectors."""
        body: dict[str, Any] = {"input": list(texts)}
        if model is not None:
            body["model"] = model
        return _encode(body)

    def decode_embeddings(self, body: bytes) -> tuple[list[list[float]], int | None]:
        """Read vectors, in the order asked for, and the tokens they cost."""
        reply = _vectors.decode(body)
        vectors = [v.embedding for v in sorted(reply.data, key=lambda vector: vector.index)]
        return vectors, reply.usage.prompt_tokens if reply.usage else None

    def told(self, headers: Mapping[str, str]) -> Sequence[Told]:
        """Read ``x-ratelimit-limit-requests``, ``-remaining-…``, ``-reset-…``, same for tokens."""
        if "x-ratelimit-limit-requests" not in headers:
            return ()
        return [
            Told(
                what,
                float(headers[f"x-ratelimit-limit-{what}"]),
                number(headers.get(f"x-ratelimit-remaining-{what}")),
                seconds(headers.get(f"x-ratelimit-reset-{what}")),
            )
            for what in ("requests", "tokens")
            if number(headers.get(f"x-ratelimit-limit-{what}"))
        ]


def number(value: str | None) -> float | None:
    """Return a header's number, or None when it is none."""
    try:
        return float(value) if value else None
    except ValueError:
        return None


_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def seconds(value: str | None) -> float | None:
    """Return the seconds of a duration such as ``6m0s``, ``20ms`` or ``1.5`` (seconds), or None."""
    parts = re.findall(r"([0-9.]+)(ms|[smhd])", value or "")
    try:
        return (
            sum(float(amount) * _UNITS[unit] for amount, unit in parts)
            if parts
            else (number(value))
        )
    except ValueError:
        return None
