from __future__ import annotations

import time

import pytest
from lxml import etree

from ai_catalyst.documents.markup import (
    decode_markup,
    flat_text,
    fragment_text,
    html_tree,
    links_of,
    text_of,
    xml_tree,
)
from ai_catalyst.errors import FileError


def words(text: str) -> str:
    root = xml_tree(text)
    assert root is not None
    return "".join(map(str, root.itertext()))


def test_entities_of_html_are_read_in_xml() -> None:
    assert words("<r>a&nbsp;b &eacute; &lt;tag&gt; &unknown; & x &#228;</r>") == (
        "a\u00a0b é <tag> &unknown; & x ä"
    )


def test_plain_entities_of_the_document_itself_are_read() -> None:
    assert words('<!DOCTYPE r [<!ENTITY co "Tea & Co">]><r>&co;!</r>') == "&co;!"
    assert words('<!DOCTYPE r [<!ENTITY co "Tea Co">]><r>&co;!</r>') == "Tea Co!"


def bomb(kind: str) -> str:
    if kind == "billion laughs":
        layers = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
        return f'<!DOCTYPE r [<!ENTITY l0 "lol">{layers}]><r>&l11;</r>'
    if kind == "quadratic":
        return f'<!DOCTYPE r [<!ENTITY a "{"x" * 100_000}">]><r>{"&a;" * 100_000}</r>'
    if kind == "attribute":
        return bomb("billion laughs").replace("<r>&l11;</r>", '<r a="&l11;"/>')
    return '<!DOCTYPE r [<!ENTITY a SYSTEM "file:///etc/hostname">]><r>&a;</r>'


@pytest.mark.parametrize("kind", ["billion laughs", "quadratic", "attribute", "external"])
def test_bombs_do_not_go_off(kind: str) -> None:
    started = time.process_time()
    root = xml_tree(bomb(kind))
    size = len(etree.tostring(root)) if root is not None else 0
    assert size < 2_000_000
    assert time.process_time() - started < 2


def test_broken_xml_is_mended() -> None:
    root = xml_tree("<rss><channel><item><title>A & B</titel></item><item></channel>")
    assert root is not None
    assert len(list(root.iter("item"))) == 2
    assert words("<r>a\x00\x08\ud800b</r>") == "ab"
    assert xml_tree("no xml") is None


def test_depth_is_bounded_and_no_crash() -> None:
    assert xml_tree("<a>" * 200_000 + "</a>" * 200_000) is not None
    with pytest.raises(FileError, match="deeply"):
        html_tree("<div>" * 200_000)


@pytest.mark.parametrize(
    ("data", "charset", "expected"),
    [
        ('<?xml version="1.0" encoding="iso-8859-2"?><a>ż</a>'.encode("iso-8859-2"), None, "ż"),
        ("<html><meta charset=windows-1251><p>Привет</p>".encode("cp1251"), None, "Привет"),
        ('<?xml encoding="utf-16"?><a>ü</a>'.encode("utf-16"), None, "ü"),
        ('<?xml encoding="utf-8"?><a>caf\xe9</a>'.encode("latin-1"), None, "café"),
        ("<a>“q”</a>".encode("cp1252"), "iso-8859-1", "“q”"),
        ("<a>ü</a>".encode(), "no-such", "ü"),
        ('<?xml encoding="gb2312"?><a>漢字</a>'.encode("gb18030"), None, "漢字"),
    ],
)
def test_the_charset_is_found(data: bytes, charset: str | None, expected: str) -> None:
    assert expected in decode_markup(data, charset)


def test_blocks_are_lines_and_scripts_are_silent() -> None:
    page = (
        "<h1>Title</h1><p>One <b>bold</b>\n word<br>next</p><script>no()</script>"
        "<ul><li>a</li><li>b</li></ul><table><tr><td>1</td><td>2</td></tr></table>"
    )
    lines = [line for line in text_of(html_tree(page)).split("\n") if line.strip()]
    assert [line.strip() for line in lines] == [
        "Title",
        "One bold",
        "word",
        "next",
        "- a",
        "- b",
        "1 2",
    ]


def test_a_fragment_becomes_plain_text() -> None:
    assert fragment_text("no markup") == "no markup"
    assert fragment_text("<p>Tea &amp; <i>cake</i></p>") == "Tea & cake"
    assert fragment_text("a &lt; b") == "a < b"


def test_flat_text_needs_no_parser() -> None:
    page = "<p>One</p><style>x{}</style><p>Two &amp; three<!-- no --><div>Four"
    assert flat_text(page).split() == ["One", "Two", "&", "three", "Four"]


def test_links_are_absolute_and_only_of_the_web() -> None:
    tree = html_tree(
        '<a href="/a">x</a><a href="b#c">y</a><a href="mailto:x@example.com">m</a>'
        '<a href="javascript:x()">j</a><a>n</a><a href="/a">again</a><a href="http://[bad">z</a>'
    )
    assert links_of(tree, "https://example.com/d/") == [
        "https://example.com/a",
        "https://example.com/d/b",
    ]
