"""OpenAI chat completions and embeddings; also Ollama, LM Studio, vLLM and llama.cpp speak it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from ai_catalyst.llm.call import Answer, Call

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["ChatReader", "OpenAIWire"]


class _Function(msgspec.Struct):
    name: str | None = None
    arguments: str | None = None


class _ToolCall(msgspec.Struct):
    index: int = 0
    id: str | None = None
    function: _Function | None = None


class _Message(msgspec.Struct):
    content: Any = None
    refusal: str | None = None
    tool_calls: list[_ToolCall] | None = None


class _Choice(msgspec.Struct):
    message: _Message | None = None
    delta: _Message | None = None
    finish_reason: str | None = None


class _Usage(msgspec.Struct):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class _Reply(msgspec.Struct):
    choices: list[_Choice] | None = None
    usage: _Usage | None = None
    model: str | None = None
    error: Any = None


class _Vector(msgspec.Struct):
    embedding: list[float]
    index: int = 0


class _Vectors(msgspec.Struct):
    data: list[_Vector]
    usage: _Usage | None = None


_replies = msgspec.json.Decoder(_Reply)
_vectors = msgspec.json.Decoder(_Vectors)
_encode = msgspec.json.Encoder().encode


def _text(content: Any) -> str:
    """Return the text of a message's content: plain, or a list of parts (Mistral)."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(str(part.get("text") or "") for part in content if isinstance(part, dict))
    return ""


class ChatReader:
    """Reads a stream of chat completion chunks."""

    def __init__(self) -> None:
        """Start with an empty answer."""
        self.answer = Answer()
        self.done = False
        self._tools: dict[int, list[str]] = {}

    def feed(self, event: bytes) -> str:
        """Take one event's data; raises `WireError` when it reports an error."""
        if event == b"[DONE]":
            self.done = True
            return ""
        reply = _replies.decode(event)
        answer = self.answer
        if reply.error is not None:
            raise WireError(reply.error)
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
        message = choice.delta or choice.message
        if message is None:
            return ""
        if message.tool_calls:
            self._collect(message.tool_calls)
        piece = _text(message.content)
        if piece:
            answer.text += piece
        return piece

    def _collect(self, calls: list[_ToolCall]) -> None:
        for call in calls:
            parts = self._tools.setdefault(call.index, ["", "", ""])
            parts[0] = call.id or parts[0]
            if call.function is not None:
                parts[1] = call.function.name or parts[1]
                parts[2] += call.function.arguments or ""
        self.answer.tool_calls = [(p[0], p[1], p[2]) for _, p in sorted(self._tools.items())]


class WireError(ValueError):
    """Raised when a reply that came with status 200 reports an error; ``detail`` is its body."""

    def __init__(self, detail: Any) -> None:
        """Keep the body for classification; it is never shown."""
        super().__init__("the reply reports an error")
        self.detail = detail


class OpenAIWire:
    """The chat completions API."""

    name = "openai"
    native_schema = True
    chat = "/chat/completions"
    embeddings: str | None = "/embeddings"

    def headers(self, key: str | None) -> dict[str, str]:
        """Return the bearer token, when there is one."""
        return {"Authorization": f"Bearer {key}"} if key else {}

    def encode(self, call: Call, model: str | None, host: str, *, stream: bool) -> bytes:
        """Return the body of a chat completion request."""
        messages = call.messages
        if call.system is not None:
            messages = [{"role": "system", "content": call.system}, *messages]
        body: dict[str, Any] = {"messages": messages}
        if model is not None:
            body["model"] = model
        if call.max_tokens is not None:
            # OpenAI's own newer models refuse the old name; other servers know only the old one.
            own = host.endswith("openai.com")
            body["max_completion_tokens" if own else "max_tokens"] = call.max_tokens
        if call.temperature is not None:
            body["temperature"] = call.temperature
        if call.schema is not None:
            body["response_format"] = self._format(call.schema)
        if call.tools is not None:
            body["tools"] = call.tools
        if stream:
            body["stream"] = True
            self._ask_usage(body)
        return _encode(body)

    def _format(self, schema: dict[str, Any]) -> dict[str, Any]:
        return {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}

    def _ask_usage(self, body: dict[str, Any]) -> None:
        body["stream_options"] = {"include_usage": True}

    def decode(self, body: bytes) -> Answer:
        """Read a chat completion."""
        reply = _replies.decode(body)
        if reply.error is not None:
            raise WireError(reply.error)
        if not reply.choices:
            raise ValueError("no choices")
        choice = reply.choices[0]
        message = choice.message or choice.delta or _Message()
        usage = reply.usage or _Usage()
        tools = message.tool_calls or ()
        return Answer(
            _text(message.content),
            reply.model or "",
            usage.prompt_tokens,
            usage.completion_tokens,
            choice.finish_reason,
            [
                (call.id or "", call.function.name or "", call.function.arguments or "")
                for call in tools
                if call.function is not None
            ],
        )

    def reader(self) -> ChatReader:
        """Return a reader of chat completion chunks."""
        return ChatReader()

    def encode_embeddings(self, texts: Iterable[str], model: str | None) -> bytes:
        """Return the body of a request for vectors."""
        body: dict[str, Any] = {"input": list(texts)}
        if model is not None:
            body["model"] = model
        return _encode(body)

    def decode_embeddings(self, body: bytes) -> tuple[list[list[float]], int]:
        """Read vectors, in the order asked for, and the tokens they cost."""
        reply = _vectors.decode(body)
        vectors = [v.embedding for v in sorted(reply.data, key=lambda vector: vector.index)]
        return vectors, (reply.usage.prompt_tokens or 0) if reply.usage else 0

    def remaining(self, headers: Mapping[str, str]) -> Mapping[str, Any]:
        """Return the limits a reply's headers tell of."""
        return {}
