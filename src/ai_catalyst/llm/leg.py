"""One try at one endpoint: sealed, remembered or shared, admitted, asked, booked."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import msgspec

from ai_catalyst.errors import BreakerOpen, RateLimited, RequestRefused
from ai_catalyst.llm.booking import Booking, affordable_tokens, highest_cost
from ai_catalyst.llm.completion import ToolCall
from ai_catalyst.llm.exchange import Exchange
from ai_catalyst.llm.structure import fitting

if TYPE_CHECKING:
    from ai_catalyst.llm.call import Answer, Call
    from ai_catalyst.llm.gate import Sealed
    from ai_catalyst.llm.race import Race
    from ai_catalyst.llm.route import Route
    from ai_catalyst.privacy.vault import Vault

__all__ = ["Leg", "Result"]


CAP_BYTES = 40
"""What a cap on the answer adds to a request."""


class Result(msgspec.Struct):
    """What a leg brought home: the answer as it was written, its text restored, its data parsed."""

    answer: Answer
    text: str
    data: Any = None


class Leg:
    """One endpoint's try within a race.

    ``exchange`` is the request under way, ``cost_usd`` what was paid so far, ``cached`` whether the
    answer was remembered or another caller's, ``whole`` whether it is asked for in one piece.
    """

    __slots__ = (
        "_booking",
        "_sealed",
        "_weights",
        "cached",
        "cost_usd",
        "exchange",
        "race",
        "route",
        "started",
        "task",
        "whole",
    )

    def __init__(self, race: Race, route: Route) -> None:
        """Line up; nothing is sent yet."""
        self.race = race
        self.route = route
        self.started = time.monotonic()
        self.exchange: Exchange | None = None
        self.task: asyncio.Task[None] | None = None
        self.cost_usd = 0.0
        self.cached = False
        self.whole = False
        self._sealed: Sealed | None = None
        self._booking: Booking | None = None
        self._weights: dict[str, float] | None = None

    @property
    def sent_at(self) -> float | None:
        """When the request left; None before that."""
        exchange = self.exchange
        if exchange is None or exchange.sent_at is None:
            return None
        return max(self.started, exchange.sent_at)

    @property
    def heard_at(self) -> float | None:
        """When the model was heard last; None before it has begun to answer."""
        return None if self.exchange is None else self.exchange.last_at

    @property
    def begun(self) -> bool:
        """Whether the model has begun to answer."""
        return self.heard_at is not None

    @property
    def vault(self) -> Vault | None:
        """The vault that restores what this endpoint says, None when it saw the raw text."""
        return None if self._sealed is None else self._sealed.vault

    async def run(self) -> Result:
        """Return the endpoint's answer; raises `EndpointError` or `PrivacyError`."""
        try:
            return await self._answer()
        except RequestRefused as error:
            if self.race.call.model or not await self.route.adopts_model(error):
                raise
            return await self._answer()

    async def _answer(self) -> Result:
        call = await self._outgoing() if self._must_look() else self.race.call
        vault = self.vault
        if self.race.schema is not None:
            answer, text, data = await fitting(
                self.route, call, self.race.schema, vault, self._obtain
            )
            return Result(answer, text, data)
        answer = await self._obtain(call)
        text = answer.text if vault is None else vault.restore(answer.text)
        return Result(answer, text, _tool_calls(answer, vault) if answer.tools else None)

    async def open(self) -> None:
        """Begin a stream: return when the first piece is there; `finish` ends it."""
        try:
            await self._open()
        except RequestRefused as error:
            if self.race.call.model or not await self.route.adopts_model(error):
                raise
            await self._open()

    async def _open(self) -> None:
        call = await self._outgoing() if self._must_look() else self.race.call
        call = self._within_budget(call)
        body = self.route.wire.encode(call, self.route.endpoint, stream=True)
        self.exchange = exchange = Exchange(self.route, self._on_first)
        if self.race.shared.budget.elsewhere:
            await self._fetch(call, len(body))
        if not self._begins(call, len(body)):
            await self._begin(call, len(body))
        try:
            await exchange.open(body)
        except BaseException as error:
            self._fail(exchange, error)
            raise

    def finish(self, error: BaseException | None = None) -> None:
        """End a stream that was opened, well or with an error."""
        exchange = self.exchange
        assert exchange is not None
        answer = exchange.so_far
        if error is None and answer is not None:
            self._succeed(exchange, answer)
        else:
            exchange.close()
            self._fail(exchange, error or asyncio.CancelledError())

    def _must_look(self) -> bool:
        """Say whether it takes more than a glance to know what this endpoint may see."""
        route = self.route
        return not route.settled or not (route.trusted or self.race.shared.gate.off)

    def let_go(self) -> None:
        """Forget what was only needed on the way."""
        self.exchange = self._booking = self.task = None

    async def _outgoing(self) -> Call:
        """Return the call as this endpoint may see it."""
        if await self.route.settle() or self.race.shared.gate.off:
            return self.race.call
        self._sealed = await self.race.sealed()
        return self._sealed.call

    def _within_budget(self, call: Call) -> Call:
        """Cap an answer that has no cap, when what is set aside for it must be enough."""
        budget = self.race.shared.budget
        if budget.limit_usd is None or call.max_tokens is not None:
            return call
        size = len(self.route.wire.encode(call, self.route.endpoint, stream=True))
        most = affordable_tokens(self.route, call, size + CAP_BYTES, budget.left_usd)
        return call if most is None else msgspec.structs.replace(call, max_tokens=most)

    async def _obtain(self, call: Call) -> Answer:
        """Return an answer: remembered, another caller's, or the endpoint's own."""
        route, memo = self.route, self.race.shared.memo
        call = self._within_budget(call)
        self.whole = self.race.asks_whole(route.lane)
        body = route.wire.encode(call, route.endpoint, stream=not self.whole)
        if not memo.active:
            return await self._share(call, body)
        key = memo.key(
            route, body if self.whole else route.wire.encode(call, route.endpoint, stream=False)
        )
        answer = await memo.get(key)
        if answer is not None:
            self.cached = True
            return answer
        answer = await self._share(call, body)
        if not self.cached:
            await memo.put(key, answer)
        return answer

    async def _share(self, call: Call, body: bytes) -> Answer:
        """Ask the endpoint, or wait with another caller who is asking it the same."""
        flights, key = self.race.flights, (self.route.lane, body)
        exchange = self.exchange = Exchange(self.route, self._on_first)
        while (joined := flights.join(key, exchange)) is not None:
            self.exchange, waiter = joined
            answer = await waiter
            self.exchange = exchange
            if answer is not None:
                self.cached = True
                return answer
        self.cached = False
        try:
            if self.race.shared.budget.elsewhere:
                await self._fetch(call, len(body))
            if not self._begins(call, len(body)):
                await self._begin(call, len(body))
            try:
                answer = await exchange.ask(body, stream=not self.whole)
            except BaseException as error:
                self._fail(exchange, error)
                raise
        except BaseException as error:
            flights.land(key, None, error)
            raise
        self._succeed(exchange, answer)
        flights.land(key, answer)
        return answer

    def _on_first(self) -> None:
        self.race.first_sign(self)

    # Permits and books.

    async def _fetch(self, call: Call, size: int) -> None:
        """Have the money at hand that the next step sets aside."""
        budget = self.race.shared.budget
        while (cost := highest_cost(self.route, call, size)) > budget.at_hand_usd:
            await budget.fetch(cost)

    def _begins(self, call: Call, size: int) -> bool:
        """Set the money aside and take the permits; say whether that needed no waiting."""
        shared, route = self.race.shared, self.route
        self._booking = Booking(route, call, size, shared.budget, shared.ledger)
        if route.leaves or route.lane.rates or not route.lane.clear:
            return False
        return route.lane.breaker.allow() and route.lane.in_flight.try_acquire()

    async def _begin(self, call: Call, size: int) -> None:
        """Wait for the permits, and note the departure."""
        shared, route, exchange = self.race.shared, self.route, self.exchange
        assert self._booking is not None
        assert exchange is not None
        try:
            await self._admit(call, size)
        except BaseException as error:
            self._booking.failed(exchange, error, timed_out=False, whole=self.whole)
            raise
        if route.leaves and shared.ledger.books is not None:
            findings = {} if self._sealed is None else self._sealed.findings
            raw = shared.gate.off and not route.trusted
            try:
                await shared.ledger.departure(
                    route.name, route.endpoint.host, size, findings, raw=raw
                )
            except BaseException as error:
                self._fail(exchange, error)
                raise

    def _succeed(self, exchange: Exchange, answer: Answer) -> None:
        assert self._booking is not None
        self.route.lane.in_flight.release()
        self._booking.succeeded(exchange, answer, whole=self.whole)
        self.cost_usd += self._booking.cost_usd
        if self._weights is not None:
            self.route.lane.reconcile(
                self._weights, answer.prompt_tokens or 0, answer.completion_tokens or 0
            )

    def _fail(self, exchange: Exchange, error: BaseException) -> None:
        assert self._booking is not None
        self.route.lane.in_flight.release(error)
        timed_out = self.race.timed_out(self)
        self._booking.failed(exchange, error, timed_out=timed_out, whole=self.whole)
        self.cost_usd += self._booking.cost_usd

    async def _admit(self, call: Call, size: int) -> None:
        """Wait for the endpoint's permits; raise when that takes longer than it is worth."""
        lane = self.route.lane
        if not lane.breaker.allow() and not self.race.must_try(self):
            name = self.route.name
            error = BreakerOpen(f"{name} failed again and again and is left alone", endpoint=name)
            error.retry_after_s = lane.breaker.retry_after_s
            raise error
        wait = lane.blocked_s()
        if wait > 0:
            await self._wait(wait, "it asked to be left alone")
        if not lane.in_flight.try_acquire():
            await lane.in_flight.acquire()
        if lane.rates:
            try:
                self._weights = lane.weights(size, call.max_tokens)
                await self._pace(self._weights)
            except BaseException as error:
                lane.in_flight.release(error)
                raise

    async def _pace(self, weights: dict[str, float]) -> None:
        for what, rate in self.route.lane.rates.items():
            wait = rate.try_acquire(weights[what])
            if wait > self.race.patience():
                await self._wait(wait, f"its limit of {what} a minute is used up")
            if wait > 0:
                await rate.acquire(weights[what])

    async def _wait(self, seconds: float, why: str) -> None:
        if seconds > self.race.patience():
            name = self.route.name
            error = RateLimited(f"{name} is not asked for {seconds:.1f} s: {why}", endpoint=name)
            error.retry_after_s = seconds
            raise error
        await asyncio.sleep(seconds)


def _tool_calls(answer: Answer, vault: Vault | None) -> list[ToolCall]:
    calls = []
    for number, name, arguments in answer.tools:
        text = arguments if vault is None else vault.restore_json(arguments)
        try:
            given = msgspec.json.decode(text or "{}")
        except msgspec.DecodeError:
            given = text
        calls.append(ToolCall(number, name, given))
    return calls
