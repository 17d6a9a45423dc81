"""A breaker: after repeated failures a resource is left alone, then probed."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Literal, Self

from ai_catalyst.engine.retry import HOPELESS
from ai_catalyst.errors import BreakerOpen, UserError

__all__ = ["Breaker"]

NO_VERDICT = (*HOPELESS, BreakerOpen)
"""Errors that say nothing about the resource: it was not asked, or asked for what cannot be."""


class Breaker:
    """Stop calling what has failed ``failures`` times in a row; probe it after ``reset_s`` seconds.

    *closed*: calls pass. *open*: none does. *half_open*: one probe passes; its success closes the
    breaker, its failure opens it for another ``reset_s``. A success closes it from any state: a
    call that began earlier shows as well that the resource works. A probe that never reports back
    is forgotten after ``reset_s``, so a lost caller cannot keep a healthy resource shut.
    Shared by all threads and loops (Nygard, *Release It!*, 2007).
    """

    def __init__(
        self,
        failures: int = 5,
        reset_s: float = 30,
        *,
        name: str = "the resource",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Open after ``failures`` failures in a row, for ``reset_s`` seconds."""
        if failures < 1 or reset_s < 0:
            raise UserError(f"a breaker needs failures ≥ 1 and reset_s ≥ 0: {failures}, {reset_s}")
        self.failures = failures
        self.reset_s = reset_s
        self.name = name
        self._clock = clock
        self._failed = 0
        self._opened_at: float | None = None
        self._probed_at: float | None = None
        self._prober: object = None
        self._lock = threading.Lock()

    @property
    def state(self) -> Literal["closed", "open", "half_open"]:
        """The state a call would meet now."""
        opened_at = self._opened_at
        if opened_at is None:
            return "closed"
        return "open" if self._clock() < opened_at + self.reset_s else "half_open"

    @property
    def retry_after_s(self) -> float:
        """Seconds until a probe may pass; 0 when one may pass now."""
        with self._lock:
            return self._wait()

    def _wait(self) -> float:
        if self._opened_at is None:
            return 0.0
        since = self._opened_at if self._probed_at is None else self._probed_at
        return max(0.0, since + self.reset_s - self._clock())

    def allow(self) -> bool:
        """Say whether a call may pass; in *half_open* a yes is the one probe."""
        if self._opened_at is None:
            return True
        with self._lock:
            if self._wait() > 0:
                return False
            if self._opened_at is not None:
                self._probed_at = self._clock()
                self._prober = _caller()
            return True

    def success(self) -> None:
        """Hear that a call went well."""
        if self._failed or self._opened_at is not None:
            with self._lock:
                self._failed = 0
                self._opened_at = self._probed_at = self._prober = None

    def failure(self) -> None:
        """Hear that a call failed; while *open*, late failures of earlier calls change nothing."""
        with self._lock:
            self._failed += 1
            if self._failed < self.failures and self._opened_at is None:
                return
            now = self._clock()
            if self._opened_at is None or now >= self._opened_at + self.reset_s:
                self._opened_at = now
                self._probed_at = self._prober = None

    def abandon(self) -> None:
        """Hear that a call ended without a verdict: if it was the probe, another one may pass."""
        with self._lock:
            if self._prober is not None and self._prober == _caller():
                self._probed_at = self._prober = None

    async def acquire(self) -> None:
        """Pass, or raise `BreakerOpen` with ``retry_after_s``."""
        if not self.allow():
            error = BreakerOpen(
                f"{self.name} failed {self._failed} times in a row and is left alone for now"
            )
            error.retry_after_s = self.retry_after_s
            raise error

    def release(self, error: BaseException | None = None) -> None:
        """Hear how a call ended: well, with an error of the resource, or without a verdict."""
        if error is None:
            self.success()
        elif isinstance(error, Exception) and not isinstance(error, NO_VERDICT):
            self.failure()
        else:
            self.abandon()

    async def __aenter__(self) -> Self:
        """Pass, or raise `BreakerOpen`."""
        await self.acquire()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: object
    ) -> None:
        """Hear how the call ended."""
        self.release(error)


def _caller() -> object:
    """Return who is calling: the task, or else the thread."""
    try:
        task = asyncio.current_task()
    except RuntimeError:
        task = None
    return task or threading.get_ident()
