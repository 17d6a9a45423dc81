"""What stands around every request: an id, a log line, metrics, limits and headers.

One ASGI layer, because each layer costs. Paths are logged as routes or without their query: what a
patient said is in neither.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import time
from ipaddress import ip_address
from random import getrandbits
from typing import TYPE_CHECKING, Any

from ai_catalyst.assistant.metrics import observe
from ai_catalyst.assistant.problems import Problem
from ai_catalyst.assistant.tokens import unauthorised

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from ipaddress import IPv4Network, IPv6Network

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["Around", "JsonLines", "client_of", "set_up_logs"]

log = logging.getLogger("ai_catalyst.assistant.access")

_CSP = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    b"connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; "
    b"frame-ancestors 'none'"
)
_HEADERS = [
    (b"content-security-policy", _CSP),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
]
_UPLOADS = frozenset({"/api/v1/documents", "/documents"})
_NO_STORE = (b"cache-control", b"no-store")


SILENCE_S = 30.0
"""A client that sends nothing of its body for so long is not waited for."""
LEAST_RATE = 500.0
"""Bytes a second that a body comes with on the average, or the waiting ends as well."""


class Around:
    """Wraps the application."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        body_bytes: int,
        upload_bytes: int,
        admits: Callable[[Scope], bool],
        trusted: Sequence[IPv4Network | IPv6Network] = (),
        silence_s: float = SILENCE_S,
    ) -> None:
        """Remember the limits; routes that take uploads have their own, for whom it admits."""
        self._app = app
        self._body_bytes = body_bytes
        self._upload_bytes = upload_bytes
        self._admits = admits
        self._trusted = tuple(trusted)
        self._silence_s = silence_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        request_id = f"{getrandbits(64):016x}"  # no secret: the system's own would cost a GIL
        scope["request_id"] = request_id
        if self._trusted:
            _believe(scope, self._trusted)
        sent = 0
        bounded: Receive | None = None

        async def take() -> Message:
            nonlocal bounded
            bounded = bounded or self._bounded(scope, receive)  # most requests have no body
            return await bounded()

        async def answer(message: Message) -> None:
            nonlocal sent
            if message["type"] == "http.response.start":
                sent = message["status"]
                headers = message.setdefault("headers", [])
                if b"cache-control" not in dict(headers):
                    headers.append(_NO_STORE)
                headers.append((b"x-request-id", request_id.encode()))
                headers += _HEADERS
            await send(message)

        try:
            await self._app(scope, take, answer)
        except BaseException:
            sent = sent or 500
            raise
        finally:
            _tell(scope, sent, time.perf_counter() - started)

    def _bounded(self, scope: Scope, receive: Receive) -> Receive:
        """Return what receives a body of bounded size, from a client that keeps sending.

        It raises `Problem`, which whoever reads the body passes on to become the answer.
        """
        limit, uploads = self._body_bytes, scope["path"] in _UPLOADS
        if uploads and self._admits(scope):
            limit, uploads = self._upload_bytes, False
        too_long = Problem(413, f"a request may hold {limit // 1024} KiB at most")
        if uploads:
            too_long = unauthorised("sign in before you send a file")
        got, ended, patience = _announced(scope), False, self._silence_s
        if got <= limit:
            got = 0

        async def bounded() -> Message:
            nonlocal got, ended, patience
            if ended:  # what comes now is that the client has left: it may take its time
                return await receive()
            if got > limit:
                raise too_long
            began = time.monotonic()
            message = await _in_time(receive, patience)
            ended = not message.get("more_body", False)
            size = len(message.get("body", b""))
            got += size
            waited = time.monotonic() - began
            patience = min(self._silence_s, patience - waited + size / LEAST_RATE)
            if got > limit:
                raise too_long
            return message

        return bounded


def _announced(scope: Scope) -> int:
    """Return how long a body says it is, 0 when it does not."""
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0


async def _in_time(receive: Receive, seconds: float) -> Message:
    try:
        async with asyncio.timeout(seconds):
            return await receive()
    except TimeoutError:
        raise Problem(408, "it came too slowly, or not at all: send it again") from None


def _believe(scope: Scope, trusted: Sequence[IPv4Network | IPv6Network]) -> None:
    """Take the client's address from a proxy, when the one who says so is one of ours.

    The last address that is not a proxy of ours counts: those before it anybody can write.
    """
    if not scope.get("client") or not _is_trusted(scope["client"][0], trusted):
        return
    headers = dict(scope["headers"])
    hops = [
        part.strip() for part in headers.get(b"x-forwarded-for", b"").decode("latin-1").split(",")
    ]
    for hop in reversed(hops):
        if not _is_address(hop):
            return
        scope["client"] = (hop, 0)
        if not _is_trusted(hop, trusted):
            break
    if headers.get(b"x-forwarded-proto") == b"https":
        scope["scheme"] = "https"


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _is_trusted(address: str, trusted: Sequence[IPv4Network | IPv6Network]) -> bool:
    return _is_address(address) and any(ip_address(address) in network for network in trusted)


def client_of(scope: Scope) -> str:
    """Return the address of whoever asks, or ``unknown``."""
    client = scope.get("client")
    return str(client[0]) if client else "unknown"


def _tell(scope: Scope, status: int, seconds: float) -> None:
    route = getattr(scope.get("route"), "path", None) or _place(scope["path"])
    observe(scope["method"], route, status, seconds)
    if log.isEnabledFor(logging.INFO):
        log.info(
            "request",
            extra={
                "request_id": scope["request_id"],
                "method": scope["method"],
                "path": route,
                "status": status,
                "duration_s": round(seconds, 6),
            },
        )


def _place(path: str) -> str:
    """Return what an address without a route is counted as: never what anybody wrote there."""
    return "/static" if path.startswith("/static/") else "(no route)"


_KEPT = ("request_id", "method", "path", "status", "duration_s", "job", "user")


class JsonLines(logging.Formatter):
    """One JSON object a line; a traceback says where, never with which values."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: dict[str, Any] = {
            "at": self.formatTime(record, "%Y-%m-%dT%H:%M:%S"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        for name in _KEPT:
            if (value := getattr(record, name, None)) is not None:
                line[name] = value
        if record.exc_info and record.exc_info[0] is not None:
            line["error"] = record.exc_info[0].__name__
            line["where"] = _places(record.exc_info[2])
        return json.dumps(line, ensure_ascii=False)


def _places(trace: Any) -> list[str]:
    places = []
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{code.co_filename.rpartition('/')[2]}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return places[-12:]


def set_up_logs(level: str) -> None:
    """Send every log to standard error, a JSON object a line."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = name != "uvicorn.access"
    for name in ("httpx", "asyncio", "python_multipart", "aiosqlite", "sqlalchemy", "pypdf"):
        logging.getLogger(name).setLevel(logging.WARNING)
