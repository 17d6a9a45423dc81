"""Rates, breakers and the budget of a cluster: the factory the LLM layer is given."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Self

from ai_catalyst.cluster.breaker import SharedBreaker
from ai_catalyst.cluster.budget import SharedBudget
from ai_catalyst.cluster.courier import Courier, Errand
from ai_catalyst.cluster.rate import SharedRate
from ai_catalyst.errors import StoreError
from ai_catalyst.io.sessions import warn_unclosed
from ai_catalyst.llm.budget import Budget

if TYPE_CHECKING:
    from ai_catalyst.cluster.courier import Keeper, Reply
    from ai_catalyst.llm.lane import Lane

__all__ = ["SharedLimits", "limits_of"]

log = logging.getLogger(__name__)

HERE_S = 0.5
"""How often a process says that it calls an endpoint, where a person limits calls in flight."""
FORGOTTEN_S = 5.0


class SharedLimits:
    """Gives `LLMProvider(quotas=…)` rates, breakers and a budget that a whole cluster shares.

    ``keeper`` is who keeps the tallies, ``run`` whose money it is, ``owner`` who is asking: a name
    such as ``node-1/actor-0`` that `bury` knows. ``spent`` returns what the store knows was paid in
    this run. While the keeper is away calls wait for ``patience_s``, then fail with a `StoreError`
    that names it; never is anything sent without a permit. A keeper sees digests and numbers: no
    address, no key, no text.
    """

    def __init__(
        self,
        keeper: Keeper,
        run: str,
        *,
        owner: str,
        spent: Callable[[], Awaitable[float]] | None = None,
        lease_s: float = 15.0,
        patience_s: float = 30.0,
    ) -> None:
        """Share limits; nobody is asked yet."""
        self.lanes: dict[str, Lane] = {}
        self._run = run
        self._owner = owner
        self._spent = spent
        self._lease_s = lease_s
        self._patience_s = patience_s
        self._breakers: dict[str, SharedBreaker] = {}
        self._budgets: list[SharedBudget] = []
        self._crowds: list[str] = []
        self._courier: Courier = Courier(keeper)
        self._closed = False

    @property
    def where(self) -> str:
        """Who keeps the tallies, and where."""
        return self._courier.where

    @property
    def trips(self) -> int:
        """How many round trips to the keeper were made."""
        return self._courier.trips

    def rate(self, lane: str, what: str, rate: float, burst: float) -> SharedRate:
        """Return a shared rate."""
        key = f"{lane}:{what}"
        return SharedRate(self._courier, key, rate, burst, patience_s=self._patience_s)

    def breaker(self, lane: str, name: str) -> SharedBreaker:
        """Return the shared breaker of a lane."""
        made = self._breakers[lane] = SharedBreaker(self._courier, lane, self._owner, name=name)
        return made

    def hold(self, lane: str, hear: Callable[[float], None]) -> Callable[[float], None]:
        """Connect a lane with what others were told, by way of its breaker."""
        breaker = self._breakers[lane]
        breaker.hear = hear
        return breaker.tell_hold

    def crowd(self, lane: str, hear: Callable[[int], None]) -> None:
        """Be one of those who call a lane, and say how many there are."""

        def heard(reply: Reply) -> None:
            if reply.error is None:
                hear(reply.numbers[0])

        def here() -> None:
            self._courier.post(self._here(lane, "here", heard))

        self._crowds.append(lane)
        here()
        self._courier.every(HERE_S, here)

    def _here(self, lane: str, op: str, heard: Callable[[Reply], None]) -> Errand:
        until = self._courier.clock() + HERE_S
        arguments = (op, self._owner, FORGOTTEN_S * 1e6)
        return Errand("crowd", lane, arguments, heard, until)

    def budget(self, limit_usd: float | None) -> Budget:
        """Return the run's shared budget; without a limit there is nothing to share."""
        if limit_usd is None:
            return Budget(None)
        made = SharedBudget(
            self._courier,
            self._run,
            self._owner,
            limit_usd,
            spent=self._spent,
            lease_s=self._lease_s,
            patience_s=self._patience_s,
        )
        self._budgets.append(made)
        return made

    async def check(self, patience_s: float = 5.0) -> None:
        """Raise `StoreError`, with the place and the remedy, unless the keeper answers in time."""
        await self._courier.ask("breaker", "check", ("look", self._owner, 1e6), patience_s)

    async def bury(self, owner: str) -> int:
        """Take back what a dead owner held of the budget, at once; return how many it was."""
        found, *_ = await self._courier.ask("budget", self._run, ("bury", owner), self._patience_s)
        return found

    async def close(self) -> None:
        """Give back what is not needed, and end."""
        if self._closed:
            return
        self._closed = True
        for lane in self._crowds:
            self._courier.post(self._here(lane, "gone", lambda reply: None))
        try:
            for budget in self._budgets:
                await budget.give_back()
        except StoreError as error:
            log.warning("what was not spent comes back later: %s", error)
        finally:
            await asyncio.to_thread(self._courier.close)

    async def __aenter__(self) -> Self:
        """Return self."""
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Close."""
        await self.close()

    def __del__(self) -> None:
        """Warn when it was used and not closed."""
        if not getattr(self, "_closed", True) and self._courier.started:
            warn_unclosed(self)


def limits_of(
    redis_url: str | None,
    run: str,
    *,
    owner: str,
    namespace: str = "catalyst",
    spent: Callable[[], Awaitable[float]] | None = None,
) -> SharedLimits:
    """Return limits kept in Redis, or without one by an actor of Ray, with a warning.

    Raises `UserError` when the URL makes no sense or the package that is needed is not installed.
    """
    keeper: Keeper
    if redis_url:
        from ai_catalyst.cluster.redis_keeper import RedisKeeper

        keeper = RedisKeeper(redis_url, namespace)
    else:
        from ai_catalyst.cluster.permits import ActorKeeper

        log.warning(
            "no Redis is named (cache.redis_url): one actor of Ray gives out the permits, at about"
            " ten times the price, and forgets them when its node dies"
        )
        keeper = ActorKeeper(namespace)
    return SharedLimits(keeper, run, owner=owner, spent=spent)
