"""One document as a piece of a page: headline, lead, points, names, and who says so."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from urllib.parse import urlsplit

from ai_catalyst.analysis.reports.escape import html_link, html_text, web_url
from ai_catalyst.analysis.reports.markdown import MENTIONS
from ai_catalyst.analysis.reports.phrases import counted, facts, method_name, personal_note
from ai_catalyst.analysis.reports.row import ReportRow
from ai_catalyst.analysis.schemas import Analysis

__all__ = [
    "TITLE_CHARS",
    "day_of",
    "host_of",
    "same_title",
    "story",
    "text_block",
    "topic_list",
]

TITLE_CHARS = 240
_SOURCE_CHARS = 160
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}")
_DAY = re.compile(r"\d{4}-\d\d-\d\d(?=[T ]|$)")


def host_of(uri: str) -> str:
    """Return the host of a web address without ``www.``, and any other URI as it is."""
    url = web_url(uri)
    if url is None:
        return uri
    host = urlsplit(url).hostname or uri
    return host.removeprefix("www.")


def day_of(date: str) -> str:
    """Return a date as markup: ISO dates to the day, for programs too; others as they stand."""
    if not date.strip():
        return ""
    day = _DAY.match(date)
    if day is None:
        return f'<bdi dir="auto">{html_text(date, 40)}</bdi>'
    return f'<time datetime="{day[0]}">{day[0]}</time>'


def text_block(tag: str, text: str, kind: str = "", limit: int | None = None) -> str:
    """Return an element with outside text, in the direction of its own script; "" without any."""
    shown = html_text(text, limit)
    named = f' class="{kind}"' if kind else ""
    return f'<{tag}{named} dir="auto">{shown}</{tag}>\n' if shown else ""


def topic_list(topics: Iterable[str]) -> str:
    """Return the topics of an article as the filter finds them."""
    items = "".join(text_block("li", topic, limit=80).strip() for topic in topics)
    return f'<ul class="topics" aria-label="Topics">{items}</ul>\n' if items else ""


def story(row: ReportRow, analysis: Analysis) -> Iterator[str]:
    """Yield an analysed document as an ``article`` with the id ``a`` and its position."""
    language = row.language or analysis.language
    spoken = f' lang="{language}"' if _LANGUAGE.fullmatch(language) else ""
    yield f'<article id="a{row.position}" aria-labelledby="t{row.position}"{spoken}>\n'
    yield _kicker(row)
    yield f'<h2 id="t{row.position}" dir="auto">{html_link(row.name, row.uri, TITLE_CHARS)}</h2>\n'
    yield text_block("p", analysis.summary, "lead") or (
        '<p class="nothing">There is no text to summarise.</p>\n'
    )
    yield from _bullets("Key points", analysis.key_points)
    if analysis.why_it_matters.strip():
        yield (
            f'<p class="why" dir="auto"><b>Why it matters:</b> '
            f"{html_text(analysis.why_it_matters)}</p>\n"
        )
    if analysis.methodology.strip():
        yield "<h3>Method of the study</h3>\n" + text_block("p", analysis.methodology)
    yield from _bullets("Findings", analysis.findings)
    yield topic_list(analysis.topics)
    yield from _mentions(analysis)
    yield from _references(row)
    yield _method(row, analysis)
    yield "</article>\n"


def _kicker(row: ReportRow) -> str:
    place = f'<bdi dir="auto">{html_text(host_of(row.uri), _SOURCE_CHARS)}</bdi>'
    parts = [f"{row.position}", place, day_of(row.date)]
    return f'<p class="kicker">{" · ".join(part for part in parts if part)}</p>\n'


def _bullets(title: str, lines: Iterable[str]) -> Iterator[str]:
    items = [f"<li>{html_text(line)}</li>\n" for line in lines if line.strip()]
    if items:
        # The list has the direction of its text, so that its bullets stand where that begins.
        yield f'<h3>{title}</h3>\n<ul dir="auto">\n{"".join(items)}</ul>\n'


def _mentions(analysis: Analysis) -> Iterator[str]:
    named = [
        (title, [html_text(name, 120) for name in analysis.entities.get(kind, ()) if name.strip()])
        for title, kind in MENTIONS
    ]
    rows = [
        f"<dt>{title}</dt><dd>{', '.join(f'<bdi>{name}</bdi>' for name in names)}</dd>\n"
        for title, names in named
        if names
    ]
    if rows:
        yield "<details>\n<summary>Names and dates</summary>\n<dl>\n"
        yield f"{''.join(rows)}</dl></details>\n"


def _references(row: ReportRow) -> Iterator[str]:
    if row.references:
        items = "".join(
            f'<li dir="auto">{html_link(title or url, url, TITLE_CHARS)}</li>\n'
            for title, url in row.references
        )
        yield f"<h3>Read with it</h3>\n<ul>\n{items}</ul>\n"


def _method(row: ReportRow, analysis: Analysis) -> str:
    share = f"{analysis.confidence:.2f}"
    parts = [
        html_text(facts(replace(row, date="")), 400),
        f"by {html_text(method_name(analysis.method), 120)}",
        f'confidence <meter min="0" max="1" value="{share}">{share}</meter> {share}',
        "<b>only partly analysed</b>" if analysis.partial else "",
    ]
    personal = personal_note(row)
    if personal:
        parts.append(f"personal data found: {html_text(personal)}")
    return f'<p class="method">{" · ".join(part for part in parts if part)}</p>\n'


def same_title(number: int) -> str:
    """Return the line above the documents that say nearly the same as another."""
    return f"Nearly the same in {counted(number, 'more source')}"
