"""Each setting of the contract, from YAML or the environment, changes what is done."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from ai_catalyst.articles.testing import Answer, Site, article_page, rss_feed
from ai_catalyst.cli.job import Run, RunFigures
from ai_catalyst.cli.progress import RunProgress
from ai_catalyst.cli.web import http_of
from ai_catalyst.errors import UserError
from ai_catalyst.io.failures import FetchTimeout, HttpStatusError
from ai_catalyst.llm.configured import provider_of
from ai_catalyst.llm.testing import Behaviour, ModelServer
from ai_catalyst.settings import ENVIRONMENT, Settings, load_settings

ANSWER = json.dumps(
    {
        "summary": "Tides.",
        "key_points": [],
        "topics": [],
        "entities": {"people": [], "organisations": [], "places": [], "dates": [], "other": []},
        "confidence": 0.5,
    }
)
LOCAL = {"CATALYST_ALLOW_HOSTS": "127.0.0.1"}


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CATALYST_HOME", str(tmp_path / "home"))
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "MISTRAL_API_KEY", *ENVIRONMENT):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with Site({f"/article/{n}": article_page(n) for n in range(8)}) as site:
        feed = rss_feed(site.url, range(8))
        site.pages["/feed.xml"] = Answer(feed, kind="application/rss+xml")
        yield site


def settings(yaml: str = "", **environ: str) -> Settings:
    Path("catalyst.yaml").write_text(yaml, encoding="utf-8")
    return load_settings(environ=LOCAL | environ)[0]


async def run(chosen: Settings, *sources: str, refresh: bool = False) -> RunFigures:
    job = Run(chosen, list(sources) or chosen.feeds, refresh=refresh, follow_links=False)
    return await job.go(RunProgress(shown=False))


@pytest.mark.parametrize(
    ("yaml", "environ"),
    [
        ("rate_limiting: {rps: 10, burst: 1}", {}),
        ("", {"RATE_LIMIT_RPS": "10", "RATE_LIMIT_BURST": "1"}),
    ],
)
async def test_a_host_is_asked_no_faster_than_set(
    site: Site, yaml: str, environ: Mapping[str, str]
) -> None:
    async with http_of(settings(yaml, **environ)) as http:
        await asyncio.gather(*(http.get(f"{site.url}/article/{n}") for n in range(4)))
    moments = [moment for moment, _ in site.times]
    assert moments[-1] - moments[0] > 0.2  # 0.3, less what the first request is late


async def test_waits_between_retries_grow_by_the_back_off_factor(site: Site) -> None:
    site.pages["/article/0"] = Answer(status=503)
    async with http_of(settings("rate_limiting: {backoff_factor: 1, burst: 9}")) as http:
        started = time.monotonic()
        with pytest.raises(HttpStatusError):
            await http.get(f"{site.url}/article/0")
    assert site.asked["/article/0"] == 3
    assert time.monotonic() - started < 2.0  # two waits of at most the base each


@pytest.mark.parametrize(
    ("yaml", "environ"),
    [
        ("request_timeout: 300ms", {}),
        ("async: {timeout: 300ms}", {}),
        ("", {"REQUEST_TIMEOUT": "0.3"}),
    ],
)
async def test_a_page_that_never_comes_is_given_up_in_time(
    site: Site, yaml: str, environ: Mapping[str, str]
) -> None:
    site.pages["/article/0"] = Answer(hang=True)
    async with http_of(settings(yaml, **environ)) as http:
        with pytest.raises(FetchTimeout):
            await http.get(f"{site.url}/article/0")


@pytest.mark.parametrize(
    ("yaml", "environ", "peak"),
    [
        ("async: {enabled: false}", {}, 1),
        ("async: {max_concurrent: 2}", {}, 2),
        ("", {"MAX_CONCURRENT_ARTICLES": "3"}, 3),
    ],
)
async def test_no_more_articles_are_in_hand_than_set(
    site: Site, yaml: str, environ: Mapping[str, str], peak: int
) -> None:
    site.delay_s = 0.03
    chosen = settings(
        f"model: none\nrate_limiting: {{rps: 1000, burst: 100}}\n{yaml}",
        RSS_FEED_URL=f"{site.url}/feed.xml",
        **environ,
    )
    figures = await run(chosen)
    assert (figures.done, site.peak) == (8, peak)


async def test_without_streaming_answers_are_asked_for_whole() -> None:
    for wanted in (True, False):
        async with ModelServer(Behaviour(ANSWER)) as server:
            yaml = (
                f"async: {{use_streaming: {str(wanted).lower()}}}\nendpoints: "
                f"[{{name: a, tier: local, url: '{server.url}', model: m}}]"
            )
            async with provider_of(settings(yaml)) as llm:
                await llm.generate_async("Hello")
            assert server.requests[0].stream is wanted


@pytest.mark.parametrize(
    ("yaml", "environ"), [("api_provider: mistral", {}), ("", {"API_PROVIDER": "mistral"})]
)
async def test_the_provider_that_is_named_comes_first(
    monkeypatch: pytest.MonkeyPatch, yaml: str, environ: Mapping[str, str]
) -> None:
    for name in ("OPENAI", "ANTHROPIC", "MISTRAL"):
        monkeypatch.setenv(f"{name}_API_KEY", "k")
    async with provider_of(settings(yaml, **environ)) as llm:
        assert llm.endpoints[0].name == "mistral"


async def test_a_model_that_never_answers_is_given_up_in_time() -> None:
    from ai_catalyst.errors import AllEndpointsFailed

    async with ModelServer(Behaviour(hang=True)) as server:
        yaml = f"endpoints: [{{name: a, tier: local, url: '{server.url}', model: m}}]"
        async with provider_of(settings(yaml, API_TIMEOUT="0.3")) as llm:
            with pytest.raises(AllEndpointsFailed):
                await llm.generate_async("Hello")


async def test_without_the_cache_pages_are_fetched_again(site: Site) -> None:
    quick = "model: none\nrate_limiting: {rps: 1000, burst: 100}\n"
    page = f"{site.url}/article/1"
    for _ in range(2):
        await run(settings(quick), page)
    assert site.asked["/article/1"] == 1
    await run(settings(f"{quick}cache: {{enabled: false}}"), page)
    assert site.asked["/article/1"] == 2


async def test_what_is_remembered_lasts_as_long_as_set(site: Site) -> None:
    short = settings("model: none\ncache: {ttl_scraped: 50ms}\nrate_limiting: {rps: 1000}")
    await run(short, f"{site.url}/article/1")
    await asyncio.sleep(0.06)
    await run(short, f"{site.url}/article/1")
    assert site.asked["/article/1"] == 2


async def test_articles_go_to_the_database_of_the_settings(site: Site, tmp_path: Path) -> None:
    from ai_catalyst.store import DatabaseManager

    place = tmp_path / "elsewhere.db"
    chosen = settings(
        f"model: none\nfeeds: ['{site.url}/feed.xml']\nrate_limiting: {{rps: 1000, burst: 100}}\n"
        "database: {pool_size: 2, async_enabled: false}",
        DATABASE_URL=f"sqlite+aiosqlite:///{place}",
    )
    await run(chosen)
    async with DatabaseManager(place) as database:
        rows = [row async for row in database.stream("SELECT url FROM articles")]
    assert len(rows) == 8


async def test_an_unknown_key_is_refused_with_the_nearest_known_one() -> None:
    for yaml, near in (
        ("async: {max_concurent: 3}", "async.max_concurrent"),
        ("rate_limits: {rps: 3}", "rate_limiting"),
        ("cache: {ttl_scrape: 3}", "cache.ttl_scraped"),
    ):
        with pytest.raises(UserError, match=near):
            settings(yaml)


async def test_pacing_and_bounds_hold_for_the_whole_client(site: Site) -> None:
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(http_of(settings(RATE_LIMIT_BURST="3")))
        await asyncio.gather(*(http.get(f"{site.url}/article/{n}") for n in range(6)))
    moments = sorted(moment for moment, _ in site.times)
    for first, start in enumerate(moments):
        for last in range(first, len(moments)):
            window = moments[last] - start + 0.02  # a request takes its way to the server
            assert last - first + 1 <= 10 * window + 3 + 1
