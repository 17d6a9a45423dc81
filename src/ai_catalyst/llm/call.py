"""What is asked of a model and what it says, before and after any wire's own words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from ai_catalyst.errors import UserError

if TYPE_CHECKING:
    from ai_catalyst.llm.schema import Schema

__all__ = ["Answer", "Call", "Message", "Prompt", "Reported", "call_of", "messages_of"]

Message = dict[str, Any]
Prompt = str | Iterable[Mapping[str, Any]]


class Call(msgspec.Struct, frozen=True):
    """One request: chat messages and the parameters that change the answer.

    ``messages`` have a ``role`` and ``content`` each, in OpenAI's form, tool calls and tool results
    included; ``schema`` is a JSON schema the answer must fit, ``tools`` are OpenAI's tool
    definitions. ``None`` leaves a parameter to the endpoint.
    """

    messages: list[Message]
    system: str | None = None
    model: str | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    schema: dict[str, Any] | None = None
    tools: list[dict[str, Any]] | None = None


class Answer(msgspec.Struct):
    """What a wire read out of a reply; tokens are None when the endpoint did not count them.

    ``finish`` is ``stop``, ``length``, ``tool_calls``, ``content_filter`` or the endpoint's own
    word; ``tools`` are ``(id, name, arguments)``, the arguments as the JSON text the model wrote.
    """

    text: str = ""
    model: str = ""
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    finish: str | None = None
    tools: list[tuple[str, str, str]] = []


class Reported(ValueError):
    """Raised when a reply that came as a success reports an error; ``detail`` is never shown."""

    def __init__(self, detail: Any) -> None:
        """Keep the endpoint's words for classification."""
        super().__init__("the reply reports an error")
        self.detail = detail


def messages_of(prompt: Prompt) -> list[Message]:
    """Return a prompt as chat messages; raises `UserError` when it is neither text nor messages."""
    if isinstance(prompt, str):
        return [{"role": "user", "content": prompt}]
    if isinstance(prompt, Mapping):
        prompt = [prompt]
    messages = []
    for message in prompt:
        if not isinstance(message, Mapping) or not isinstance(message.get("role"), str):
            raise UserError('a chat message is a mapping such as {"role": "user", "content": "…"}')
        messages.append(dict(message))
    if not messages:
        raise UserError("the prompt is empty: give a text or at least one chat message")
    return messages


def call_of(
    prompt: Prompt,
    system: str | None,
    model: str | None,
    max_tokens: int | None,
    temperature: float | None,
    schema: Schema | None,
    tools: Sequence[Mapping[str, Any]] | None,
) -> Call:
    """Return a call from what a person gave; raises `UserError` for what makes no sense."""
    if max_tokens is not None and max_tokens < 1:
        raise UserError(f"max_tokens is at least 1, not {max_tokens}")
    return Call(
        messages_of(prompt),
        system,
        model,
        max_tokens,
        temperature,
        None if schema is None else schema.json,
        None if tools is None else [dict(tool) for tool in tools],
    )
