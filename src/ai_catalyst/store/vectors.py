"""Vectors beside words: passages that mean the same, found by one product of a matrix.

A collection's vectors are held in memory as float32 (1.5 KB a passage of 384 numbers) and loaded
again when it has changed. Words and meaning make one score; meaning weighs more, because
on natural questions it is the better of the two, and equal weights pull it down.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from ai_catalyst.store.scripts import Ask, Driver, Script
from ai_catalyst.store.search import Hit, PassageSearch

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Embedder", "HybridSearch", "fused"]

MEANING = 0.8
"""What meaning weighs against words, of 1."""
LOOKED_AT = 50
FILL = 16
"""Passages a call: before a model elsewhere each of them is scrubbed, in one thread."""
_CHECK_S = 2.0


class Embedder(Protocol):
    """What makes vectors; ``name`` tells models apart."""

    name: str

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Return one vector a text."""
        ...


@dataclass(slots=True)
class _Matrix:
    stamp: tuple[int, int]
    checked: float
    ids: Any
    rows: Any


class HybridSearch:
    """Searches by words and by meaning; by words alone while there are no vectors."""

    def __init__(
        self,
        driver: Driver,
        words: PassageSearch,
        embedder: Embedder,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Use the driver and the search by words."""
        self._driver = driver
        self._words = words
        self._embedder = embedder
        self._clock = clock
        self._held: dict[str, _Matrix] = {}

    async def search(
        self, question: str, collections: Iterable[str], *, limit: int = 10
    ) -> list[Hit]:
        """Return the passages that answer best, best first. Raises what the embedder raises."""
        places = list(collections)
        by_words = await self._words.search(question, places, limit=max(limit, LOOKED_AT))
        if not question.strip() or not places:
            return by_words[:limit]
        [vector] = await self._embedder.embed([question])
        by_meaning: dict[int, float] = {}
        for place in places:
            by_meaning |= await self._nearest(place, vector)
        scores = fused({hit.id: hit.score for hit in by_words}, by_meaning)
        known = {hit.id: hit for hit in by_words}
        best = sorted(scores, key=lambda key: (-scores[key], key))[:limit]
        missing = [key for key in best if key not in known]
        known |= {hit.id: hit for hit in await self._words.passages(missing, places)}
        return [replace(known[key], score=scores[key]) for key in best if key in known]

    async def fill(self) -> int:
        """Make vectors for some passages that have none of this model; returns how many.

        Two who do it at once make the same vectors.
        """
        rows = await self._driver.rows(
            "SELECT id, heading, text FROM passages "
            "WHERE embedder IS NULL OR embedder <> ? ORDER BY id LIMIT ?",
            [self._embedder.name, FILL],
        )
        if not rows:
            return 0
        texts = [f"{row['heading']}\n{row['text']}" for row in rows]
        vectors = await self._embedder.embed(texts)
        packed = await asyncio.to_thread(_packed, vectors)
        pairs = [
            (self._embedder.name, data, row["id"]) for row, data in zip(rows, packed, strict=True)
        ]
        await self._driver.write(lambda: _put(pairs))
        return len(rows)

    async def _nearest(self, place: str, vector: Sequence[float]) -> dict[int, float]:
        matrix = await self._matrix(place)
        if matrix is None:
            return {}
        return await asyncio.to_thread(_best, matrix, vector)

    async def _matrix(self, place: str) -> _Matrix | None:
        """Return a collection's vectors, loaded again when it has changed."""
        held = self._held.get(place)
        now = self._clock()
        if held is not None and now - held.checked < _CHECK_S:
            return held
        rows = await self._driver.rows(
            "SELECT count(*), coalesce(max(id), 0) FROM passages "
            "WHERE collection = ? AND embedder = ?",
            [place, self._embedder.name],
        )
        stamp = (int(rows[0][0]), int(rows[0][1]))
        if not stamp[0]:
            self._held.pop(place, None)
            return None
        if held is not None and held.stamp == stamp:
            held.checked = now
            return held
        found = await self._driver.rows(
            "SELECT id, vector FROM passages WHERE collection = ? AND embedder = ? ORDER BY id",
            [place, self._embedder.name],
        )
        matrix = await asyncio.to_thread(_loaded, found, stamp, now)
        self._held[place] = matrix
        return matrix


def fused(words: dict[int, float], meaning: dict[int, float]) -> dict[int, float]:
    """Weigh two kinds of scores into one between 0 and 1, each first spread over its own range.

    What only one of the two found has nothing from the other. Without meaning, words alone count.
    """
    if not meaning:
        return _spread(words)
    by_words, by_meaning = _spread(words), _spread(meaning)
    return {
        key: MEANING * by_meaning.get(key, 0.0) + (1 - MEANING) * by_words.get(key, 0.0)
        for key in words.keys() | meaning.keys()
    }


def _spread(scores: dict[int, float]) -> dict[int, float]:
    if not scores:
        return {}
    low, high = min(scores.values()), max(scores.values())
    width = (high - low) or 1.0
    return {key: (score - low) / width if high > low else 1.0 for key, score in scores.items()}


def _put(pairs: Sequence[tuple[str, bytes, int]]) -> Script[None]:
    yield Ask("UPDATE passages SET embedder = ?, vector = ? WHERE id = ?", pairs, many=True)


def _packed(vectors: Sequence[Sequence[float]]) -> list[bytes]:
    import numpy as np

    rows = np.asarray(vectors, dtype="<f4")
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    return [row.tobytes() for row in rows]


def _loaded(found: Sequence[Any], stamp: tuple[int, int], now: float) -> _Matrix:
    import numpy as np

    # An endpoint may have changed its model: vectors as long as the latest count, no others.
    size = len(found[-1]["vector"])
    alike = [row for row in found if len(row["vector"]) == size]
    ids = np.array([row["id"] for row in alike], dtype=np.int64)
    rows = np.frombuffer(b"".join(bytes(row["vector"]) for row in alike), dtype="<f4")
    return _Matrix(stamp, now, ids, rows.reshape(len(alike), -1))


def _best(matrix: _Matrix, vector: Sequence[float]) -> dict[int, float]:
    import numpy as np

    asked = np.asarray(vector, dtype=np.float32)
    if asked.shape[0] != matrix.rows.shape[1]:
        return {}  # vectors of another model under the same name: words must do
    asked /= max(float(np.linalg.norm(asked)), 1e-12)
    scores = matrix.rows @ asked
    count = min(LOOKED_AT, len(scores))
    places = np.argpartition(-scores, count - 1)[:count]
    return {int(matrix.ids[n]): float(scores[n]) for n in places}
