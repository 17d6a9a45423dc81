"""Articles read: from what a feed says of them to the text that is analysed."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from ai_catalyst.articles.model import Article, Page
from ai_catalyst.articles.references import references_of
from ai_catalyst.documents.markup import fragment_text
from ai_catalyst.engine import Batch, InFlight
from ai_catalyst.errors import FileError
from ai_catalyst.model import Document, content_hash
from ai_catalyst.store.article_rows import identity_of

__all__ = ["ArticleReader", "Entry", "Fetches", "page_from"]

log = logging.getLogger(__name__)

VERSION = 1
"""Raised when what is made of an article changes; part of the journal key."""
FULL_CONTENT = 600
"""Characters from which a feed's content is taken for the whole article …"""
FULL_SUMMARY = 1500
"""… and a summary, which mostly is none."""
EXCERPT = 1500
"""Characters of a linked page that go with an article."""
INLINE_CHARS = 4096
_PROBLEMS = {
    "login": "asks to sign in",
    "paywall": "shows only the beginning of its article",
    "not_found": "says that the page is gone, though the server said it is there",
    "script_only": "is made by scripts alone; there is nothing to read without running them",
    "consent": "wants a consent first",
    "empty": "holds no text",
}
_CUT = re.compile(
    r"(?:\[?(?:…|\.\.\.)\]?"
    r"|\b(?:read more|continue reading|weiterlesen|lire la suite|leer más)\W*)$",
    re.IGNORECASE,
)


class Fetches(Protocol):
    """What is needed of an `AsyncWebScraper`."""

    async def fetch_content(
        self, url: str, *, origin: str | None = None, refresh: bool = False
    ) -> Page:
        """Read a page."""
        ...

    async def kept_page(self, url: str, origin: str | None = None) -> Page | None:
        """Return a page from the cache."""
        ...


class ArticleReader:
    """Reads articles: the feed's own text where that is whole, else the page, and what it links to.

    Up to ``follow`` linked pages are read with each article that is fetched, through ``scraper`` as
    well; one that cannot be read is left out. At most ``limit`` articles are fetched at once.
    Linked pages are fetched after the article's own permit was given back, so that nothing waits
    for what it holds. With ``refresh`` servers are asked whether pages have changed.
    """

    def __init__(
        self,
        scraper: Fetches,
        *,
        follow: int = 3,
        refresh: bool = False,
        limit: int = 8,
    ) -> None:
        """Read through ``scraper``, which stays the caller's to close."""
        self._scraper = scraper
        self._follow = follow
        self._refresh = refresh
        self._fetching = InFlight(limit)
        self._following = InFlight(limit)

    @property
    def options(self) -> str:
        """What changes the texts that are read."""
        return f"{VERSION}:{self._follow}"

    async def read(self, article: Article, *, known: Collection[str] = ()) -> Document:
        """Return the article's text; ``known`` are the identities of what is read anyway.

        Raises `SourceError` when neither the feed nor a page has one.
        """
        text, content = await _own_text(article)
        web = article.url.lower().startswith(("http://", "https://"))
        if is_whole(text, content) or (text and not web):
            page = Page(text, language=article.language, url=article.url or None)
            return _document(article, page, [])
        if not article.url:
            name = article.title or article.guid or "an entry"
            raise FileError(f"{name}: has neither a text nor a link", path=name, kind="no_text")
        async with self._fetching:
            page = await self._page(article)
        if len(text) > 2 * len(page.text):  # a page that shows less than its feed: a teaser
            page = replace(page, text=text)
        return await self.document(article, page, known=known)

    async def remembered(self, article: Article) -> Document | None:
        """Return the article's text as far as it is at hand; None when its page must be fetched."""
        text, content = await _own_text(article)
        if is_whole(text, content) or (text and not article.url):
            return _document(article, Page(text, url=article.url or None), [])
        page = await self._scraper.kept_page(article.url, _origin(article)) if article.url else None
        return None if page is None else _document(article, page, [])

    async def page(self, url: str, page: Page) -> Document:
        """Return the text of a page a person named. Raises `FileError` when it is no article."""
        _check(page, url)
        return await self.document(Article(url=url), page)

    async def document(
        self, article: Article, page: Page, *, known: Collection[str] = ()
    ) -> Document:
        """Return the text of an article whose page was read, with what it links to."""
        links = references_of(
            page.links,
            [article.url, page.url or "", page.canonical or ""],
            known=known,
            most=self._follow,
        )
        return _document(article, page, await self._read_links(links, page.url or article.url))

    async def _page(self, article: Article) -> Page:
        url = article.url
        page = await self._scraper.fetch_content(
            url, origin=_origin(article), refresh=self._refresh
        )
        _check(page, url)
        return page

    async def _read_links(self, links: list[str], origin: str) -> list[Page]:
        if not links:
            return []

        async def one(link: str) -> Page:
            async with self._following:
                page = await self._scraper.fetch_content(link, origin=origin)
            _check(page, link)
            return page

        async with Batch(one, links, len(links), ordered=True) as batch:
            outcomes = [outcome async for outcome in batch]
        for outcome in outcomes:
            if outcome.error is not None:
                log.info("%s was left out: %s", outcome.item, type(outcome.error).__name__)
        return [one.value for one in outcomes if one.value is not None]


@dataclass(slots=True)
class Entry:
    """An article that is named but not read yet: an `Unread` document."""

    article: Article
    reader: ArticleReader
    known: Collection[str] = field(default=(), repr=False)

    @property
    def uri(self) -> str:
        """The article's address; where it has none, its feed's with its name."""
        article = self.article
        if article.url:
            return article.url
        return f"{article.feed_url or 'article'}#{article.guid or article.title[:200]}"

    @property
    def title(self) -> str:
        """The title its feed gives."""
        return self.article.title

    @property
    def key(self) -> str:
        """Its identity, and what tells that there is something new to read."""
        article = self.article
        whole = is_whole(_given_text(article), bool(article.content))
        told = content_hash(article.title, _given_text(article)) if whole or not article.url else ""
        identity = identity_of(article.url, article.guid, article.title, article.content)
        return content_hash(identity, article.updated or "", told, self.reader.options)

    async def read(self) -> Document:
        """Return the article's text. Raises `SourceError`."""
        return await self.reader.read(self.article, known=self.known)


def is_whole(text: str, content: bool) -> bool:
    """Say whether a feed's own text is the whole article; ``content`` is it meant to be."""
    text = text.rstrip()
    return len(text) >= (FULL_CONTENT if content else FULL_SUMMARY) and not _CUT.search(text[-40:])


def _given_text(article: Article) -> str:
    return article.text or article.content or article.summary


async def _own_text(article: Article) -> tuple[str, bool]:
    """Return a feed's own text of an article, plain, and whether it is meant to be the whole."""
    content = bool(article.content)
    if article.text:
        return article.text, content
    fragment = article.content or article.summary
    if len(fragment) <= INLINE_CHARS:
        return fragment_text(fragment), content  # catalyst: blocking(short, see INLINE_CHARS)
    return await asyncio.to_thread(fragment_text, fragment), content


def _check(page: Page, url: str) -> None:
    """Raise what keeps a page from being read as an article; a paywall's beginning may do."""
    text = page.text.strip()
    problem = page.problem or ("" if text else "empty")
    short = {"paywall": FULL_CONTENT, "empty": 1}.get(problem)
    if problem and (short is None or len(text) < short):
        why = _PROBLEMS.get(problem, "holds no article")
        raise FileError(f"{url}: {why}", path=url, kind=problem)


def _origin(article: Article) -> str | None:
    """Return the feed that linked to an article, when it came from the network."""
    url = article.feed_url
    return url if url.lower().startswith(("http://", "https://")) else None


def _document(article: Article, page: Page, linked: list[Page]) -> Document:
    references = [
        {"url": one.url, "title": one.title, "text": one.text[:EXCERPT].strip()} for one in linked
    ]
    title = article.title or page.title
    meta: dict[str, Any] = {
        "author": ", ".join(article.authors) or page.author,
        "date": article.published or article.updated or page.date,
        "language": page.language or article.language,
        "url": page.url,
        "feed": article.feed_title,
        "page_title": page.title,
        "canonical": page.canonical,
        "description": page.description,
        "links": page.links,
        "references": references,
    }
    uri = article.url or article.guid or title
    known = content_hash(title, page.text, *(str(one["text"]) for one in references))
    kept = {name: value for name, value in meta.items() if value}
    return Document(uri, page.text, title, "article", 1, kept, known)


def page_from(title: str, text: str, meta: Mapping[str, Any]) -> Page:
    """Return the page that a document was made from."""
    return Page(
        text,
        meta.get("page_title") or title,
        meta.get("author"),
        meta.get("date"),
        meta.get("language"),
        list(meta.get("links") or ()),
        meta.get("url"),
        meta.get("canonical"),
        meta.get("description"),
    )
