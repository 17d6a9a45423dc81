"""Claims about digests: which articles, under which topic, in which order, in which form."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime
from pathlib import Path

import pytest
from lxml import html as lxml_html

from ai_catalyst.analysis import Analysis
from ai_catalyst.analysis.similar import sketch
from ai_catalyst.articles.digest import DAY_S, Digest, Saved, compose, read_digest
from ai_catalyst.articles.digest_forms import FORMS, digest_html, digest_json, digest_markdown
from ai_catalyst.store import DatabaseManager

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC).timestamp()
HOSTILE = '<script>alert(1)</script> [x](javascript:alert(1)) "onclick='


def text(seed: int) -> str:
    words = random.Random(seed).choices([f"word{n}" for n in range(500)], k=300)
    return " ".join(words)


def article(number: int, *topics: str, day: int = 20, copy_of: int | None = None) -> Saved:
    return Saved(
        title=f"Article {number}",
        url=f"https://www.paper{number % 3}.example/{number}",
        date=datetime(2026, 11, day, tzinfo=UTC),
        analysis=Analysis(summary=f"What {number} says.", topics=list(topics), method="tiny-1"),
        mark=sketch(text(number if copy_of is None else copy_of)),
    )


def made(saved: list[Saved], **bounds: int) -> Digest:
    return compose(saved, days=7, now=NOW, **bounds)


def test_articles_stand_once_under_their_most_frequent_topic() -> None:
    saved = [article(n, "water", *(["ports"] if n < 3 else [])) for n in range(4)]
    saved += [article(10, "Ports"), article(11, "ports"), article(12, "trains")]
    digest = made(saved)
    names = {topic.name: sorted(item.title for item in topic.items) for topic in digest.topics}
    assert names == {
        "ports": [f"Article {n}" for n in (0, 1, 10, 11, 2)],
        "Also": ["Article 12", "Article 3"],  # a topic of one is none
    }


def test_a_topic_shows_few_items_newest_first_those_told_by_many_before_others() -> None:
    saved = [article(n, "water", day=1 + n) for n in range(9)]
    saved.append(article(20, "water", day=2, copy_of=1))
    (topic,) = made(saved, most_items=3).topics
    assert (topic.articles, [item.date for item in topic.items]) == (
        *(9, ["2026-11-09", "2026-11-08", "2026-11-02"]),
    )
    assert topic.items[-1].same, "the oldest is there because two papers tell it"


def test_duplicates_are_merged_and_their_sources_named() -> None:
    saved = [article(1, "water"), article(2, "water", copy_of=1, day=21), article(3, "water")]
    digest = made(saved)
    items = digest.topics[0].items
    assert digest.merged == 1
    assert [item.title for item in items] == ["Article 2", "Article 3"]
    assert items[0].same == (("paper1.example", "https://www.paper1.example/1"),)
    assert dict(digest.sources) == {"paper0.example": 1, "paper1.example": 1, "paper2.example": 1}


def test_the_order_in_which_articles_come_changes_nothing() -> None:
    saved = [article(n, f"t{n % 4}", "all", day=1 + n % 9) for n in range(30)]
    expected = made(saved)
    random.Random(7).shuffle(saved)
    assert made(saved) == expected


@pytest.mark.parametrize("form", FORMS)
def test_an_empty_digest_says_what_to_do(form: str) -> None:
    shown = FORMS[form](made([]))
    assert json.loads(shown)["topics"] == [] if form == "json" else "catalyst run" in shown


def test_outside_text_stays_text_in_every_form() -> None:
    bad = Saved(HOSTILE, "javascript:alert(1)", datetime(2026, 11, 1, tzinfo=UTC), None)
    told = Analysis(summary=HOSTILE, topics=[HOSTILE], why_it_matters=HOSTILE, method=HOSTILE)
    saved = [
        Saved(bad.title, bad.url, bad.date, told, (), sketch(text(1))),
        Saved("Other", "https://example.org/1", bad.date, told, (), sketch(text(2))),
        Saved("Same", "javascript:x", bad.date, told, (), sketch(text(2))),
    ]
    digest = made(saved)
    page = lxml_html.document_fromstring(digest_html(digest))
    assert len(page.xpath("//script")) == 1
    assert not page.xpath("//@onclick")
    assert all(link.startswith(("https://", "#")) for link in page.xpath("//@href"))
    markdown = digest_markdown(digest)
    assert "<script" not in markdown
    assert "](<javascript" not in markdown
    assert json.loads(digest_json(digest))["articles"] == 3


async def test_only_what_was_saved_in_these_days_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with DatabaseManager(tmp_path / "articles.db") as database:
        for days_ago in (1, 6, 9):
            monkeypatch.setattr(
                "ai_catalyst.store.article_rows.time.time", lambda d=days_ago: NOW - d * DAY_S
            )
            row = {
                "title": f"{days_ago} days ago",
                "url": f"https://example.org/{days_ago}",
                "published": "2099-01-01" if days_ago == 6 else None,
                "page": {"text": text(days_ago)},
                "analysis": Analysis(summary="Told.", topics=["water"]),
            }
            await database.save_articles_async(None, [row])
        await database.save_articles_async(None, [{"title": "x", "url": "https://example.org/x"}])
        digest = await read_digest(database, days=7, now=NOW)
    assert [(item.title, item.date) for item in digest.topics[0].items] == [
        *(("1 days ago", "2026-11-21"), ("6 days ago", "2026-11-16"))
    ]
    assert (digest.since, digest.until, digest.articles) == ("2026-11-15", "2026-11-22", 2)
