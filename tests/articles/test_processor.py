"""Articles through the processor: in order, each its own failure, nothing read or paid twice."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from ai_catalyst.articles import (
    Article,
    ArticleProcessor,
    AsyncArticleProcessor,
    ContentProcessor,
    RSSParser,
)
from ai_catalyst.articles.testing import Answer, Site, article_page, rss_feed
from ai_catalyst.engine import ProgressEvent, ProgressEventType
from ai_catalyst.errors import ProcessingError, UserError
from ai_catalyst.llm import LLMProvider
from ai_catalyst.llm.testing import Behaviour, ModelServer
from ai_catalyst.store import DatabaseManager, Store

ANSWER = json.dumps(
    {
        "summary": "Tides were measured.",
        "key_points": ["Levels changed."],
        "topics": ["tides"],
        "entities": {"people": [], "organisations": [], "places": [], "dates": [], "other": []},
        "confidence": 0.9,
    }
)


@pytest.fixture(autouse=True)
def _loopback_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CATALYST_ALLOW_HOSTS", "127.0.0.1")


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    pages: dict[str, Any] = {f"/article/{n}": article_page(n) for n in range(12)}
    async with Site(pages) as site:
        pages["/feed.xml"] = Answer(rss_feed(site.url, range(12)), kind="application/rss+xml")
        site.pages = pages
        yield site


def articles(site: Site, count: int = 6) -> list[Article]:
    return [Article(f"Article {n}", f"{site.url}/article/{n}") for n in range(count)]


def processor(at_once: int = 5, **options: Any) -> AsyncArticleProcessor:
    return AsyncArticleProcessor(at_once, 1000, **{"model": "none"} | options)


async def test_results_come_in_order_and_are_read_by_name_and_by_key(site: Site) -> None:
    async with processor(3) as made:
        results = await made.process_batch(articles(site))
    assert [each.url for each in results] == [f"{site.url}/article/{n}" for n in range(6)]
    first = results[0]
    assert first["title"] == first.title == "Article 0"
    assert "article 0" in first["page"].text
    assert first.analysis is not None
    assert first.analysis.summary
    assert (first.success, first.error, first.cached) == (True, None, False)
    assert set(dict(first)) == {"title", "url", "page", "analysis", "success", "error", "cached"}


async def test_one_failing_article_costs_the_others_nothing(site: Site) -> None:
    wanted = articles(site, 3)
    wanted[1].url = f"{site.url}/nowhere"
    async with processor() as made:
        results = await made.process_batch(wanted)
    assert [each.success for each in results] == [True, False, True]
    assert "404" in str(results[1].error)
    assert results[1].title == "Article 1"


async def test_one_article_that_fails_raises(site: Site) -> None:
    async with processor() as made:
        with pytest.raises(ProcessingError, match="404"):
            await made.process_article({"title": "Gone", "url": f"{site.url}/gone"})
        assert (await made.process_article(f"{site.url}/article/1")).success


async def test_what_is_no_article_is_refused_by_its_kind(site: Site) -> None:
    async with processor() as made:
        with pytest.raises(UserError, match="int is no article"):
            await made.process_batch([3])


async def test_a_feed_is_read_to_its_end(site: Site) -> None:
    from ai_catalyst.io.http import HttpClient

    async with HttpClient(allow_hosts=["127.0.0.1"]) as http, processor(8) as made:
        found = await RSSParser(http=http).parse_feed_async(f"{site.url}/feed.xml")
        results = await made.process_batch(found)
    assert [each.success for each in results] == [True] * 12


async def test_the_feeds_own_text_is_used_when_it_is_whole(site: Site) -> None:
    whole = Article(
        "Whole", f"{site.url}/article/1", content=f"<p>{'All of it is here. ' * 60}</p>"
    )
    cut = Article("Cut", f"{site.url}/article/2", content=f"<p>{'A part. ' * 100}… Read more</p>")
    short = Article("Short", f"{site.url}/article/3", summary="A line.")
    async with processor() as made:
        results = await made.process_batch([whole, cut, short])
    assert all(each.success for each in results)
    assert site.asked["/article/1"] == 0
    assert site.asked["/article/2"] == site.asked["/article/3"] == 1


async def test_linked_pages_are_read_with_the_article_at_most_three_of_them(site: Site) -> None:
    links = tuple(f"/source/{n}" for n in range(5))
    site.pages["/article/0"] = article_page(0, links=links)
    site.pages |= {link: article_page(100 + n) for n, link in enumerate(links)}
    async with processor() as made:
        [result] = await made.process_batch(articles(site, 1))
    assert result.success
    assert [site.asked[link] for link in links] == [1, 1, 1, 0, 0]
    async with processor(follow_links=False) as made:
        await made.process_batch(articles(site, 1))
    assert site.asked["/source/0"] == 1


@pytest.mark.parametrize("limit", [1, 2])
async def test_articles_that_link_to_each_other_in_a_circle_come_to_an_end(
    site: Site, limit: int
) -> None:
    for number in range(6):
        links = (f"/article/{(number + 1) % 6}", f"/far/{number}", f"/far/{(number + 1) % 6}")
        site.pages[f"/article/{number}"] = article_page(number, links=links)
        site.pages[f"/far/{number}"] = article_page(50 + number, links=(f"/article/{number}",))
    async with processor(limit) as made:
        results = await made.process_batch(articles(site))
    assert all(each.success for each in results)
    assert max(site.asked.values()) == 1


async def test_a_model_is_asked_about_each_text_once(site: Site) -> None:
    site.pages["/copy"] = site.pages["/article/0"]
    wanted = [*articles(site, 2), Article("Article 0", f"{site.url}/copy")]
    async with (
        ModelServer(Behaviour(ANSWER)) as server,
        LLMProvider([server.endpoint()]) as llm,
        processor(2, llm=llm, model=None) as made,
    ):
        results = await made.process_batch(wanted)
        assert server.count == 2
        assert made.stats() == {"pages": 3, "unchanged": 0, "analysed": 2}
    assert [each.analysis.summary for each in results if each.analysis] == [
        "Tides were measured."
    ] * 3


async def test_with_a_store_nothing_is_read_or_asked_twice(site: Site, tmp_path: Path) -> None:
    async with (
        ModelServer(Behaviour(ANSWER)) as server,
        Store(tmp_path) as store,
        LLMProvider([server.endpoint()], store=store) as llm,
    ):
        async with processor(llm=llm, model=None, store=store) as made:
            first = await made.process_batch(articles(site))
        async with processor(llm=llm, model=None, store=store) as made:
            second = await made.process_batch(articles(site))
        assert server.count == 6
        assert max(site.asked.values()) == 1
        assert [each.cached for each in second] == [True] * 6
        assert [each.page for each in second] == [each.page for each in first]
        async with DatabaseManager(store.path) as database:
            rows = [row async for row in database.stream("SELECT title, analysis FROM articles")]
    assert len(rows) == 6
    assert all("Tides were measured" in row["analysis"] for row in rows)


async def test_new_articles_alone_are_processed(site: Site, tmp_path: Path) -> None:
    async with Store(tmp_path) as store, processor(store=store) as made:
        await made.process_batch(articles(site, 4))
        results = await made.process_batch(articles(site, 6))
    assert [each.cached for each in results] == [True] * 4 + [False] * 2


async def test_progress_is_told_and_a_callback_that_raises_harms_nothing(site: Site) -> None:
    events: list[ProgressEvent] = []

    def hear(event: ProgressEvent) -> None:
        events.append(event)
        raise ValueError

    async with processor(progress_callback=hear) as made:
        results = await made.process_batch(articles(site, 2))
    assert all(each.success for each in results)
    kinds = [event.event_type for event in events]
    assert (kinds[0], kinds[-1]) == (
        ProgressEventType.BATCH_STARTED,
        ProgressEventType.BATCH_COMPLETED,
    )
    assert kinds.count(ProgressEventType.FILE_COMPLETED) == 2


async def test_no_more_pages_are_fetched_at_once_than_allowed(site: Site) -> None:
    site.delay_s = 0.02
    async with processor(3) as made:
        await made.process_batch(articles(site, 12))
    assert site.peak == 3


async def test_a_host_that_is_down_does_not_keep_the_others(site: Site) -> None:
    wanted = articles(site, 4)
    wanted[0].url = "http://127.0.0.1:1/down"
    async with processor(2) as made:
        results = await made.process_batch(wanted)
    assert [each.success for each in results] == [False, True, True, True]


def test_the_sync_forms_give_the_same_results() -> None:
    pages = {f"/article/{n}": article_page(n) for n in range(3)}
    with Site(pages) as site:
        wanted = articles(site, 3)
        with ArticleProcessor(2, 1000, model="none") as made:
            results = made.process_batch(wanted)
            assert made.process_article(wanted[0]).title == "Article 0"
        with ContentProcessor(model="none") as one:
            assert one.process(wanted[1]).success
    assert [each["success"] for each in results] == [True] * 3


LOGIN = """<html><head><title>Sign in</title></head><body><h1>Sign in</h1>
<form action='/login'><input type='text' name='user'><input type='password' name='password'>
<button>Sign in</button></form></body></html>"""
GONE = """<html><head><title>404 Page not found</title></head><body><h1>Page not found</h1>
<p>Sorry, the page you are looking for does not exist.</p></body></html>"""
SCRIPTS = """<html><head><title>App</title></head><body><div id='root'></div>
<noscript>You need to enable JavaScript to run this app.</noscript>
<script>var a = 1;</script></body></html>"""


@pytest.mark.parametrize(
    ("page", "why"), [(LOGIN, "sign in"), (GONE, "gone"), (SCRIPTS, "scripts")]
)
async def test_a_page_that_is_no_article_says_why(site: Site, page: str, why: str) -> None:
    site.pages["/article/0"] = page
    async with processor() as made:
        [result] = await made.process_batch(articles(site, 1))
    assert not result.success
    assert why in str(result.error)
