"""Work in a database transaction, run again when that is right and only then."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from ai_catalyst.errors import CatalystError
from ai_catalyst.io.database_faults import explain, is_conflict, is_lost

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

__all__ = ["in_transaction", "pause_s", "until_answered"]

T = TypeVar("T")


def pause_s(attempt: int, chance: Callable[[], float] = random.random) -> float:
    """Return the seconds to wait after failed attempt ``attempt`` (from 1): 10 ms, doubling to 1 s.

    Half of it is drawn, so that those who collided do not meet again.
    """
    ceiling = min(1.0, 0.01 * 2.0 ** min(attempt - 1, 20))
    return ceiling * (0.5 + chance() / 2)


async def until_answered(operation: Callable[[], Awaitable[T]], within_s: float, what: str) -> T:
    """Return what ``operation()`` returns, made again while the server is away or was in conflict.

    For operations that may be repeated. No attempt begins later than ``within_s`` seconds after
    the first. Other database errors, and the last of these, are raised as errors of ours.
    """
    started = time.monotonic()
    attempt = 1
    while True:
        try:
            return await operation()
        except CatalystError:
            raise
        except Exception as error:
            again = is_lost(error) or is_conflict(error)
            wait = pause_s(attempt)
            if not again or time.monotonic() - started + wait > within_s:
                raise explain(error, what) from error
        attempt += 1
        await asyncio.sleep(wait)


class _Lost(Exception):  # never leaves this module
    """The connection went away while the commit was on its way."""


async def in_transaction(
    make_session: Callable[[], AsyncSession],
    work: Callable[[AsyncSession], Awaitable[T]],
    attempts: int,
    *,
    repeatable: bool,
    within_s: float,
) -> T:
    """Return what ``work(session)`` returns, committed (see `AsyncConnectionManager`)."""
    started = time.monotonic()
    conflicts = losses = 0
    while True:
        try:
            return await _once(make_session, work)
        except _Lost as lost:
            error = lost.__cause__ or lost
            again = repeatable and time.monotonic() - started < within_s
            losses += 1
        except CatalystError:
            raise
        except Exception as caught:
            error = caught
            if is_conflict(caught):
                conflicts += 1
                again = conflicts < attempts
            elif is_lost(caught):
                losses += 1
                again = time.monotonic() - started < within_s
            elif _is_of_database(caught):
                again = False
            else:
                raise
        if not again:
            raise explain(error, "the transaction failed") from error
        await asyncio.sleep(pause_s(conflicts + losses))


async def _once(
    make_session: Callable[[], AsyncSession], work: Callable[[AsyncSession], Awaitable[T]]
) -> T:
    async with make_session() as session:
        result = await work(session)
        try:
            await session.commit()
        except Exception as error:
            if is_lost(error):
                raise _Lost from error
            raise
        return result


def _is_of_database(error: BaseException) -> bool:
    if isinstance(error, TimeoutError):  # asyncpg says it no more precisely
        return True
    return type(error).__module__.startswith(("sqlalchemy.", "asyncpg.", "asyncmy.", "sqlite3"))
