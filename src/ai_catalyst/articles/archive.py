"""Articles with what was found in them, saved as rows of the articles table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ai_catalyst.articles.reading import Entry, page_from
from ai_catalyst.store import DatabaseManager

if TYPE_CHECKING:
    from ai_catalyst.analysis.understanding import Source, Understanding
    from ai_catalyst.engine import Outcome

__all__ = ["ArticleArchive"]

GROUP = 64


class ArticleArchive:
    """Saves articles in groups, each group in one transaction; what is no article is passed over.

    A failed article is saved as far as its feed tells of it, without page and analysis.
    """

    def __init__(self, database: DatabaseManager) -> None:
        """Save into ``database``, which stays the caller's to close."""
        self._database = database
        self._waiting: list[dict[str, Any]] = []

    async def add(self, outcome: Outcome[Source, Understanding]) -> None:
        """Take an outcome. Raises `StoreError`."""
        if isinstance(outcome.item, Entry):
            self._waiting.append(_row(outcome.item, outcome.value))
            if len(self._waiting) >= GROUP:
                await self.flush()

    async def flush(self) -> None:
        """Save what is waiting. Raises `StoreError`."""
        rows, self._waiting = self._waiting, []
        if rows:
            await self._database.save_articles_async(None, rows)


def _row(entry: Entry, found: Understanding | None) -> dict[str, Any]:
    article = entry.article
    row = {
        name: getattr(article, name)
        for name in ("title", "url", "published", "summary", "content", "authors", "guid", "tags")
    }
    if found is not None and found.read is not None:
        read = found.read
        row["page"] = page_from(read.title, read.text, read.meta)
        row["analysis"] = found.analysis
    return row
