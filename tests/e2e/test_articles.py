"""``catalyst run`` on feeds: pages read once, reports the same, failures told, nothing lost."""

from __future__ import annotations

import json
import random
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from program import Catalyst

from ai_catalyst.articles.testing import Answer, Site, article_page, rss_feed
from ai_catalyst.llm.testing import Behaviour, ModelServer, Request

ENTRIES = 12
REPORTS = (
    "article_analysis_report.md",
    "summary_report.md",
    "articles_export.json",
    "articles_export.csv",
    "report.html",
    "report.html",
)


def tells(request: Request) -> Behaviour:
    """Answer with something of what was asked, so that equal reports mean equal questions."""
    words = request.prompt.split()
    answer = {
        "summary": f"{len(words)} words were read.",
        "key_points": [" ".join(words[:6])],
        "topics": ["tides"],
        "entities": {"people": [], "organisations": [], "places": [], "dates": [], "other": []},
        "why_it_matters": "",
        "methodology": "",
        "findings": [],
        "confidence": 0.8,
    }
    return Behaviour(json.dumps(answer), usage=(500, 50))


@pytest.fixture
def site() -> Iterator[Site]:
    with Site({f"/article/{n}": article_page(n) for n in range(ENTRIES)}) as site:
        feed = rss_feed(site.url, range(ENTRIES))
        site.pages["/feed.xml"] = Answer(feed, kind="application/rss+xml", etag='"1"')
        yield site


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer(tells) as server:
        yield server


@pytest.fixture
def environ(server: ModelServer) -> dict[str, str]:
    return {
        "CATALYST_LOCAL_URL": server.url,
        "CATALYST_LOCAL_MODEL": server.model,
        "CATALYST_ALLOW_HOSTS": "127.0.0.1",
        "RATE_LIMIT_RPS": "1000",
    }


def exported(folder: Path, output: str = "output") -> list[dict[str, Any]]:
    return list(json.loads((folder / output / "articles_export.json").read_text()))


def rows(folder: Path, sql: str) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(folder / ".catalyst" / "catalyst.db")
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def test_a_feed_becomes_reports_and_rows(
    catalyst: Catalyst, site: Site, server: ModelServer, environ: dict[str, str]
) -> None:
    feed = f"{site.url}/feed.xml"
    catalyst("run", feed, "--limit", "10", "--async", "--concurrency", "8", "-vv", **environ)
    documents = exported(catalyst.folder)
    assert [d["url"] for d in documents] == [f"{site.url}/article/{n}" for n in range(10)]
    assert [d["title"] for d in documents] == [f"Article {n}: tides" for n in range(10)]
    assert all(d["success"] and "words were read" in d["analysis"]["summary"] for d in documents)
    assert (server.count, sum(site.asked[f"/article/{n}"] for n in range(10))) == (10, 10)
    assert site.asked["/article/10"] == 0
    saved = rows(catalyst.folder, "SELECT url, page, analysis FROM articles ORDER BY rowid")
    assert len(saved) == 10
    assert all("Observation" in page and "words were read" in told for _, page, told in saved)


def test_the_second_run_fetches_no_page_and_asks_no_model(
    catalyst: Catalyst, site: Site, server: ModelServer, environ: dict[str, str]
) -> None:
    feed = f"{site.url}/feed.xml"
    catalyst("run", feed, **environ)
    asked, calls = dict(site.asked), server.count
    first = {name: (catalyst.folder / "output" / name).read_bytes() for name in REPORTS}
    done = catalyst("run", feed, "--json", **environ)
    figures = json.loads(done.stdout)
    assert (figures["done"], figures["unchanged"]) == (0, ENTRIES)
    assert server.count == calls
    assert site.not_modified == 1
    assert {path: n for path, n in site.asked.items() if path != "/feed.xml"} == {
        path: n for path, n in asked.items() if path != "/feed.xml"
    }
    assert first == {name: (catalyst.folder / "output" / name).read_bytes() for name in REPORTS}


def test_new_entries_alone_are_read_and_all_are_reported(
    catalyst: Catalyst, site: Site, server: ModelServer, environ: dict[str, str]
) -> None:
    feed = f"{site.url}/feed.xml"
    site.pages["/feed.xml"] = Answer(rss_feed(site.url, range(8)), kind="application/rss+xml")
    catalyst("run", feed, **environ)
    site.pages["/feed.xml"] = Answer(
        rss_feed(site.url, [11, 10, 9, *range(8)]), kind="application/rss+xml"
    )
    catalyst("run", feed, **environ)
    assert server.count == 11
    assert max(n for path, n in site.asked.items() if path.startswith("/article")) == 1
    assert [d["url"].rpartition("/")[2] for d in exported(catalyst.folder)] == [
        *("11", "10", "9"),
        *(str(n) for n in range(8)),
    ]


def test_a_forced_refresh_asks_everything_again(
    catalyst: Catalyst, site: Site, environ: dict[str, str]
) -> None:
    for number in range(ENTRIES):
        site.pages[f"/article/{number}"] = Answer(article_page(number), etag=f'"{number}"')
    feed = f"{site.url}/feed.xml"
    catalyst("run", feed, **environ)
    done = catalyst("run", feed, "--force-refresh", "--json", **environ)
    assert json.loads(done.stdout)["done"] == ENTRIES
    assert site.asked["/article/3"] == 2
    assert site.not_modified == ENTRIES + 1


def test_sync_and_async_reports_are_the_same_bytes(
    catalyst: Catalyst, site: Site, server: ModelServer, environ: dict[str, str]
) -> None:
    site.pages["/article/4"] = Answer("gone", status=410)
    site.pages["/article/5"] = article_page(5, links=("/far/1", "/far/2"))
    site.pages |= {"/far/1": article_page(101), "/far/2": Answer(status=404)}
    site.pages["/article/7"] = site.pages["/article/6"]
    server.default = lambda request: Behaviour(tells(request).text, delay_s=0.05)
    feed = f"{site.url}/feed.xml"
    runs = (("--async", "--concurrency", "8"), ("--sync",), ("--async", "--concurrency", "2"))
    found = []
    for number, how in enumerate(runs):
        home = {"CATALYST_HOME": str(catalyst.folder / f"home{number}")}
        output = f"out{number}"
        catalyst("run", feed, *how, "--output", output, exits=1, **environ, **home)
        found.append([(catalyst.folder / output / name).read_bytes() for name in REPORTS])
    assert found[0] == found[1] == found[2]
    documents = exported(catalyst.folder, "out0")
    assert [d["position"] for d in documents if d["error"]] == [5]
    assert [ref["url"] for ref in documents[5]["references"]] == [f"{site.url}/far/1"]
    assert documents[7]["like"] == 7
    assert server.peak > 1


def test_a_model_that_fails_on_every_third_article_costs_the_others_nothing(
    catalyst: Catalyst, site: Site, server: ModelServer, environ: dict[str, str]
) -> None:
    def fails(request: Request) -> Behaviour:
        number = int(request.prompt.partition("Article ")[2].partition(":")[0])
        return Behaviour(status=400, error="no") if number % 3 == 2 else tells(request)

    server.default = fails
    done = catalyst("run", f"{site.url}/feed.xml", exits=1, **environ)
    documents = exported(catalyst.folder)
    assert [d["position"] for d in documents if d["error"]] == [3, 6, 9, 12]
    assert sum(d["success"] for d in documents) == 8
    report = (catalyst.folder / "output" / "article_analysis_report.md").read_text()
    assert "## Not read" in report
    failed = rows(catalyst.folder, "SELECT error FROM run_items WHERE error IS NOT NULL")
    assert len(failed) == 4
    assert "Traceback" not in done.stderr
    server.default = tells
    catalyst("run", f"{site.url}/feed.xml", "--retry-failed", **environ)
    assert max(n for path, n in site.asked.items() if path.startswith("/article")) == 1


def test_robots_and_bad_links_fail_their_article_alone(
    catalyst: Catalyst, site: Site, environ: dict[str, str]
) -> None:
    site.pages["/robots.txt"] = Answer("User-agent: *\nDisallow: /article/2\n", kind="text/plain")
    site.pages["/article/1"] = Answer.redirect("http://localhost:1/inside")
    site.pages["/article/3"] = Answer.redirect("/article/3")
    feed = rss_feed(site.url, range(4))
    feed = feed.replace(f"<link>{site.url}/article/0</link>", "<link>javascript:alert(1)</link>")
    site.pages["/feed.xml"] = Answer(feed, kind="text/xml")
    catalyst("run", f"{site.url}/feed.xml", exits=1, **environ)
    errors = [str(d["error"]) for d in exported(catalyst.folder)]
    told = ("", "not public", "robots.txt", "redirects in a circle")
    assert all(part in error for part, error in zip(told[1:], errors[1:], strict=True))
    assert site.asked["/article/2"] == 0


def test_killed_at_ten_moments_no_article_is_lost_and_only_calls_in_flight_are_repeated(
    catalyst: Catalyst, site: Site, server: ModelServer, environ: dict[str, str]
) -> None:
    site.delay_s = 0.05
    server.default = lambda request: Behaviour(tells(request).text, delay_s=0.15)
    chance = random.Random(20_261_122)
    command = ("run", f"{site.url}/feed.xml", "--concurrency", "2")
    in_flight = 0
    for _ in range(10):
        process = catalyst.start(*command, **environ)
        time.sleep(chance.uniform(0.2, 2.5))  # a real process, killed at a real moment
        process.kill()
        process.communicate()
        in_flight += 2
    catalyst(*command, **environ)
    documents = exported(catalyst.folder)
    assert [d["url"] for d in documents] == [f"{site.url}/article/{n}" for n in range(ENTRIES)]
    assert all(d["success"] for d in documents)
    assert ENTRIES <= server.count <= ENTRIES + in_flight
    assert max(n for path, n in site.asked.items() if path.startswith("/article")) <= 1 + 10
    assert rows(catalyst.folder, "SELECT count(*) FROM articles") == [(ENTRIES,)]


def test_a_dry_run_tells_what_is_done_what_would_be_fetched_and_what_sent(
    catalyst: Catalyst, site: Site, server: ModelServer, environ: dict[str, str]
) -> None:
    feed, told = f"{site.url}/feed.xml", ("--dry-run", "--json")
    [unknown] = json.loads(catalyst("run", feed, *told, **environ).stdout)["documents"]
    assert unknown["note"] == "not fetched by a dry run"
    catalyst("run", feed, "--limit", "2", **environ)
    asked, calls = sum(site.asked.values()), server.count
    plan = json.loads(catalyst("run", feed, *told, **environ).stdout)["documents"]
    assert [each["note"] for each in plan] == [
        *["done already"] * 2,
        *["its page would be fetched"] * (ENTRIES - 2),
    ]
    again = json.loads(catalyst("run", feed, "--force-refresh", *told, **environ).stdout)
    assert [each["characters"] > 500 for each in again["documents"]] == [True] * 2 + [False] * 10
    assert (sum(site.asked.values()), server.count) == (asked, calls)
