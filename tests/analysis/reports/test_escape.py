"""Claims about making outside text inert: parsed back, it is only text."""

from __future__ import annotations

import csv
import html
import io
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from ai_catalyst.analysis import safe_text
from ai_catalyst.analysis.reports.escape import (
    csv_cell,
    heading_anchor,
    json_text,
    markdown_link,
    markdown_text,
    web_url,
)

EVIL = [
    "<script>alert(1)</script>",
    "![x](https://example.com/a.png)",
    "[click](javascript:alert(1))",
    "<https://example.com>",
    "| a | b |\n| --- | --- |",
    "# heading",
    "1. item",
    "12) item",
    "- item",
    "+ item",
    "* item",
    "===",
    "---",
    "```\ncode\n```",
    "    code",
    "> quote",
    "&lt;b&gt; &#60;i&#62;",
    "**bold** __bold__ ~~gone~~ `code`",
    "[ref]: https://example.com",
    "[^1]: note",
    ": term",
    "a\\",
    "\\[x](y)",
    "<!-- comment -->",
    "<img src=x onerror=alert(1)>",
    "line  \nbreak",
    "$x$ $$y$$",
    "a\ud800b\u202ec",
]
OUTSIDE = st.lists(
    st.one_of(
        st.text(max_size=20),
        st.sampled_from(EVIL),
        st.text("<>[]()!*_`~#|\\&;:=+-.0123 \n\t/ahtpsjw", max_size=20),
    ),
    max_size=6,
).map("".join)
ALLOWED = {"paragraph_open", "paragraph_close", "inline", "text", "text_special", "softbreak"}

parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])


def tokens(markdown: str) -> list[Token]:
    flat: list[Token] = []
    for token in parser.parse(markdown):
        flat.append(token)
        flat.extend(token.children or ())
    return flat


def rendered(markdown: str) -> str:
    return "".join(token.content for token in tokens(markdown) if token.type.startswith("text"))


def with_examples(test):  # type: ignore[no-untyped-def]
    for evil in EVIL:
        test = example(evil)(test)
    return test


@with_examples
@given(OUTSIDE)
def test_outside_text_is_only_text_in_markdown(text: str) -> None:
    markdown = markdown_text(text)
    assert "\n" not in markdown
    assert {token.type for token in tokens(markdown)} <= ALLOWED
    assert rendered(markdown) == safe_text(text)


@with_examples
@given(OUTSIDE)
def test_outside_text_stays_where_it_is_put(text: str) -> None:
    markdown = f"### 1\\. {markdown_text(text)}\n\n- {markdown_text(text)}\n"
    kinds = [token.type for token in parser.parse(markdown)]
    assert kinds.count("heading_open") == 1
    assert kinds.count("list_item_open") == 1
    assert not any(
        token.type in {"html_inline", "image", "link_open"} for token in tokens(markdown)
    )


@with_examples
@given(OUTSIDE)
def test_outside_text_is_one_cell_of_a_table(text: str) -> None:
    markdown = f"| a | b |\n| --- | --- |\n| x | {markdown_text(text)} |\n"
    kinds = [token.type for token in parser.parse(markdown)]
    assert kinds.count("td_open") == 2
    assert kinds.count("tr_open") == 2


@pytest.mark.parametrize("text", ["https://example.com/x", "see www.example.com", "ftp://a.b/c"])
def test_bare_addresses_are_not_linked_by_renderers_that_look_for_them(text: str) -> None:
    assert not re.search(r"\w://", markdown_text(text))
    assert "www." not in markdown_text(text)
    assert rendered(markdown_text(text)) == text


@pytest.mark.parametrize(
    ("uri", "linked"),
    [
        ("https://example.com/a b", False),
        ("https://example.com/a(b)?c=d#e", True),
        ("http://[::1]:80/x", True),
        ("javascript:alert(1)", False),
        ("JaVaScRiPt:alert(1)", False),
        ("java\nscript:alert(1)", False),
        ("data:text/html,x", False),
        ("file:///etc/passwd", False),
        ("https://user:word@example.com/", False),
        ("//example.com", False),
        ("inbox/a.pdf", False),
        ("https://", False),
        ("http://[bad", False),
    ],
)
def test_only_plain_web_addresses_are_linked(uri: str, linked: bool) -> None:
    assert (web_url(uri) is not None) is linked
    found = [token for token in tokens(markdown_link(uri, uri)) if token.type == "link_open"]
    assert bool(found) is linked


@given(OUTSIDE)
def test_a_link_leads_nowhere_but_to_its_own_address(text: str) -> None:
    target = f"https://example.com/{text}"
    for token in tokens(markdown_link(text, target)):
        if token.type == "link_open":
            assert str(token.attrGet("href")).startswith("https://example.com/")
        assert token.type not in {"html_inline", "html_block", "image"}


@pytest.mark.parametrize(
    "cell",
    [
        "=1+1",
        "+1+1",
        "-1+1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        " =1",
        '"=1',
        "'=1",
        "' \"=1",
        "＝1+1",
        "-",
        "-2+3+cmd|' /C calc'!A0",
        '=HYPERLINK("https://example.com")',
        "\u200b=1",
        "\ufeff=1",
        "\n=1",
    ],
)
def test_a_cell_that_a_spreadsheet_would_run_gets_an_apostrophe(cell: str) -> None:
    assert csv_cell(cell).startswith("'")


@pytest.mark.parametrize("cell", ["-5", "-12.50", "+3", "-1,5", "1e-5", "-5%", "0", "12.5"])
def test_a_plain_number_stays_a_number(cell: str) -> None:
    assert csv_cell(cell) == cell


@pytest.mark.parametrize("cell", ["text; =1+1", 'x;"=1', "a;@SUM(A1)"])
def test_no_formula_begins_behind_a_semicolon_either(cell: str) -> None:
    assert not any(
        part.lstrip(' "').startswith(tuple("=+-@")) for part in csv_cell(cell).split(";")
    )


@given(OUTSIDE)
def test_no_cell_starts_a_formula_and_all_come_back_from_a_reader(text: str) -> None:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow([csv_cell(text), "end"])
    ((cell, end),) = csv.reader(io.StringIO(out.getvalue()))
    assert end == "end"
    assert "\n" not in cell
    start = cell.lstrip(" \"'`")
    is_number = cell.replace(".", "").replace(",", "").lstrip("+-").rstrip("%").isalnum()
    assert not start.startswith(("=", "+", "-", "@")) or cell.startswith("'") or is_number


@given(st.text())
def test_json_text_always_encodes(text: str) -> None:
    json_text(text).encode("utf-8")


@given(OUTSIDE)
def test_an_anchor_holds_nothing_that_ends_a_link(text: str) -> None:
    assert not set(heading_anchor(text)) & set("()<>[] \n\"'\\")


def test_an_anchor_is_the_one_renderers_make() -> None:
    assert heading_anchor("3. Night trains, again!") == "3-night-trains-again"


@given(OUTSIDE)
def test_markdown_shown_as_html_holds_no_tag_of_the_text(text: str) -> None:
    shown = parser.render(markdown_text(text))
    inner = shown.removeprefix("<p>").removesuffix("</p>\n")
    assert "<" not in inner
    assert html.unescape(inner) == safe_text(text)
