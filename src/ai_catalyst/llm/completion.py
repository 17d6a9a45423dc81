"""What a model answered, what it cost, and every attempt it took."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ai_catalyst.llm.leg import Leg, Result
    from ai_catalyst.llm.race import Race

__all__ = ["Attempt", "Completion", "ToolCall", "Usage", "completion_of"]


@dataclass(frozen=True, slots=True)
class Usage:
    """The tokens of one completion, as the endpoint counted them (estimated where it did not)."""

    prompt_tokens: int = 0
    completion_tokens: int = 0

    @property
    def total_tokens(self) -> int:
        """Tokens in and out."""
        return self.prompt_tokens + self.completion_tokens


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at one endpoint.

    ``outcome`` is ``ok``, ``timeout``, ``rate_limited``, ``refused`` (the endpoint will never take
    this request), ``failed``, ``skipped`` (its breaker or a Retry-After kept us away) or
    ``cancelled`` (another endpoint won). ``error`` names what went wrong, never the text or a key.
    ``seconds`` is how long it took.
    """

    endpoint: str
    outcome: str
    error: str | None = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool the model wants called, with its arguments as the JSON value it wrote."""

    id: str
    name: str
    arguments: Any


@dataclass(frozen=True, slots=True)
class Completion:
    """One answer of a model; ``str()`` of it is its text.

    ``tier`` is the tier of the endpoint that answered. ``cost_usd`` is 0 for endpoints of your own
    and for answers that were shared or cached (``cached``). ``latency_s`` is the whole call as the
    caller saw it, ``attempts`` everything that was tried, in order. ``data`` is the parsed answer
    when a schema was given, or the list of `ToolCall` when the model asked for tools.
    """

    text: str
    endpoint: str
    tier: str
    model: str
    usage: Usage = field(default_factory=Usage)
    cost_usd: float = 0.0
    latency_s: float = 0.0
    cached: bool = False
    attempts: list[Attempt] = field(default_factory=list)
    data: Any = None

    def __str__(self) -> str:
        """Return the text."""
        return self.text

    @property
    def tool_calls(self) -> list[ToolCall]:
        """The tools the model asked for, empty when it asked for none."""
        if isinstance(self.data, list):
            return [item for item in self.data if isinstance(item, ToolCall)]
        return []


def completion_of(race: Race, leg: Leg, result: Result) -> Completion:
    """Return what a race brought home, with what all of its legs cost."""
    answer, endpoint = result.answer, leg.route.endpoint
    return Completion(
        result.text,
        endpoint.name,
        endpoint.tier,
        answer.model or race.call.model or endpoint.model or "",
        Usage(answer.prompt_tokens or 0, answer.completion_tokens or 0),
        sum(each.cost_usd for each in race.legs),
        time.monotonic() - race.started,
        leg.cached,
        race.attempts,
        result.data,
    )
