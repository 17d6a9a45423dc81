"""Articles processed: read, analysed, and handed back in order."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Self

import msgspec

from ai_catalyst.analysis import Analyst, ExtractiveAnalyst, ModelAnalyst
from ai_catalyst.analysis.understanding import STAGE, Source, Understander, Understanding
from ai_catalyst.articles.archive import ArticleArchive
from ai_catalyst.articles.model import article_from
from ai_catalyst.articles.reading import ArticleReader, Entry
from ai_catalyst.articles.result import ArticleResult, result_of
from ai_catalyst.articles.scraper import AsyncWebScraper
from ai_catalyst.engine import Batch, run_sync
from ai_catalyst.errors import ProcessingError, UserError
from ai_catalyst.store import Cache, DatabaseManager
from ai_catalyst.store.article_rows import identity_of

if TYPE_CHECKING:
    from ai_catalyst.engine import Journal, Outcome, ProgressCallback
    from ai_catalyst.llm import LLMProvider
    from ai_catalyst.store import Store

__all__ = ["ArticleProcessor", "AsyncArticleProcessor", "ContentProcessor"]

_decoder = msgspec.json.Decoder(Understanding)


class AsyncArticleProcessor:
    """Reads and analyses articles, ``max_concurrent`` at once in each stage.

    Pages are fetched through an `AsyncWebScraper`, at most ``rate_limit_rps`` a second and host
    with bursts of ``rate_limit_burst``; the calls of models are counted and limited apart, by their
    endpoints. Models are found as `LLMProvider` finds them; without any, the analysis is
    extractive. ``progress_callback`` hears `ProgressEvent`. Up to ``batch_size`` small articles
    that wait at the same time share a call.

    Nothing is written to disk without a ``store``; with one, what was done is not done again unless
    ``refresh``, and articles are saved in its articles table. ``model`` names a model, ``"none"``
    asks none. Use it with ``async with``, or call `close`.
    """

    def __init__(
        self,
        max_concurrent: int = 5,
        rate_limit_rps: float = 10,
        rate_limit_burst: float = 5,
        *,
        progress_callback: ProgressCallback | None = None,
        scraper: AsyncWebScraper | None = None,
        llm: LLMProvider | None = None,
        analyst: Analyst | None = None,
        model: str | None = None,
        store: Store | None = None,
        allow_hosts: Iterable[str] = (),
        follow_links: bool = True,
        refresh: bool = False,
        timeout_s: float = 30.0,
        batch_size: int = 5,
    ) -> None:
        """Take the limits; nothing is opened before the first article."""
        if max_concurrent < 1:
            raise UserError(f"max_concurrent must be 1 or more, not {max_concurrent}")
        self.max_concurrent = max_concurrent
        self._progress = progress_callback
        self._store = store
        self._refresh = refresh
        self._own_scraper = scraper is None
        self.scraper = scraper or AsyncWebScraper(
            allow_hosts=allow_hosts,
            rps=rate_limit_rps,
            burst=rate_limit_burst,
            timeout_s=timeout_s,
            per_host=max(8, 2 * max_concurrent),
            connections=100 + 2 * max_concurrent,  # so that only the host's own pace is waited for
            cache=Cache() if store is None else store.cache,
        )
        self._reader = ArticleReader(
            self.scraper, follow=3 if follow_links else 0, refresh=refresh, limit=max_concurrent
        )
        self._llm = llm
        self._own_llm: LLMProvider | None = None
        self._model = model
        self._batch_size = batch_size
        self._analyst = analyst
        self._understander: Understander | None = None
        self._archive: ArticleArchive | None = None
        self._database: DatabaseManager | None = None

    async def process_batch(self, articles: Iterable[Any]) -> list[ArticleResult]:
        """Process articles and return a result for each, in their order.

        An article is an `Article`, a mapping or object with its fields, or a URL. The failure of
        one is its result's ``error``.
        """
        async with self._batch(articles, await self._ready()) as batch:
            results = [await self._saved(outcome) async for outcome in batch]
        await self._flushed()
        return results

    async def process_article(self, article: Any) -> ArticleResult:
        """Process one article. Raises `ProcessingError` when it fails, from what made it fail."""
        async with self._batch([article], await self._ready()) as batch:
            [outcome] = [each async for each in batch]
        result = await self._saved(outcome)
        await self._flushed()
        if outcome.error is not None:
            name = result.title or result.url
            raise ProcessingError(f"{name}: {outcome.error}") from outcome.error
        return result

    def _batch(
        self, articles: Iterable[Any], understander: Understander
    ) -> Batch[Source, Understanding]:
        journal: Journal | None = None
        if self._store is not None:
            journal = self._store.journal(stage=STAGE, refresh=self._refresh)
        return Batch(
            understander.understand,
            self._entries(articles),
            2 * self.max_concurrent if self.max_concurrent > 1 else 1,
            ordered=True,
            journal=journal,
            key=understander.key,
            encode=msgspec.json.encode,
            decode=_decoder.decode,
            label=lambda entry: entry.uri,
            on_event=self._progress,
        )

    def _entries(self, articles: Iterable[Any]) -> list[Source]:
        made = [article_from(each) for each in articles]
        known = frozenset(identity_of(one.url, "", "", "") for one in made if one.url)
        return [Entry(one, self._reader, known) for one in made]

    async def _saved(self, outcome: Outcome[Source, Understanding]) -> ArticleResult:
        """Save an article where there is a store; return its result."""
        if self._store is not None:
            if self._archive is None:
                self._database = DatabaseManager(self._store.path)
                self._archive = ArticleArchive(self._database)
            await self._archive.add(outcome)
        return result_of(outcome)

    async def _flushed(self) -> None:
        if self._archive is not None:
            await self._archive.flush()

    async def _ready(self) -> Understander:
        """Choose who analyses, once."""
        if self._understander is None:
            analyst = self._analyst or await self._asked()
            analysing = self.max_concurrent if self.max_concurrent > 1 else None
            self._understander = Understander(analyst, analysing=analysing)
        return self._understander

    async def _asked(self) -> Analyst:
        if self._model == "none":
            return ExtractiveAnalyst()
        if self._llm is None:
            from ai_catalyst.llm import LLMProvider

            self._llm = self._own_llm = LLMProvider(store=self._store)
        if not await self._llm.endpoints_async():
            return ExtractiveAnalyst()
        together = self._batch_size if self.max_concurrent > 1 else 1
        return ModelAnalyst(self._llm, model=self._model, batch_size=together)

    def stats(self) -> dict[str, int]:
        """Return how many pages were fetched anew, had not changed, and how many were analysed."""
        analysed = self._understander.analysed if self._understander is not None else 0
        return {
            "pages": self.scraper.pages,
            "unchanged": self.scraper.unchanged,
            "analysed": analysed,
        }

    async def close(self) -> None:
        """Close every connection of our own."""
        if self._own_scraper:
            await self.scraper.close()
        if self._own_llm is not None:
            await self._own_llm.close()
        if self._database is not None:
            await self._database.close()

    async def __aenter__(self) -> Self:
        """Return the processor; it opens connections when they are needed."""
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Close every connection."""
        await self.close()


class ArticleProcessor:
    """The sync form of `AsyncArticleProcessor`: the same arguments, the same methods."""

    def __init__(
        self,
        max_concurrent: int = 5,
        rate_limit_rps: float = 10,
        rate_limit_burst: float = 5,
        *,
        progress_callback: ProgressCallback | None = None,
        **options: Any,
    ) -> None:
        """Take what `AsyncArticleProcessor` takes."""
        self._processor = AsyncArticleProcessor(
            max_concurrent,
            rate_limit_rps,
            rate_limit_burst,
            progress_callback=progress_callback,
            **options,
        )

    def process_batch(self, articles: Iterable[Any]) -> list[ArticleResult]:
        """Sync twin of `AsyncArticleProcessor.process_batch`."""
        return run_sync(self._processor.process_batch(articles))

    def process_article(self, article: Any) -> ArticleResult:
        """Sync twin of `AsyncArticleProcessor.process_article`."""
        return run_sync(self._processor.process_article(article))

    def stats(self) -> dict[str, int]:
        """Return what `AsyncArticleProcessor.stats` returns."""
        return self._processor.stats()

    def close(self) -> None:
        """Close every connection."""
        run_sync(self._processor.close())

    def __enter__(self) -> Self:
        """Return the processor."""
        return self

    def __exit__(self, *exc: object) -> None:
        """Close every connection."""
        self.close()


class ContentProcessor(ArticleProcessor):
    """Processes one article at a time."""

    def process(self, article: Any) -> ArticleResult:
        """Process one article. Raises `ProcessingError` when it fails."""
        return self.process_article(article)
