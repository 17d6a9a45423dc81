"""Claims about the page that a person reads."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html as lxml_html

from ai_catalyst.analysis import Analysis, ReportRow, safe_text, write_reports
from ai_catalyst.analysis.reports.html import HtmlReport
from ai_catalyst.analysis.reports.page import policy

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)></style></title>--><!-- \" ' `"


def row(position: int, **fields: object) -> ReportRow:
    values: dict[str, object] = {
        "uri": f"https://www.example.org/{position}",
        "title": f"Title {position}",
        "kind": "html",
        "date": "2026-11-02T10:00:00Z",
        "author": "Jane Doe",
        "analysis": Analysis(
            summary=f"Summary of {position}.",
            key_points=["A point."],
            topics=["Water", f"topic {position}"],
            entities={"people": ["Jane Doe"]},
            confidence=0.5,
            method="tiny-1",
        ),
        **fields,
    }
    return ReportRow(position, **values)  # type: ignore[arg-type]


def page(rows: Sequence[ReportRow], folder: Path) -> str:
    async def stream() -> AsyncIterator[ReportRow]:
        for each in rows:
            yield each

    paths = asyncio.run(write_reports(stream, folder, [HtmlReport]))
    return paths[0].read_text("utf-8")


def tree(rows: Sequence[ReportRow], folder: Path) -> lxml_html.HtmlElement:
    return lxml_html.document_fromstring(page(rows, folder))


def test_the_policy_names_the_one_style_and_the_one_script_by_their_hashes(tmp_path: Path) -> None:
    text = page([row(1)], tmp_path)
    for tag, name in (("style", "style-src"), ("script", "script-src")):
        inline = re.findall(f"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        assert len(inline) == 1
        digest = base64.b64encode(hashlib.sha256(inline[0].encode()).digest()).decode()
        assert f"{name} 'sha256-{digest}';" in policy()
    assert f'http-equiv="Content-Security-Policy" content="{policy()}"' in text
    assert "unsafe" not in policy()
    assert policy().startswith("default-src 'none'")


def test_an_article_shows_everything_that_is_known_of_it(tmp_path: Path) -> None:
    analysis = Analysis(
        summary="The lead.",
        key_points=["First point."],
        topics=["tides"],
        entities={"people": ["Jane Doe"], "places": ["Exampleton"]},
        confidence=0.82,
        method="tiny-1",
        partial=True,
        why_it_matters="Ports plan by it.",
        methodology="Two satellites.",
        findings=["4 mm a year."],
    )
    linked = (("The report", "https://example.org/report"),)
    shown = tree([row(1, analysis=analysis, references=linked)], tmp_path)
    (article,) = shown.xpath("//article")
    text = " ".join(article.text_content().split())
    for said in (
        *("Title 1", "example.org", "2026-11-02", "Jane Doe", "The lead.", "First point.", "tides"),
        *("Exampleton", "Why it matters: Ports plan by it.", "Two satellites.", "4 mm a year."),
        *("The report", "tiny-1", "confidence 0.82", "only partly analysed"),
    ):
        assert said in text
    assert article.xpath(".//h2/a/@href") == ["https://www.example.org/1"]
    assert article.xpath(".//meter/@value") == ["0.82"]


@given(text=st.text(min_size=1) | st.just(HOSTILE), target=st.text())
def test_nothing_from_outside_becomes_markup(
    text: str, target: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.getbasetemp() / "hostile"
    told = Analysis(
        summary=text,
        key_points=[text],
        topics=[text],
        entities={"people": [text]},
        why_it_matters=text,
        methodology=text,
        findings=[text],
        method=text,
    )
    fields = dict.fromkeys(("title", "author", "date", "language", "kind"), text)
    rows = [
        row(1, uri=target, analysis=told, references=((text, target),), **fields),
        ReportRow(2, target, title=text, error=text),
    ]
    shown = tree(rows, folder)
    tags = {element.tag for element in shown.iter() if isinstance(element.tag, str)}
    assert not tags & {"img", "iframe", "object", "svg", "form", "base", "link", "math"}
    assert len(shown.xpath("//script")) == len(shown.xpath("//style")) == 1
    names = {name for element in shown.iter() for name in element.attrib}
    assert not {name for name in names if name.startswith("on")} | names & {"style", "src"}
    assert all(re.match(r"https?://|#", link) for link in shown.xpath("//@href"))
    assert len(shown.xpath("//article")) == 1
    kept = shown.xpath('string(//p[@class="lead"])')
    assert kept.split() == safe_text(text).split()


def test_links_lead_to_the_web_only_and_tell_it_nothing(tmp_path: Path) -> None:
    rows = [row(1, uri="javascript:alert(1)"), row(2, uri="https://u@evil.example/"), row(3)]
    links = tree(rows, tmp_path).xpath("//article//h2/a")
    assert [link.get("href") for link in links] == ["https://www.example.org/3"]
    assert links[0].get("rel") == "noopener noreferrer nofollow"


def test_documents_that_say_nearly_the_same_stand_together(tmp_path: Path) -> None:
    rows = [row(1, title="Ünï 𝄞"), row(2), row(3, like=1), row(4, like=9), row(5, like=1)]
    shown = tree(rows, tmp_path)
    stories = [
        [article.get("id") for article in story.xpath(".//article")]
        for story in shown.xpath('//section[@class="story"]')
    ]
    assert stories == [["a1", "a3", "a5"], ["a2"], ["a4"]]
    assert shown.xpath("string(//details[@class='same']/summary)") == (
        "Nearly the same in 2 more sources"
    )
    assert [one.text_content() for one in shown.xpath("//article/h2")] == [
        *("Ünï 𝄞", "Title 3", "Title 5", "Title 2", "Title 4")
    ]


def test_what_was_not_read_is_listed_with_its_reason(tmp_path: Path) -> None:
    uri = "https://down.example/1"
    failed = ReportRow(2, uri, error=f"EndpointTimeout: {uri}: did not answer within 30 s")
    shown = tree([row(1), failed], tmp_path)
    line = " ".join(shown.xpath("string(//ul[@class='failures'])").split())
    assert line == f"2. {uri}: did not answer within 30 s"
    assert shown.xpath("//nav//a[@class='failed']/@href") == ["#a2"]


def test_every_place_that_is_linked_within_the_page_is_there(tmp_path: Path) -> None:
    rows = [row(n, like=1 if n == 4 else None) for n in range(1, 8)]
    shown = tree([*rows, ReportRow(8, "x.pdf", error="no text")], tmp_path)
    places = shown.xpath("//@id")
    assert len(places) == len(set(places))
    wanted = {link[1:] for link in shown.xpath("//@href") if link.startswith("#")}
    wanted |= set(shown.xpath("//@for | //@aria-labelledby | //@aria-describedby"))
    assert wanted <= set(places)


def test_a_title_of_ten_thousand_characters_is_cut(tmp_path: Path) -> None:
    assert len(page([row(1, title="W" * 10_000)], tmp_path)) < len(page([row(1)], tmp_path)) + 1_000


def test_a_script_of_another_direction_begins_at_its_own_side(tmp_path: Path) -> None:
    arabic = Analysis(summary="أعلن مكتب الميناء", key_points=["نقطة"], language="ar")
    (article,) = tree([row(1, title="صعود المياه", analysis=arabic)], tmp_path).xpath("//article")
    assert article.get("lang") == "ar"
    assert article.xpath("./h2/@dir | ./p[@class='lead']/@dir | ./ul[1]/@dir") == ["auto"] * 3


def test_no_source_at_all_is_still_a_page(tmp_path: Path) -> None:
    shown = tree([], tmp_path)
    assert "No document could be analysed" in shown.text_content()
    assert not shown.xpath("//input | //nav | //article")
