from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_catalyst.articles.discovery import (
    FeedLink,
    feeds_of_page,
    feeds_of_page_async,
    usual_feeds,
)

PAGE = """<html><head><base href="/blog/">
<link rel="alternate" type="application/rss+xml" title="Comments" href="comments/feed">
<link rel="ALTERNATE" type="application/atom+xml; charset=utf-8" title=" The  Blog "
 href="atom.xml#x">
<link rel="alternate" type="application/feed+json" href="https://feeds.example.net/f.json">
<link rel="alternate" hreflang="de" href="/de/"><link rel="stylesheet" type="text/css" href="x.css">
<link rel="alternate" type="application/json" href="/wp-json/wp/v2/pages/2">
<link rel="alternate" type="application/rss+xml" href="javascript:alert(1)">
<link rel="feed" href="feed://example.org/plain"></head><body>words</body></html>"""


def test_a_page_s_feeds_are_absolute_and_those_of_comments_come_last() -> None:
    assert feeds_of_page(PAGE, "https://example.org/a/b") == [
        FeedLink("https://example.org/blog/atom.xml", "The Blog", "atom"),
        FeedLink("https://feeds.example.net/f.json", "", "json"),
        FeedLink("http://example.org/plain", "", "rss"),
        FeedLink("https://example.org/blog/comments/feed", "Comments", "rss"),
    ]


async def test_the_async_form_finds_the_same() -> None:
    assert await feeds_of_page_async(PAGE, "https://example.org/a") == feeds_of_page(
        PAGE, "https://example.org/a"
    )


@pytest.mark.parametrize("page", ["", "<!-- -->", "<div>" * 100_000, "words", b"\xff\xfe\x00"])
def test_a_page_that_names_none_has_none(page: str | bytes) -> None:
    assert feeds_of_page(page) == []


def test_the_usual_places_are_of_the_site_and_only_of_the_web() -> None:
    assert "https://example.org:8443/feed.xml" in usual_feeds("https://example.org:8443/a/b?c")
    assert usual_feeds("file:///etc/passwd") == []
    assert usual_feeds("words") == []


@given(st.text(max_size=300))
def test_no_page_makes_it_crash(text: str) -> None:
    for link in feeds_of_page(f"<link rel=alternate type=application/rss+xml href={text}>"):
        assert link.url.startswith(("http://", "https://"))
