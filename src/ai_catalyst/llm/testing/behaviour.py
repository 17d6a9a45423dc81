"""What a test server is told to do, and what it was asked."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Behaviour", "Request"]


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How the server answers one request.

    A plain one answers ``text`` in the wire's own form, streamed word by word when a stream was
    asked for. Everything else misbehaves:

    - ``status``, ``headers``, ``body``: any answer at all; a status above 399 without a ``body``
      gets an error body of the wire;
    - ``delay_s`` before the first byte, ``gap_s`` between pieces (or between the bytes of a whole
      reply: a trickle), ``hang`` for ever;
    - ``break_after`` so many pieces the connection is cut, ``error_after`` so many the stream
      reports an error;
    - ``tool_calls``: ``(name, arguments)`` the model asks for; ``finish``: why it stopped;
    - ``usage``: ``(prompt, completion)`` tokens, None to leave them out;
    - ``crlf`` line ends, ``comments`` between events, ``shred``: every byte in a write of its own.
    """

    text: str = "Hello."
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | str | None = None
    error: str = "test_error"
    delay_s: float = 0.0
    gap_s: float = 0.0
    hang: bool = False
    break_after: int | None = None
    error_after: int | None = None
    tool_calls: Sequence[tuple[str, Mapping[str, Any]]] = ()
    finish: str = "stop"
    usage: tuple[int, int] | None = (7, 3)
    crlf: bool = False
    comments: bool = False
    shred: bool = False

    @property
    def pieces(self) -> list[str]:
        """The text as it is streamed: word by word, each with its space."""
        words = self.text.split(" ")
        return [word + " " for word in words[:-1]] + words[-1:]


@dataclass(slots=True)
class Request:
    """One request as the server got it.

    ``cancelled`` turns True when the client went away before it had its answer.
    """

    wire: str
    path: str
    headers: Mapping[str, str]
    body: Mapping[str, Any]
    at: float = field(default_factory=time.monotonic)
    cancelled: bool = False

    @property
    def stream(self) -> bool:
        """Whether a stream was asked for."""
        return bool(self.body.get("stream"))

    @property
    def prompt(self) -> str:
        """The text of the last message."""
        messages = self.body.get("messages") or [{}]
        content = messages[-1].get("content") or ""
        if isinstance(content, str):
            return content
        return "".join(part.get("text") or "" for part in content)
