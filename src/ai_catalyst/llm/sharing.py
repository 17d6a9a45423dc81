"""Equal requests in flight are one request.

Like `engine.SingleFlight`, but the first caller makes the request in its own task, because a task
and a thread-safe future for each call cost a third of what the whole call may. When the first
caller is cancelled, the next one makes the request anew.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable

    from ai_catalyst.llm.call import Answer
    from ai_catalyst.llm.exchange import Exchange

__all__ = ["Flights", "Waiter"]

Waiter = asyncio.Future["Answer | None"]


class Flights:
    """The requests of one event loop that are under way, by what they send.

    Whoever is told to go ahead by `join` says how it ended, with `land`.
    """

    def __init__(self) -> None:
        """Start with none."""
        self._exchanges: dict[Hashable, Exchange] = {}
        self._waiters: dict[Hashable, list[Waiter]] = {}

    def __len__(self) -> int:
        """How many are under way."""
        return len(self._exchanges)

    def join(self, key: Hashable, exchange: Exchange) -> tuple[Exchange, Waiter] | None:
        """Register a request, or return the equal one under way and what brings its answer.

        The waiter brings the answer, raises the error, or brings None when the request was
        cancelled: join again.
        """
        under_way = self._exchanges.setdefault(key, exchange)
        if under_way is exchange:
            return None
        waiter: Waiter = asyncio.get_running_loop().create_future()
        self._waiters.setdefault(key, []).append(waiter)
        return under_way, waiter

    def land(
        self, key: Hashable, answer: Answer | None, error: BaseException | None = None
    ) -> None:
        """Hand an answer or an error to those who wait; neither when it was cancelled."""
        del self._exchanges[key]
        if not self._waiters:
            return
        for waiter in self._waiters.pop(key, ()):
            if waiter.done():
                continue
            if isinstance(error, Exception):
                waiter.set_exception(error)
            else:
                waiter.set_result(answer)
