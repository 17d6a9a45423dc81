"""When does an event loop stand? The judgement, apart from the watchdog that gathers the facts.

A callback stands while the loop's thread computes or is blocked in it. What does not count is time
in which the machine gave no processor: to the loop's thread, to the watchdog, or to a thread that
holds the interpreter lock the loop waits for. Linux counts all three (``schedstat``), so they are
measured, not guessed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

__all__ = ["Look", "Stall", "StallMeter"]


class Stall(NamedTuple):
    """One stall: how long the loop stood, in seconds, and the stack it stood in, as text."""

    seconds: float
    stack: str


@dataclass(frozen=True, slots=True)
class Look:
    """What the watchdog saw at one moment; times in seconds, counters that only rise.

    ``callback`` identifies the callback that runs, None when the loop is idle or between two;
    ``cpu`` is the processor time of the loop's thread, ``waited`` how long that thread was ready
    without a processor and ``turns`` how often it got one; ``own_waited`` is the watchdog's own
    wait, ``others_waited`` that of all threads but the loop's (None: not asked);
    ``process_cpu`` the processor time of the whole process. ``beat_at`` and ``beat_cpu`` are the
    time and ``cpu`` at which the loop was last known to have gone round (None: not known).
    """

    at: float
    callback: object | None = None
    cpu: float = 0.0
    waited: float = 0.0
    turns: int = 0
    own_waited: float = 0.0
    others_waited: float | None = None
    process_cpu: float = 0.0
    beat_at: float | None = None
    beat_cpu: float = 0.0


class StallMeter:
    """Adds up how long one callback has been standing, from a series of looks.

    ``threshold_s`` is what makes a stall, ``period_s`` how long the watchdog means to sleep between
    looks. ``standing`` is how long the present callback has stood so far: never more than it truly
    did.
    """

    __slots__ = ("_last", "period_s", "standing", "threshold_s")

    def __init__(self, threshold_s: float, period_s: float) -> None:
        """Start with nothing seen."""
        self.threshold_s = threshold_s
        self.period_s = period_s
        self.standing = 0.0
        self._last: Look | None = None

    def see(self, look: Look, left_at: float | None = None) -> float | None:
        """Take one look; return the length of a stall that has ended since the last one.

        ``left_at`` is when the last callback seen was known to be over, None when it is not.
        """
        last, self._last = self._last, look
        if last is None:
            return None
        if look.callback is not None and look.callback is last.callback and left_at is None:
            self.standing += self._stood(last, look)
            return None
        ended = self._close(last, look, left_at)
        self.standing = 0.0 if look.callback is None else self._held_before(last, look)
        return ended

    def _stood(self, last: Look, look: Look) -> float:
        """Count an interval in which the same callback was seen at both ends.

        Below 0 when it ends a wait for a processor: the kernel tells of a wait when it is over, and
        until then it looked like standing.
        """
        wall, waited = look.at - last.at, look.waited - last.waited
        if look.turns == last.turns:
            # Not run at all: blocked in one place the whole time, unless the machine stood still.
            frozen = max(
                0.0, self._late(last, look, last.at) - (look.process_cpu - last.process_cpu)
            )
            return wall - waited - frozen
        cpu = look.cpu - last.cpu
        blocked = wall - waited - cpu
        if blocked > 0:
            # Part of it may be the wait for an interpreter lock whose holder got no processor.
            blocked = max(0.0, blocked - _waits_of_others(last, look))
        return cpu + blocked

    def _close(self, last: Look, look: Look, left_at: float | None) -> float | None:
        if last.callback is None:
            return None
        # Nobody watched after the last look, so no more than a period and a half is believed.
        end = min(look.at, last.at + 1.5 * self.period_s, left_at or look.at)
        tail = max(0.0, end - last.at - _waits_of_others(last, look))
        total = self.standing + tail - (look.waited - last.waited)
        return total if total >= self.threshold_s else None

    def _held_before(self, last: Look, look: Look) -> float:
        """Count what a new callback did before it was first seen.

        A watchdog that had a processor and yet came late waited for the interpreter lock. Python
        code gives that lock up every few milliseconds; so if the loop computed and never went round
        meanwhile, it was inside one C call, and that call's frame is the one now seen.
        """
        if look.beat_at is None:
            return 0.0
        known, cpu = last.at, last.cpu
        if look.beat_at > known:
            known, cpu = look.beat_at, look.beat_cpu
        return max(0.0, min(self._late(last, look, known), look.cpu - cpu))

    def _late(self, last: Look, look: Look, since: float) -> float:
        """Return how late this look is for want of anything but a processor."""
        late = look.at - since - 1.25 * self.period_s - (look.own_waited - last.own_waited)
        return late if late > self.period_s / 4 else 0.0


def _waits_of_others(last: Look, look: Look) -> float:
    if last.others_waited is None or look.others_waited is None:
        return look.own_waited - last.own_waited
    return max(0.0, look.others_waited - last.others_waited)
