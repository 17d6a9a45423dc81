"""Mistral chat: OpenAI's form with small differences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ai_catalyst.llm.wires import Told
from ai_catalyst.llm.wires.openai import OpenAIWire, number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["MistralWire"]


class MistralWire(OpenAIWire):
    """The chat completions API of Mistral."""

    name = "mistral"

    def _ask_usage(self, body: dict[str, Any]) -> None:
        """Ask for nothing: the last chunk has the usage, and unknown fields are refused."""

    def told(self, headers: Mapping[str, str]) -> Sequence[Told]:
        """Read ``x-ratelimit-limit-req-minute`` and ``-tokens-minute`` with what remains."""
        found = []
        for what, name in (("requests", "req"), ("tokens", "tokens")):
            limit = number(headers.get(f"x-ratelimit-limit-{name}-minute"))
            if limit:
                left = number(headers.get(f"x-ratelimit-remaining-{name}-minute"))
                found.append(Told(what, limit, left))
        return found
