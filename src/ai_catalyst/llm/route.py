"""The way to one endpoint: everything about its requests that does not change from call to call."""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING

from multidict import CIMultiDict
from yarl import URL

from ai_catalyst.io.address import is_private, literal_address, resolves_to_private
from ai_catalyst.io.sessions import model_sessions, proxy_for
from ai_catalyst.llm.discovery import chat_model, models_at
from ai_catalyst.llm.lane import lane_for
from ai_catalyst.llm.wires import wire_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    import aiohttp

    from ai_catalyst.errors import RequestRefused
    from ai_catalyst.io.sessions import LoopSessions
    from ai_catalyst.llm.endpoints import Endpoint
    from ai_catalyst.llm.quotas import Quotas

__all__ = ["Route", "Sessions", "by_fitness", "near"]

log = logging.getLogger(__name__)


class Sessions:
    """The two kinds of connections of one provider: those that may leave, and those that cannot."""

    def __init__(self) -> None:
        """Open nothing yet."""
        self._open: LoopSessions | None = None
        self._private: LoopSessions | None = None

    def get(self, *, private: bool) -> LoopSessions:
        """Return the holder of one session a loop; a private one dials private addresses only."""
        if private:
            if self._private is None:
                self._private = model_sessions(private=True)
            return self._private
        if self._open is None:
            self._open = model_sessions(private=False)
        return self._open

    @property
    def any_open(self) -> bool:
        """Whether a connection pool is still open somewhere."""
        return any(len(held) for held in (self._open, self._private) if held is not None)

    def forget(self) -> None:
        """Leave the sessions to the process that opened them: this one is its fork."""
        self._open = self._private = None

    async def close(self) -> None:
        """Close every pooled connection."""
        for held in (self._open, self._private):
            if held is not None:
                await held.close()


class Route:
    """One endpoint with its wire, its lane, its prepared headers and its connections.

    ``trusted`` says whether raw text may go there: True and False are settled, None is open until
    `settle` has looked the host up. ``leaves`` says whether requests leave this machine.
    """

    def __init__(
        self, endpoint: Endpoint, sessions: Sessions, quotas: Quotas | None = None
    ) -> None:
        """Prepare the way; nothing is dialled or looked up."""
        self.endpoint = endpoint
        self.name = endpoint.name
        self.wire = wire_for(endpoint.wire)
        self.chat = self.wire.chat
        self.lane = lane_for(endpoint, quotas)
        host = endpoint.host
        here = host in {"localhost", "::1"} or host.startswith("127.")
        # A tunnel or a proxy on this machine that is said not to be private leads elsewhere.
        self.leaves = not here or endpoint.private is False
        self.trusted = _known(endpoint)
        self.settled = self.trusted is not None and not endpoint.private
        self._sessions = sessions
        self._urls: dict[str, URL] = {}
        self._holder: LoopSessions | None = None
        self.proxy: str | None = None
        self.headers: CIMultiDict[str] | None = None

    async def settle(self) -> bool:
        """Find out whether the endpoint is private, by the addresses of its host."""
        if self.trusted is None:
            self.trusted = await resolves_to_private(self.endpoint.host)
        elif self.endpoint.private and not self.settled and not await _is_near(self.endpoint.host):
            log.warning(
                "endpoint %s is declared private, but its host is public: raw text goes there",
                self.name,
            )
        self.settled = True
        return self.trusted

    async def adopts_model(self, error: RequestRefused) -> bool:
        """Choose the first model that the server offers, when it was asked without one and refused.

        Say whether that changed anything. Servers with a default of their own never come here.
        """
        if self.endpoint.model is not None or error.status not in {400, 404, 422}:
            return False
        offered = await models_at(
            self.session(), self.endpoint.url, headers=self.headers, proxy=self.proxy
        )
        model = chat_model(offered or [])
        if model is None:
            return False
        self.endpoint = replace(self.endpoint, model=model)
        return True

    def unsettle(self) -> None:
        """Look the host up again next time: it has moved."""
        self.trusted = _known(self.endpoint)
        self.settled = False
        self._holder = None

    def session(self) -> aiohttp.ClientSession:
        """Return this loop's session: one that cannot leave, when raw text relies on that."""
        if self._holder is None:
            self._prepare()
        assert self._holder is not None
        return self._holder.current()

    def _prepare(self) -> None:
        host = self.endpoint.host
        confined = bool(self.trusted) and (self.endpoint.private is None or near(host))
        self.proxy = None if confined else proxy_for(self.endpoint.url)
        self.headers = CIMultiDict(
            {
                "Content-Type": "application/json",
                "Accept-Encoding": "identity",
                "User-Agent": "ai-catalyst",
                **self.wire.headers(self.endpoint.key),
            }
        )
        self._holder = self._sessions.get(private=confined)

    def url(self, path: str) -> URL:
        """Return the full URL of a path of the wire."""
        found = self._urls.get(path)
        if found is None:
            found = self._urls[path] = URL(self.endpoint.url + path)
        return found


def near(host: str) -> bool:
    """Say whether a host is private by its very spelling."""
    return host == "localhost" or is_private(host)


async def _is_near(host: str) -> bool:
    return near(host) or await resolves_to_private(host)


def _known(endpoint: Endpoint) -> bool | None:
    """Say whether an endpoint is private, as far as that is known without a look-up."""
    if endpoint.private is not None:
        return endpoint.private
    if near(endpoint.host):
        return True
    return None if literal_address(endpoint.host) is None else False


def by_fitness(routes: Sequence[Route]) -> tuple[deque[Route], Route | None]:
    """Return the endpoints, the unfit ones last, and the one to try anyway when all are unfit."""
    for route in routes:
        if not route.lane.clear:
            break
    else:
        return deque(routes), None
    fit = [route for route in routes if route.lane.clear]
    unfit = [route for route in routes if route not in fit]
    return deque(fit + unfit), None if fit else unfit[0]
