"""One pooled HTTP session per event loop, closed with its loop; and the sessions models get."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import threading
import warnings
import weakref
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import getproxies, proxy_bypass

import aiohttp
from yarl import URL

from ai_catalyst.errors import UserError
from ai_catalyst.io.address import any_socket, private_socket
from ai_catalyst.io.resolver import Resolver

if TYPE_CHECKING:
    from ai_catalyst.io.address import AddressInfo, SocketFactory

__all__ = [
    "LoopSessions",
    "model_connector",
    "model_session",
    "model_sessions",
    "proxy_for",
    "tls_context",
]

Loop = asyncio.AbstractEventLoop
Keeper = AsyncGenerator[aiohttp.ClientSession, None]
Held = dict[Loop, tuple[aiohttp.ClientSession, Keeper]]


class LoopSessions:
    """Give each event loop its own session, because a pooled connection lives on one loop only.

    A session is closed by ``close()``, or with its loop when that shuts down (`asyncio.run` does),
    or when its owner is dropped. Loops that were closed without a shutdown are swept when the next
    session is opened.
    """

    def __init__(self, make: Callable[[], aiohttp.ClientSession]) -> None:
        """Keep the recipe; ``make`` is called inside a running loop and must not hold the owner."""
        self._make = make
        self._held: Held = {}
        self._lock = threading.Lock()
        self._pid = os.getpid()
        # The finalizer keeps the sessions alive until their loops have closed them; left to the
        # collector they would die in any order.
        weakref.finalize(self, _abandon, self._held, self._pid).atexit = False

    def __len__(self) -> int:
        """How many loops have a session."""
        return len(self._held)

    def current(self) -> aiohttp.ClientSession:
        """Return the running loop's session, opening it when there is none."""
        loop = asyncio.get_running_loop()
        held = self._held.get(loop)
        if held is not None and not held[0].closed:
            return held[0]
        return self._open(loop)

    def _open(self, loop: Loop) -> aiohttp.ClientSession:
        self._sweep()
        session = self._make()
        keeper = _keep(session, weakref.ref(self), loop)
        with suppress(StopIteration):  # run it to its yield; it awaits nothing on the way
            keeper.asend(None).send(None)
        with self._lock:
            self._held[loop] = session, keeper
        return session

    def _sweep(self) -> None:
        """Drop what no loop of this process can close any more."""
        with self._lock:
            if self._pid != os.getpid():
                self._pid = os.getpid()
                _leave_to_parent(self._held)
            dead = [self._held.pop(loop) for loop in list(self._held) if loop.is_closed()]
        for session, _ in dead:
            _bury(session)

    def _forget(self, loop: Loop, session: aiohttp.ClientSession) -> None:
        with self._lock:
            if loop in self._held and self._held[loop][0] is session:
                del self._held[loop]

    async def close(self) -> None:
        """Close every session: this loop's now, those of other live loops on their own loops."""
        self._sweep()
        with self._lock:
            held = self._held.copy()
            self._held.clear()
        here = held.pop(asyncio.get_running_loop(), None)
        elsewhere = [
            asyncio.wrap_future(asyncio.run_coroutine_threadsafe(_finish(keeper), loop))
            for loop, (_, keeper) in held.items()
            if loop.is_running()
        ]
        if here is not None:
            await here[1].aclose()
        if elsewhere:  # a loop that waits for this very call cannot answer: don't insist
            await asyncio.wait(elsewhere, timeout=0.25)
        for loop, (session, _) in held.items():
            if not loop.is_running():
                _bury(session)


_of_parents: list[object] = []


def _leave_to_parent(held: Held) -> None:
    """Keep a fork from closing what its parent uses: even the finalizers must not run here."""
    _of_parents.append(held.copy())
    held.clear()


def _abandon(held: Held, pid: int) -> None:
    """Close the sessions of an owner that is gone, each on its loop."""
    if pid != os.getpid():
        _leave_to_parent(held)
    for loop, (session, keeper) in held.items():
        if loop.is_closed():
            _bury(session)
        else:
            asyncio.run_coroutine_threadsafe(_finish(keeper), loop)
    held.clear()


async def _finish(keeper: Keeper) -> None:
    await keeper.aclose()


async def _keep(
    session: aiohttp.ClientSession, owner: weakref.ref[LoopSessions], loop: Loop
) -> Keeper:
    """Close a session when its loop shuts down, or when this generator is closed.

    Event loops finalise the asynchronous generators they know; that is the one public hook that
    runs while a loop still can.
    """
    try:
        yield session
    finally:
        holder = owner()
        if holder is not None:
            holder._forget(loop, session)
        await session.close()


def _bury(session: aiohttp.ClientSession) -> None:
    """Free the sockets of a session whose loop is gone and can close nothing any more."""
    connector: Any = session.connector
    session.detach()
    if connector is None:
        return
    idle = [proto for pool in connector._conns.values() for proto, _ in pool]
    for protocol in [*idle, *connector._acquired]:
        transport: Any = getattr(protocol, "transport", None)
        transport = getattr(transport, "_ssl_protocol", None) or transport
        transport = getattr(transport, "_transport", None) or transport
        with suppress(Exception):
            transport.abort()
        with suppress(Exception):
            transport._call_connection_lost(None)
    connector._conns.clear()
    connector._acquired.clear()
    with suppress(Exception):
        connector._close()


@lru_cache(maxsize=8)
def _context(file: str | None, folder: str | None) -> ssl.SSLContext:
    """Load the certificates that the environment names; the arguments are the key of the cache."""
    for kind, name in (("file", file), ("folder", folder)):
        if name and not Path(name).exists():
            raise UserError(f"the {kind} of trusted certificates does not exist: {name}")
    return ssl.create_default_context()


def tls_context() -> ssl.SSLContext | bool:
    """Return the TLS settings in force: ``SSL_CERT_FILE`` and ``SSL_CERT_DIR``, else the system's.

    Raises `UserError` when they name what does not exist: every connection would fail, unexplained.
    """
    file, folder = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    return _context(file, folder) if file or folder else True


# A full bundle takes 50 ms: loaded with this module, because in a running loop it would be a stall.
with suppress(UserError):
    tls_context()


def proxy_for(url: str | URL) -> str | None:
    """Return the proxy of the environment for a URL (``HTTPS_PROXY``, ``NO_PROXY``), or None.

    Never one for this machine's own addresses. Model endpoints go through it, scraping does not.
    """
    parsed = URL(url) if isinstance(url, str) else url
    host = parsed.host or ""
    if host in {"localhost", "::1"} or host.startswith("127.") or proxy_bypass(host):
        return None
    proxy = getproxies().get(parsed.scheme)
    return proxy if not proxy or "://" in proxy else f"http://{proxy}"


def _patient_socket(info: AddressInfo) -> socket.socket:
    """Make a socket that notices a dead peer: a model may be silent for minutes."""
    return _patient(any_socket(info))


def _patient_private_socket(info: AddressInfo) -> socket.socket:
    return _patient(private_socket(info))


def _patient(made: socket.socket) -> socket.socket:
    made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 30), ("TCP_KEEPCNT", 4)):
        if hasattr(socket, option):
            made.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
    return made


def model_connector(*, private: bool = False) -> aiohttp.TCPConnector:
    """Return a connector for model endpoints: unlimited (limits live with the endpoint), kept warm.

    With ``private`` only loopback and private addresses are dialled: a name that suddenly means a
    public address is refused before a byte is sent (`ai_catalyst.io.address.was_refused`).
    """
    factory: SocketFactory = _patient_private_socket if private else _patient_socket
    return aiohttp.TCPConnector(
        limit=0,
        keepalive_timeout=30,
        ttl_dns_cache=60,
        resolver=Resolver(),
        ssl=tls_context(),
        socket_factory=factory,
    )


def model_session(*, private: bool = False) -> aiohttp.ClientSession:
    """Return a session for model endpoints, without time-outs of its own; call inside a loop.

    It does not look at the environment by itself: pass ``proxy=proxy_for(url)`` with a request,
    unless it is private. (aiohttp's ``trust_env`` costs two thread hops a request, and fails when
    ``~/.netrc`` knows a host that gets an Authorization header.)
    """
    return aiohttp.ClientSession(
        connector=model_connector(private=private),
        timeout=aiohttp.ClientTimeout(total=None),
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
    )


def model_sessions(*, private: bool = False) -> LoopSessions:
    """Return a holder of model sessions, one per event loop; its owner closes it."""
    return LoopSessions(lambda: model_session(private=private))


def warn_unclosed(thing: object) -> None:
    """Warn that an owner of connections was dropped without ``close()``."""
    warnings.warn(f"unclosed {type(thing).__name__}", ResourceWarning, source=thing, stacklevel=2)
