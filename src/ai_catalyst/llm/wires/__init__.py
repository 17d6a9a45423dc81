"""Wires: how each provider wants to be asked, one small module each.

A third party adds one with an entry point in the group ``ai_catalyst.wires``: its name is the
``wire`` of an endpoint, what it leads to makes a `Wire` when called.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple, Protocol

from ai_catalyst.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ai_catalyst.llm.call import Answer, Call
    from ai_catalyst.llm.endpoints import Endpoint

__all__ = ["Reader", "Told", "Wire", "wire_for", "wire_names"]


class Told(NamedTuple):
    """A limit that a reply's headers tell of.

    ``what`` is ``requests``, ``tokens``, ``input`` or ``output``; ``limit`` is per minute, ``left``
    of it what may still be used before ``reset_s`` seconds have passed.
    """

    what: str
    limit: float
    left: float | None = None
    reset_s: float | None = None


class Reader(Protocol):
    """Reads one stream, event by event."""

    answer: Answer
    """What the stream amounts to, complete once `finish` was called."""
    begun: bool
    """Whether the model has begun to answer: a piece of text, of a tool call or of its thoughts."""
    done: bool
    """Whether the answer is whole; a stream that ends before was cut off."""
    over: bool
    """Whether nothing more will come, even if the connection stays open."""

    def feed(self, event: bytes) -> str:
        """Take the data of one event and return its piece of text, maybe empty.

        Raises `Reported` for an error event, `msgspec.MsgspecError` or `ValueError` for nonsense.
        """
        ...

    def feed_all(self, events: Sequence[bytes]) -> None:
        """Take many events at once, when nobody waits for the single pieces."""
        ...

    def finish(self) -> Answer:
        """Put the pieces together."""
        ...


class Wire(Protocol):
    """How one kind of endpoint is spoken to; holds no state, so one object serves everybody."""

    name: str
    chat: str
    """Path under the endpoint's URL where completions are asked for."""
    embeddings: str | None
    """Path where vectors are asked for, None when the wire has none."""

    def headers(self, key: str | None) -> Mapping[str, str]:
        """Return the headers that authorise a request."""
        ...

    def encode(self, call: Call, endpoint: Endpoint, *, stream: bool) -> bytes:
        """Return the body of a request; without a model of the call, the endpoint's is asked."""
        ...

    def decode(self, body: bytes) -> Answer:
        """Read a whole reply; raises like `Reader.feed`."""
        ...

    def reader(self) -> Reader:
        """Return a reader for one stream."""
        ...

    def encode_embeddings(self, texts: Sequence[str], model: str | None) -> bytes:
        """Return the body of a request for vectors."""
        ...

    def decode_embeddings(self, body: bytes) -> tuple[list[list[float]], int | None]:
        """Read vectors, in the order asked for, and the tokens they cost."""
        ...

    def told(self, headers: Mapping[str, str]) -> Sequence[Told]:
        """Return the limits that a reply's headers tell of; empty when they tell of none."""
        ...


_OURS = {"anthropic": "AnthropicWire", "mistral": "MistralWire", "openai": "OpenAIWire"}
_built: dict[str, Wire] = {}


def wire_names() -> list[str]:
    """Return the names of all wires, ours and those of entry points."""
    from importlib.metadata import entry_points

    return sorted({*_OURS, *(point.name for point in entry_points(group="ai_catalyst.wires"))})


def wire_for(name: str) -> Wire:
    """Return a wire by name; raises `UserError` when there is none of that name."""
    found = _built.get(name)
    if found is None:
        found = _built[name] = _build(name)
    return found


def _build(name: str) -> Wire:
    if name in _OURS:
        made: Wire = getattr(import_module(f"{__name__}.{name}"), _OURS[name])()
        return made
    from importlib.metadata import entry_points

    for point in entry_points(group="ai_catalyst.wires", name=name):
        theirs: Wire = point.load()()
        return theirs
    raise UserError(f"no wire is called {name!r}; there are {', '.join(wire_names())}")
