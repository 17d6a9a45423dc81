"""The tutorial's commands about feeds, run in their order, as a newcomer would."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from program import Catalyst

from ai_catalyst.articles.testing import Site, article_page, rss_feed
from ai_catalyst.llm.testing import Behaviour, ModelServer

TUTORIAL = (Path(__file__).resolve().parents[2] / "docs" / "tutorial.md").read_text("utf-8")
FEED = "https://example.org/feed.xml"


@pytest.fixture
def site() -> Iterator[Site]:
    with Site({f"/article/{n}": article_page(n) for n in range(3)}) as site:
        site.pages["/feed.xml"] = rss_feed(site.url, range(3))
        yield site


def commands() -> list[str]:
    """Return the tutorial's commands from the first feed to the weekly digest."""
    part = TUTORIAL.split("## 4. ")[1].split("## 8. ")[0]
    code = "\n".join(re.findall(r"^```(?:sh|cron)\n(.*?)^```", part, re.MULTILINE | re.DOTALL))
    return re.findall(r"(?:^|&& )catalyst (.*)$", code, re.MULTILINE)


def test_the_tutorial_leads_from_a_feed_to_a_weekly_digest(catalyst: Catalyst, site: Site) -> None:
    asked = commands()
    names = [line.split()[0] for line in asked]
    wanted = ["test-rss", "run", "endpoints", "costs", "digest", "watch"]
    assert list(dict.fromkeys(names)) == wanted
    with ModelServer(Behaviour("Tides rise, says the model.")) as model:
        environ = {"CATALYST_ALLOW_HOSTS": "127.0.0.1", "CATALYST_LOCAL_URL": model.url}
        for line in asked:
            words = [f"{site.url}/feed.xml" if word == FEED else word for word in shlex.split(line)]
            if words[0] == "watch" and "--once" not in words:
                words.append("--once")  # the tutorial stops it with Ctrl-C
            catalyst(*words, **environ)
    week = (catalyst.folder / "week.html").read_text("utf-8")
    assert all(f"Article {n}: tides" in week for n in range(3))
    assert (catalyst.folder / "output" / "report.html").exists()
    assert site.asked["/article/0"] == 1
