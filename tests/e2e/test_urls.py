"""Web pages and feeds by URL, from a loopback server that is not always kind."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiohttp import web
from program import Catalyst

from ai_catalyst.io.loopback import LoopbackServer

PAGE = (
    "<html><head><title>The harbour wall</title></head><body><nav>Home About</nav><article>"
    "<p>The harbour wall was repaired in spring. It took six weeks and two cranes. The mayor "
    "opened it with a short speech, and the fishermen returned to their places.</p>"
    "<p>Engineers expect it to last for forty years. The costs stayed below the estimate.</p>"
    "</article></body></html>"
)
FEED = (
    "<rss version='2.0'><channel><title>Harbour news</title><link>http://127.0.0.1/</link>"
    "{items}</channel></rss>"
)
ITEM = (
    "<item><title>News {number}</title><guid>n-{number}</guid><description>The {number}. report "
    "of the harbour office. Ships came and went, and the tide rose as the tables said. "
    "Nothing else of note was seen from the tower.</description></item>"
)


class Site(LoopbackServer):
    """A small web site in a thread of its own; counts what it is asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def application(self) -> web.Application:
        app = web.Application(middlewares=[self._count])
        app.router.add_get("/page", self._page)
        app.router.add_get("/feed.xml", self._feed)
        app.router.add_get("/broken", self._broken)
        app.router.add_get("/away", self._away)
        return app

    @web.middleware
    async def _count(self, request: web.Request, handler: object) -> web.StreamResponse:
        self.asked.append(request.path)
        return await handler(request)  # type: ignore[operator, no-any-return]

    async def _page(self, request: web.Request) -> web.Response:
        return web.Response(text=PAGE, content_type="text/html")

    async def _feed(self, request: web.Request) -> web.Response:
        items = "".join(ITEM.format(number=number) for number in range(6))
        return web.Response(text=FEED.format(items=items), content_type="application/rss+xml")

    async def _broken(self, request: web.Request) -> web.Response:
        return web.Response(status=404)

    async def _away(self, request: web.Request) -> web.Response:
        raise web.HTTPFound("http://localhost:1/secret")


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as site:
        yield site


def exported(folder: Path) -> list[dict[str, object]]:
    return list(json.loads((folder / "output" / "articles_export.json").read_text()))


def test_a_page_and_a_feed_are_read_by_their_urls(catalyst: Catalyst, site: Site) -> None:
    sources = (f"{site.url}/page", f"{site.url}/feed.xml")
    catalyst("run", *sources, "--model", "none", "--allow-host", "127.0.0.1")
    documents = exported(catalyst.folder)
    assert [d["title"] for d in documents] == ["The harbour wall", *(f"News {n}" for n in range(6))]
    assert "Home About" not in json.dumps(documents[0])


def test_a_limit_counts_the_entries_of_a_feed(catalyst: Catalyst, site: Site) -> None:
    host = {"CATALYST_ALLOW_HOSTS": "127.0.0.1"}
    catalyst("run", f"{site.url}/feed.xml", "--model", "none", "--limit", "2", **host)
    assert [d["title"] for d in exported(catalyst.folder)] == ["News 0", "News 1"]


def test_the_feeds_of_the_settings_are_read_when_nothing_is_named(
    catalyst: Catalyst, site: Site
) -> None:
    environ = {"RSS_FEED_URL": f"{site.url}/feed.xml", "CATALYST_ALLOW_HOSTS": "127.0.0.1"}
    catalyst("run", "--model", "none", **environ)
    assert len(exported(catalyst.folder)) == 6


def test_a_private_address_is_not_reached_unless_it_is_named(
    catalyst: Catalyst, site: Site
) -> None:
    done = catalyst("run", f"{site.url}/page", "--model", "none", exits=1)
    assert site.asked == []
    assert "127.0.0.1" in str(exported(catalyst.folder)[0]["error"])
    assert "Traceback" not in done.stderr


def test_a_redirect_to_another_private_host_is_refused(catalyst: Catalyst, site: Site) -> None:
    catalyst("run", f"{site.url}/away", "--model", "none", "--allow-host", "127.0.0.1", exits=1)
    assert exported(catalyst.folder)[0]["error"]


def test_a_missing_page_costs_the_others_nothing(catalyst: Catalyst, site: Site) -> None:
    sources = (f"{site.url}/broken", f"{site.url}/page", "http://127.0.0.1:9/nobody")
    catalyst("run", *sources, "--model", "none", "--allow-host", "127.0.0.1", exits=1)
    errors = [d["error"] for d in exported(catalyst.folder)]
    assert "404" in str(errors[0])
    assert errors[1] is None
    assert errors[2]


def test_a_dry_run_fetches_nothing(catalyst: Catalyst, site: Site) -> None:
    catalyst("run", f"{site.url}/page", "--dry-run", "--allow-host", "127.0.0.1")
    assert site.asked == []
