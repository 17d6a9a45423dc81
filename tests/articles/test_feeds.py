from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from ai_catalyst.articles.feeds import RSSParser
from ai_catalyst.articles.model import Article
from ai_catalyst.articles.testing import Answer, Site
from ai_catalyst.errors import FileError, FileTimeout, SourceError
from ai_catalyst.io import HttpClient

XML = "application/rss+xml"
FEED = """<?xml version="1.0" encoding="{}"?><rss version="2.0"
 xmlns:content="http://purl.org/rss/1.0/modules/content/"
 xmlns:media="http://search.yahoo.com/mrss/">
<channel><title>Käse &amp; Brot</title><link>https://example.org/</link><language>de</language>
<item><title>Süße &lt;b&gt;Grüße&lt;/b&gt;</title><link>/eins</link>
<guid isPermaLink="false">1</guid>
<author>jane@example.org (Jane Doe)</author><category>Tee</category><category>Tee</category>
<pubDate>Mon, 02 Mar 2026 10:00:00 GMT</pubDate><description>Kurz</description>
<comments>https://example.org/eins#c</comments>
<content:encoded>&lt;p&gt;Lang und &lt;a href="/x"&gt;breit&lt;/a&gt;&lt;/p&gt;</content:encoded>
<enclosure url="a.mp3" type="audio/mpeg" length="7"/><media:thumbnail url="t.jpg"/></item>
</channel></rss>"""
ARTICLE = Article(
    title="Süße Grüße",
    url="https://example.org/eins",
    published="2026-03-02T10:00:00+00:00",
    summary="Kurz",
    content='<p>Lang und <a href="https://example.org/x">breit</a></p>',
    authors=["Jane Doe"],
    guid="1",
    tags=["Tee"],
    language="de",
    enclosures=[{"url": "https://example.org/a.mp3", "type": "audio/mpeg", "length": "7"}],
    feed_title="Käse & Brot",
    text="Lang und breit",
    comments="https://example.org/eins#c",
    image="https://example.org/t.jpg",
)


def rss(*items: str) -> bytes:
    return (
        f"<rss><channel>{''.join(f'<item>{one}</item>' for one in items)}</channel></rss>".encode()
    )


async def articles_at(answer: Answer) -> list[Article]:
    with Site({"/f": answer}) as site:
        async with HttpClient(guard=False) as http:
            return await RSSParser(http=http).parse_feed_async(f"{site.url}/f")


async def of_bytes(path: Path, data: bytes) -> list[Article]:
    file = path / "feed.xml"
    file.write_bytes(data)
    return await RSSParser().parse_feed_async(file)


def test_the_sync_form_reads_a_file_and_gives_every_field(tmp_path: Path) -> None:
    file = tmp_path / "feed.xml"
    file.write_text(FEED.format("utf-8"), "utf-8")
    assert RSSParser().parse_feed(file) == [ARTICLE]
    feed = RSSParser().read_feed(file)
    assert (feed.version, feed.language, feed.flaws) == ("rss20", "de", ())


@pytest.mark.parametrize(
    ("encoding", "declared", "charset"),
    [
        ("utf-8", "utf-8", "utf-8"),
        ("utf-8", "iso-8859-1", ""),
        ("utf-8", "utf-8", "iso-8859-1"),
        ("cp1252", "iso-8859-1", ""),
        ("cp1252", "utf-8", ""),
        ("cp1252", "no-such-charset", "windows-1252"),
        ("utf-16", "utf-16", "utf-8"),
        ("utf-16-be", "utf-8", ""),
    ],
)
async def test_the_charset_is_found_whatever_feed_and_server_say(
    encoding: str, declared: str, charset: str
) -> None:
    kind = f"{XML}; charset={charset}" if charset else XML
    (found,) = await articles_at(Answer(FEED.format(declared).encode(encoding), kind))
    assert (found.title, found.feed_title) == (ARTICLE.title, ARTICLE.feed_title)


async def test_within_async_with_one_client_reads_several_feeds() -> None:
    with Site({"/a": Answer(rss("<title>a</title>"), XML)}) as site:
        host = site.url.removeprefix("http://")
        async with RSSParser(allow_hosts=[host]) as parser:
            for _ in range(2):
                assert [one.title for one in await parser.parse_feed_async(f"{site.url}/a")] == [
                    "a"
                ]
        assert (await RSSParser(allow_hosts=[host]).parse_feed_async(f"{site.url}/a"))[0].url == ""


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (Answer("<!DOCTYPE html><html><body>Sorry</body></html>"), "web page, not a feed"),
        (Answer(b"", XML), "is empty"),
        (Answer(b"  \n", XML), "is empty"),
        (Answer(b"{}", "application/json"), "no items"),
        (Answer(b"words", "text/plain"), "is no feed"),
        (Answer(b"no gzip at all" * 50, XML, encoding="gzip", packed=True), "is no feed"),
    ],
)
async def test_what_is_no_feed_is_a_typed_error_with_its_name(answer: Answer, why: str) -> None:
    with pytest.raises(SourceError, match=rf"/f\b.*{why}"):
        await articles_at(answer)


async def test_a_feed_that_only_claims_to_be_compressed_is_read_as_it_is() -> None:
    plain = Answer(rss("<title>t</title>"), XML, encoding="gzip", packed=True)
    assert [one.title for one in await articles_at(plain)] == ["t"]


async def test_a_feed_over_the_limit_is_a_typed_error(tmp_path: Path) -> None:
    file = tmp_path / "huge.xml"
    with file.open("wb") as out:
        out.truncate(65 * 2**20)
    with pytest.raises(FileError, match=r"huge\.xml") as caught:
        await RSSParser().parse_feed_async(file)
    assert caught.value.kind == "too_large"


async def test_a_missing_file_and_a_slow_parse_have_names_too(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"none\.xml"):
        await RSSParser().parse_feed_async(tmp_path / "none.xml")
    file = tmp_path / "slow.xml"
    file.write_bytes(rss(*["<title>t</title>"] * 20_000))
    with pytest.raises(FileTimeout, match=r"slow\.xml: took longer"):
        await RSSParser(timeout_s=0.01).parse_feed_async(file)


async def test_a_compressed_file_is_inflated(tmp_path: Path) -> None:
    assert [
        one.title for one in await of_bytes(tmp_path, gzip.compress(rss("<title>z</title>")))
    ] == ["z"]


async def test_20_000_items_with_one_guid_all_come_and_the_loop_goes_on(tmp_path: Path) -> None:
    items = [f"<title>t{n}</title><guid>same</guid>" for n in range(20_000)]
    found = await of_bytes(tmp_path, rss(*items))
    assert [one.title for one in found[::10_000]] == ["t0", "t10000"]
    assert {one.guid for one in found} == {"same"}


@pytest.mark.parametrize(
    ("item", "url"),
    [
        ("<link>javascript:alert(1)</link>", ""),
        ("<link>mailto:jane@example.org</link>", ""),
        ("<link>relative/path</link>", ""),
        ("<link>http://[broken</link>", ""),
        ("<link>javascript:x</link><guid>https://example.org/1</guid>", "https://example.org/1"),
        ("<guid isPermaLink='false'>https://example.org/1</guid>", ""),
        ("<guid>https://example.org/2</guid>", "https://example.org/2"),
    ],
)
async def test_only_addresses_of_the_web_become_the_article_s(
    tmp_path: Path, item: str, url: str
) -> None:
    (found,) = await of_bytes(tmp_path, rss(f"<title>t</title>{item}"))
    assert found.url == url


@pytest.mark.parametrize(
    ("raw", "iso"),
    [
        ("Mon, 02 Mar 2099 10:00:00 GMT", "2099-03-02T10:00:00+00:00"),
        ("yesterday, or the day before", None),
        ("Mon, 99 Foo 2026", None),
        ("0000-00-00T00:00:00Z", None),
        ("", None),
    ],
)
async def test_a_date_is_iso_or_none(tmp_path: Path, raw: str, iso: str | None) -> None:
    (found,) = await of_bytes(tmp_path, rss(f"<title>t</title><pubDate>{raw}</pubDate>"))
    assert found.published == iso
