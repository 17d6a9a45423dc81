"""How the legs of a race ended, what that adds up to, and whether another try makes sense."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ai_catalyst.errors import (
    AllEndpointsFailed,
    BudgetExceeded,
    CatalystError,
    EndpointTimeout,
    PrivacyError,
    RateLimited,
)
from ai_catalyst.llm.completion import Attempt
from ai_catalyst.llm.faults import outcome_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ai_catalyst.engine import Retry
    from ai_catalyst.llm.leg import Leg
    from ai_catalyst.llm.route import Route

__all__ = ["Endings"]


class Endings:
    """Keeps one `Attempt` a leg that has ended, and the error it ended with."""

    __slots__ = ("_attempts", "_errors")

    def __init__(self) -> None:
        """Nothing has ended yet."""
        self._attempts: dict[Leg, Attempt] = {}
        self._errors: dict[Leg, Exception] = {}

    def __contains__(self, leg: Leg) -> bool:
        """Whether a leg has ended."""
        return leg in self._attempts

    def won(self, leg: Leg) -> None:
        """Write down that a leg brought the answer home."""
        self._attempts[leg] = Attempt(leg.route.name, "ok", None, time.monotonic() - leg.started)

    def lost(self, leg: Leg, error: Exception | None = None, *, late: bool = False) -> None:
        """Write down that a leg failed, came too late, or was let go."""
        name, seconds = leg.route.name, time.monotonic() - leg.started
        if late:
            how = "did not finish in" if leg.begun else "sent nothing for"
            error = EndpointTimeout(f"{name} {how} {seconds:.3g} s", endpoint=name)
        if error is None:
            self._attempts[leg] = Attempt(name, "cancelled", None, seconds)
            return
        self._errors[leg] = error
        words = f"{type(error).__name__}: {error}"
        self._attempts[leg] = Attempt(name, outcome_of(error), words, seconds)

    def attempts(self, legs: list[Leg]) -> list[Attempt]:
        """Return what became of each leg, in the order they began."""
        return [self._attempts[leg] for leg in legs if leg in self._attempts]

    def second_chances(
        self, legs: list[Leg], retry: Retry, patient: Retry, *, alone: bool
    ) -> Iterator[tuple[float, Route]]:
        """Yield the seconds after which an endpoint may be asked again, where that makes sense.

        The only endpoint (``alone``) is tried again after errors that pass, within its budget of
        retries; one of many only when it said when, and once.
        """
        latest = {leg.route: leg for leg in legs}
        for route, leg in latest.items():
            error = self._errors.get(leg)
            if error is None or (isinstance(error, EndpointTimeout) and error.status is None):
                continue
            tries = sum(other.route is route for other in legs)
            limited = isinstance(error, RateLimited)
            told = getattr(error, "retry_after_s", None) is not None
            if not alone and not (limited and told and tries == 1):
                continue
            wait = (patient if limited else retry).after(error, tries)
            if wait is not None and (limited or route.lane.retries.spend()):
                yield wait, route

    @property
    def last_error(self) -> Exception | None:
        """The error noted last."""
        return next(reversed(self._errors.values()), None)

    def failure(self, legs: list[Leg]) -> CatalystError:
        """Return the one error that all of it adds up to."""
        for kind in (PrivacyError, BudgetExceeded):
            for error in self._errors.values():
                if isinstance(error, kind):
                    return error
        attempts = self.attempts(legs)
        told = "; ".join(f"{end.endpoint} {end.error or end.outcome}" for end in attempts)
        return AllEndpointsFailed(f"no endpoint gave an answer ({told})", attempts)
