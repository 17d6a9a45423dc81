"""Wires: how each provider wants to be asked, one small module each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from ai_catalyst.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ai_catalyst.llm.call import Answer, Call

__all__ = ["Reader", "Wire", "wire_for"]


class Reader(Protocol):
    """Reads one stream, event by event; ``answer`` is what it amounts to so far."""

    answer: Answer
    done: bool

    def feed(self, event: bytes) -> str:
        """Take the data of one event and return the piece of text in it, maybe empty."""
        ...


class Wire(Protocol):
    """How one kind of endpoint is spoken to; holds no state, so one object serves everybody."""

    name: str
    native_schema: bool
    """Whether the wire itself can hold an answer to a JSON schema."""
    chat: str
    """Path under the endpoint's URL where completions are asked for."""
    embeddings: str | None
    """Path where vectors are asked for, None when the wire has none."""

    def headers(self, key: str | None) -> dict[str, str]:
        """Return the headers that authorise a request."""
        ...

    def encode(self, call: Call, model: str | None, host: str, *, stream: bool) -> bytes:
        """Return the body of a request."""
        ...

    def decode(self, body: bytes) -> Answer:
        """Read a whole reply; raises `msgspec.MsgspecError` or `ValueError` when it is none."""
        ...

    def reader(self) -> Reader:
        """Return a reader for one stream."""
        ...

    def encode_embeddings(self, texts: Iterable[str], model: str | None) -> bytes:
        """Return the body of a request for vectors."""
        ...

    def decode_embeddings(self, body: bytes) -> tuple[list[list[float]], int]:
        """Read vectors, in the order asked for, and the tokens they cost."""
        ...

    def remaining(self, headers: Mapping[str, str]) -> Mapping[str, Any]:
        """Return the limits a reply's headers tell of."""
        ...


_built: dict[str, Wire] = {}


def wire_for(name: str) -> Wire:
    """Return a wire by name: ours, or one of an entry point in ``ai_catalyst.wires``."""
    found = _built.get(name)
    if found is None:
        found = _built[name] = _build(name)
    return found


def _build(name: str) -> Wire:
    if name == "openai":
        from ai_catalyst.llm.wires.openai import OpenAIWire

        return OpenAIWire()
    from importlib.metadata import entry_points

    points = {point.name: point for point in entry_points(group="ai_catalyst.wires")}
    if name in points:
        made: Wire = points[name].load()()
        return made
    known = ", ".join(sorted({"openai", *points}))
    raise UserError(f"no wire is called {name!r}; there are {known}")
