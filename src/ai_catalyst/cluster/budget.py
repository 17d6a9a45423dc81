"""A hard budget that many processes and machines share."""

from __future__ import annotations

import asyncio
import math
import uuid
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, ClassVar
from weakref import WeakKeyDictionary

from ai_catalyst.cluster.courier import Errand, tell
from ai_catalyst.errors import BudgetExceeded, StoreError
from ai_catalyst.llm.budget import Budget

if TYPE_CHECKING:
    from ai_catalyst.cluster.courier import Courier, Reply

__all__ = ["SharedBudget"]

NANO = 1_000_000_000
DUST = 1e-12
"""What adding many numbers leaves behind, USD."""
PORTION = 8
"""A portion is money for so many calls, as far as there is enough for everybody."""
TOLD_S = 0.05
"""What changed is told at most so much later, so that a dead process's spending is known …"""
CROWD = 20
"""… by so many processes; more take turns, so that the keeper is not asked too much."""
BEAT_S = 1.0
FAREWELL_S = 2.0
TRIES = 4
"""How often money that others hold and do not use is waited for, a beat each."""


class SharedBudget(Budget):
    """At most ``limit_usd`` is spent over all who share ``key``.

    Money comes in small portions, and is set aside from them as from any budget; what is not needed
    goes back when others need it, and at the end. The keeper is told of all spending within 50 ms
    (within a second when hundreds share a budget). A process of which nothing is heard for
    ``lease_s`` seconds, or that is buried, loses its portion, and what its calls in flight may have
    cost counts as spent: so the limit is exceeded by no more than calls that such a process had
    begun and not told of. ``spent`` returns what the store knows was paid, for when the keeper has
    lost its memory. ``spent_usd`` and ``reserved_usd`` are this process's, ``left_usd`` is
    everybody's, as last heard.
    """

    elsewhere: ClassVar[bool] = True

    def __init__(
        self,
        courier: Courier,
        key: str,
        owner: str,
        limit_usd: float,
        *,
        spent: Callable[[], Awaitable[float]] | None = None,
        lease_s: float = 15.0,
        patience_s: float = 30.0,
    ) -> None:
        """Share a budget; nobody is asked yet."""
        super().__init__(limit_usd)
        self._limit = limit_usd
        self._courier = courier
        self._clock = courier.clock
        self._key = key
        self._owner = f"{owner}#{uuid.uuid4().hex[:12]}"
        self._spent = spent
        self._floor: float | None = None if spent is not None else 0.0
        self._lease_s = lease_s
        self._patience_s = patience_s
        self._granted = self._number = self._epoch = self._failures = 0
        self._failure = ""
        self._gifts: dict[int, int] = {}  # what was given back in reports not yet answered
        self._left = math.inf
        self._good_until = float("-inf")
        self._telling = self._changed = self._needed = False
        self._usual = 0.0
        self._told_at, self._told_s = float("-inf"), TOLD_S
        self._turns: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = (
            WeakKeyDictionary()
        )
        courier.every(TOLD_S, self._tell_changes)
        courier.every(min(BEAT_S, lease_s / 5), self._tell)

    # What a budget does.

    @property
    def left_usd(self) -> float:
        """What may still be set aside, by all together, as last heard."""
        with self._lock:
            if math.isinf(self._left):
                return max(0.0, self._limit - (self._floor or 0.0))
            return max(0.0, self._left) + self._free()

    @property
    def at_hand_usd(self) -> float:
        """What may be set aside without a `fetch`."""
        with self._lock:
            return self._free() if self._clock() < self._good_until else 0.0

    def reserve(self, cost_usd: float) -> None:
        """Set money aside that was fetched; raises `BudgetExceeded` when there is not enough."""
        with self._lock:
            if cost_usd > self.at_hand_usd:
                raise self._exceeded(cost_usd)
            self.reserved_usd += cost_usd
            self._changed = True

    def settle(self, reserved_usd: float, spent_usd: float) -> None:
        """Give back what was set aside and book what was paid."""
        super().settle(reserved_usd, spent_usd)
        self._changed = True

    async def fetch(self, cost_usd: float) -> None:
        """Have so much at hand; raises `BudgetExceeded` when nobody has it.

        Money that others hold idle is waited for some seconds. Raises `StoreError` when the keeper
        does not answer.
        """
        turn = self._turns.setdefault(asyncio.get_running_loop(), asyncio.Lock())
        failures = self._failures
        async with turn:
            if self._failures > failures:  # those who waited behind have waited long enough
                raise StoreError(self._failure)
            self._usual = max(cost_usd, 0.9 * self._usual)
            for _ in range(TRIES):
                if cost_usd <= self.at_hand_usd:
                    return
                wait = await self._ask(cost_usd)
                if wait > 0:
                    await asyncio.sleep(wait)
                elif cost_usd > self.at_hand_usd:
                    break
            if cost_usd > self.at_hand_usd:
                raise self._exceeded(cost_usd)

    async def _ask(self, cost_usd: float) -> float:
        """Ask for money; return after how many seconds asking again may help, 0 for never."""
        if self._floor is None and self._spent is not None:
            self._floor = await self._spent()
        heard: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._report(lambda reply: tell(heard, reply), cost_usd)
        reply = await heard
        if reply.error is not None:
            self._failures += 1
            self._failure = str(reply.error)
        _, _, left, idle, calm_us, *_ = reply.unwrap()
        short = cost_usd - self.at_hand_usd
        if short <= 0:
            return 0.0
        if calm_us:
            return calm_us / 1e6 + 0.01
        return BEAT_S if (left + idle) / NANO >= short else 0.0

    def _exceeded(self, cost_usd: float) -> BudgetExceeded:
        return BudgetExceeded(
            f"the budget of ${self._limit:.6g} has ${self.left_usd:.6g} left over the whole"
            f" cluster, and this call may cost ${cost_usd:.6g}: nothing was sent"
        )

    def _free(self) -> float:
        spare = self._granted - _nano(self.spent_usd) - _nano(self.reserved_usd)
        return spare / NANO + DUST if spare > 0 else 0.0

    # What the keeper is told.

    def _report(
        self, done: Callable[[Reply], None], cost_usd: float = 0.0, *, ends: bool = False
    ) -> None:
        """Tell what was spent and is set aside, ask for money, or give some back."""
        now = self._clock()
        with self._lock:
            self._number += 1
            number = self._number
            spent, reserved = _nano(self.spent_usd), _nano(self.reserved_usd)
            spare = max(0, self._granted - spent - reserved)
            least = max(0, _nano(cost_usd) - spare)
            want = max(least, _nano(PORTION * self._usual)) if cost_usd else 0
            give = spare if ends or (self._needed and not cost_usd) else 0
            self._granted -= give
            self._gifts[number] = give
            self._changed = False
            floor = _nano(self._floor or 0.0)
            arguments = (
                *("report", self._owner, round(self._limit * NANO), floor, self._epoch),
                *(self._lease_s * 1e6, BEAT_S * 1e6, number, spent, reserved),
                *(give, want, least, self._granted),
            )

        def hear(reply: Reply) -> None:
            self._hear(reply, number, now)
            done(reply)

        until = now + (min(FAREWELL_S, self._patience_s) if ends else self._patience_s)
        self._courier.post(Errand("budget", self._key, arguments, hear, until))

    def _hear(self, reply: Reply, number: int, asked_at: float) -> None:
        with self._lock:
            if reply.error is not None:  # perhaps it was heard: `_gifts` stay until that is known
                self._changed = True
                return
            epoch, granted, left, _, _, needed, _, alive = reply.numbers
            if self._epoch not in (0, epoch) and self._spent is not None:
                self._floor = None  # the keeper lost its memory: the store knows better
            self._gifts = {later: gift for later, gift in self._gifts.items() if later > number}
            self._granted = granted - sum(self._gifts.values())
            self._epoch, self._left, self._needed = epoch, left / NANO, bool(needed)
            self._told_s = min(BEAT_S, TOLD_S * max(1.0, alive / CROWD))
            # From when it was asked, not from when it was answered: never longer than the keeper
            # thinks. A process that was stopped meanwhile finds its portion gone.
            self._good_until = max(self._good_until, asked_at + 0.8 * self._lease_s)

    def _tell_changes(self) -> None:
        if self._changed and self._clock() >= self._told_at + self._told_s:
            self._tell()

    def _tell(self) -> None:
        with self._lock:
            if self._telling or not self._epoch:
                return
            self._telling = True
            self._told_at = self._clock()
        self._report(self._told)

    def _told(self, reply: Reply) -> None:
        self._telling = False

    async def give_back(self) -> None:
        """Tell the last of what was spent, and give back what is not needed any more.

        Raises `StoreError` when the keeper does not answer soon; it takes back by itself, later.
        """
        if self._epoch:
            heard: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
            self._report(lambda reply: tell(heard, reply), ends=True)
            (await heard).unwrap()


def _nano(usd: float) -> int:
    """Return 1e-9 USD, rounded up."""
    return math.ceil((usd - DUST) * NANO)
