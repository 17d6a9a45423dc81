"""Feeds as they are in the wild, made up: what blogs, papers, podcasts and magazines send."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from html import escape

__all__ = ["made_up_feeds"]

_WORDS = re.findall(
    r"\w+",
    """
the of a morning report on tea harvest shows how small gardens and large markets
meet when prices rise while rivers run low again in spring because every grower who
waits too long loses more than half of what was planted under glass last year
""",
)
_NAMES = ("Ann Example", "Bob Sample", "Chris Invented", "Dana Nobody")
_DAY = "{:02d} Mar 2026 {:02d}:{:02d}:00 +0000"


def made_up_feeds(seed: int = 7) -> dict[str, bytes]:
    """Return a feed of each kind: its name and its bytes, always the same for a seed."""
    rng = random.Random(seed)
    return {
        "rss with full texts, 25 entries": _rss(rng, 25, full=True),
        "rss with summaries, 40 entries": _rss(rng, 40, full=False),
        "atom with HTML, 25 entries": _atom(rng, 25),
        "podcast, 100 entries": _podcast(rng, 100),
        "rdf, 15 entries": _rdf(rng, 15),
    }


def _words(rng: random.Random, count: int) -> str:
    return " ".join(rng.choices(_WORDS, k=count))


def _html(rng: random.Random, paragraphs: int) -> str:
    return "".join(
        f'<p class="body">{_words(rng, 30)} <a href="https://example.org/{n}">{_words(rng, 3)}</a>'
        f" <em>{_words(rng, 5)}</em> {_words(rng, 30)}</p>"
        f'<img src="https://example.org/i/{n}.jpg" alt="x"/>'
        for n in range(paragraphs)
    )


def _rss(rng: random.Random, count: int, *, full: bool) -> bytes:
    def items() -> Iterator[str]:
        for n in range(count):
            body = escape(_html(rng, 8))
            text = f"<content:encoded>{body}</content:encoded>" if full else ""
            yield (
                f"<item><title>{_words(rng, 8)}</title><link>https://example.org/posts/{n}</link>"
                f"<dc:creator>{rng.choice(_NAMES)}</dc:creator>"
                f"<pubDate>Mon, {_DAY.format(n % 28 + 1, n % 24, n % 60)}</pubDate>"
                f"<category>{_words(rng, 1)}</category><category>{_words(rng, 2)}</category>"
                f'<guid isPermaLink="false">https://example.org/?p={n}</guid>'
                f"<description>{escape(_html(rng, 1))}</description>{text}"
                f"<comments>https://example.org/posts/{n}#c</comments>"
                f"<slash:comments>{n}</slash:comments></item>"
            )

    return (
        '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"'
        ' xmlns:content="http://purl.org/rss/1.0/modules/content/"'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/"'
        ' xmlns:slash="http://purl.org/rss/1.0/modules/slash/"'
        ' xmlns:atom="http://www.w3.org/2005/Atom">'
        "<channel><title>The Example</title><link>https://example.org/</link>"
        '<atom:link href="https://example.org/feed" rel="self" type="application/rss+xml"/>'
        "<description>Made up</description><language>en</language><ttl>60</ttl>"
        f"{''.join(items())}</channel></rss>"
    ).encode()


def _atom(rng: random.Random, count: int) -> bytes:
    entries = "".join(
        f"<entry><id>tag:example.org,2026:{n}</id><title>{_words(rng, 8)}</title>"
        f'<link rel="alternate" type="text/html" href="https://example.org/{n}"/>'
        f"<published>2026-03-{n % 28 + 1:02d}T10:00:00Z</published>"
        f"<updated>2026-03-{n % 28 + 1:02d}T12:00:00+01:00</updated>"
        f"<author><name>{rng.choice(_NAMES)}</name><email>a@example.org</email></author>"
        f'<category term="{_words(rng, 1)}"/><summary>{_words(rng, 40)}</summary>'
        f'<content type="html">{escape(_html(rng, 6))}</content></entry>'
        for n in range(count)
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?><feed xmlns="http://www.w3.org/2005/Atom"'
        ' xml:lang="en"><title>The Example</title><id>tag:example.org,2026:feed</id>'
        '<link href="https://example.org/"/><updated>2026-03-28T10:00:00Z</updated>'
        f"{entries}</feed>"
    ).encode()


def _podcast(rng: random.Random, count: int) -> bytes:
    items = "".join(
        f"<item><title>{_words(rng, 6)}</title><itunes:title>{_words(rng, 6)}</itunes:title>"
        f"<description><![CDATA[{_html(rng, 2)}]]></description>"
        f"<pubDate>Mon, {_DAY.format(n % 28 + 1, n % 24, n % 60)}</pubDate>"
        f'<enclosure url="https://example.org/{n}.mp3" length="{n}000" type="audio/mpeg"/>'
        f'<guid isPermaLink="false">episode-{n}</guid>'
        f"<itunes:duration>1:0{n % 10}</itunes:duration>"
        f"<itunes:author>{rng.choice(_NAMES)}</itunes:author><itunes:explicit>no</itunes:explicit>"
        f'<itunes:image href="https://example.org/{n}.jpg"/>'
        f"<itunes:summary>{_words(rng, 40)}</itunes:summary></item>"
        for n in range(count)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"'
        ' xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"><channel>'
        "<title>The Example Talks</title><link>https://example.org/talks</link>"
        "<description>Made up</description><itunes:author>Ann Example</itunes:author>"
        '<itunes:category text="Technology"><itunes:category text="Tea"/></itunes:category>'
        f'<itunes:image href="https://example.org/t.jpg"/>{items}</channel></rss>'
    ).encode()


def _rdf(rng: random.Random, count: int) -> bytes:
    items = "".join(
        f'<item rdf:about="https://example.org/{n}"><title>{_words(rng, 8)}</title>'
        f"<link>https://example.org/{n}</link><description>{_words(rng, 60)}</description>"
        f"<dc:date>2026-03-{n % 28 + 1:02d}T10:00:00Z</dc:date>"
        f"<dc:creator>{rng.choice(_NAMES)}</dc:creator><dc:subject>{_words(rng, 1)}</dc:subject>"
        "</item>"
        for n in range(count)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><rdf:RDF xmlns="http://purl.org/rss/1.0/"'
        ' xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/">'
        '<channel rdf:about="https://example.org/"><title>The Example</title>'
        f"<link>https://example.org/</link><description>Made up</description></channel>{items}"
        "</rdf:RDF>"
    ).encode()
