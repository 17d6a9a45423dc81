"""Documents as rows; whose they are is part of every question."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ai_catalyst.store.scripts import Ask
from ai_catalyst.store.search import add_passages, remove_passages

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ai_catalyst.store.scripts import Driver, Script
    from ai_catalyst.store.search import NewPassage

__all__ = [
    "SHARED",
    "DocumentRow",
    "Documents",
    "insert_document",
    "remove_document",
    "uri_of",
]

SHARED = "shared"
"""The owner, and the collection, of what everybody may read."""
_AT_ONCE = 500
_COLUMNS = (
    "uri, id, owner, name, bytes, sha256, title, kind, status, error, pages, passages, "
    "created, meta"
)
"""The URI, then the fields of a `DocumentRow` in their order."""


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """One document. ``status`` is ``queued``, ``ready``, ``failed`` or ``cancelled``."""

    id: str
    owner: str
    name: str
    bytes: int = 0
    sha256: str = ""
    title: str = ""
    kind: str = ""
    status: str = "queued"
    error: str | None = None
    pages: int = 0
    passages: int = 0
    created: float = 0.0
    meta: Mapping[str, Any] = field(default_factory=dict)

    @property
    def uri(self) -> str:
        """What the rest of the house calls it."""
        return uri_of(self.id)


def uri_of(document: str) -> str:
    """Return the URI of a document by its id."""
    return f"assistant:{document}"


class Documents:
    """Reads and writes them."""

    def __init__(self, driver: Driver, *, clock: Callable[[], float] = time.time) -> None:
        """Use a driver; it stays its owner's."""
        self._driver = driver
        self._clock = clock

    async def get(self, document: str, owner: str) -> DocumentRow | None:
        """Return a document that is somebody's own, or everybody's."""
        rows = await self._driver.rows(
            f"SELECT {_COLUMNS} FROM assistant_documents "  # noqa: S608 - our columns
            "WHERE id = ? AND owner IN (?, ?)",
            [document, owner, SHARED],
        )
        return _document(rows[0]) if rows else None

    async def at(self, document: str) -> DocumentRow | None:
        """Return a document, whoever owns it: for the worker alone."""
        rows = await self._driver.rows(
            f"SELECT {_COLUMNS} FROM assistant_documents WHERE id = ?",  # noqa: S608 - our columns
            [document],
        )
        return _document(rows[0]) if rows else None

    async def named(self, uris: Sequence[str], owner: str) -> dict[str, DocumentRow]:
        """Return documents by URI, as far as somebody may read them."""
        if not uris:
            return {}
        marks = ", ".join("?" for _ in uris)
        rows = await self._driver.rows(
            f"SELECT {_COLUMNS} FROM assistant_documents "  # noqa: S608 - our columns
            f"WHERE uri IN ({marks}) AND owner IN (?, ?)",
            [*uris, owner, SHARED],
        )
        return {row["uri"]: _document(row) for row in rows}

    async def waiting(self, documents: Sequence[str]) -> set[str]:
        """Return which documents are still to be read, whoever owns them: for the sweeper."""
        found: set[str] = set()
        for start in range(0, len(documents), _AT_ONCE):
            some = documents[start : start + _AT_ONCE]
            marks = ", ".join("?" for _ in some)
            rows = await self._driver.rows(
                "SELECT id FROM assistant_documents "  # noqa: S608 - question marks
                f"WHERE status = 'queued' AND id IN ({marks})",
                some,
            )
            found |= {row["id"] for row in rows}
        return found

    async def of(
        self, owner: str, limit: int, before: float | None = None, status: str | None = None
    ) -> list[DocumentRow]:
        """Return somebody's own documents, newest first."""
        rows = await self._driver.rows(
            f"SELECT {_COLUMNS} FROM assistant_documents "  # noqa: S608 - our columns
            "WHERE owner = ? AND created < ? AND (status = ? OR ? = '') "
            "ORDER BY created DESC, id LIMIT ?",
            [owner, 1e18 if before is None else before, status or "", status or "", limit],
        )
        return [_document(row) for row in rows]

    async def kept(self, owner: str) -> tuple[int, int]:
        """Return how many documents somebody keeps, and their bytes as they were sent."""
        rows = await self._driver.rows(
            "SELECT count(*), coalesce(sum(bytes), 0) FROM assistant_documents WHERE owner = ?",
            [owner],
        )
        return int(rows[0][0]), int(rows[0][1])

    async def add_ready(self, row: DocumentRow, passages: Sequence[NewPassage]) -> bool:
        """Add a document with its passages, unless it is there; says whether it was added."""
        return await self._driver.write(
            lambda: _add_ready(row, passages, postgres=self._driver.postgres)
        )


def insert_document(row: DocumentRow) -> Script[bool]:
    """Script: add a document unless its id is there; says whether it was added."""
    rows = yield Ask(
        f"INSERT INTO assistant_documents ({_COLUMNS}) "  # noqa: S608 - our columns
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (id) DO NOTHING RETURNING id",
        [
            row.uri,
            row.id,
            row.owner,
            row.name,
            row.bytes,
            row.sha256,
            row.title,
            row.kind,
            row.status,
            row.error,
            row.pages,
            row.passages,
            row.created,
            json.dumps(dict(row.meta)),
        ],
    )
    return bool(rows)


def _add_ready(row: DocumentRow, passages: Sequence[NewPassage], *, postgres: bool) -> Script[bool]:
    added = yield from insert_document(row)
    if added:
        yield from add_passages(row.owner, row.uri, passages, postgres=postgres)
    return added


def remove_document(document: str, owner: str) -> Script[bool]:
    """Script: take somebody's own document out with its passages; False when it is not theirs."""
    rows = yield Ask(
        "DELETE FROM assistant_documents WHERE id = ? AND owner = ? RETURNING uri",
        [document, owner],
    )
    if rows:
        yield from remove_passages(rows[0]["uri"])
    return bool(rows)


def _document(row: Any) -> DocumentRow:
    _, *values = row
    values[-1] = _meta(values[-1])
    return DocumentRow(*values)


@lru_cache(maxsize=1024)
def _meta(text: str) -> Mapping[str, Any]:
    """Return metadata that nobody changes; a search brings the same documents up again."""
    return MappingProxyType(json.loads(text))
