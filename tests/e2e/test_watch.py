"""``watch`` and ``digest``, as a person runs them."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from program import Catalyst

from ai_catalyst.articles.testing import Answer, Site, article_page, rss_feed

HOST = {"CATALYST_ALLOW_HOSTS": "127.0.0.1"}


@pytest.fixture
def site() -> Iterator[Site]:
    with Site({f"/article/{n}": article_page(n) for n in range(4)}) as site:
        site.pages["/feed.xml"] = Answer(rss_feed(site.url, range(2)), etag='"1"')
        yield site


def wait_for(what: Callable[[], bool], process: subprocess.Popen[str], log: Path) -> None:
    end = time.monotonic() + 60
    while not what():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < end, log.read_text()
        time.sleep(0.05)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_a_watch_reads_what_is_new_until_it_is_stopped(
    catalyst: Catalyst, site: Site, number: signal.Signals, code: int
) -> None:
    log = catalyst.folder / "watch.log"
    watch = catalyst.start(
        *("watch", f"{site.url}/feed.xml", "--every", "1s", "--model", "none"), log=log, **HOST
    )
    report = catalyst.folder / "output" / "report.html"
    wait_for(lambda: "nothing new" in log.read_text(), watch, log)
    assert "Article 1" in report.read_text()
    assert site.not_modified >= 1
    site.pages["/feed.xml"] = Answer(rss_feed(site.url, range(3)), etag='"2"')
    wait_for(lambda: "Article 2: tides" in report.read_text(), watch, log)
    wait_for(lambda: log.read_text().count("next round") > 3, watch, log)
    watch.send_signal(number)
    assert watch.wait(30) == code, log.read_text()
    said = log.read_text()
    assert "1 new, 2 unchanged" in said
    assert "Traceback" not in said
    assert "the same command goes on from there" in said
    assert {path: site.asked[path] for path in ("/article/0", "/article/2")} == {
        "/article/0": 1,
        "/article/2": 1,
    }


def test_one_round_then_a_digest_of_it(catalyst: Catalyst, site: Site) -> None:
    assert "catalyst run" in catalyst("digest").stdout
    assert "catalyst run" in catalyst("digest", "--json").stderr
    source = f"{site.url}/feed.xml"
    arguments = ("watch", source, f"{site.url}/feed/down.xml", "--once", "--model", "none")
    done = catalyst(*arguments, "--json", exits=1, **HOST)
    told = json.loads(done.stdout)
    assert (told["round"], told["done"], told["failed"]) == (1, 2, 1)
    assert "/feed/down.xml: answered 404" in done.stderr
    site.pages["/feed/down.xml"] = Answer("", status=500)
    again = catalyst(*arguments, exits=1, **HOST)
    assert "0 new, 2 unchanged, 1 failed" in again.stderr
    assert (site.asked["/feed.xml"], site.asked["/feed/down.xml"]) == (1, 1), "neither was due"
    digest = json.loads(catalyst("digest", "--json").stdout)
    titles = [item["title"] for topic in digest["topics"] for item in topic["items"]]
    assert sorted(titles) == ["Article 0: tides", "Article 1: tides"]
    catalyst("digest", "--days", "2", "--output", "week.html")
    assert "Article 1: tides" in (catalyst.folder / "week.html").read_text()
    assert "# Digest" in catalyst("digest").stdout
    assert "--format" in catalyst("digest", "--format", "pdf", exits=2).stderr


@pytest.mark.parametrize("every", ["0s", "soon", "-1h"])
def test_a_wrong_interval_is_refused(catalyst: Catalyst, every: str) -> None:
    assert "--every" in catalyst("watch", "x", "--every", every, exits=2).stderr
