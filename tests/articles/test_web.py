"""What a URL is taken for, and when two entries are one."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from ai_catalyst.articles.model import Article
from ai_catalyst.articles.reading import ArticleReader, Entry
from ai_catalyst.articles.scraper import AsyncWebScraper
from ai_catalyst.articles.web import looks_like_a_feed, unique, without_repeats
from ai_catalyst.documents.sources import Found


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/feed.xml",
        "https://example.org/blog/feed/",
        "https://example.org/index.php?format=feed",
        "https://example.org/news.rss",
        "https://example.org/atom",
        "https://example.org/rss2",
    ],
)
def test_a_feeds_address_is_known(url: str) -> None:
    assert looks_like_a_feed(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/",
        "https://example.org/feeding-birds.html",
        "https://feeds.example.org/article/1",
        "https://example.org/anatomy",
    ],
)
def test_a_pages_address_is_none(url: str) -> None:
    assert not looks_like_a_feed(url)


def test_entries_are_one_by_address_by_guid_and_by_text() -> None:
    entries = [
        Article("A", "https://example.org/a"),
        Article("A again", "https://EXAMPLE.org/a?utm_source=x#top"),
        Article("B", "https://example.org/b", guid="1"),
        Article("B", "https://example.org/b-moved", guid="1"),
        Article("C", "https://example.org/c", guid="1"),
        Article("D", content="The same text."),
        Article("D", content="The same text."),
    ]
    assert [one.title for one in unique(entries, set())] == ["A", "B", "C", "D"]


def test_what_an_earlier_feed_named_is_left_out() -> None:
    seen: set[str] = set()
    first = Article("A", "https://example.org/a", feed_url="https://example.org/1")
    again = Article("A", "https://example.org/a", feed_url="https://example.org/2")
    assert list(unique([first], seen)) == [first]
    assert list(unique([again], seen)) == []


async def test_an_article_of_two_feeds_is_one_source() -> None:
    async def sources() -> AsyncIterator[Found]:
        for feed in ("1", "2"):
            for number in range(2):
                article = Article("A", f"https://example.org/{number}", feed_url=feed)
                yield Entry(article, ArticleReader(AsyncWebScraper()))

    found = [source.uri async for source in without_repeats(sources())]
    assert found == ["https://example.org/0", "https://example.org/1"]
