"""How endpoints are, asked and as remembered."""

from __future__ import annotations

import time
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from ai_catalyst.llm.discovery import models_at

if TYPE_CHECKING:
    from ai_catalyst.llm.route import Route

__all__ = ["EndpointHealth", "examine"]


@dataclass(frozen=True, slots=True)
class EndpointHealth:
    """One endpoint now.

    ``reachable`` and ``latency_s`` are of a look at its list of ``models`` just made, ``private``
    whether raw text may go there. The rest is what this process knows: the ``breaker``
    (``closed``, ``open``, ``half_open``), calls ``in_flight`` and the present ``limit`` of them,
    ``first_token_p95_s`` (None until twenty answers were seen), ``left_alone_s`` while it asked
    for peace, and ``remaining``: what is left of each limit, as last told by the endpoint, else
    what may be used at once.
    """

    name: str
    tier: str
    url: str
    model: str | None
    private: bool
    reachable: bool
    models: list[str]
    latency_s: float | None
    breaker: str
    in_flight: int
    limit: int
    first_token_p95_s: float | None
    left_alone_s: float
    remaining: dict[str, float]

    def __getitem__(self, name: str) -> Any:
        """Read a field by its name."""
        if name not in {field.name for field in fields(self)}:
            raise KeyError(name)
        return getattr(self, name)


async def examine(route: Route, timeout_s: float = 5.0) -> EndpointHealth:
    """Ask one endpoint for its models and put together what is known of it."""
    private = await route.settle()
    began = time.monotonic()
    session, url = route.session(), route.endpoint.url
    models = await models_at(
        session, url, headers=route.headers, proxy=route.proxy, timeout_s=timeout_s
    )
    latency = time.monotonic() - began if models is not None else None
    lane, endpoint = route.lane, route.endpoint
    return EndpointHealth(
        endpoint.name,
        endpoint.tier,
        endpoint.url,
        endpoint.model,
        private,
        models is not None,
        models or [],
        latency,
        lane.breaker.state,
        lane.in_flight.in_flight,
        lane.in_flight.limit,
        lane.first.value,
        lane.blocked_s(),
        {what: lane.left.get(what, rate.burst) for what, rate in lane.rates.items()},
    )
