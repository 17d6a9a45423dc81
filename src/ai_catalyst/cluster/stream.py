"""A shard's places as a stream of sources, each of which knows where in the run it stands."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from ai_catalyst.cluster.places import Place, as_locator, position
from ai_catalyst.documents.sources import BadSource, stream_documents
from ai_catalyst.errors import WorkerCrashed

if TYPE_CHECKING:
    from ai_catalyst.analysis.understanding import Source

__all__ = ["Poisons", "ShardStream"]

Poisons = Mapping[tuple[str, bytes], str]
"""Errors by label and journal key (empty for a whole source) of what is left out."""


class ShardStream:
    """Yields the sources of some places, in order; ``positions[n]`` is where the n-th one stands.

    What ended its workers before comes as a `BadSource` in its place, unread where even reading it
    did. ``reading`` are the options of `stream_documents`.
    """

    def __init__(
        self,
        places: Sequence[Place],
        poisons: Poisons,
        *,
        key: Callable[[Source], bytes],
        wanted: Callable[[Source], bool] | None = None,
        **reading: Any,
    ) -> None:
        """Read nothing yet; ``key(source)`` is a source's journal key, ``wanted`` keeps some."""
        self._whole = [(place, poisons.get((place.uri, b""))) for place in places]
        self._by_key = {key: error for (_, key), error in poisons.items() if key}
        self._places = [place for place, error in self._whole if error is None]
        self._key = key
        self._wanted = wanted
        self._reading = reading
        self._number = 0
        self._seen: Counter[int] = Counter()
        self.positions: list[int] = []

    async def __aiter__(self) -> AsyncIterator[Source]:
        """Read and yield."""
        for place, error in self._whole:
            if error is not None:
                self.positions.append(position(place.number, 0))
                yield _left_out(place.uri, error)
        async with aclosing(self._read()) as found:
            async for source, where in found:
                if self._wanted is None or self._wanted(source):
                    self.positions.append(where)
                    yield source

    async def _read(self) -> Any:
        sources = stream_documents(
            map(as_locator, self._places), on_place=self._enter, **self._reading
        )
        async with aclosing(sources) as found:
            async for source in found:
                number = self._places[self._number].number
                where = position(number, self._seen[number])
                self._seen[number] += 1
                yield self._unless_poison(source), where

    def _enter(self, number: int) -> None:
        self._number = number

    def _unless_poison(self, source: Source) -> Source:
        if not self._by_key or isinstance(source, BadSource):
            return source
        error = self._by_key.get(self._key(source))
        return source if error is None else _left_out(source.uri, error)


def _left_out(uri: str, error: str) -> BadSource:
    return BadSource(uri, WorkerCrashed(error), "crashed")
