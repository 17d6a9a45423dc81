"""``catalyst run`` on a feed of short articles: fewer calls, the same reports."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from program import Catalyst

from ai_catalyst.articles.testing import Answer, Site, article_page, rss_feed
from ai_catalyst.llm.testing import Behaviour, ModelServer, Request

ENTRIES = 10
NUMBERED = re.compile(r'<document number="(\d+)">\n(.*?)\n</document>', re.DOTALL)
REPORTS = ("article_analysis_report.md", "articles_export.json", "articles_export.csv")


def reads(text: str) -> dict[str, Any]:
    """Answer with the title and what stands first in the text, so that a mix-up would show."""
    title, body = re.findall(r"Title: (.*)\s+(?:<document>\s+)?(.{60})", text)[0]
    return {
        "summary": f"{title}: {body}",
        "key_points": [title],
        "topics": ["tides"],
        "entities": {"people": [], "organisations": [], "places": [], "dates": [], "other": []},
        "confidence": 0.8,
    }


def tells(asked: Request) -> Behaviour:
    """Answer for each numbered article as for one alone."""
    listed = [{"number": int(n), **reads(text)} for n, text in NUMBERED.findall(asked.prompt)]
    answer: Any = {"answers": listed} if listed else reads(asked.prompt)
    sent = json.dumps(asked.body.get("messages"))
    return Behaviour(json.dumps(answer), usage=(len(sent) // 4, 50))


@pytest.fixture
def site() -> Iterator[Site]:
    with Site({f"/article/{n}": article_page(n, sentences=5) for n in range(ENTRIES)}) as site:
        feed = rss_feed(site.url, range(ENTRIES))
        site.pages["/feed.xml"] = Answer(feed, kind="application/rss+xml", etag='"1"')
        yield site


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer(tells) as server:
        yield server


def run(catalyst: Catalyst, site: Site, server: ModelServer, *more: str, size: int) -> Any:
    (catalyst.folder / "catalyst.yaml").write_text(f"async:\n  batch_size: {size}\n")
    environ = {
        "CATALYST_LOCAL_URL": server.url,
        "CATALYST_LOCAL_MODEL": server.model,
        "CATALYST_ALLOW_HOSTS": "127.0.0.1",
        "RATE_LIMIT_RPS": "1000",
        "RATE_LIMIT_BURST": "1000",
        "CATALYST_HOME": str(catalyst.folder / "-".join(("home", str(size), *more))),
    }
    figures = json.loads(catalyst("run", f"{site.url}/feed.xml", "--json", *more, **environ).stdout)
    reports = [(catalyst.folder / "output" / name).read_bytes() for name in REPORTS]
    return figures, reports


def test_short_articles_share_calls_and_the_reports_are_the_same(
    catalyst: Catalyst, site: Site, server: ModelServer
) -> None:
    alone, expected = run(catalyst, site, server, size=1)
    together, reports = run(catalyst, site, server, size=5)
    one_by_one, synced = run(catalyst, site, server, "--sync", size=5)
    assert (alone["done"], alone["calls"]) == (ENTRIES, ENTRIES)
    assert together["done"] == ENTRIES
    assert together["calls"] < ENTRIES
    assert one_by_one["calls"] == ENTRIES
    assert server.count == 2 * ENTRIES + together["calls"]
    assert expected == reports == synced
    again, _ = run(catalyst, site, server, size=5)
    assert (again["unchanged"], again["calls"]) == (ENTRIES, 0)
