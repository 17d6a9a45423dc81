from __future__ import annotations

import gzip
import json
import re
import statistics
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ai_catalyst.articles.extraction import extract_page, extract_page_async
from ai_catalyst.documents.extraction import Mode
from ai_catalyst.errors import FileError

SENTENCE = "The night train to the small town by the sea was late again, and nobody minded."
BODY = "".join(f"<p>Number {n}. {SENTENCE} {SENTENCE}</p>" for n in range(8))
LINKED = "".join(
    f'<li><a href="/more/{n}">Another story that you may like {n}</a></li>' for n in range(9)
)
HEAD = """<meta property="og:title" content="Night trains return">
<meta property="og:site_name" content="The Gazette"><link rel="canonical" href="/trains#top">
<script type="application/ld+json">{"@graph": [{"@type": "WebSite", "name": "The Gazette"},
{"@type": "NewsArticle", "headline": "Night trains return", "author": [{"name": "Jane Doe"}],
"datePublished": "2026-03-02T10:00:00Z", "inLanguage": "en-GB"}]}</script>"""
URL = "https://example.org/news/1?utm_source=x"


def page(body: str, head: str = HEAD, title: str = "Night trains return | The Gazette") -> str:
    return f"<html><head><title>{title}</title>{head}</head><body>{body}</body></html>"


def story(kind: str) -> str:
    """Return a page whose article is named as such, or is not."""
    around = f'<nav><a href="/">Home</a></nav><div class="related"><ul>{LINKED}</ul></div>'
    comments = f'<div id="comments"><p>I say: {SENTENCE}</p></div>'
    return page(f'{around}<div class="{kind}"><h1>Night trains return</h1>{BODY}</div>{comments}')


@pytest.mark.parametrize("kind", ["article-body", "x1 y2"])
@pytest.mark.parametrize("mode", ["default", "quality"])
def test_the_article_comes_without_what_surrounds_it(kind: str, mode: Mode) -> None:
    found = extract_page(story(kind), URL, mode=mode)
    assert found.text.startswith("Number 0.")
    assert "Number 7." in found.text
    assert "may like" not in found.text
    assert "I say" not in found.text
    assert found.problem is None


def test_the_page_s_word_on_itself_is_taken() -> None:
    found = extract_page(story("post-content"), URL)
    assert found.title == "Night trains return"
    assert (found.author, found.date, found.language) == ("Jane Doe", "2026-03-02", "en-GB")
    assert found.canonical == "https://example.org/trains"
    assert found.url == URL
    assert found.links[0] == "https://example.org/"


@pytest.mark.parametrize(
    ("head", "author", "date"),
    [
        ('<meta name="author" content="By Jane Doe">', "Jane Doe", None),
        ('<meta name="dc.date" content="5 March 2026">', None, "2026-03-05"),
        ('<meta name="date" content="next week">', None, None),
        ('<script type="application/ld+json">{broken</script>', None, None),
        ('<script type="application/ld+json">[[[[[[[]]]]]]]</script>', None, None),
    ],
)
def test_what_is_not_known_is_none(head: str, author: str | None, date: str | None) -> None:
    found = extract_page(page(BODY, head), None)
    assert (found.author, found.date) == (author, date)


def test_a_date_in_the_address_is_one() -> None:
    assert extract_page(page(BODY, ""), "https://example.org/2026/03/05/x").date == "2026-03-05"


@pytest.mark.parametrize(
    ("html", "problem"),
    [
        (page("<h1>Page not found</h1><p>We looked everywhere.</p>", "", "Oops"), "not_found"),
        (page("<p>Weg.</p>", "", "Seite nicht gefunden"), "not_found"),
        (page("<form><input name=u><input type=Password></form>", "", "Sign in"), "login"),
        (page('<div id="root"></div><script src="a.js"></script>', "", "App"), "script_only"),
        (
            page("<noscript>Please enable JavaScript.</noscript><script>1</script>", "", "App"),
            "script_only",
        ),
        (page("", "", ""), "empty"),
        (
            page(
                f"<p>{SENTENCE}</p>",
                '<script type="application/ld+json">{"@type": "NewsArticle", "headline": "x",'
                ' "isAccessibleForFree": false}</script>',
            ),
            "paywall",
        ),
        (page(BODY, "", "How to fix a 404: not found errors"), None),
        (page(f"{BODY}<form><input type=password></form>", "", "A story"), None),
    ],
)
def test_a_page_that_is_no_article_says_why(html: str, problem: str | None) -> None:
    assert extract_page(html, URL).problem == problem


def test_links_are_absolute_and_only_of_the_web() -> None:
    links = """<base href="/deep/"><a href="a?b=1#c">1</a><a href="javascript:x()">2</a>
    <a href="mailto:jane@example.org">3</a><a href="//example.net/x">4</a><a href="#top">5</a>
    <a href="http://[broken">6</a><a href=" https://example.org/z ">7</a>"""
    assert extract_page(page(links + BODY), "https://example.org/p/q").links == [
        "https://example.org/deep/a?b=1",
        "https://example.net/x",
        "https://example.org/deep/",
        "https://example.org/z",
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "shift_jis"])
def test_bytes_are_decoded_by_what_they_are(encoding: str) -> None:
    body = (
        "<p>" + "\u591c\u884c\u5217\u8eca\u306f\u307e\u305f\u9045\u308c\u305f\u3002" * 30 + "</p>"
    )
    charset = encoding if encoding == "shift_jis" else None
    found = extract_page(page(body, "").encode(encoding), charset=charset)
    assert "\u591c\u884c\u5217\u8eca" in found.text


@pytest.mark.parametrize(
    ("html", "kind"), [(b"", "malformed"), (b"x" * (20 * 2**20 + 1), "too_large")]
)
def test_what_cannot_be_read_is_a_typed_error_with_the_page_s_name(html: bytes, kind: str) -> None:
    with pytest.raises(FileError, match=r"example\.org/news") as caught:
        extract_page(html, URL)
    assert caught.value.kind == kind


def test_deep_nesting_is_read_flat() -> None:
    html = "<html><body>" + "<div>" * 50_000 + f"<p>{SENTENCE}</p>" + "</div>" * 50_000
    assert SENTENCE in extract_page(html).text


async def test_in_a_worker_the_same_page_comes_out() -> None:
    html = story("article-body")
    assert await extract_page_async(html, URL) == extract_page(html, URL)


async def test_a_page_that_takes_too_long_costs_itself_alone() -> None:
    slow = page("<p>x" * 200_000, "")
    with pytest.raises(FileError, match=r"example\.org/news.*longer than") as caught:
        await extract_page_async(slow, URL, timeout_s=0.02)
    assert caught.value.kind == "timeout"
    assert (await extract_page_async(story("a"), URL)).title == "Night trains return"


@settings(max_examples=60)
@given(
    st.lists(
        st.sampled_from(
            ["<p>", "<div class=comments>", "</div>", "<br>", "<table><tr><td>", SENTENCE]
        )
        | st.text(max_size=20),
        max_size=30,
    ).map("".join)
)
def test_no_page_makes_it_crash(html: str) -> None:
    extract_page(f"<html><body>x{html}", URL)


def shingles(text: str) -> Counter[tuple[str, ...]]:
    words = re.findall(r"\w+", text)
    return Counter(zip(*(words[n:] for n in range(4)), strict=False))


def test_pages_that_people_marked_are_extracted_well(shared_data: Path) -> None:
    """Every fourth page; the benchmark measures all."""
    truth = json.loads((shared_data / "articles" / "ground-truth.json").read_text())
    scores = []
    for name in list(truth)[::4]:
        raw = gzip.decompress((shared_data / "articles" / "html" / f"{name}.html.gz").read_bytes())
        found = shingles(extract_page(raw, truth[name]["url"]).text)
        wanted = shingles(truth[name]["articleBody"])
        both = (found & wanted).total()
        scores.append((both / max(1, found.total()), both / max(1, wanted.total())))
    precision, recall = (statistics.mean(column) for column in zip(*scores, strict=True))
    assert 2 * precision * recall / (precision + recall) > 0.96
