"""What a node reaches, found out on the node: the database, Redis, models, its disk, its clock."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
import time
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from ai_catalyst.cluster.charge import settings_of
from ai_catalyst.cluster.fitness import ping_redis
from ai_catalyst.errors import CatalystError
from ai_catalyst.settings import Settings
from ai_catalyst.store.configured import shared_store_of, shared_url
from ai_catalyst.store.place import state_dir

__all__ = ["Finding", "examine"]

ENOUGH_DISK = 2**30
"""Bytes that should be free for what a worker caches."""
MOST_SKEW_S = 2.0
"""Seconds that clocks may differ: leases do not mind, reports of a run's costs would."""
LOOK_S = 20.0


class Finding(msgspec.Struct, frozen=True):
    """One thing looked at on a node: ``ok``, and what there is to say about it."""

    what: str
    ok: bool
    detail: str


async def examine(settings: str) -> list[tuple[str, bool, str]]:
    """Return `Finding`s, as tuples, of the node this runs on."""
    known = await asyncio.to_thread(settings_of, settings)
    looks: list[tuple[str, Callable[[Settings], Awaitable[tuple[bool, str]]]]] = [
        ("database", _database),
        ("redis", _redis),
        ("models", _models),
        ("state", _state),
    ]
    found = await asyncio.gather(*(_look(look, known) for _, look in looks))
    return [(what, *each) for (what, _), each in zip(looks, found, strict=True)]


async def _look(
    look: Callable[[Settings], Awaitable[tuple[bool, str]]], settings: Settings
) -> tuple[bool, str]:
    try:
        async with asyncio.timeout(LOOK_S):
            return await look(settings)
    except CatalystError as error:
        return False, str(error)
    except Exception as error:  # noqa: BLE001 - what is broken here is what was asked for
        return False, f"{type(error).__name__} in {LOOK_S:.0f} s at the most"


async def _database(settings: Settings) -> tuple[bool, str]:
    if shared_url(settings) is None:
        return False, "none is named: --database postgresql+asyncpg://user:password@host/name"
    async with shared_store_of(settings) as store:
        await store.server.rows("SELECT 1")  # the first opens the connection
        before, began = time.time(), time.perf_counter()
        rows = await store.server.rows("SELECT extract(epoch FROM clock_timestamp())::float8")
        took = time.perf_counter() - began
        skew = rows[0][0] - (before + took / 2)
    told = f"{store.place} in {took * 1000:.0f} ms, clock {skew:+.1f} s"
    if abs(skew) > MOST_SKEW_S:
        return False, f"{told}: set the clocks (NTP)"
    return True, told


async def _redis(settings: Settings) -> tuple[bool, str]:
    url: Any = settings.cache.redis_url
    if url is None:
        return True, "none is named: limits are kept by an actor, the cache by each node"
    await ping_redis(url.get_secret_value())
    return True, "answers"


async def _models(settings: Settings) -> tuple[bool, str]:
    if settings.model == "none":
        return True, "none is wanted"
    from ai_catalyst.llm.configured import provider_of

    async with provider_of(settings) as llm:
        if not await llm.endpoints_async():
            return True, "none: extractive analysis"
        health = await llm.health_async()
    away = [name for name, one in health.items() if not one.reachable]
    if away:
        return False, f"{', '.join(away)}: no answer"
    return True, f"{', '.join(health)} answers" if len(health) == 1 else ", ".join(health)


async def _state(settings: Settings) -> tuple[bool, str]:
    return await asyncio.to_thread(_disk)


def _disk() -> tuple[bool, str]:
    folder = state_dir().absolute()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(4096))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        return False, f"{folder} is not writable ({error.strerror}): set CATALYST_HOME there"
    free = shutil.disk_usage(folder).free
    told = f"{folder}, {free / 2**30:,.1f} GiB free"
    return (True, told) if free >= ENOUGH_DISK else (False, f"{told}: make room")
