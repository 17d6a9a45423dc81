"""The desk where files wait for a worker: small ones go there together, as isolation has a price.

When a worker fails on several, nobody is blamed: each goes again, alone, and the guilty one fails.
"""

from __future__ import annotations

import asyncio
import weakref
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any, Protocol

from ai_catalyst.engine.workers import WorkerPool, shared_pool
from ai_catalyst.errors import CatalystError, WorkerError, WorkerTimeout
from ai_catalyst.pdf.pages import Begun, Done, Event, Failed, Message, Task, read_tasks

__all__ = ["Desk", "ReadTasks", "Seat", "desk_of"]

SMALL = 2**18
"""Up to this many bytes a file may share a message with others."""
PACK_BYTES = 2**21
MOST_IN_PACK = 16
_PACK_S = 0.1
"""How long a pack should take: its files wait for each other."""

_TOGETHER_S = 0.7
"""Small files that say nothing for so long are not waited for together."""

Take = Callable[[tuple[Event, ...]], "Awaitable[None] | None"]


class ReadTasks(Protocol):
    """What runs in the worker: `pages.read_tasks`, or an importable function like it."""

    def __call__(self, tasks: Sequence[Task], bundled: bool = False, /) -> Iterator[Message]:
        """Yield what becomes known of each task's file."""
        ...


class Seat:
    """A task that waits, and who takes what becomes known of it.

    ``page_timeout_s`` is from one page to the next, ``timeout_s`` for the whole, from the time a
    worker begins with it.
    """

    __slots__ = ("alone", "deadline", "done", "page_timeout_s", "size", "take", "task", "timeout_s")

    def __init__(
        self, task: Task, take: Take, *, size: int, page_timeout_s: float, timeout_s: float
    ) -> None:
        """Keep the terms; made on the loop that waits for it."""
        self.task = task
        self.take = take
        self.size = size
        self.page_timeout_s = page_timeout_s
        self.timeout_s = timeout_s
        self.alone = size > SMALL
        self.deadline: float | None = None
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def abandoned(self) -> bool:
        """Whether nobody waits any more."""
        return self.done.cancelled()


class Desk:
    """Sends the tasks of one event loop to a pool's workers, in their order."""

    def __init__(self, pool: WorkerPool, read: ReadTasks = read_tasks) -> None:
        """Serve ``pool``; ``read`` is what its workers do."""
        self._pool = pool
        self._read = read
        self._waiting: deque[Seat] = deque()
        self._packs: dict[asyncio.Task[None], _Pack] = {}
        self._called = False
        self._seconds_each = _PACK_S / 4

    @property
    def parts(self) -> int:
        """Into how many parts a long file is split."""
        return self._pool.workers

    async def do(self, seat: Seat) -> None:
        """Return when the task is done; raises the `WorkerError` it met.

        When the caller is cancelled, a worker that is at it is killed.
        """
        self._waiting.append(seat)
        self._call()
        try:
            await seat.done
        except asyncio.CancelledError:
            seat.done.cancel()
            for pack in self._packs.values():
                pack.look_up()
            raise

    def _call(self) -> None:
        """Send what waits, when whoever else is about to come has come."""
        if not self._called:
            self._called = True
            asyncio.get_running_loop().call_soon(self._send)

    def _send(self) -> None:
        self._called = False
        while self._waiting and len(self._packs) <= self._pool.workers:
            seats = self._next_pack()
            if not seats:
                continue
            pack = _Pack(self._pool, self._read, seats)
            task = asyncio.get_running_loop().create_task(pack.run(), name="catalyst-pdf-pack")
            self._packs[task] = pack
            task.add_done_callback(self._sent)

    def _next_pack(self) -> list[Seat]:
        waiting = self._waiting
        seats: list[Seat] = []
        size = 0
        share = -(-len(waiting) // self._pool.workers)
        most = max(1, min(MOST_IN_PACK, share, int(_PACK_S / self._seconds_each)))
        while waiting and len(seats) < most:
            seat = waiting[0]
            if seats and (seat.alone or size + seat.size > PACK_BYTES):
                break
            waiting.popleft()
            if seat.abandoned:
                continue
            seats.append(seat)
            size += seat.size
            if seat.alone:
                break
        return seats

    def _sent(self, task: asyncio.Task[None]) -> None:
        pack = self._packs.pop(task)
        if pack.finished:
            self._seconds_each += 0.2 * (pack.seconds / pack.finished - self._seconds_each)
            self._seconds_each = max(self._seconds_each, 1e-4)
        left = [seat for seat in pack.left if not seat.done.done()]
        if task.cancelled():  # the loop ends
            for seat in left:
                seat.done.cancel()
            return
        if (bug := task.exception()) is not None:
            for seat in left:
                seat.done.set_exception(bug)
            left = []
        self._waiting.extendleft(reversed(left))
        self._send()


class _Pack:
    """Some tasks on their way through one worker, or one that goes alone."""

    def __init__(self, pool: WorkerPool, read: ReadTasks, seats: list[Seat]) -> None:
        self._pool = pool
        self._read = read
        self._seats = seats
        self._at = 0
        self._timer: asyncio.Timeout | None = None
        self._began: float | None = None
        self.finished = 0
        self.seconds = 0.0

    @property
    def left(self) -> list[Seat]:
        """What has not come to an end."""
        return self._seats[self._at :]

    def look_up(self) -> None:
        """See whether anybody still waits for what is being done."""
        if self._at < len(self._seats) and self._seats[self._at].abandoned:
            self._ring_at(asyncio.get_running_loop().time())

    def _ring_at(self, when: float) -> None:
        if self._timer is not None and not self._timer.expired():
            self._timer.reschedule(when)

    async def run(self) -> None:
        """Go through the tasks; a failure is due to one that is alone."""
        loop = asyncio.get_running_loop()
        error: CatalystError | None = None
        try:
            async with asyncio.timeout(None) as self._timer:
                await self._follow(loop)
        except CatalystError as failure:
            error = failure
        except TimeoutError:
            error = WorkerTimeout("the file took longer than it may")
        self._timer = None
        if self._began is not None:
            self.seconds = loop.time() - self._began
        if len(self._seats) > 1:
            for seat in self.left:
                seat.alone = True
        elif self.left:
            self._end(error or WorkerError("the reader gave no end"))

    async def _follow(self, loop: asyncio.AbstractEventLoop) -> None:
        together = len(self._seats) > 1
        silence = _TOGETHER_S if together else self._seats[0].page_timeout_s
        tasks = [seat.task for seat in self._seats]
        async with self._pool.stream(self._read, tasks, together, silence=silence) as messages:
            async for message in messages:
                for index, events in message:
                    await self._take(self._seats[index], events, loop)

    async def _take(
        self, seat: Seat, events: tuple[Event, ...], loop: asyncio.AbstractEventLoop
    ) -> None:
        if isinstance(events[0], Begun):
            self._began = loop.time()  # it may have waited for a worker before
            self._begin(seat, loop)
            return
        if not seat.abandoned and (pending := seat.take(events)) is not None:
            await pending
        if isinstance(events[-1], Done | Failed):
            self._end(None)
            self.finished += 1
            if self._at < len(self._seats):
                self._begin(self._seats[self._at], loop)

    def _begin(self, seat: Seat, loop: asyncio.AbstractEventLoop) -> None:
        seat.deadline = loop.time() + seat.timeout_s
        self._ring_at(loop.time() if seat.abandoned else seat.deadline)

    def _end(self, error: CatalystError | None) -> None:
        seat = self._seats[self._at]
        self._at += 1
        if seat.done.done():
            return
        if error is None:
            seat.done.set_result(None)
        else:
            seat.done.set_exception(error)


_desks: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Any, Desk]] = (
    weakref.WeakKeyDictionary()
)


def desk_of(pool: WorkerPool | None = None, read: ReadTasks = read_tasks) -> Desk:
    """Return this loop's desk for a pool (None: the shared one)."""
    pool = pool or shared_pool()
    desks = _desks.setdefault(asyncio.get_running_loop(), {})
    key = (id(pool), read)
    if key not in desks or desks[key]._pool is not pool:
        desks[key] = Desk(pool, read)
    return desks[key]
