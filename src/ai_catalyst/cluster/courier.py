"""One thread that carries what limits ask to whoever keeps the shared tallies, and brings replies.

Limits are asked for from every thread and event loop, many at a time: what has gathered while the
last round trip was under way goes with the next one, so a round trip is shared by all who wait.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

from ai_catalyst.errors import CatalystError, StoreError

__all__ = ["Away", "Courier", "Errand", "Keeper", "Reply", "ServerClock", "tell"]

log = logging.getLogger(__name__)

FIRST_WAIT_S = 0.01
LONGEST_WAIT_S = 0.5
DRIFT = 2e-4
"""How much faster than the server's clock ours is believed to run at most."""

Argument = str | float


@dataclass(slots=True)
class Reply:
    """What came back: the keeper's numbers, or an error; when it was asked for and was here."""

    numbers: Sequence[int]
    error: CatalystError | None
    sent: float
    got: float

    def unwrap(self) -> Sequence[int]:
        """Return the numbers; raises the error, each time a new one."""
        if self.error is not None:
            raise type(self.error)(*self.error.args)
        return self.numbers


@dataclass(slots=True)
class Errand:
    """One question: which tally, which entry of it, what to do; ``done`` is called in the thread.

    ``until`` is the moment at which an answer is no longer waited for.
    """

    tally: str
    key: str
    arguments: tuple[Argument, ...]
    done: Callable[[Reply], None]
    until: float = field(default=float("inf"))


class Away(Exception):
    """Raised by a keeper that cannot be reached just now."""


class Keeper(Protocol):
    """Whoever keeps the tallies: Redis, or an actor of Ray. Only ever called in one thread."""

    where: str
    """What is asked and where, for messages: ``Redis at host:port``."""
    remedy: str

    def carry(self, errands: Sequence[Errand]) -> list[Sequence[int] | CatalystError]:
        """Return the reply to each, in order; raises `Away`."""
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...


class ServerClock:
    """What our clock shows at a moment of the server's, never too early."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._ahead: float | None = None
        self._learned = 0.0

    def learn(self, server: float, sent: float, got: float) -> None:
        """Hear the server's time, told between two moments of ours; seconds."""
        least, most = server - got, server - sent
        known = self._ahead
        if known is not None:
            known -= DRIFT * (got - self._learned)
        # The server is ahead by at least `least`: of many replies the quickest says it best.
        self._ahead = least if known is None or known > most else max(known, least)
        self._learned = got

    def here(self, server: float) -> float:
        """Return our time at a moment of the server's."""
        assert self._ahead is not None
        return server - self._ahead


class Courier:
    """Carries errands in a thread of its own, started with the first one, until `close`.

    While the keeper is away, errands wait and are tried again, with pauses up to half a second;
    those whose ``until`` has come fail with a `StoreError` that names the keeper and the remedy.
    ``every`` calls are made in the same thread, at most one pause late.
    """

    def __init__(self, keeper: Keeper, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Know whom to ask; nothing is started."""
        self.clock = clock
        self.server = ServerClock()
        self.trips = 0
        self._keeper = keeper
        self._errands: deque[Errand] = deque()
        self._regular: list[tuple[float, Callable[[], None]]] = []
        self._due: dict[int, float] = {}
        self._bell = threading.Condition()
        self._thread: threading.Thread | None = None
        self._pid = os.getpid()
        self._closed = False

    @property
    def where(self) -> str:
        """Whom it asks."""
        return self._keeper.where

    @property
    def started(self) -> bool:
        """Whether its thread was started and not ended."""
        return self._thread is not None and self._thread.is_alive()

    def post(self, *errands: Errand) -> None:
        """Have errands carried; from any thread, without waiting."""
        with self._bell:
            if not self._closed:
                self._errands.extend(errands)
                self._start()
                self._bell.notify()
                return
        for errand in errands:
            self._fail(errand, StoreError(f"the shared limits kept by {self.where} are closed"))

    async def ask(
        self, tally: str, key: str, arguments: tuple[Argument, ...], patience_s: float
    ) -> Sequence[int]:
        """Carry one errand and return its reply; raises what it failed with."""
        loop = asyncio.get_running_loop()
        heard: asyncio.Future[Reply] = loop.create_future()
        until = self.clock() + patience_s
        self.post(Errand(tally, key, arguments, lambda reply: tell(heard, reply), until))
        return (await heard).unwrap()

    def every(self, seconds: float, call: Callable[[], None]) -> None:
        """Make a call again and again, in the thread; it should only post errands."""
        with self._bell:
            self._due[len(self._regular)] = self.clock() + seconds
            self._regular.append((seconds, call))
            self._start()
            self._bell.notify()

    def close(self) -> None:
        """Carry what is posted, if the keeper is there, and end the thread."""
        with self._bell:
            self._closed = True
            self._bell.notify()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def _start(self) -> None:
        if self._thread is None or self._pid != os.getpid():  # a fork does not have the thread
            self._pid = os.getpid()
            self._thread = threading.Thread(target=self._run, name="catalyst-limits", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        wait = 0.0
        while errands := self._next(wait):
            wait = self._go(errands, wait)
        self._keeper.close()

    def _next(self, wait: float) -> list[Errand]:
        """Return what is to be carried now; nothing at all means that this is the end."""
        if wait:
            with self._bell:
                self._bell.wait_for(lambda: self._closed, wait)
        while True:
            for call in self._calls_due():
                call()
            with self._bell:
                if self._errands or self._closed:
                    found = list(self._errands)
                    self._errands.clear()
                    return found
                pause = min(self._due.values(), default=float("inf")) - self.clock()
                self._bell.wait(None if pause == float("inf") else max(0.0, pause))

    def _calls_due(self) -> list[Callable[[], None]]:
        with self._bell:
            if self._closed:
                return []
            now = self.clock()
            found = []
            for number, (seconds, call) in enumerate(self._regular):
                if self._due[number] <= now:
                    self._due[number] = now + seconds
                    found.append(call)
            return found

    def _go(self, errands: list[Errand], waited: float) -> float:
        """Make one round trip; return how long to pause before the next."""
        sent = self.clock()
        self.trips += 1
        try:
            replies = self._keeper.carry(errands)
        except Away as error:
            return self._put_back(errands, error, waited)
        except Exception as error:  # noqa: BLE001 - whatever it is, others wait for this thread
            replies = [StoreError(f"{self.where} failed: {type(error).__name__}")] * len(errands)
        got = self.clock()
        for errand, reply in zip(errands, replies, strict=True):
            if isinstance(reply, CatalystError):
                self._fail(errand, reply)
            else:
                self._end(errand, Reply(reply, None, sent, got))
        return 0.0

    def _put_back(self, errands: list[Errand], error: Away, waited: float) -> float:
        now = self.clock()
        keeper = self._keeper
        message = f"{keeper.where} does not answer ({error}): {keeper.remedy}; nothing was sent"
        with self._bell:
            ended = self._closed
            late = [errand for errand in errands if ended or errand.until <= now]
            self._errands.extendleft(
                errand for errand in reversed(errands) if not ended and errand.until > now
            )
        for errand in late:
            self._fail(errand, StoreError(message))
        return min(LONGEST_WAIT_S, max(FIRST_WAIT_S, 2 * waited))

    def _fail(self, errand: Errand, error: CatalystError) -> None:
        now = self.clock()
        self._end(errand, Reply((), error, now, now))

    def _end(self, errand: Errand, reply: Reply) -> None:
        try:
            errand.done(reply)
        except Exception:
            log.exception("a reply about %s was not understood", errand.tally)


def tell(heard: asyncio.Future[Reply], reply: Reply) -> None:
    """Hand a reply to who waits for it in a loop of his own, if he still does."""
    with suppress(RuntimeError):  # the loop is closed, and whoever waited on it gone
        heard.get_loop().call_soon_threadsafe(_set, heard, reply)


def _set(heard: asyncio.Future[Reply], reply: Reply) -> None:
    if not heard.done():
        heard.set_result(reply)
