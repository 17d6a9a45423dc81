"""One run over many workers: hands shards out, hears of deaths, brings every document home once.

The journal in the shared database decides what is done. So whatever dies, its shard is sent again,
and only what was in work then is done anew.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from ai_catalyst.analysis.understanding import STAGE
from ai_catalyst.cluster.charge import Charge
from ai_catalyst.cluster.crew import Died, Hand
from ai_catalyst.cluster.node import SHARDS_AT_ONCE, Ended, Told
from ai_catalyst.cluster.places import as_place, position
from ai_catalyst.cluster.plan import Pace, Plan
from ai_catalyst.cluster.session import Node, nodes
from ai_catalyst.cluster.shard_rows import ShardRows
from ai_catalyst.cluster.shards import Held, Poison, Shard, after_death, after_failure
from ai_catalyst.documents.locating import Locator
from ai_catalyst.documents.prose import bad_source
from ai_catalyst.engine.commits import describe
from ai_catalyst.errors import StoreError, UserError, WorkerError
from ai_catalyst.store import RunItem
from ai_catalyst.store.shared import LEASE_S, SharedStore

if TYPE_CHECKING:
    from ai_catalyst.cluster.limits import SharedLimits

__all__ = ["Driver", "Hears", "Progress"]

LOOK_S = 1.0
"""Between two looks at how the workers are, in seconds."""
NODES_S = 5.0
"""Between two looks for nodes that joined."""
PATIENCE_S = 120.0
"""How long a run waits for a node to join when the last one is gone."""
STARTS = 3
"""Times that a worker is started anew on a node that lives before the node is left out."""


@dataclass(slots=True)
class Progress:
    """How far a run is, in sources and documents; ``places`` is None while nobody knows."""

    read: int = 0
    unreadable: int = 0
    pages: int = 0
    finished: int = 0
    failed: int = 0
    places: int | None = None

    def add(self, told: Told) -> None:
        """Count a shard in."""
        self.read += told.read
        self.unreadable += told.unreadable
        self.pages += told.pages
        self.finished += told.finished
        self.failed += told.failed


class Hears(Protocol):
    """Whoever shows a run; nothing here may fail or wait."""

    def cluster_is_at(self, progress: Progress) -> None:
        """The run is so far."""

    def say(self, line: str) -> None:
        """Something happened that people should know of."""


class Driver:
    """Runs a plan over hands, as long as it takes; ``wanted`` keeps some of the sources' URIs.

    ``workers`` a node; ``joined``: nodes that join later get work too. Raises what makes the run
    impossible, with the node's name; cancelled, it has every worker give its leases back.
    """

    def __init__(
        self,
        ray: Any,
        store: SharedStore,
        charge: Charge,
        plan: Plan,
        *,
        workers: int = 1,
        first: int = 32,
        joined: bool = False,
        wanted: set[str] | None = None,
        limits: SharedLimits | None = None,
        listener: Hears,
    ) -> None:
        """Start nothing yet; ``first`` is the smallest shard's number of sources."""
        self._ray = ray
        self._store = store
        self._charge = charge
        self._plan = plan
        self._workers = workers
        self._first = first
        self._joined = joined
        self._wanted = wanted
        self._limits = limits
        self._listener = listener
        self._rows = ShardRows(store.server, charge.run)
        self._hands: list[Hand] = []
        self._known: set[str] = set()
        self._again: deque[Shard] = deque()
        self._next_number = 0
        self._running = 0
        self._changed = asyncio.Condition()
        self._over = asyncio.Event()
        self._bad = 0
        self.progress = Progress()

    async def run(self) -> None:
        """Take the whole plan to its rows."""
        try:
            await self._start(await asyncio.to_thread(nodes, self._ray))
            for hand in self._hands:
                if hand.out:
                    raise UserError(hand.out)
            self._pace = Pace(self._first, len(self._hands) * SHARDS_AT_ONCE)
            async with asyncio.TaskGroup() as group:
                self._group = group
                for hand in self._hands:
                    self._employ(hand)
                group.create_task(self._watch())
        except BaseExceptionGroup as errors:
            raise errors.exceptions[0] from None
        finally:
            await asyncio.gather(*(hand.close() for hand in self._hands))

    # Workers.

    async def _start(self, found: Sequence[Node]) -> list[Hand]:
        """Start workers on nodes, all at once; raises `UserError` for one that would differ."""
        self._known |= {node.id for node in found}
        hands = [
            Hand(self._ray, node, number, self._charge)
            for node in found
            for number in range(1, self._workers + 1)
        ]
        self._hands += hands
        await asyncio.gather(*(self._wake(hand) for hand in hands))
        return hands

    async def _wake(self, hand: Hand) -> None:
        """Start a hand's worker; leaves the hand out when that cannot be."""
        for _ in range(STARTS):
            try:
                ended = await hand.start()
            except Died:
                if await self._is_gone(hand.node):
                    self._leave_out(hand.node, f"  {hand.node.name} is gone; others do its work")
                    return
                continue
            if ended is Ended.DONE:
                return
            self._leave_out(hand.node, _unfit(hand, ended))
            return
        self._leave_out(hand.node, _unfit(hand, Ended.FAILED))

    async def _is_gone(self, node: Node) -> bool:
        return node.id not in {one.id for one in await asyncio.to_thread(nodes, self._ray)}

    def _leave_out(self, node: Node, why: str) -> None:
        mine = [hand for hand in self._hands if hand.node.id == node.id]
        if not any(hand.out for hand in mine):
            self._listener.say(why)
        for hand in mine:
            hand.out = hand.out or why

    def _employ(self, hand: Hand) -> None:
        for _ in range(SHARDS_AT_ONCE):
            self._group.create_task(self._lane(hand))

    async def _lane(self, hand: Hand) -> None:
        while not hand.out and (shard := await self._next(hand)) is not None:
            try:
                again = await self._one(hand, shard)
            finally:
                self._running -= 1
            async with self._changed:
                self._again.extend(again)
                self._changed.notify_all()

    # Shards.

    async def _next(self, hand: Hand) -> Shard | None:
        """Return the next shard; None when there will be no more, or the hand is left out."""
        async with self._changed:
            while not hand.out:
                shard = self._again.popleft() if self._again else await self._cut()
                if shard is not None:
                    self._running += 1
                    return shard
                if not self._running:
                    self._over.set()
                    self._changed.notify_all()
                    return None
                await self._changed.wait()
        return None

    async def _cut(self) -> Shard | None:
        """Return a new shard; None when the plan is at its end."""
        while not (self._plan.exhausted and not self._plan.left):
            await self._plan.look_ahead(self._pace.size(None))
            found = self._plan.take(self._pace.size(self._plan.left))
            await self._write_bad([one for one in found if one[1].kind == "bad"])
            places = [as_place(*one) for one in found if one[1].kind != "bad"]
            if places:
                shard = Shard(self._number(), tuple(places))
                await self._rows.put([shard])
                return shard
        return None

    def _number(self) -> int:
        self._next_number += 1
        return self._next_number

    async def _write_bad(self, found: Sequence[tuple[int, Locator]]) -> None:
        """Write down places where there is nothing to read, as a worker would."""
        items = []
        for number, locator in found:
            if self._wanted is None or locator.uri in self._wanted:
                error = bad_source(locator.uri, locator.error or UserError("nothing is there"))
                text = describe(error.error)
                items.append(RunItem(position(number, 0), locator.uri, error=text))
        if items:
            self._bad += len(items)
            await self._store.add_run_items(self._charge.run, items)

    async def _one(self, hand: Hand, shard: Shard) -> Sequence[Shard]:
        """Have a hand take a shard; returns what is to be sent again."""
        async with hand.turn(alone=shard.alone):
            if hand.out:
                return [shard]
            life, started = hand.life, time.monotonic()
            await self._rows.begin(shard, hand.owner)
            try:
                told = await hand.work(shard)
            except Died:
                return await self._after_death(shard, await self._mourn(hand, life))
        if told.ended != Ended.DONE:
            return await self._after_failure(hand, shard, Ended(told.ended))
        await self._rows.end(shard, told.finished - told.failed, told.failed)
        self._pace.heard(shard.count, time.monotonic() - started)
        self.progress.add(told)
        return []

    async def _mourn(self, hand: Hand, life: int) -> Sequence[Held]:
        """Bury a worker once, wake the next; returns what it had in work."""
        async with hand.lock:
            if hand.life == life:
                owner = hand.owner
                hand.kill()
                self._listener.say(f"  {hand.name} died; what it had is sent again")
                await self._store.bury(owner)
                if self._limits is not None:
                    await self._limits.bury(owner)
                held = await self._store.in_flight(self._charge.run)
                hand.held[life] = [
                    Held(one.label, one.key, one.deaths) for one in held if one.owner == owner
                ]
                await self._wake(hand)
            return hand.held.get(life, [])

    async def _after_death(self, shard: Shard, held: Sequence[Held]) -> Sequence[Shard]:
        verdict = after_death(shard, held)
        if verdict.poison is not None:
            await self._write_poison(verdict.poison)
        again = verdict.shards
        if len(again) > 1:
            again = tuple(replace(one, number=self._number()) for one in again)
        await self._rows.replace(shard, again)
        return again

    async def _write_poison(self, poison: Poison) -> None:
        error = (
            f"{poison.label}: it ended every worker that took it; it was left out, and "
            "--retry-failed tries it again"
        )
        await self._rows.poison(STAGE, poison, error)
        self._listener.say(f"  ✗ {error}")

    async def _after_failure(self, hand: Hand, shard: Shard, ended: Ended) -> Sequence[Shard]:
        if ended is Ended.STOPPED:
            return [shard]
        why = await self._rows.error_of(shard)
        if ended in {Ended.DISK_FULL, Ended.UNSEEN}:
            told = _unfit(hand, ended, why)
            self._leave_out(hand.node, told)
            if not self._joined and all(one.out for one in self._hands):
                raise (StoreError if ended is Ended.DISK_FULL else UserError)(told)
            return [shard]
        again = after_failure(shard)
        if again is None:
            kind = StoreError if ended is Ended.STORE else WorkerError
            raise kind(f"{hand.name}: shard {shard.number} could not be done: {why or ended.name}")
        await asyncio.sleep(2.0**again.failures / 2)
        return [again]

    # Watching.

    async def _watch(self) -> None:
        """Show how far it is, kill who is frozen, take in who joins."""
        looked = alone_since = time.monotonic()
        while not self._over.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    await self._over.wait()
            await self._end_frozen()
            await self._tell()
            now = time.monotonic()
            if self._joined and now > looked + NODES_S:
                looked = now
                await self._take_in()
            if any(not hand.out for hand in self._hands):
                alone_since = now
            elif not self._over.is_set():
                self._give_up(now - alone_since)
        await self._tell()

    def _give_up(self, waited_s: float) -> None:
        """Raise when no worker is left, and none is worth waiting for."""
        if not self._joined or waited_s > PATIENCE_S:
            last = self._hands[-1].out if self._hands else "the cluster has no node"
            raise WorkerError(f"no worker is left: {last}; the same command goes on from here")

    async def _end_frozen(self) -> None:
        beats = await self._store.beats()
        for hand in self._hands:
            if not hand.out and beats.get(hand.owner, 0.0) > LEASE_S:
                self._listener.say(f"  {hand.name} gives no sign of life; it is ended")
                hand.kill()

    async def _take_in(self) -> None:
        found = await asyncio.to_thread(nodes, self._ray)
        new = [node for node in found if node.id not in self._known]
        for hand in await self._start(new) if new else ():
            self._listener.say(f"  {hand.name} joined")
            self._employ(hand)

    async def _tell(self) -> None:
        live = [hand for hand in self._hands if not hand.out and hand.life]
        progress = replace(self.progress)
        progress.unreadable += self._bad
        progress.finished += self._bad
        progress.places = self._plan.known if self._plan.exhausted else None
        for told in await asyncio.gather(*(_soon(hand.counts()) for hand in live)):
            for each in told:
                progress.add(each)
        self._listener.cluster_is_at(progress)


async def _soon(counts: Any) -> list[Told]:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(LOOK_S):
            found: list[Told] = await counts
            return found
    return []


def _unfit(hand: Hand, ended: Ended, why: str = "") -> str:
    """Say what is wrong with a node, and what to do."""
    name = hand.node.name
    told: dict[Ended, Callable[[], str]] = {
        Ended.DISK_FULL: lambda: f"{name}: its disk is full: make room there; it gets no more work",
        Ended.UNSEEN: lambda: (
            f"{why or name + ' does not see the sources'}: "
            "share that folder with every node, under the same name"
        ),
        Ended.STORE: lambda: f"{name} does not reach the database",
        Ended.UNLIKE: lambda: (
            f"{name} would analyse otherwise than this machine: "
            "give it the same models, keys and version"
        ),
    }
    usual = f"{name} could not begin ({ended.name.lower()})"
    return told.get(ended, lambda: usual)() + "; `catalyst cluster doctor` looks at every node"
