"""A breaker whose state many processes and machines share."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from ai_catalyst.cluster.courier import Errand
from ai_catalyst.engine import Breaker

if TYPE_CHECKING:
    from ai_catalyst.cluster.courier import Courier, Reply

__all__ = ["SharedBreaker"]

LOOK_S = 0.25
"""How often a process in which calls are made looks at what others have found out."""
NEWS_S = 2.0
"""How long news are worth carrying while the keeper is away."""


class SharedBreaker(Breaker):
    """Opens for all when one process has seen ``failures`` failures in a row; one probe for all.

    While it is closed a call asks nobody: others' news are heard every quarter of a second. After
    ``reset_s`` the first process with a call for it is given the probe. While the keeper is away
    each process goes by what it sees itself. ``hear`` is told, in the courier's thread, for how
    many seconds others were told to leave the endpoint alone; `tell_hold` tells them.
    """

    def __init__(
        self,
        courier: Courier,
        key: str,
        owner: str,
        *,
        failures: int = 5,
        reset_s: float = 30.0,
        name: str = "the resource",
        hear: Callable[[float], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Share a breaker; nobody is asked yet."""
        super().__init__(failures, reset_s, name=name, clock=clock)
        self.hear = hear
        self._courier = courier
        self._key = key
        self._owner = owner
        self._granted = False
        self._asked_at: float | None = None
        self._unheard = 0
        self._used = False
        courier.every(LOOK_S, self._look)

    @property
    def state(self) -> Literal["closed", "open", "half_open"]:
        """The state a call would meet now; in *half_open* the probe is this process's."""
        self._used = True
        if self._opened_at is None:
            return "closed"
        if super().state == "open":
            return "open"
        return "half_open" if self._has_probe() else "open"

    def allow(self) -> bool:
        """Say whether a call may pass; in *half_open* a yes is the one probe of all processes."""
        self._used = True
        if self._opened_at is None:
            return True
        if super().state == "open" or not self._has_probe():
            return False
        allowed = super().allow()
        self._granted = False
        return allowed

    def success(self) -> None:
        """Hear that a call went well: the endpoint works, for everybody."""
        was_open = self._opened_at is not None
        super().success()
        self._granted = False
        if was_open:
            self._tell("close")

    def failure(self) -> None:
        """Hear that a call failed."""
        before = self._opened_at
        super().failure()
        if self._opened_at is not None and self._opened_at != before:
            self._granted = False
            self._tell("open")

    def abandon(self) -> None:
        """Hear that a call ended without a verdict: if it was the probe, another one may pass."""
        held = self._probed_at
        super().abandon()
        if held is not None and self._probed_at is None:
            self._tell("abandon")

    def tell_hold(self, seconds: float) -> None:
        """Tell all others to leave the endpoint alone for so long."""
        self._tell("hold", seconds * 1e6)

    def _has_probe(self) -> bool:
        """Say whether this process may probe; if not, ask for it, at most once a look."""
        with self._lock:
            now = self._clock()
            due = self._asked_at is None or now >= self._asked_at + LOOK_S
            if self._granted or self._wait() > 0 or not due:
                return self._granted
            self._asked_at = now
        self._post("probe", self._hear_probe)
        return self._granted

    def _hear_probe(self, reply: Reply) -> None:
        if reply.error is not None:
            self._granted = True  # nobody knows better: one of this process's own
        elif reply.numbers[3]:
            self._granted = True
        else:
            self._hear_state(reply)

    def _tell(self, op: str, *time_us: float) -> None:
        with self._lock:
            self._unheard += 1
        self._post(op, self._hear_told, *time_us)

    def _hear_told(self, reply: Reply) -> None:
        with self._lock:
            self._unheard -= 1
        self._hear_state(reply)

    def _look(self) -> None:
        if self._used or self._opened_at is not None:
            self._used = False
            self._post("look", self._hear_state)

    def _post(self, op: str, done: Callable[[Reply], None], *time_us: float) -> None:
        arguments: tuple[str | float, ...] = (op, self._owner, self.reset_s * 1e6, *time_us)
        until = self._courier.clock() + NEWS_S
        self._courier.post(Errand("breaker", self._key, arguments, done, until))

    def _hear_state(self, reply: Reply) -> None:
        """Take over what the others know, unless they have not heard yet what is known here."""
        if reply.error is not None:
            return
        shut, wait_us, hold_us, _ = reply.numbers
        if hold_us and self.hear is not None:
            self.hear(hold_us / 1e6)
        with self._lock:
            if self._unheard:
                return
            if not shut:
                self._failed = self._failed if self._opened_at is None else 0
                self._opened_at = self._probed_at = self._prober = None
                self._granted = False
            elif self._probed_at is None and not self._granted:
                self._opened_at = self._clock() + wait_us / 1e6 - self.reset_s
