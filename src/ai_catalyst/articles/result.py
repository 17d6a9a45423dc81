"""What becomes of an article that was processed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ai_catalyst.articles.model import Page
from ai_catalyst.articles.reading import Entry, page_from
from ai_catalyst.engine.commits import describe

if TYPE_CHECKING:
    from ai_catalyst.analysis import Analysis
    from ai_catalyst.analysis.understanding import Source, Understanding
    from ai_catalyst.engine import Outcome

__all__ = ["ArticleResult", "result_of"]

_NAMES = ("title", "url", "page", "analysis", "success", "error", "cached")


@dataclass(frozen=True, slots=True)
class ArticleResult:
    """What became of an article; read as ``result.title`` or ``result["title"]``.

    ``page`` and ``analysis`` are None where ``error`` says why; ``cached`` says that an earlier run
    had done it.
    """

    title: str
    url: str
    page: Page | None = None
    analysis: Analysis | None = None
    success: bool = False
    error: str | None = None
    cached: bool = False

    def __getitem__(self, name: str) -> Any:
        """Read a field by its name."""
        if name not in _NAMES:
            raise KeyError(name)
        return getattr(self, name)

    def __iter__(self) -> Iterator[str]:
        """Iterate the names of the fields, as a mapping does."""
        return iter(_NAMES)

    def __contains__(self, name: object) -> bool:
        """Say whether there is a field of that name."""
        return name in _NAMES

    def get(self, name: str, default: Any = None) -> Any:
        """Read a field, or ``default`` when there is none of that name."""
        return getattr(self, name) if name in _NAMES else default

    @staticmethod
    def keys() -> tuple[str, ...]:
        """Return the names of the fields, so that ``dict(result)`` works."""
        return _NAMES


def result_of(outcome: Outcome[Source, Understanding]) -> ArticleResult:
    """Return the result of one article of ours."""
    assert isinstance(outcome.item, Entry)
    article, found = outcome.item.article, outcome.value
    if found is None or found.read is None:
        error = describe(outcome.error) if outcome.error is not None else "was not read"
        return ArticleResult(article.title, article.url, error=error, cached=False)
    read = found.read
    return ArticleResult(
        read.title,
        article.url,
        page_from(read.title, read.text, read.meta),
        found.analysis,
        True,
        None,
        outcome.resumed,
    )
