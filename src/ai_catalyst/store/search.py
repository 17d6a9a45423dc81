"""Full-text search over passages: SQLite's FTS5, or PostgreSQL's own, through one interface.

A passage belongs to a document (its URI) and to a collection: whoever asks names the collections
that may answer, so one index serves many people and shows nobody another's. What is asked is never
a query language: words are taken out of it, and each is looked for.

Scores are bm25 on SQLite, and on PostgreSQL each word's ``ts_rank`` weighed by how rare the word
is: larger is better, and only comparable within one answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ai_catalyst.store.rarity import Rarity, begun, has_one_like, quoted
from ai_catalyst.store.scripts import Ask, Driver, Script
from ai_catalyst.store.stopwords import stop_words_of

__all__ = ["Hit", "NewPassage", "PassageSearch", "add_passages", "remove_passages", "words_of"]

MAX_WORDS = 64
MAX_QUESTION = 8000
"""Words of a question beyond this many characters are not looked for."""
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_GROUP = 500
_HEADING_WEIGHT = 2.0
_WIDER = 4
"""So many times more are looked at where words may be mistyped: most only begin alike."""
_PASSAGE = "id, document, position, heading, page, text"


@dataclass(frozen=True, slots=True)
class NewPassage:
    """One passage of a document: the headings above it, its page from 1 (None: it has none)."""

    text: str
    heading: str = ""
    page: int | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """One passage that answers, and how well: larger is better, within one answer."""

    id: int
    document: str
    position: int
    heading: str
    page: int | None
    text: str
    score: float


class PassageSearch:
    """Searches the passages of a database."""

    def __init__(self, driver: Driver) -> None:
        """Use a driver; it stays its owner's."""
        self._driver = driver
        self._rarity = Rarity(driver)

    async def add(
        self, collection: str, document: str, passages: Sequence[NewPassage]
    ) -> list[int]:
        """Put a document's passages in place of those it had; returns their ids, in order."""
        return await self._driver.write(
            lambda: add_passages(collection, document, passages, postgres=self._driver.postgres)
        )

    async def remove(self, document: str) -> None:
        """Take a document's passages out."""
        await self._driver.write(lambda: remove_passages(document))

    async def search(
        self, question: str, collections: Iterable[str], *, limit: int = 10
    ) -> list[Hit]:
        """Return the passages of some collections that answer best, best first.

        Any text is a fair question: its syntax means nothing. Raises `StoreError`.
        """
        words, places = words_of(question), list(collections)
        if not words or not places or limit < 1:
            return []
        weights = await self._rarity.of(words)
        if not weights:
            return []
        ask = _postgres if self._driver.postgres else _sqlite
        hits = [_hit(row) for row in await self._driver.rows(*ask(weights, places, limit))]
        unknown = self._rarity.unknown(words)
        if len(hits) >= limit or not (beginnings := begun(unknown)):
            return hits
        found = {hit.id for hit in hits}
        weights |= dict.fromkeys(beginnings, 1.0)
        wider = await self._driver.rows(*ask(weights, places, _WIDER * limit))
        return [
            hit
            for hit in map(_hit, wider)
            if hit.id in found or has_one_like(f"{hit.heading} {hit.text}", unknown)
        ][:limit]

    async def passages(self, ids: Sequence[int], collections: Iterable[str]) -> list[Hit]:
        """Return passages by id, in that order, as far as they are in the collections."""
        places = list(collections)
        if not ids or not places:
            return []
        rows = await self._driver.rows(
            f"SELECT {_PASSAGE}, CAST(0 AS REAL) AS score FROM passages "  # noqa: S608 - question marks
            f"WHERE id IN ({_marks(ids)}) AND collection IN ({_marks(places)})",
            [*ids, *places],
        )
        found = {row["id"]: _hit(row) for row in rows}
        return [found[key] for key in ids if key in found]

    async def section(
        self, documents: Sequence[str], heading: str, collections: Iterable[str]
    ) -> list[Hit]:
        """Return the passages of documents under headings that end so, in their order there."""
        places = list(collections)
        if not documents or not places:
            return []
        rows = await self._driver.rows(
            f"SELECT {_PASSAGE}, CAST(0 AS REAL) AS score FROM passages "  # noqa: S608 - question marks
            f"WHERE document IN ({_marks(documents)}) AND collection IN ({_marks(places)}) "
            "AND heading LIKE ? ORDER BY document, position",
            [*documents, *places, f"%{heading}"],
        )
        return [_hit(row) for row in rows]

    async def count(self, collection: str) -> int:
        """Return how many passages a collection has."""
        rows = await self._driver.rows(
            "SELECT count(*) FROM passages WHERE collection = ?", [collection]
        )
        return int(rows[0][0])


def words_of(question: str) -> list[str]:
    """Return the words worth looking for, each once, in order; all of them when none is."""
    found = [word.lower() for word in _WORD.findall(question[:MAX_QUESTION])]
    silent = stop_words_of(found)
    kept = [word for word in found if word not in silent] or found
    return list(dict.fromkeys(kept))[:MAX_WORDS]


def add_passages(
    collection: str, document: str, passages: Sequence[NewPassage], *, postgres: bool
) -> Script[list[int]]:
    """Script: put a document's passages in place of those it had; returns their ids."""
    yield from remove_passages(document)
    ids: list[int] = []
    for start in range(0, len(passages), _GROUP):
        group = passages[start : start + _GROUP]
        values = ", ".join("(?, ?, ?, ?, ?, ?)" for _ in group)
        parameters: list[Any] = []
        for position, passage in enumerate(group, start):
            parameters += [
                collection,
                document,
                position,
                passage.heading,
                passage.page,
                passage.text,
            ]
        rows = yield Ask(
            "INSERT INTO passages (collection, document, position, heading, page, text) "  # noqa: S608
            f"VALUES {_cast(values) if postgres else values} RETURNING id",
            parameters,
        )
        ids += sorted(int(row[0]) for row in rows)
    return ids


def remove_passages(document: str) -> Script[None]:
    """Script: take a document's passages out."""
    yield Ask("DELETE FROM passages WHERE document = ?", [document])


def _cast(values: str) -> str:
    """Say the types: PostgreSQL cannot tell that of a NULL in a list of rows."""
    typed = "(?, ?, ?::int, ?, ?::int, ?)"
    return values.replace("(?, ?, ?, ?, ?, ?)", typed)


_SQLITE = f"""
SELECT p.id, p.document, p.position, p.heading, p.page, p.text, -best.s AS score
FROM (
    SELECT rowid AS id, bm25(passages_search, 0.0, {_HEADING_WEIGHT}, 1.0) AS s
    FROM passages_search WHERE passages_search MATCH ? ORDER BY s LIMIT ?
) AS best JOIN passages AS p ON p.id = best.id ORDER BY best.s, p.id
"""  # noqa: S608 - the best are found in the index alone, and only they read from the table
_POSTGRES = """
WITH asked AS MATERIALIZED (
    SELECT to_tsquery('english', word) AS q, weight
    FROM unnest(string_to_array(?, ' '), string_to_array(?, ' ')::float8[]) AS known (word, weight)
)
SELECT id, document, position, heading, page, text, (
    SELECT sum(weight * ts_rank('{0.5, 0.5, 0.5, 1.0}', search, q, 1)) FROM asked
)::float8 AS score
FROM passages
WHERE search @@ to_tsquery('english', ?) AND collection = ANY(string_to_array(?, ' '))
ORDER BY score DESC, id LIMIT ?
"""


def _sqlite(
    weights: Mapping[str, float], places: Sequence[str], limit: int
) -> tuple[str, list[Any]]:
    asked, where = (
        " OR ".join(quoted(word, postgres=False) for word in words) for words in (weights, places)
    )
    return _SQLITE, [f"{{heading text}} : ({asked}) AND collection : ({where})", limit]


def _postgres(
    weights: Mapping[str, float], places: Sequence[str], limit: int
) -> tuple[str, list[Any]]:
    words = [quoted(word, postgres=True) for word in weights]
    values = [" ".join(words), " ".join(map(repr, weights.values()))]
    return _POSTGRES, [*values, " | ".join(words), " ".join(places), limit]


def _marks(values: Sequence[Any]) -> str:
    return ", ".join("?" for _ in values)


def _hit(row: Any) -> Hit:
    return Hit(*row)  # every question names its columns in this order
