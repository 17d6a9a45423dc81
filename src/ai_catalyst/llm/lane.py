"""What the whole process knows about one endpoint: its limits, its breaker, how fast it answers."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from typing import TYPE_CHECKING

from ai_catalyst.engine import AdaptiveLimit, RateLimit
from ai_catalyst.llm.learning import Mean, Quantile, Share
from ai_catalyst.llm.quotas import LocalQuotas
from ai_catalyst.llm.wires import Told

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ai_catalyst.llm.endpoints import Endpoint
    from ai_catalyst.llm.exchange import Exchange
    from ai_catalyst.llm.quotas import Quotas, Rate

__all__ = ["Lane", "digest_of", "lane_for", "pace", "per_minute"]

FIRST_IN_FLIGHT = 32
MOST_IN_FLIGHT = 256
COOLDOWN_S = 0.25
"""Between two cuts of the limit of calls in flight: one overload is seen by many calls."""
HEDGE_SHARE = 0.05
RETRY_SHARE = 0.2


USUAL: Mapping[str, tuple[tuple[str, float], ...]] = {
    "api.openai.com": (("requests", 500), ("tokens", 200_000)),
    "api.anthropic.com": (("requests", 50), ("input", 40_000), ("output", 8_000)),
    "api.mistral.ai": (("requests", 60), ("tokens", 500_000)),
}
"""What providers allow a new customer a minute, until their first answer tells what they allow."""


class Probing:
    """How the limit of calls in flight moves: fast until the first overload, then carefully.

    Doubles each round until the endpoint first says no; from then on it remembers where that was:
    it drops by a tenth (by half the first times), returns quickly to just below, and goes beyond
    only after many rounds, so that an endpoint with a steady capacity is almost always full and
    rarely overloaded (the shape of CUBIC, RFC 9438, counted in answers instead of seconds).
    """

    __slots__ = ("_answers", "_ceiling", "_cuts")

    PATIENCE = 100
    """Rounds of answers at the known ceiling before it is tested again."""

    def __init__(self) -> None:
        """Know no ceiling yet."""
        self._ceiling: float | None = None
        self._answers = self._cuts = 0

    def __call__(self, limit: float, overloaded: bool) -> float:
        """Return the next limit after one answer in full use, or after an overload."""
        if overloaded:
            self._ceiling = max(1.0, int(limit) - 1.0)
            self._answers = 0
            self._cuts += 1
            return limit * (0.5 if self._cuts <= 3 else 0.9)
        if self._ceiling is None:
            return limit + 1.0
        if limit < self._ceiling:
            return min(self._ceiling, limit + 4.0 / max(limit, 1.0))
        self._answers += 1
        if self._answers < self.PATIENCE * limit:
            return limit
        self._answers = 0
        self._ceiling += 1.0
        return limit + 1.0


class Lane:
    """The state of one endpoint, shared by every provider, thread and event loop of the process.

    ``not_before`` is the moment (of ``clock``) until which the endpoint asked to be left alone.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        quotas: Quotas | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Start with what the endpoint's settings say; the rest is learned."""
        self.clock = clock
        self.digest = digest_of(endpoint)
        self._quotas = quotas or LocalQuotas(clock)
        self.breaker = self._quotas.breaker(self.digest, endpoint.name)
        self.not_before = float("-inf")
        self._tell_hold = self._quotas.hold(self.digest, self._hold)
        most = endpoint.max_concurrent or MOST_IN_FLIGHT
        self.in_flight = AdaptiveLimit(
            # Who says how many it bears is believed at once; else that has to be found out.
            endpoint.max_concurrent or min(FIRST_IN_FLIGHT, most),
            maximum=most,
            cooldown_s=COOLDOWN_S,
            policy=Probing(),
            clock=clock,
        )
        self._most: int | None = None
        self._processes = 1
        self.rates: dict[str, Rate] = {}
        self.left: dict[str, float] = {}
        self._told: dict[str, float] = {}
        self._debts: dict[str, float] = {}
        self._fixed: set[str] = set()
        self.learn(Told(what, limit) for what, limit in USUAL.get(endpoint.host, ()))
        self.configure(endpoint)
        self.first = Quantile()
        self.whole = Quantile()
        self.piece_s = Quantile()
        self.hedges = Share(HEDGE_SHARE)
        self.retries = Share(RETRY_SHARE, start=10.0)
        self.bytes_per_token = Mean(4.0)
        self._densest = 1.0
        self.answer_tokens = Mean(256.0)
        self.native_schema = True
        self.calls = self.failures = 0

    def configure(self, endpoint: Endpoint) -> None:
        """Take over the limits that a person set; they are not overruled by what is learned."""
        for what, limit in (
            ("requests", endpoint.requests_per_minute),
            ("tokens", endpoint.tokens_per_minute),
        ):
            if limit is not None:
                self._set(what, limit)
                self._fixed.add(what)
        if endpoint.max_concurrent is not None:
            if self._most is None:
                self._quotas.crowd(self.digest, self._share)
            self._most = endpoint.max_concurrent
            self._share(self._processes)

    def _set(self, what: str, limit: float) -> None:
        """Pace one kind; a limit that stays the same keeps what has passed in mind."""
        if self._told.get(what) != limit:
            self._told[what] = limit
            self.rates[what] = self._quotas.rate(self.digest, what, *pace(limit))

    def _share(self, processes: int) -> None:
        """Take this process's part, at least one, of the calls that a person allows in flight."""
        self._processes = max(1, processes)
        self.in_flight.maximum = max(1, (self._most or MOST_IN_FLIGHT) // self._processes)

    @property
    def clear(self) -> bool:
        """Whether nothing speaks against asking now."""
        return self.breaker.state != "open" and self.not_before <= self.clock()

    def blocked_s(self) -> float:
        """Return the seconds until the endpoint may be asked again; 0 when it may be now."""
        return max(0.0, self.not_before - self.clock())

    def hold_off(self, seconds: float) -> None:
        """Leave the endpoint alone for so long; never shortens an earlier wish."""
        self._hold(seconds)
        if self._tell_hold is not None and seconds > 0:
            self._tell_hold(seconds)

    def _hold(self, seconds: float) -> None:
        self.not_before = max(self.not_before, self.clock() + seconds)

    def weights(self, size: int, max_tokens: int | None) -> dict[str, float]:
        """Return what a request of ``size`` bytes is expected to weigh, by kind of limit."""
        prompt = size / self.bytes_per_token.value
        answer = float(max_tokens or self.answer_tokens.value)
        weights = {"requests": 1.0, "input": prompt, "output": answer, "tokens": prompt + answer}
        for what, debt in self._debts.items():
            carried = max(1.0, weights[what] + debt)
            self._debts[what] = debt - (carried - weights[what])
            weights[what] = carried
        return weights

    def learn(self, told: Iterable[Told]) -> None:
        """Adopt the limits an endpoint tells of; where nothing is left, wait for its reset."""
        for what, limit, left, reset_s in told:
            if left is not None:
                self.left[what] = left
            if what not in self._fixed and self._told.get(what) != limit:
                self._set(what, limit)
            if left is not None and left <= 0 and reset_s and what in self.rates:
                self.rates[what].pause(min(reset_s, 60.0))

    def most_tokens(self, size: int) -> float:
        """Return how many tokens a request of ``size`` bytes can be at most.

        No tokeniser makes more than one of a byte; where an endpoint counts more, that is learned.
        """
        return size / self._densest

    def learn_size(self, size: int, tokens: int) -> None:
        """Learn how many bytes there are to a token."""
        if tokens > 0:
            ratio = min(16.0, size / tokens)
            self.bytes_per_token.add(ratio)
            self._densest = min(self._densest, ratio)

    def learn_times(self, whole_s: float | None, exchange: Exchange, tokens: int) -> None:
        """Learn from an answer how long the whole took, or its first piece and each token."""
        if tokens:
            self.answer_tokens.add(tokens)
        sent, first, last = exchange.sent_at, exchange.first_at, exchange.last_at
        if whole_s is not None:
            self.whole.add(whole_s)
        elif sent is not None and first is not None and last is not None:
            self.first.add(first - sent)
            self.piece_s.add((last - first) / max(1, tokens))

    def learn_silence(self, seconds: float, *, whole: bool = False) -> None:
        """Learn that nothing came for so long: it would have taken longer still."""
        (self.whole if whole else self.first).add(seconds)

    def reconcile(self, weights: dict[str, float], prompt: int, completion: int) -> None:
        """Carry what a request weighed more, or less, than reserved over to the next one."""
        actual = {"input": prompt, "output": completion, "tokens": prompt + completion}
        for what in self.rates:
            if what in actual:
                debt = self._debts.get(what, 0.0) + actual[what] - weights[what]
                self._debts[what] = debt


def pace(limit: float) -> tuple[float, float]:
    """Return units a second and units at once, so that no minute holds more than ``limit``.

    A tenth of them may come at once.
    """
    burst = max(1.0, limit // 10)
    return (limit - burst + 1) / 60, burst


def per_minute(limit: float, *, clock: Callable[[], float] = time.monotonic) -> RateLimit:
    """Return a rate of at most ``limit`` in any minute, a tenth of which may come at once."""
    return RateLimit(*pace(limit), clock=clock)


_here = LocalQuotas()
_lock = threading.Lock()


def digest_of(endpoint: Endpoint) -> str:
    """Return what names an endpoint without giving it away: by URL, model and key."""
    name = f"{endpoint.wire}\n{endpoint.url}\n{endpoint.model}\n{endpoint.key}"
    return hashlib.blake2b(name.encode(), digest_size=16).hexdigest()


def lane_for(endpoint: Endpoint, quotas: Quotas | None = None) -> Lane:
    """Return the process's one lane for an endpoint, or the one that ``quotas`` keeps."""
    keeper: Quotas = quotas or _here
    digest = digest_of(endpoint)
    with _lock:
        lane = keeper.lanes.get(digest)
        if lane is None:
            lane = keeper.lanes[digest] = Lane(endpoint, keeper)
        else:
            lane.configure(endpoint)
        return lane


def _forget_all() -> None:
    """Start anew in a forked child: locks may be held by threads that it does not have."""
    global _lock
    _lock = threading.Lock()
    _here.lanes.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
