"""When something is due in a race: pure functions of moments and of what is known of the legs."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Literal, get_args

import msgspec

from ai_catalyst.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ai_catalyst.llm.call import Call
    from ai_catalyst.llm.lane import Lane
    from ai_catalyst.llm.leg import Leg

__all__ = [
    "FAILOVERS",
    "Failover",
    "Limits",
    "asks_whole",
    "checked",
    "deadline",
    "hedge_at",
    "limits_for",
    "silent_at",
]

Failover = Literal["sequential", "concurrent", "hedged"]
FAILOVERS: tuple[Failover, ...] = get_args(Failover)

FIRST_TOKEN_S = 15.0
IN_ALL_S = 60.0
SILENCE = 0.2
"""The share of the time-out after which an endpoint that has sent nothing is failing."""
FAST = 0.1
"""The share of the time-out within which a whole answer must be certain, to be asked for whole."""
NEVER = float("inf")


class Limits(msgspec.Struct, frozen=True):
    """How long a call may take, in seconds, and how it goes about it.

    ``first_s`` without a sign of the model, ``total_s`` in all. ``bulk`` calls wait for permits as
    long as it takes, and are never hedged. Without ``streaming`` every answer is asked for whole.
    """

    failover: Failover = "hedged"
    first_s: float = FIRST_TOKEN_S
    total_s: float = IN_ALL_S
    bulk: bool = False
    streaming: bool = True


def checked(failover: str) -> Failover:
    """Return a way to fail over; raises `UserError` when there is none of that name."""
    if failover not in FAILOVERS:
        raise UserError(f"failover is one of {', '.join(FAILOVERS)}, not {failover!r}")
    return failover


def limits_for(
    failover: str | None,
    timeout: float | None,
    api_timeout: float | None = None,
    streaming: bool = True,
) -> Limits:
    """Return the limits a person asked for, else those of the environment, else the usual ones."""
    chosen = checked(failover or os.environ.get("CATALYST_FAILOVER") or "hedged")
    given = os.environ.get("API_TIMEOUT", "").strip().removesuffix("s")
    try:
        in_all = api_timeout or (float(given) if given else IN_ALL_S)
    except ValueError:
        raise UserError(f"API_TIMEOUT is a number of seconds, not {given!r}") from None
    usual = min(FIRST_TOKEN_S, in_all) if streaming else in_all  # a whole answer is one sign
    first = usual if timeout is None else timeout
    if not (first > 0 and in_all > 0):
        raise UserError("a time-out is a number of seconds above 0")
    return Limits(chosen, first, max(first, in_all), streaming=streaming)


def deadline(limits: Limits, legs: Sequence[Leg], live: Sequence[Leg], now: float) -> float:
    """Return the moment at which the legs of this round are too late.

    That is ``first_s`` after the first request left or the model was heard last, ``total_s`` after
    it left. Waiting for permits counts only against the total, and in bulk not at all.
    """
    sent = [moment for leg in legs if (moment := leg.sent_at) is not None]
    if not sent:
        begun = legs[0].started if legs else now
        return NEVER if limits.bulk else begun + limits.total_s
    origin = quiet = min(sent)
    for leg in live:
        quiet = max(quiet, leg.heard_at or quiet)
    return min(quiet + limits.first_s, origin + limits.total_s)


def silent_at(limits: Limits, leg: Leg) -> float:
    """Return when a leg has been silent for so long that it counts as failing."""
    return (leg.heard_at or leg.sent_at or leg.started) + SILENCE * limits.first_s


def hedge_at(leg: Leg, now: float) -> float:
    """Return when a leg is slower than it is nineteen times out of twenty."""
    if leg.begun:
        return NEVER
    usual = leg.route.lane.whole.value if leg.whole else leg.route.lane.first.value
    return NEVER if usual is None else (leg.sent_at or now) + usual


def asks_whole(limits: Limits, call: Call, lane: Lane) -> bool:
    """Say whether the answer is asked for in one piece, which costs half the work.

    Only where it is certain to be there long before anybody would wonder: when the answer has a cap
    and the endpoint is known to write that much in a tenth of the time-out.
    """
    if not limits.streaming:
        return True
    most, first, each = call.max_tokens, lane.first.value, lane.piece_s.value
    if most is None or first is None or each is None:
        return False
    fast = FAST * limits.first_s
    return first + most * each <= fast and (lane.whole.value or 0.0) <= fast
