"""What stands between a call and a resource; limits live with the resource, not with the loop.

All are shared by every thread and event loop of the process, and nobody sleeps inside a lock: the
lock guards a few lines of arithmetic, the waiting happens outside.
"""

from __future__ import annotations

from typing import Protocol

from ai_catalyst.engine.in_flight import AdaptiveLimit, InFlight
from ai_catalyst.engine.rate_limit import RateLimit

__all__ = ["AdaptiveLimit", "InFlight", "Limit", "RateLimit"]


class Limit(Protocol):
    """Anything that must say yes before a call, and hears afterwards how the call went.

    A rate, a breaker and a concurrency cap all fit; `Batch` asks each of its limits in turn.
    """

    async def acquire(self) -> None:
        """Wait until one call may pass, or raise when it may not."""
        ...

    def release(self, error: BaseException | None = None) -> None:
        """Hear that the call ended, with ``error`` or well."""
        ...
