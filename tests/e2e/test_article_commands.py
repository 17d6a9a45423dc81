"""``test-rss``, ``test-api``, ``reports`` and ``metrics``, as a person runs them."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from program import Catalyst

from ai_catalyst.articles.testing import Answer, Site, article_page, rss_feed
from ai_catalyst.llm.testing import Behaviour, ModelServer

HOST = {"CATALYST_ALLOW_HOSTS": "127.0.0.1"}


@pytest.fixture
def site() -> Iterator[Site]:
    with Site({f"/article/{n}": article_page(n) for n in range(3)}) as site:
        feed = rss_feed(site.url, range(3), description="Tides, told shortly.")
        site.pages["/feed.xml"] = Answer(feed, kind="application/rss+xml")
        yield site


def test_a_feed_is_shown_and_nothing_else_is_fetched(catalyst: Catalyst, site: Site) -> None:
    shown = catalyst("test-rss", f"{site.url}/feed.xml", **HOST).stdout
    assert "Tides: 3 entries" in shown
    assert "Article 2: tides" in shown
    told = json.loads(catalyst("test-rss", f"{site.url}/feed.xml", "--json", **HOST).stdout)
    assert (told["entries"], told["whole"], len(told["articles"])) == (3, 0, 3)
    assert set(site.asked) == {"/feed.xml"}
    assert not (catalyst.folder / ".catalyst").exists()


def test_what_is_no_feed_is_said_in_a_line(catalyst: Catalyst, site: Site) -> None:
    done = catalyst("test-rss", f"{site.url}/article/1", exits=1, **HOST)
    assert "Traceback" not in done.stderr
    assert f"{site.url}/article/1" in done.stderr


def test_every_model_is_asked_once(catalyst: Catalyst) -> None:
    with ModelServer(Behaviour("ready")) as good, ModelServer(Behaviour(status=500)) as bad:
        environ = {
            "CATALYST_LOCAL_URL": good.url,
            "OPENAI_API_KEY": "k",
            "OPENAI_BASE_URL": bad.url,
        }
        told = json.loads(catalyst("test-api", "--json", exits=1, **environ).stdout)
        assert [(each["endpoint"], each["ok"]) for each in told] == [
            ("local", True),
            ("openai", False),
        ]
        assert good.count == 1
        environ.pop("OPENAI_API_KEY")
        assert "local" in catalyst("test-api", **environ).stdout


def test_no_model_that_answers_has_its_own_exit_code(catalyst: Catalyst) -> None:
    with ModelServer(Behaviour(status=500)) as bad:
        catalyst("test-api", exits=7, CATALYST_LOCAL_URL=bad.url)


def test_reports_are_listed_and_written_again_and_runs_are_measured(
    catalyst: Catalyst, site: Site
) -> None:
    assert "no reports" in catalyst("reports").stdout
    catalyst("run", f"{site.url}/feed.xml", "--model", "none", **HOST)
    listed = json.loads(catalyst("reports", "--json").stdout)
    report = catalyst.folder / "output" / "articles_export.json"
    assert str(report.relative_to(catalyst.folder)) in [each["path"] for each in listed]
    before, asked = report.read_bytes(), sum(site.asked.values())
    report.unlink()
    catalyst("reports", "--rebuild")
    assert report.read_bytes() == before
    assert sum(site.asked.values()) == asked
    measured = json.loads(catalyst("metrics", "--json").stdout)
    assert (measured["runs"][0]["done"], measured["totals"]["articles"]) == (3, 3)
    assert "catalyst_articles 3" in catalyst("metrics", "--prometheus").stdout
    assert "there is no run" in catalyst("reports", "--run", "x", exits=2).stderr
