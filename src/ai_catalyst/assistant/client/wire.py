"""One service, asked over HTTP: who is signed in, errors as ours, streams as events."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterable, AsyncIterator, Mapping
from contextlib import ExitStack
from types import TracebackType
from typing import Any, NamedTuple

from ai_catalyst.errors import CatalystError, EndpointError

__all__ = ["AssistantError", "Event", "Wire"]

TIMEOUT_S = 120.0


class AssistantError(EndpointError):
    """Raised when the service refuses: ``status`` is HTTP's, ``problem`` its problem document."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        """Say what the service said."""
        super().__init__(
            f"the assistant refused ({status}): {problem.get('detail') or 'no reason'}"
        )
        self.status = status
        self.problem = dict(problem)


class Event(NamedTuple):
    """One event of a stream."""

    name: str
    data: Any
    id: str = ""


class Wire:
    """The connections to one service, and the tokens of whoever is signed in."""

    def __init__(self, url: str, token: str | None) -> None:
        """Remember where; nothing is opened yet."""
        self._url = url.rstrip("/")
        self.token = token
        self.refresh: str | None = None
        self._renewing = asyncio.Lock()
        self._sessions: Any = None

    def take(self, pair: Mapping[str, Any]) -> None:
        """Use the tokens that signing in gave."""
        self.token, self.refresh = pair["access_token"], pair["refresh_token"]

    async def call(self, method: str, path: str, **request: Any) -> Any:
        """Return the JSON of an answer, None when it has none."""
        body = await self.raw(method, path, **request)
        return json.loads(body) if body else None

    async def raw(self, method: str, path: str, **request: Any) -> bytes:
        """Return an answer as it comes; a token that has expired is renewed once."""
        async with _Mapped():
            status, body = await self._once(method, path, request)
            if status == 401 and await self._renew(self.token):
                status, body = await self._once(method, path, request)
        if status >= 400:
            raise AssistantError(status, _problem(body))
        return body

    async def events(self, method: str, path: str, **request: Any) -> AsyncIterator[Event]:
        """Yield the events of a stream; a token that has expired is renewed before it begins."""
        async with _Mapped():
            for last in (False, True):
                async with self._request(method, path, request) as response:
                    if response.status < 400:
                        async for event in _events(response.content):
                            yield event
                        return
                    status, body = response.status, await response.read()
                if last or status != 401 or not await self._renew(self.token):
                    raise AssistantError(status, _problem(body))

    async def _once(self, method: str, path: str, request: Mapping[str, Any]) -> tuple[int, bytes]:
        with ExitStack() as opened:
            more = dict(request)
            if (form := more.pop("form", None)) is not None:  # sent once: each try has its own
                more["data"] = await asyncio.to_thread(form, opened)
            async with self._request(method, path, more) as response:
                return response.status, await response.read()

    async def _renew(self, shown: str | None) -> bool:
        """Change the tokens once, however many calls find the short one expired."""
        async with self._renewing:
            if self.token != shown:
                return True
            if self.refresh is None:
                return False
            status, body = await self._once(
                "POST", "/api/auth/refresh", {"json": {"refresh_token": self.refresh}}
            )
            if status != 200:
                self.refresh = None
                return False
            self.take(json.loads(body))
            return True

    def _request(self, method: str, path: str, request: Mapping[str, Any]) -> Any:
        import aiohttp

        if self._sessions is None:
            from ai_catalyst.io.sessions import LoopSessions

            self._sessions = LoopSessions(
                lambda: aiohttp.ClientSession(
                    timeout=aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=TIMEOUT_S),
                    read_bufsize=1 << 20,
                )
            )
        more = dict(request)
        shown = dict(more.pop("headers", {}))
        if self.token is not None:
            shown["Authorization"] = f"Bearer {self.token}"
        return self._sessions.current().request(
            method, self._url + path, headers=shown, allow_redirects=False, **more
        )

    async def close(self) -> None:
        """Close every pooled connection."""
        if self._sessions is not None:
            await self._sessions.close()


class _Mapped:
    """Turns faults of the connection into `EndpointError`."""

    async def __aenter__(self) -> None:
        """Watch."""

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Map."""
        import aiohttp

        if isinstance(error, CatalystError):
            return
        if isinstance(error, aiohttp.ClientError | TimeoutError):
            raise EndpointError(
                "the assistant cannot be reached, or was lost: check its address, and that it runs"
            ) from error


def _problem(body: bytes) -> Mapping[str, Any]:
    try:
        problem = json.loads(body)
    except ValueError:
        return {}
    return problem if isinstance(problem, dict) else {}


async def _events(lines: AsyncIterable[bytes]) -> AsyncIterator[Event]:
    fields: dict[str, str] = {}
    async for raw in lines:
        line = raw.decode().rstrip("\r\n")
        if line and not line.startswith(":"):
            name, _, value = line.partition(":")
            fields[name] = value.removeprefix(" ")
        elif not line and "data" in fields:
            data = json.loads(fields["data"])
            yield Event(fields.get("event", "message"), data, fields.get("id", ""))
            fields = {}
