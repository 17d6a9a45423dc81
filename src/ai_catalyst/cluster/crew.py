"""The workers of a run: where each one lives, who it is now, and what it takes to wake the next."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Sequence
from typing import Any

from ai_catalyst.cluster.charge import Charge
from ai_catalyst.cluster.node import CALLS_AT_ONCE, Ended, Told, Worker
from ai_catalyst.cluster.session import Node
from ai_catalyst.cluster.shards import Held, Shard
from ai_catalyst.errors import WorkerError

__all__ = ["Died", "Hand"]

START_S = 120.0
"""How long a worker may take to be there, in seconds."""
STOP_S = 10.0
"""How long it may take to give its leases back."""


class Died(Exception):
    """Raised when a worker, or its node, died over a call."""


class Hand:
    """One worker's place on a node; ``life`` counts the workers that lived there.

    ``owner`` is the name of the one that lives there now, ``out`` why no other will (empty: none),
    ``held`` what each dead one had in work.
    """

    def __init__(self, ray: Any, node: Node, number: int, charge: Charge) -> None:
        """Wake nobody yet."""
        self._ray = ray
        self._charge = charge
        self._actor: Any = None
        self.node = node
        self.name = f"{node.name}/{number}"
        self.life = 0
        self.out = ""
        self.held: dict[int, Sequence[Held]] = {}
        self.lock = asyncio.Lock()
        self._door = asyncio.Lock()
        self._inside = 0
        self._left = asyncio.Condition()

    @property
    def owner(self) -> str:
        """Who the worker is among the owners of leases."""
        return f"{self.name}.{self.life}@{self._charge.run}"

    async def start(self) -> Ended:
        """Wake a worker; returns how its opening ended. Raises `Died`."""
        self.life += 1
        strategy = self._ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy
        remote = self._ray.remote(
            num_cpus=0,
            max_restarts=0,
            max_task_retries=0,
            max_concurrency=CALLS_AT_ONCE,
            scheduling_strategy=strategy(self.node.id, soft=False),
        )(Worker)
        try:
            async with asyncio.timeout(START_S):
                self._actor = await asyncio.to_thread(remote.remote, self._charge, self.owner)
                return Ended(await self._told(self._actor.open.remote()))
        except TimeoutError as error:
            self.kill()
            raise Died(f"{self.name} did not start in {START_S:.0f} s") from error

    async def work(self, shard: Shard) -> Told:
        """Have a shard worked through. Raises `Died`."""
        return Told(*await self._told(self._actor.work.remote(shard.number, shard.alone)))

    async def counts(self) -> list[Told]:
        """Return how far its shards are; nothing when it does not say."""
        with contextlib.suppress(Died):
            return [Told(*each) for each in await self._told(self._actor.counts.remote())]
        return []

    def kill(self) -> None:
        """End the worker, whatever it does; harmless when it is dead."""
        if self._actor is not None:
            with contextlib.suppress(Exception):  # Ray knows it no more
                self._ray.kill(self._actor, no_restart=True)

    async def close(self) -> None:
        """Have the worker give back what it leased, then end it."""
        if self._actor is not None and not self.out:
            with contextlib.suppress(Died, WorkerError, TimeoutError):
                async with asyncio.timeout(STOP_S):
                    await self._told(self._actor.close.remote())
        self.kill()

    @contextlib.asynccontextmanager
    async def turn(self, *, alone: bool) -> AsyncIterator[None]:
        """Hold a place in the worker, or, ``alone``, all of it."""
        await self._door.acquire()
        if alone:
            try:
                async with self._left:
                    await self._left.wait_for(lambda: not self._inside)
                yield
            finally:
                self._door.release()
            return
        self._inside += 1
        self._door.release()
        try:
            yield
        finally:
            self._inside -= 1
            async with self._left:
                self._left.notify_all()

    async def _told(self, answer: Awaitable[Any]) -> Any:
        errors = self._ray.exceptions
        try:
            return await answer
        except errors.RayTaskError as error:
            # What it says may be anything: the worker's own mistakes come as numbers.
            kind = type(error.cause).__name__ if error.cause is not None else type(error).__name__
            raise WorkerError(
                f"{self.name}: its worker failed with {kind}; "
                "`catalyst cluster doctor` says whether the node is fit"
            ) from None
        except errors.RayError as error:
            raise Died(f"{self.name}: {type(error).__name__}") from error
