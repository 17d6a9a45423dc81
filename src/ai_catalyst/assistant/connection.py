"""A connection that ends when its client holds it and does nothing with it.

uvicorn waits for ever for headers that do not end, and for a reader that has stopped reading. Here
each connection is looked at now and then, two numbers are compared, and the one that has not moved
since the last look is cut; so nobody keeps a socket, or a model's permit, by doing nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio

    from uvicorn.protocols.http.h11_impl import H11Protocol as AutoHTTPProtocol
else:
    from uvicorn.protocols.http.auto import AutoHTTPProtocol

__all__ = ["Connection"]

LEAST_READ = 1024
"""Bytes that a reader takes between two looks, at least, once its buffer is full."""


class Connection(AutoHTTPProtocol):
    """Served by uvicorn, and looked at every ``silence_s`` seconds."""

    def __init__(self, *arguments: Any, silence_s: float, **named: Any) -> None:
        """Take what uvicorn gives, and how long nothing may happen."""
        super().__init__(*arguments, **named)
        self._silence_s = silence_s
        self._seen: tuple[object, int] | None = None
        self._next_look: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to look."""
        super().connection_made(transport)
        self._next_look = self.loop.call_later(self._silence_s, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        """Look no more."""
        if self._next_look is not None:
            self._next_look.cancel()
        super().connection_lost(exc)

    def resume_writing(self) -> None:
        """Note that the reader has read."""
        self._seen = None
        super().resume_writing()

    def _look(self) -> None:
        """Cut the connection when it stands where it stood; a held reader ends its request."""
        stands = self._stands()
        if stands is not None and self._seen is not None:
            where, unread = self._seen
            if stands[0] is where and stands[1] > unread - LEAST_READ:
                self.transport.abort()
                return
        self._seen = stands
        self._next_look = self.loop.call_later(self._silence_s, self._look)

    def _stands(self) -> tuple[object, int] | None:
        """Return what the client is waited for: to read what there is, or to end its headers."""
        unread = self.transport.get_write_buffer_size()
        if unread and (self.flow.write_paused or self.transport.is_closing()):
            return self.flow, unread
        idle = self.cycle is None or self.cycle.response_complete
        if idle and self.timeout_keep_alive_task is None:
            return self.cycle or self, 0
        return None
