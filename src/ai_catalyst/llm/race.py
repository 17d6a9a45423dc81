"""Failover: which endpoint is asked when, and whose answer counts.

In the ordinary case a call costs one timer and no task: the first endpoint is asked in the caller's
own task, and only when that is slow or fails does the timer start others beside it. The caller is
then interrupted the way `asyncio.timeout` does it: cancelled, and un-cancelled.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from ai_catalyst.errors import AllEndpointsFailed, EndpointError, PrivacyError
from ai_catalyst.llm.endings import Endings
from ai_catalyst.llm.leg import Leg
from ai_catalyst.llm.route import by_fitness
from ai_catalyst.llm.timing import SILENCE, asks_whole, deadline, hedge_at, silent_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ai_catalyst.llm.call import Call
    from ai_catalyst.llm.completion import Attempt
    from ai_catalyst.llm.gate import Sealed
    from ai_catalyst.llm.lane import Lane
    from ai_catalyst.llm.leg import Result
    from ai_catalyst.llm.route import Route
    from ai_catalyst.llm.schema import Schema
    from ai_catalyst.llm.shared import Shared
    from ai_catalyst.llm.sharing import Flights
    from ai_catalyst.llm.timing import Limits
    from ai_catalyst.privacy.vault import Vault

__all__ = ["Race"]

NOBODY = (
    "no model endpoint is known: start a local server (Ollama, LM Studio, llama.cpp, vLLM), or set"
    " CATALYST_LOCAL_URL, CATALYST_NETWORK_URL or a provider's key such as OPENAI_API_KEY"
)


class Race:
    """One call's way over its endpoints; ``legs`` are its tries, in the order they began."""

    __slots__ = (
        "_cancelling",
        "_crash",
        "_ends",
        "_expired",
        "_forced",
        "_hedged",
        "_inline",
        "_late",
        "_news",
        "_over",
        "_queue",
        "_round",
        "_sealed",
        "_sealing",
        "_stream",
        "_task",
        "_tasks",
        "_timer",
        "_verdict",
        "_won",
        "call",
        "flights",
        "legs",
        "limits",
        "routes",
        "schema",
        "shared",
        "started",
        "vault",
    )

    def __init__(
        self,
        routes: Sequence[Route],
        call: Call,
        limits: Limits,
        shared: Shared,
        flights: Flights,
        schema: Schema | None = None,
        vault: Vault | None = None,
    ) -> None:
        """Line up the endpoints; nothing is asked yet."""
        self.routes = routes
        self.call = call
        self.limits = limits
        self.shared = shared
        self.flights = flights
        self.schema = schema
        self.vault = vault
        self.started = time.monotonic()
        self.legs: list[Leg] = []
        self._queue, self._forced = by_fitness(routes)
        self._ends = Endings()
        self._late: set[Leg] = set()
        self._crash: BaseException | None = None
        self._expired = self._over = False
        self._round = 0
        self._hedged = len(routes) < 2 or limits.bulk or limits.failover != "hedged"
        self._inline: Leg | None = None
        self._news: asyncio.Future[None] | None = None
        self._sealed: Sealed | None = None
        self._sealing: asyncio.Lock | None = None
        self._stream = False
        self._task: asyncio.Task[Any] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._verdict = False
        self._won: tuple[Leg, Result | None] | None = None

    def end(self) -> None:
        """Let go of the legs, so that nothing is left for the garbage collector to untangle."""
        for leg in self.legs:
            leg.let_go()
        self.legs.clear()
        self._ends = Endings()
        self._won = self._task = self._timer = None

    @property
    def attempts(self) -> list[Attempt]:
        """What became of each leg so far, in the order they began."""
        return self._ends.attempts(self.legs)

    # What legs ask.

    async def sealed(self) -> Sealed:
        """Return the call as endpoints that are not private may see it; made once."""
        if self._sealing is None:
            self._sealing = asyncio.Lock()
        async with self._sealing:
            if self._sealed is None:
                self._sealed = await self.shared.gate.seal(self.call, self.vault)
        return self._sealed

    def asks_whole(self, lane: Lane) -> bool:
        """Say whether the answer is asked for in one piece."""
        return asks_whole(self.limits, self.call, lane)

    def patience(self) -> float:
        """Return how many seconds a leg may wait for a permit: few when another can take over."""
        if self._queue:
            return SILENCE * self.limits.first_s
        if self.limits.bulk:
            return float("inf")
        return self.started + self.limits.total_s - time.monotonic()

    def must_try(self, leg: Leg) -> bool:
        """Say whether an endpoint is asked although its breaker is open: there is no better one."""
        return self._forced is leg.route

    def timed_out(self, leg: Leg) -> bool:
        """Say whether a leg was ended because nothing came."""
        return leg in self._late

    def first_sign(self, leg: Leg) -> None:
        """Hear that an endpoint has begun to answer: the others are let go."""
        if self.limits.failover != "hedged" or not self._tasks:
            return
        for other in self._live():
            if other is not leg:
                self._queue.append(other.route)
                self._stop(other)

    # Who runs.

    async def run(self, *, stream: bool = False) -> tuple[Leg, Result | None]:
        """Return the leg that won and its result; of a ``stream``, the leg that has begun.

        Raises `AllEndpointsFailed`, `BudgetExceeded` or `PrivacyError`.
        """
        if not self._queue:
            raise AllEndpointsFailed(NOBODY)
        self._stream = stream
        task = self._task = asyncio.current_task()
        self._cancelling = task.cancelling() if task is not None else 0
        self._over = False
        try:
            first = self._queue.popleft()
            (first.lane.retries if self._hedged else first.lane.hedges).earn()
            await self._go(first)
            while self._won is None:
                if self._crash is not None:
                    raise self._crash
                if self._tasks:
                    await self._hear()
                elif self._queue and not self._expired:
                    await self._go(self._queue.popleft())
                else:
                    await self._think_again()
            return self._won
        finally:
            self._over = True
            if self._timer is not None:
                self._timer.cancel()
            if self._tasks:
                await self._let_go()

    async def _go(self, route: Route) -> None:
        """Run a leg in the caller's own task, until it ends or is interrupted."""
        leg = self._inline = Leg(self, route)
        self.legs.append(leg)
        if self.limits.failover == "concurrent":
            while self._queue:
                self._launch(self._queue.popleft())
        self._arm()
        try:
            result = await (leg.open() if self._stream else leg.run())
        except asyncio.CancelledError:
            self._inline = None
            self._note(leg)
            if not self._interrupted():
                raise
        except (EndpointError, PrivacyError) as error:
            self._inline = None
            self._interrupted()
            self._note(leg, error)
        else:
            self._inline = None
            self._interrupted()
            self._win(leg, result)

    def _launch(self, route: Route) -> None:
        """Run a leg in a task of its own; `run` sees it off."""
        leg = Leg(self, route)
        self.legs.append(leg)
        leg.task = asyncio.get_running_loop().create_task(self._beside(leg))
        self._tasks.add(leg.task)
        # Not in the task itself: one that is cancelled before its first step runs nothing.
        leg.task.add_done_callback(lambda task: self._landed(leg, task))

    async def _beside(self, leg: Leg) -> None:
        try:
            result = await (leg.open() if self._stream else leg.run())
        except (EndpointError, PrivacyError) as error:
            self._note(leg, error)
            self._take_over()
        except asyncio.CancelledError:
            self._note(leg)
            raise
        else:
            self._win(leg, result)

    def _landed(self, leg: Leg, task: asyncio.Task[None]) -> None:
        """Hear that a leg beside has ended, one way or another."""
        self._tasks.discard(task)
        if leg not in self._ends:
            self._note(leg)
        if not task.cancelled() and self._crash is None:
            self._crash = task.exception()
        if self._news is not None:
            if not self._news.done():
                self._news.set_result(None)
        elif self._inline is not None and (self._won is not None or self._crash is not None):
            self._stop(self._inline)

    def _take_over(self) -> None:
        """Start the next endpoint when one has failed beside another that is silent."""
        live = self._live()
        silent = live and not any(leg.begun for leg in live)
        if silent and self._queue and not self._over and self.limits.failover == "hedged":
            self._launch(self._queue.popleft())

    def _win(self, leg: Leg, result: Result | None) -> None:
        if self._won is not None:
            if self._stream:
                leg.finish(asyncio.CancelledError())
            self._note(leg)
            return
        self._won = leg, result
        self._ends.won(leg)

    async def _hear(self) -> None:
        self._news = asyncio.get_running_loop().create_future()
        self._arm()
        try:
            await self._news
        finally:
            self._news = None

    def _stop(self, leg: Leg) -> None:
        """End a leg: cancel its task, or interrupt the caller's."""
        if leg.task is not None:
            leg.task.cancel()
        elif leg is self._inline and not self._verdict and self._task is not None:
            self._verdict = True
            self._task.cancel()

    def _interrupted(self) -> bool:
        """Take our own cancellation back; say whether it was ours and nobody else's."""
        if not self._verdict or self._task is None:
            return False
        self._verdict = False
        return self._task.uncancel() <= self._cancelling

    async def _let_go(self) -> None:
        """Cancel the losers and see them off."""
        for task in self._tasks:
            task.cancel()
        await asyncio.wait(self._tasks.copy())

    # When.

    def _live(self) -> list[Leg]:
        return [leg for leg in self.legs if leg not in self._ends and leg not in self._late]

    def _arm(self) -> None:
        """Set the one timer to the next moment at which something may have to be done."""
        if self._timer is not None:
            self._timer.cancel()
        now = time.monotonic()
        moment = self._deadline(now)
        if self.limits.failover == "hedged" and self._queue:
            for leg in self._live()[-1:]:
                moment = min(moment, silent_at(self.limits, leg), self._hedge_at(leg, now))
        wait = min(max(moment - now, 0.0), self.limits.first_s)
        self._timer = asyncio.get_running_loop().call_later(wait + 0.0005, self._look)

    def _look(self) -> None:
        """Do what is due: end what is too late, pass on what is silent, hedge what is slow."""
        self._timer = None
        now = time.monotonic()
        if self._over or self._won is not None:
            return
        if now >= self._deadline(now):
            self._expire()
            return
        if self.limits.failover == "hedged" and self._queue:
            for leg in self._live()[-1:]:
                if now >= silent_at(self.limits, leg):
                    self._launch(self._queue.popleft())
                elif now >= self._hedge_at(leg, now):
                    self._hedge(leg)
        self._arm()

    def _deadline(self, now: float) -> float:
        """Return the moment at which the legs under way are too late."""
        live = self._live()
        in_turn = self.limits.failover == "sequential"
        return deadline(self.limits, live if in_turn else self.legs[self._round :], live, now)

    def _hedge_at(self, leg: Leg, now: float) -> float:
        return float("inf") if self._hedged else hedge_at(leg, now)

    def _hedge(self, leg: Leg) -> None:
        """Ask the next endpoint too: once a call, within the budget, and never with raw text."""
        self._hedged = True
        target = self._queue[0]
        raw = self.shared.gate.off and not target.trusted
        if target.lane.clear and not raw and leg.route.lane.hedges.spend():
            self._launch(self._queue.popleft())

    def _expire(self) -> None:
        """End every leg under way; in a row, the next endpoint has its own time."""
        self._expired = self.limits.failover != "sequential"
        for leg in self._live():
            self._late.add(leg)
            self._stop(leg)

    # How it ends.

    def _note(self, leg: Leg, error: Exception | None = None) -> None:
        """Write down how a leg ended: with an error, too late, or let go."""
        self._ends.lost(leg, error, late=leg in self._late)

    def note_broken(self, leg: Leg, error: Exception) -> None:
        """Write down that the stream of the leg that won broke later."""
        self._note(leg, error)

    async def _think_again(self) -> None:
        """Wait for the endpoint that is worth another try, or raise what all of them met."""
        if self._timer is not None:
            self._timer.cancel()
        best = None if self._expired else min(self._second_chances(), default=None)
        if best is None or best[0] > self.patience():
            raise self._ends.failure(self.legs) from self._ends.last_error
        wait, _, route = best
        await asyncio.sleep(wait)
        self._queue.append(route)
        self._round = len(self.legs)
        self._expired = False

    def _second_chances(self) -> list[tuple[float, int, Route]]:
        chances = self._ends.second_chances(
            self.legs, self.shared.retry, self.shared.patient, alone=len(self.routes) == 1
        )
        return [(wait, place, route) for place, (wait, route) in enumerate(chances)]
