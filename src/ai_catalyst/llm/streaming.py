"""The pieces of a stream that has begun: bounded in time, restored, booked whatever the end."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from ai_catalyst.errors import AllEndpointsFailed, EndpointError, EndpointTimeout

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ai_catalyst.llm.leg import Leg
    from ai_catalyst.llm.race import Race

__all__ = ["pieces_of"]


async def pieces_of(race: Race, leg: Leg) -> AsyncIterator[str]:
    """Yield the restored pieces of the leg that won.

    Only the time spent waiting for the endpoint counts, not what the reader does between pieces.
    """
    restorer = leg.vault.restorer() if leg.vault is not None else None
    failure: BaseException | None = None
    try:
        async for piece in _paced(race, leg):
            shown = restorer.feed(piece) if restorer is not None else piece
            if shown:
                yield shown
        rest = restorer.finish() if restorer is not None else ""
        if rest:
            yield rest
    except EndpointError as error:
        failure = error
        race.note_broken(leg, error)
        raise AllEndpointsFailed(f"the stream broke: {error}", race.attempts) from error
    except BaseException as error:
        failure = error
        raise
    finally:
        leg.finish(failure)


async def _paced(race: Race, leg: Leg) -> AsyncIterator[str]:
    exchange = leg.exchange
    assert exchange is not None
    left = race.limits.total_s - (time.monotonic() - race.started)
    pieces = exchange.pieces()
    while True:
        began = time.monotonic()
        try:
            async with asyncio.timeout(min(race.limits.first_s, max(left, 0.0))):
                piece = await anext(pieces, None)
        except TimeoutError as error:
            if isinstance(error, EndpointError):
                raise
            name = leg.route.name
            raise EndpointTimeout(f"{name} fell silent in its stream", endpoint=name) from error
        if piece is None:
            return
        left -= time.monotonic() - began
        yield piece
