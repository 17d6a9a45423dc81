"""The scraper against a site that is not always kind."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator
from importlib import resources
from itertools import pairwise

import pytest

from ai_catalyst.articles.robots import RobotsDisallowed, RobotsUnknown
from ai_catalyst.articles.scraper import AsyncWebScraper, WebScraper
from ai_catalyst.articles.testing import Answer, Site, article_page
from ai_catalyst.engine import Retry
from ai_catalyst.errors import FileError, UnsafeAddress
from ai_catalyst.io.failures import (
    ConnectionFailed,
    FetchTimeout,
    HttpStatusError,
    TooLarge,
    TooManyRedirects,
    WrongContent,
)
from ai_catalyst.io.http import HttpClient, worth_another_try
from ai_catalyst.store import Cache

LOCAL = ("127.0.0.1",)
QUICK = Retry(attempts=3, base_s=0.01, on=worth_another_try)


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with Site({"/page": article_page(1, links=("/other",))}) as site:
        yield site


@pytest.fixture
async def scraper() -> AsyncIterator[AsyncWebScraper]:
    async with (
        HttpClient(allow_hosts=LOCAL, retry=QUICK, timeout_s=5) as http,
        AsyncWebScraper(http=http, cache=Cache()) as scraper,
    ):
        yield scraper


async def test_a_page_is_its_article_without_the_menus(
    site: Site, scraper: AsyncWebScraper
) -> None:
    page = await scraper.fetch_content(f"{site.url}/page")
    assert "Observation 3 of article 1" in page.text
    assert "Imprint" not in page.text
    assert (page.title, page.language) == ("Article 1: tides", "en")
    assert f"{site.url}/other" in page.links


async def test_a_page_in_the_cache_is_not_fetched_again(
    site: Site, scraper: AsyncWebScraper
) -> None:
    first = await scraper.fetch_content(f"{site.url}/page")
    again = await scraper.fetch_content(f"{site.url}/page?utm_source=feed")
    assert again == first
    assert site.asked["/page"] == 1


async def test_a_refreshed_page_costs_a_question_and_no_body_when_nothing_changed(
    site: Site, scraper: AsyncWebScraper
) -> None:
    site.pages["/page"] = Answer(article_page(1), etag='"1"')
    first = await scraper.fetch_content(f"{site.url}/page")
    again = await scraper.fetch_content(f"{site.url}/page", refresh=True)
    assert again == first
    assert (site.not_modified, scraper.pages, scraper.unchanged) == (1, 1, 1)


async def test_what_robots_txt_forbids_is_not_asked_for(
    site: Site, scraper: AsyncWebScraper
) -> None:
    site.pages["/robots.txt"] = Answer("User-agent: *\nDisallow: /secret\n", kind="text/plain")
    site.pages["/away"] = Answer.redirect("/secret/page")
    for path in ("/secret/page", "/away"):
        with pytest.raises(RobotsDisallowed, match=r"robots\.txt"):
            await scraper.fetch_content(site.url + path)
    assert site.asked["/secret/page"] == 0
    await scraper.fetch_content(f"{site.url}/page")
    assert site.asked["/robots.txt"] == 1


@pytest.mark.parametrize("status", [404, 401, 403, 410])
async def test_a_host_without_rules_may_be_read(
    site: Site, scraper: AsyncWebScraper, status: int
) -> None:
    site.pages["/robots.txt"] = Answer("no", status=status)
    assert (await scraper.fetch_content(f"{site.url}/page")).text


async def test_a_host_that_cannot_say_its_rules_is_asked_again_and_then_left_alone(
    site: Site, scraper: AsyncWebScraper
) -> None:
    site.pages["/robots.txt"] = Answer("later", status=503)
    for _ in range(2):
        with pytest.raises(RobotsUnknown, match="try again later"):
            await scraper.fetch_content(f"{site.url}/page")
    assert (site.asked["/robots.txt"], site.asked["/page"]) == (3, 0)


async def test_a_crawl_delay_is_kept(site: Site, scraper: AsyncWebScraper) -> None:
    site.pages["/robots.txt"] = Answer("User-agent: *\nCrawl-delay: 0.2\n", kind="text/plain")
    for number in range(3):
        site.pages[f"/{number}"] = article_page(number)
        await scraper.fetch(f"{site.url}/{number}")
    moments = [moment for moment, path in site.times if path != "/robots.txt"]
    assert all(later - earlier > 0.19 for earlier, later in pairwise(moments))


async def test_a_busy_server_is_asked_again_after_the_time_it_named(
    site: Site, scraper: AsyncWebScraper
) -> None:
    answers = [Answer(status=429, headers={"Retry-After": "1"}), Answer(article_page(2))]
    site.pages["/busy"] = lambda site, request: answers.pop(0)
    assert (await scraper.fetch_content(f"{site.url}/busy")).text
    moments = [moment for moment, path in site.times if path == "/busy"]
    assert moments[1] - moments[0] >= 1.0


@pytest.mark.parametrize("status", [408, 425, 500, 502, 503, 504])
async def test_passing_trouble_is_tried_again(
    site: Site, scraper: AsyncWebScraper, status: int
) -> None:
    answers = [Answer(status=status), Answer(article_page(2))]
    site.pages["/busy"] = lambda site, request: answers.pop(0)
    assert (await scraper.fetch(f"{site.url}/busy")).status == 200


async def test_a_broken_connection_is_tried_again(site: Site, scraper: AsyncWebScraper) -> None:
    answers = [Answer(article_page(2), break_after=300), Answer(article_page(2))]
    site.pages["/torn"] = lambda site, request: answers.pop(0)
    assert "article 2" in (await scraper.fetch_content(f"{site.url}/torn")).text


async def test_ten_redirects_and_a_circle_are_told_apart_from_a_page(
    site: Site, scraper: AsyncWebScraper
) -> None:
    site.pages |= {f"/hop/{n}": Answer.redirect(f"/hop/{n + 1}") for n in range(10)}
    site.pages |= {"/hop/10": article_page(3), "/circle": Answer.redirect("/circle")}
    for path in ("/hop/0", "/circle"):
        with pytest.raises(TooManyRedirects):
            await scraper.fetch_content(site.url + path)
    page = await scraper.fetch_content(f"{site.url}/hop/6")
    assert page.url == f"{site.url}/hop/10"


async def test_a_private_host_is_reached_by_its_name_alone(
    site: Site, scraper: AsyncWebScraper
) -> None:
    local = site.url.replace("127.0.0.1", "localhost")
    with pytest.raises(UnsafeAddress):
        await scraper.fetch_content(f"{local}/page")
    with pytest.raises(UnsafeAddress):
        await scraper.fetch_content(f"{site.url}/page", origin="http://example.org/feed.xml")
    assert not site.asked
    assert (await scraper.fetch_content(f"{site.url}/page", origin=f"{site.url}/feed")).text


async def test_a_page_read_by_name_is_not_shown_to_a_link_from_elsewhere(
    site: Site, scraper: AsyncWebScraper
) -> None:
    await scraper.fetch_content(f"{site.url}/page")
    with pytest.raises(UnsafeAddress):
        await scraper.fetch_content(f"{site.url}/page", origin="http://example.org/feed.xml")


BOMB = gzip.compress(b" " * 2**25)


async def test_a_bomb_is_refused_before_it_unfolds(site: Site, scraper: AsyncWebScraper) -> None:
    site.pages["/bomb"] = Answer(BOMB, encoding="gzip", packed=True)
    with pytest.raises(TooLarge):
        await scraper.fetch_content(f"{site.url}/bomb")


async def test_a_slow_drip_ends_at_the_deadline(site: Site) -> None:
    site.pages["/drip"] = Answer(article_page(4), drip_s=0.05)
    http = HttpClient(allow_hosts=LOCAL, timeout_s=0.3, retry=Retry(attempts=1))
    async with http, AsyncWebScraper(http=http) as scraper:
        with pytest.raises(FetchTimeout):
            await scraper.fetch_content(f"{site.url}/drip")


async def test_pictures_are_refused_unread_and_texts_are_read(
    site: Site, scraper: AsyncWebScraper
) -> None:
    site.pages["/film"] = Answer(b"\0" * 100, kind="video/mp4")
    site.pages["/note.txt"] = Answer("The tide rose at noon.", kind="text/plain")
    site.pages["/empty"] = Answer("", kind="text/plain")
    with pytest.raises(WrongContent):
        await scraper.fetch_content(f"{site.url}/film")
    assert (await scraper.fetch_content(f"{site.url}/note.txt")).text == "The tide rose at noon."
    with pytest.raises(FileError):
        await scraper.fetch_content(f"{site.url}/empty")


async def test_compressed_and_chunked_pages_are_read_as_others_are(
    site: Site, scraper: AsyncWebScraper
) -> None:
    for name in ("gzip", "deflate"):
        site.pages[f"/{name}"] = Answer(article_page(5), encoding=name, chunked=True)
        assert "article 5" in (await scraper.fetch_content(f"{site.url}/{name}")).text


async def test_a_missing_page_and_a_dead_host_say_so(site: Site, scraper: AsyncWebScraper) -> None:
    with pytest.raises(HttpStatusError, match="404"):
        await scraper.fetch_content(f"{site.url}/nowhere")
    with pytest.raises(ConnectionFailed):
        await scraper.fetch_content("http://127.0.0.1:1/")


async def test_equal_requests_in_flight_are_one(site: Site, scraper: AsyncWebScraper) -> None:
    import asyncio

    site.delay_s = 0.05
    pages = await asyncio.gather(
        *(scraper.fetch_content(f"{site.url}/page") for _ in range(5)),
    )
    assert len({page.text for page in pages}) == 1
    assert site.asked["/page"] == 1


def test_the_sync_form_reads_the_same_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CATALYST_ALLOW_HOSTS", "127.0.0.1")
    with Site({"/page": article_page(1)}) as site, WebScraper() as scraper:
        assert "article 1" in scraper.fetch_content(f"{site.url}/page").text


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("flood-report.pdf", "application/pdf"),
        ("trustees-minutes.docx", "application/octet-stream"),
    ],
)
async def test_a_document_behind_a_link_goes_to_its_reader(
    site: Site, scraper: AsyncWebScraper, name: str, kind: str
) -> None:
    data = resources.files("ai_catalyst").joinpath("samples", name).read_bytes()
    site.pages[f"/{name}"] = Answer(data, kind=kind)
    page = await scraper.fetch_content(f"{site.url}/{name}")
    assert len(page.text) > 200
    assert page.url == f"{site.url}/{name}"
