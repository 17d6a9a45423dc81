"""Claims about visits to feeds: who is asked, what is kept, and when again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ai_catalyst.articles.feed_state import FeedStates
from ai_catalyst.articles.feeds import RSSParser
from ai_catalyst.articles.testing import Answer, Site, article_page, rss_feed
from ai_catalyst.articles.watch_visits import Visits, visit_feeds
from ai_catalyst.store import Store

NOW = 4_000_000_000.0
HOUR = 3600.0
TTL = "<ttl>120</ttl>"


class Place:
    """A site on loopback, a store, and visits to what the site has."""

    def __init__(self, site: Site, store: Store, parser: RSSParser) -> None:
        self.site, self.store, self.parser = site, store, parser
        self.states = FeedStates(store)

    async def visit(self, *paths: str, now: float = NOW) -> Visits:
        return await visit_feeds(
            [self.site.url + path for path in paths],
            now,
            parser=self.parser,
            states=self.states,
            cache=self.store.cache,
            usual_s=HOUR,
        )


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    async with (
        Site({"/page": article_page(1)}) as site,
        Store(tmp_path) as store,
        RSSParser(allow_hosts=["127.0.0.1"]) as parser,
    ):
        yield Place(site, store, parser)


def feed(place: Place, count: int, more: str = "") -> str:
    return rss_feed(place.site.url, range(count)).replace("<link>", f"{more}<link>", 1)


@pytest.mark.loop_guard(0.5, reason="the first use of the store, the client and the pool")
async def test_a_feed_is_asked_when_it_is_due_and_says_whether_it_changed(place: Place) -> None:
    place.site.pages["/feed.xml"] = Answer(feed(place, 2), etag='"1"')
    url = f"{place.site.url}/feed.xml"
    first = await place.visit("/feed.xml")
    assert (first.new, first.due) == ([url], NOW + HOUR)
    assert (await place.visit("/feed.xml", now=NOW + HOUR - 1)).waiting == [url]
    assert place.site.asked["/feed.xml"] == 1
    assert (await place.visit("/feed.xml", now=NOW + HOUR)).same == [url]
    assert place.site.not_modified == 1
    place.site.pages["/feed.xml"] = Answer(feed(place, 3), etag='"2"')
    assert (await place.visit("/feed.xml", now=NOW + 2 * HOUR)).new == [url]


@pytest.mark.loop_guard(0.5, reason="the first use of the store, the client and the pool")
async def test_a_feeds_own_time_to_live_is_kept_also_after_an_answer_without_a_feed(
    place: Place,
) -> None:
    place.site.pages["/feed.xml"] = Answer(feed(place, 1, TTL), etag='"1"')
    assert (await place.visit("/feed.xml")).due == NOW + 2 * HOUR
    second = await place.visit("/feed.xml", now=NOW + 2 * HOUR)
    assert place.site.not_modified == 1
    assert second.due == NOW + 4 * HOUR


@pytest.mark.loop_guard(0.5, reason="the first use of the store, the client and the pool")
async def test_what_does_not_answer_is_a_value_and_waits_as_long_as_it_was_told(
    place: Place,
) -> None:
    place.site.pages["/feed.xml"] = Answer(status=429, headers={"Retry-After": "86400"})
    failed = await place.visit("/feed.xml")
    assert [url for url, _ in failed.failed] == [f"{place.site.url}/feed.xml"]
    assert "429" in failed.failed[0][1]
    assert failed.due is not None
    assert failed.due >= NOW + 86_000


@pytest.mark.loop_guard(0.5, reason="the first use of the store, the client and the pool")
async def test_pages_are_left_to_whoever_reads_them(place: Place) -> None:
    place.site.pages["/feed.xml"] = article_page(2)  # only its name is a feed's
    found = await place.visit("/page", "/feed.xml")
    assert found.others == [f"{place.site.url}/page", f"{place.site.url}/feed.xml"]
    assert found.failed == []
    assert place.site.asked["/page"] == 0


@pytest.mark.loop_guard(0.5, reason="the first use of the store, the client and the pool")
async def test_two_visitors_do_not_ask_twice(place: Place) -> None:
    place.site.pages["/feed.xml"] = feed(place, 1)
    await place.visit("/feed.xml")
    async with asyncio.timeout(10):
        other = Place(place.site, place.store, place.parser)
        assert (await other.visit("/feed.xml", now=NOW + 1)).waiting
    assert place.site.asked["/feed.xml"] == 1
