"""A server on this machine alone, for tests: in the event loop it is entered in, or a thread."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from aiohttp import web

__all__ = ["LoopbackServer"]

_BACKLOG = 1024
_PATIENCE_S = 10


class LoopbackServer:
    """Serves an application on 127.0.0.1, on a free port unless one is given.

    ``async with`` runs it in this event loop, ``with`` in a thread of its own. Whoever is served
    when it is closed is cut off.
    """

    def __init__(self, port: int = 0) -> None:
        """Prepare it; it listens once started."""
        self.port = port
        self._runner: web.AppRunner | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def application(self) -> web.Application:
        """Return what is served; made anew at each start."""
        raise NotImplementedError

    @property
    def connections(self) -> int:
        """How many connections are open now."""
        server = self._runner.server if self._runner is not None else None
        return len(server.connections) if server is not None else 0

    async def start(self) -> None:
        """Begin to listen."""
        from aiohttp import web

        self._runner = web.AppRunner(
            self.application(), handler_cancellation=True, access_log=None, shutdown_timeout=0.0
        )
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port, backlog=_BACKLOG).start()
        self.port = self._runner.addresses[0][1]

    async def close(self) -> None:
        """Stop listening and cut what is open."""
        if self._runner is not None:
            runner, self._runner = self._runner, None
            await runner.cleanup()

    async def __aenter__(self) -> Self:
        """Run in this event loop."""
        await self.start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Stop."""
        await self.close()

    def __enter__(self) -> Self:
        """Run in a thread of its own."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self.start(), self._loop).result(_PATIENCE_S)
        return self

    def __exit__(self, *exc: object) -> None:
        """Stop the thread."""
        if self._loop is None or self._thread is None:
            return
        asyncio.run_coroutine_threadsafe(self.close(), self._loop).result(_PATIENCE_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
