from __future__ import annotations

from pathlib import Path

import pytest
from reading import read

from ai_catalyst.documents.blob import Blob
from ai_catalyst.documents.parsing import all_items
from ai_catalyst.documents.readers.html import read_html_flat
from ai_catalyst.documents.readers.registry import reader_of

ARTICLE = """<!DOCTYPE html><html lang="en-GB"><head><title>Night trains - The Gazette</title>
<meta name="author" content="Ada Example"><meta name="description" content="On sleeping cars">
<meta property="article:published_time" content="2024-03-05T10:00:00Z"></head><body>
<nav><a href="/home">Home</a><a href="/sport">Sport</a></nav>
<article><h1>Night trains return</h1>{}</article><footer>Imprint, cookies</footer></body></html>"""
PARAGRAPHS = "".join(
    f"<p>Paragraph {n} tells at some length how the night train came back to the small station,"
    f' and who waited <a href="/p{n}">for it</a> there.</p>'
    for n in range(8)
)


def test_the_article_is_taken_without_menu_and_footer() -> None:
    (data,) = read("html", ARTICLE.format(PARAGRAPHS).encode(), url="https://example.com/a/b")
    assert "Paragraph 7 tells" in data["text"]
    assert "Sport" not in data["text"]
    assert "cookies" not in data["text"]
    assert data["title"].startswith("Night trains")
    assert data["author"] == "Ada Example"
    assert data["date"] == "2024-03-05"
    assert data["language"] == "en-GB"
    assert data["links"][:3] == [
        "https://example.com/home",
        "https://example.com/sport",
        "https://example.com/p0",
    ]


def test_a_page_without_an_article_gives_all_its_readable_text() -> None:
    page = (
        b"<html><head><title>Hours</title><script>x=1</script></head><body><table>"
        b"<tr><td>Mon</td><td>9-12</td></tr><tr><td>Tue</td><td>closed</td></tr></table></body>"
    )
    (data,) = read("html", page)
    assert "Mon" in data["text"]
    assert "closed" in data["text"]
    assert "x=1" not in data["text"]
    assert data["title"] == "Hours"


@pytest.mark.parametrize("encoding", ["utf-16", "cp1252", "utf-8"])
def test_the_declared_charset_is_read(encoding: str) -> None:
    meta = f'<meta charset="{encoding}">' if encoding != "utf-16" else ""
    page = f"<html><head>{meta}<title>Käse</title></head><body><p>Süße Grüße</p></body></html>"
    (data,) = read("html", page.encode(encoding))
    assert data["title"] == "Käse"
    assert "Süße Grüße" in data["text"]


def test_the_charset_of_the_server_counts_more_than_the_page_s() -> None:
    page = '<html><head><meta charset="utf-8"></head><body><p>Łódź żółta</p></body></html>'
    (data,) = read("html", page.encode("iso-8859-2"), charset="iso-8859-2")
    assert "Łódź żółta" in data["text"]


def test_200_000_nested_tags_are_read_flat_and_quickly() -> None:
    page = b"<html><title>Deep</title><body>" + b"<div>" * 200_000 + b"in the deep"
    (data,) = read("html", page + b"</div>" * 200_000 + b"<p>and after it</p></body></html>")
    assert data["title"] == "Deep"
    assert data["text"].split() == ["Deep", "in", "the", "deep", "and", "after", "it"]


@pytest.mark.parametrize(
    "junk",
    [b"<" * 500_000, b"<a" * 300_000, b"<!--" * 200_000, b"<" + b"a" * 1_000_000, b"&" * 300_000],
)
def test_junk_is_cut_flat_in_linear_time(junk: bytes) -> None:
    assert len(all_items(read_html_flat, Blob("f", data=junk))) == 1


def test_an_empty_page_is_an_error_or_empty_but_no_crash() -> None:
    for page in (b"<html></html>", b"<!-- -->", b"<html><body></body></html>"):
        (found,) = read("html", page)
        assert not getattr(found, "get", lambda *_: "")("text", "")


def test_a_page_over_the_limit_is_an_error() -> None:
    from ai_catalyst.documents.readers import html

    (error,) = read("html", b"<html>" + b"x" * (html.MAX_BYTES + 1))
    assert error.kind == "too_large"


def test_what_killed_a_worker_can_still_be_read_flat() -> None:
    assert reader_of("html").rescue is read_html_flat
    (data,) = all_items(read_html_flat, Blob("f", data=ARTICLE.format(PARAGRAPHS).encode()))
    assert "Paragraph 7 tells" in data["text"]
    assert data["title"] == "Night trains - The Gazette"


def test_real_pages_are_all_read(shared_data: Path) -> None:
    pages = sorted((shared_data / "articles" / "html").glob("*.html.gz"))[::6]
    assert pages
    for page in pages:
        blob = Blob(page.name, str(page), gzipped=True)
        (data,) = all_items(reader_of("html").read, blob)
        assert len(data["text"]) > 200, page.name
        assert data["title"], page.name
