"""When does an event loop stand? The judgement, apart from the watchdog that gathers the facts.

A callback stands while the loop's thread computes or is blocked in it. What does not count is time
in which the machine gave no processor: to the loop's thread, to the watchdog, or to a thread that
holds the interpreter lock the loop waits for. Linux counts all three (``schedstat``), so they are
measured, not guessed.

Everything else in which a thread is kept in one place is standing, whoever is to blame: a sleep, a
lock, a slow disk or network, a page that has to be read or swapped in, another thread that computes
with the interpreter lock in its hands. What a hypervisor takes from a whole machine cannot be told
from that where it does not stop the watchdog as well. Systems other than Linux do not count, so
there a wait for a processor is standing too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
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
    ``process_cpu`` the processor time of the whole process; ``due_s`` how long after the last look
    this one was meant to be. ``beat`` is what was seen, in the
    loop's thread, when the loop last was known to go round (None: not known); ``first`` says that
    the callback is the first one of the round that began then, or a little later.
    """

    at: float
    callback: object | None = None
    cpu: float = 0.0
    waited: float = 0.0
    turns: int = 0
    own_waited: float = 0.0
    others_waited: float | None = None
    process_cpu: float = 0.0
    due_s: float = 0.0
    beat: Look | None = None
    first: bool = False


class StallMeter:
    """Adds up how long one callback has been standing, from a series of looks.

    ``threshold_s`` is what makes a stall, ``period_s`` how long the watchdog means to sleep between
    looks, ``late_s`` how long after a beat, when there is no other, and ``slack_s`` how old a beat
    may be when a round begins. ``standing`` is how long the present callback has stood so far:
    never more than it truly did.
    """

    __slots__ = (
        "_computed",
        "_doubtful",
        "_last",
        "late_s",
        "period_s",
        "slack_s",
        "standing",
        "threshold_s",
    )

    def __init__(self, threshold_s: float, period_s: float) -> None:
        """Start with nothing seen."""
        self.late_s = 4 * period_s
        self.slack_s = 0.25 * self.late_s
        self.threshold_s = threshold_s
        self.period_s = period_s
        self.standing = 0.0
        self._computed = self._doubtful = 0.0
        self._last: Look | None = None

    def see(self, look: Look, left: Look | None = None, *, exact: bool = False) -> float | None:
        """Take one look; return the length of a stall that has ended since the last one.

        ``left`` was taken in the loop's thread when the last callback seen was known to be over,
        and ``exact`` says that nothing else ran between; None when nobody knows.
        """
        last, self._last = self._last, look
        if last is None:
            return None
        if look.callback is not None and look.callback is last.callback and left is None:
            self._computed += look.cpu - last.cpu if look.turns else 0.0
            self.standing = max(self.standing + self._stood(last, look), self._computed)
            return None
        ended = self._close(last, look, left, exact)
        self._doubtful = 0.0
        self.standing = 0.0 if look.callback is None else self._held_before(last, look)
        self._computed = self.standing - self._doubtful
        return ended

    def _stood(self, last: Look, look: Look) -> float:
        """Count an interval in which the same callback was seen at both ends.

        Below 0 when it ends a wait for a processor: the kernel tells of a wait when it is over, and
        until then it looked like standing.
        """
        wall, waited = look.at - last.at, look.waited - last.waited
        if look.turns == last.turns:
            # Not run at all: blocked in one place the whole time, unless the machine stood still.
            stood = wall - waited - self._frozen(last, look)
            self._doubtful += stood
            return stood
        self._doubtful = 0.0
        cpu = look.cpu - last.cpu
        blocked = wall - waited - cpu
        if blocked > 0:
            # Part of it may be the wait for an interpreter lock whose holder got no processor.
            blocked = max(0.0, blocked - _waits_of_others(last, look))
        return cpu + blocked

    def _close(self, last: Look, look: Look, left: Look | None, exact: bool) -> float | None:
        if last.callback is None:
            return None
        if left is not None and exact:
            left = replace(
                left,
                own_waited=look.own_waited,
                others_waited=look.others_waited,
                due_s=look.due_s,
            )
            computed = self._computed + (left.cpu - last.cpu if left.turns else 0.0)
            total = max(self.standing + self._stood(last, left), computed)
        else:
            total = self.standing + self._tail(last, look, left.at if left else look.at)
        return total if total >= self.threshold_s else None

    def _tail(self, last: Look, look: Look, left_at: float) -> float:
        """Count what nobody watched after the last look: a period and a half at most is believed.

        A wait is told of when it is over; it takes back no more than what it may have looked like.
        """
        tail = left_at - last.at - (look.waited - last.waited) - _waits_of_others(last, look)
        return max(-self._doubtful, min(tail, 1.5 * self.period_s))

    def _held_before(self, last: Look, look: Look) -> float:
        """Count what a new callback did before it was first seen.

        A watchdog that had a processor and yet came late waited for the interpreter lock. Python
        code gives that lock up every few milliseconds; so if the loop computed and never went round
        meanwhile, it was inside one C call, and that call's frame is the one now seen.

        If the loop's thread got no turn on a processor since the loop went round, then it has been
        blocked in one place, the one now seen, for all the time that it did not compute.
        """
        beat = look.beat
        if beat is None:
            return 0.0
        if beat.at <= last.at:
            return max(0.0, min(self._late(last, look), look.cpu - last.cpu))
        beat = replace(beat, own_waited=last.own_waited)
        look = replace(look, due_s=self.late_s)
        computed = look.cpu - beat.cpu
        late = self._late(beat, look)
        held = max(0.0, computed - self.slack_s if look.first else min(late, computed))
        if look.turns == beat.turns > 0:
            wall = look.at - beat.at
            self._doubtful = max(0.0, wall - computed - self._frozen(beat, look))
            held += self._doubtful
        return held

    def _frozen(self, last: Look, look: Look) -> float:
        """Return for how long the whole process stood still, as a paused machine does."""
        return max(0.0, self._late(last, look) - (look.process_cpu - last.process_cpu))

    def _late(self, last: Look, look: Look) -> float:
        """Return how late this look is, though watchdog and loop had a processor."""
        waited = look.own_waited - last.own_waited + look.waited - last.waited
        late = look.at - last.at - look.due_s - waited
        return late if late > self.period_s / 2 else 0.0


def _waits_of_others(last: Look, look: Look) -> float:
    if last.others_waited is None or look.others_waited is None:
        return look.own_waited - last.own_waited
    return max(0.0, look.others_waited - last.others_waited)
