from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pytest

from ai_catalyst.documents.feeds import entries_of
from ai_catalyst.errors import FileError

RSS = b"""<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"
 xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:media="http://search.yahoo.com/mrss/"
 xmlns:atom="http://www.w3.org/2005/Atom">
<channel><title>The Feed</title><link>https://example.com/</link>
<atom:link href="https://example.com/feed.xml" rel="self"/>
<item><title>Tea &amp; cake</title><link>/tea</link><guid isPermaLink="false">id-1</guid>
<pubDate>Tue, 05 Mar 2024 10:00:00 GMT</pubDate><dc:creator>Ann Example</dc:creator>
<description>Short &lt;b&gt;words&lt;/b&gt;</description>
<content:encoded><![CDATA[<p>The <i>whole</i> story.</p><p>Twice.</p>]]></content:encoded>
<category>food</category><category>tea</category>
<enclosure url="https://example.com/a.mp3" type="audio/mpeg" length="12"/>
<media:content url="https://example.com/x.jpg"/><media:title>not this</media:title></item>
<item><guid>https://example.com/second</guid><description>Only a summary</description></item>
</channel></rss>"""

ATOM = b"""<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://example.org/x/">
<title type="html">A &amp;amp; B</title><link rel="alternate" href="/home"/>
<entry><id>urn:1</id><title type="text">One</title><link rel="self" href="s"/>
<link rel="alternate" href="one"/><updated>2024-03-05T10:00:00Z</updated>
<author><name>Ann</name><email>a@example.org</email></author><author><name>Bob</name></author>
<category term="t1" label="Label"/><summary>Sum</summary>
<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>X<b>HTML</b></p></div></content>
<source><title>Other</title><id>urn:other</id></source></entry></feed>"""

RDF = b"""<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
 xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">
<channel rdf:about="https://example.net/"><title>RDF</title></channel>
<item rdf:about="https://example.net/1"><title>First</title><dc:date>2024-03-05</dc:date>
<description>Words</description></item></rdf:RDF>"""


def test_rss_gives_every_field() -> None:
    first, second = entries_of(RSS, url="https://example.com/feed.xml")
    assert first == {
        "title": "Tea & cake",
        "link": "https://example.com/tea",
        "guid": "id-1",
        "published": "2024-03-05T10:00:00+00:00",
        "author": "Ann Example",
        "summary": "Short <b>words</b>",
        "content": "<p>The <i>whole</i> story.</p><p>Twice.</p>",
        "tags": ["food", "tea"],
        "enclosures": [{"url": "https://example.com/a.mp3", "type": "audio/mpeg", "length": "12"}],
        "text": "The whole story.\n\nTwice.",
        "feed_title": "The Feed",
        "feed_link": "https://example.com/",
    }
    assert second["link"] == "https://example.com/second"
    assert second["text"] == "Only a summary"


def test_atom_gives_every_field() -> None:
    (entry,) = entries_of(ATOM)
    assert entry["link"] == "https://example.org/x/one"
    assert entry["guid"] == "urn:1"
    assert entry["published"] == entry["updated"] == "2024-03-05T10:00:00+00:00"
    assert entry["authors"] == ["Ann", "Bob"]
    assert entry["tags"] == ["Label"]
    assert entry["text"] == "XHTML"
    assert (entry["title"], entry["feed_title"]) == ("One", "A & B")
    assert entry["feed_link"] == "https://example.org/home"


def test_rdf_and_json_feeds_are_feeds_too() -> None:
    (entry,) = entries_of(RDF)
    assert entry["title"] == "First"
    assert entry["link"] == "https://example.net/1"
    assert entry["published"] == "2024-03-05"
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "J",
        "items": [
            {
                "id": 7,
                "url": "https://example.com/7",
                "title": "Seven",
                "content_html": "<p>Body</p>",
                "authors": [{"name": "Ann"}],
                "date_published": "2024-03-05T10:00:00Z",
                "tags": ["x"],
            },
            "junk",
        ],
    }
    (entry,) = entries_of(json.dumps(feed).encode())
    assert entry == {
        "title": "Seven",
        "link": "https://example.com/7",
        "guid": "7",
        "published": "2024-03-05T10:00:00+00:00",
        "author": "Ann",
        "content": "<p>Body</p>",
        "tags": ["x"],
        "text": "Body",
        "feed_title": "J",
    }


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"<!DOCTYPE html><html><body>Not found</body></html>", "web page, not a feed"),
        (b"<html><head/></html>", "web page, not a feed"),
        (b"<opml><body/></opml>", "no feed"),
        (b"plain words", "no feed"),
        (b"{}", "no items"),
        (b"{broken", "not valid JSON"),
        (b"<", "no feed"),
    ],
)
def test_what_is_no_feed_says_what_it_is(data: bytes, why: str) -> None:
    with pytest.raises(FileError, match=why):
        list(entries_of(data))


def test_broken_feeds_are_mended() -> None:
    data = (
        b"<rss><channel><item><title>A & B &nbsp;</title><description>x<br>y</description></item>"
    )
    (entry,) = entries_of(data)
    assert entry["title"] == "A & B"
    assert entry["text"].split() == ["x", "y"]


def test_an_entity_bomb_and_200_000_tags_take_no_time() -> None:
    layers = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    bomb = (
        f'<!DOCTYPE rss [<!ENTITY l0 "lol">{layers}]><rss><item><title>&l11;</title></item></rss>'
    )
    for entry in entries_of(bomb.encode()):
        assert len(entry["title"]) < 100
    deep = b"<rss><channel><item><title>t</title></item>" + b"<x>" * 200_000
    assert [entry["title"] for entry in entries_of(deep)] == ["t"]


def test_the_feeds_of_a_large_corpus_are_all_read_or_told_of(shared_data: Path) -> None:
    read = broken = 0
    with tarfile.open(shared_data / "feeds" / "feeds.tar.gz") as archive:
        for member in archive:
            if member.isfile():
                file = archive.extractfile(member)
                assert file is not None
                try:
                    read += len(list(entries_of(file.read())))
                except FileError:
                    broken += 1
    assert read > 500
    assert broken < 15
