"""What one request costs and teaches: money set aside and paid, lessons for the endpoint's lane."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ai_catalyst.errors import EndpointError, EndpointTimeout, RateLimited
from ai_catalyst.llm.faults import outcome_of, shows_sickness
from ai_catalyst.llm.prices import price_of

if TYPE_CHECKING:
    from ai_catalyst.llm.budget import Budget
    from ai_catalyst.llm.call import Answer, Call
    from ai_catalyst.llm.exchange import Exchange
    from ai_catalyst.llm.ledger import Ledger
    from ai_catalyst.llm.prices import Price
    from ai_catalyst.llm.route import Route

__all__ = ["UNCAPPED_TOKENS", "Booking", "affordable_tokens", "highest_cost"]

UNCAPPED_TOKENS = 4096
"""What an answer without ``max_tokens`` is reckoned at, and capped at when a budget must hold."""


def affordable_tokens(route: Route, call: Call, size: int, left_usd: float) -> int | None:
    """Return how long an answer may be, in tokens, so that a budget holds; None without a price."""
    price = price_of(route.endpoint, call.model or route.endpoint.model)
    if not price.output:
        return None
    left = left_usd - price.cost(route.lane.most_tokens(size), 0)
    usual = max(256, int(2 * route.lane.answer_tokens.value))
    return min(UNCAPPED_TOKENS, max(usual, int(left / price.output * 1e6)))


def highest_cost(route: Route, call: Call, size: int) -> float:
    """Return what a request of ``size`` bytes may cost at most, USD."""
    return _most(price_of(route.endpoint, call.model or route.endpoint.model), route, call, size)


def _most(price: Price, route: Route, call: Call, size: int) -> float:
    if not (price.input or price.output):
        return 0.0
    return price.cost(route.lane.most_tokens(size), call.max_tokens or UNCAPPED_TOKENS)


class Booking:
    """Books one request, from before it is sent until it has ended, whatever the end."""

    __slots__ = (
        "_budget",
        "_ledger",
        "_model",
        "_price",
        "_reserved",
        "_route",
        "_size",
        "cost_usd",
    )

    def __init__(self, route: Route, call: Call, size: int, budget: Budget, ledger: Ledger) -> None:
        """Set aside what it may cost at most; raises `BudgetExceeded` when that is not there."""
        self._route = route
        self._size = size
        self._budget = budget
        self._ledger = ledger
        self._model = call.model or route.endpoint.model
        self._price = price_of(route.endpoint, self._model)
        self.cost_usd = 0.0
        self._reserved = _most(self._price, route, call, size)
        if self._reserved:
            budget.reserve(self._reserved)

    def succeeded(self, exchange: Exchange, answer: Answer, *, whole: bool) -> None:
        """Book an answer."""
        lane = self._route.lane
        if answer.prompt_tokens is None:
            answer.prompt_tokens = int(self._size / lane.bytes_per_token.value)
        else:
            lane.learn_size(self._size, answer.prompt_tokens)
        if answer.completion_tokens is None:
            answer.completion_tokens = len(answer.text.encode()) // 4
        lane.breaker.success()
        lane.learn_times(
            time.monotonic() - (exchange.sent_at or 0.0) if whole else None,
            exchange,
            answer.completion_tokens,
        )
        self._pay(answer.prompt_tokens, answer.completion_tokens, "ok")

    def failed(
        self, exchange: Exchange, error: BaseException, *, timed_out: bool, whole: bool
    ) -> None:
        """Book an attempt that failed, was cut off, or lost against another."""
        if exchange.sent_at is None:
            self._budget.settle(self._reserved, 0.0)
            if not isinstance(error, EndpointError):
                self._route.lane.breaker.abandon()
            return
        self._judge(error, timed_out=timed_out)
        if not isinstance(error, EndpointError) and exchange.first_at is None:
            silence = time.monotonic() - exchange.sent_at
            self._route.lane.learn_silence(silence, whole=whole)
        outcome = "timeout" if timed_out else outcome_of(error)
        if isinstance(error, EndpointError) and exchange.first_at is None:
            self._pay(0, 0, outcome)  # it was refused, or never arrived: nobody charges for that
            return
        so_far = exchange.so_far
        written = len(so_far.text.encode()) // 4 if so_far is not None else 0
        self._pay(int(self._size / self._route.lane.bytes_per_token.value), written, outcome)

    def _judge(self, error: BaseException, *, timed_out: bool) -> None:
        """Tell the breaker and the clocks of the lane."""
        lane = self._route.lane
        if timed_out or isinstance(error, EndpointTimeout):
            lane.in_flight.overloaded()
            lane.breaker.failure()
        elif isinstance(error, RateLimited):
            lane.hold_off(error.retry_after_s or 0.0)
        elif isinstance(error, EndpointError):
            if shows_sickness(error):
                lane.breaker.failure()
            else:
                lane.breaker.success()
        else:
            lane.breaker.abandon()

    def _pay(self, prompt: int, completion: int, outcome: str) -> None:
        self.cost_usd = self._price.cost(prompt, completion)
        if self._reserved or self.cost_usd:
            self._budget.settle(self._reserved, self.cost_usd)
        self._ledger.attempt(
            self._route.name, self._model or "", (prompt, completion), self.cost_usd, outcome
        )
