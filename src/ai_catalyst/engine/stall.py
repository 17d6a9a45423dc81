"""When does an event loop stand? The judgement, apart from the watchdog that gathers the facts.

A callback stands while the loop's thread computes or is blocked in it. What does not count is time
in which the thread was ready and the machine gave it no processor, nor time in which the watchdog
itself was late for the same reason. Both are measured, never guessed: Linux counts for each thread
how long it waited for a processor (``schedstat``), and the processor time spent tells a C call that
kept the interpreter lock from a machine that stood still.
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
    """What the watchdog saw at one moment; all times in seconds, all counters rising.

    ``callback`` identifies the callback that runs, None when the loop is idle or between two;
    ``cpu`` is the processor time of the loop's thread, ``waited`` how long that thread was ready
    without a processor, ``own_waited`` the same of the watchdog, ``process_cpu`` the processor time
    of the whole process.
    """

    at: float
    callback: object | None = None
    cpu: float = 0.0
    waited: float = 0.0
    own_waited: float = 0.0
    process_cpu: float = 0.0


class StallMeter:
    """Adds up how long one callback has been standing, from a series of looks.

    ``threshold_s`` is what makes a stall, ``period_s`` how long the watchdog means to sleep between
    looks. ``standing`` is the time the present callback has stood so far: never more than it truly
    did, and at most two periods less.
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

    def _close(self, last: Look, look: Look, left_at: float | None) -> float | None:
        if last.callback is None:
            return None
        # Nobody watched after the last look, so no more than a period and a half is believed.
        end = min(look.at, last.at + 1.5 * self.period_s, left_at or look.at)
        total = self.standing + max(0.0, end - last.at - (look.waited - last.waited))
        return total if total >= self.threshold_s else None

    def _stood(self, last: Look, look: Look) -> float:
        """Count one interval in which the same callback was seen at both ends."""
        frozen = max(0.0, self._late(last, look) - (look.process_cpu - last.process_cpu))
        return max(0.0, look.at - last.at - (look.waited - last.waited) - frozen)

    def _held_before(self, last: Look, look: Look) -> float:
        """Count what a new callback did before it was first seen.

        A watchdog that had a processor and yet came late waited for the interpreter lock. Python
        code gives that lock up every few milliseconds; so if the loop's thread computed meanwhile,
        it was inside one C call, and that call's frame is the one now seen.
        """
        return max(0.0, min(self._late(last, look), look.cpu - last.cpu))

    def _late(self, last: Look, look: Look) -> float:
        """Return how late this look is for want of anything but a processor."""
        late = look.at - last.at - self.period_s - (look.own_waited - last.own_waited)
        return late if late > self.period_s / 2 else 0.0
