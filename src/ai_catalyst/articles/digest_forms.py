"""A digest as Markdown, as a page to read, and as JSON: outside text comes out as text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

import msgspec

from ai_catalyst.analysis.reports.escape import (
    html_link,
    html_text,
    json_text,
    markdown_link,
    markdown_text,
)
from ai_catalyst.analysis.reports.page import controls, page_end, page_start
from ai_catalyst.analysis.reports.phrases import counted, method_name
from ai_catalyst.analysis.reports.story import day_of, text_block, topic_list
from ai_catalyst.analysis.schemas import EXTRACTIVE
from ai_catalyst.articles.digest import Digest, DigestItem, DigestTopic

__all__ = ["EMPTY", "FORMS", "digest_html", "digest_json", "digest_markdown"]

EMPTY = (
    "Nothing was saved in these days. `catalyst run https://example.org/feed.xml` reads a feed, "
    "`catalyst watch` keeps at it."
)


def _period(digest: Digest) -> str:
    return f"{digest.since} to {digest.until}"


def _figures(digest: Digest) -> str:
    parts = [
        f"{counted(digest.articles, 'article')} of {counted(len(digest.sources), 'source')}",
        f"{digest.merged:,} said nearly the same as another" if digest.merged else "",
        f"{digest.failed:,} could not be read" if digest.failed else "",
    ]
    return ", ".join(part for part in parts if part)


def _note(digest: Digest) -> str:
    methods = {item.method for topic in digest.topics for item in topic.items}
    if methods == {EXTRACTIVE}:
        return "No language model was asked: the summaries are sentences of the articles."
    return "Summaries were written by a language model and can be wrong." if methods else ""


def digest_markdown(digest: Digest) -> str:
    """Return the digest for people who read Markdown."""
    return "".join(_markdown(digest))


def _markdown(digest: Digest) -> Iterator[str]:
    yield f"# Digest: {_period(digest)}\n\n"
    if not digest.articles:
        yield f"{EMPTY}\n"
        return
    yield f"{_figures(digest)}.\n\n> {_note(digest)}\n"
    for topic in digest.topics:
        yield f"\n## {markdown_text(_heading(topic))}\n"
        for item in topic.items:
            yield from _markdown_item(item)
    yield "\n## Sources\n\n"
    yield ", ".join(f"{markdown_text(name)} ({number:,})" for name, number in digest.sources)
    yield "\n"


def _heading(topic: DigestTopic) -> str:
    more = topic.articles - len(topic.items)
    return f"{topic.name} ({len(topic.items)} of {topic.articles})" if more else topic.name


def _markdown_item(item: DigestItem) -> Iterator[str]:
    yield f"\n### {markdown_link(item.title, item.url)}\n\n"
    yield f"{markdown_text(item.source)} · {item.date}\n\n{markdown_text(item.summary)}\n"
    if item.why_it_matters:
        yield f"\n**Why it matters:** {markdown_text(item.why_it_matters)}\n"
    if item.same:
        yield f"\nAlso: {', '.join(markdown_link(host, url) for host, url in item.same)}\n"


def digest_html(digest: Digest) -> str:
    """Return the digest as one page that asks nothing of any network."""
    return "".join(_html(digest))


def _html(digest: Digest) -> Iterator[str]:
    yield page_start(f"Digest {_period(digest)}")
    yield '<header class="masthead">\n<h1>Digest</h1>\n'
    yield f'<p class="figures">{_period(digest)} · {_figures(digest)}</p>\n</header>\n'
    if not digest.articles:
        yield f'<main id="stories"><p class="note">{html_text(EMPTY)}</p></main>\n'
        yield "</body>\n</html>\n"
        return
    yield f'<p class="note">{html_text(_note(digest))}</p>\n'
    yield from controls(topic.name for topic in digest.topics)
    yield '<div class="columns">\n<nav aria-labelledby="contents"><div>'
    yield '<h2 id="contents">Topics</h2>\n<ol>\n'
    for place, topic in enumerate(digest.topics):
        yield f'<li><a href="#s{place}" data-for="s{place}">{html_text(_heading(topic))}</a></li>\n'
    yield '</ol>\n</div></nav>\n<main id="stories" tabindex="-1">\n'
    for place, topic in enumerate(digest.topics):
        yield f'<section class="plain" id="s{place}">'
        yield text_block("h2", _heading(topic))
        for item in topic.items:
            yield from _html_item(topic, item)
        yield "</section>\n"
    yield '<p class="nothing" id="nothing" hidden>Nothing here has these words.</p>\n'
    yield '<section class="plain" aria-labelledby="sources"><h2 id="sources">Sources</h2>\n<p>'
    yield ", ".join(f"<bdi>{html_text(name)}</bdi> ({number:,})" for name, number in digest.sources)
    yield "</p>\n</section>\n</main>\n</div>\n"
    yield page_end()


def _html_item(topic: DigestTopic, item: DigestItem) -> Iterator[str]:
    yield '<section class="story">\n<article>\n'
    yield f'<p class="kicker"><bdi>{html_text(item.source, 160)}</bdi> · {day_of(item.date)}</p>\n'
    yield f'<h2 dir="auto">{html_link(item.title, item.url)}</h2>\n'
    yield text_block("p", item.summary, "lead")
    if item.why_it_matters:
        why = html_text(item.why_it_matters)
        yield f'<p class="why" dir="auto"><b>Why it matters:</b> {why}</p>\n'
    if item.same:
        links = ", ".join(html_link(host, url) for host, url in item.same)
        yield f'<p class="method" dir="auto">Also: {links}</p>\n'
    yield topic_list([topic.name])
    yield f'<p class="method">by {html_text(method_name(item.method), 120)}</p>\n'
    yield "</article>\n</section>\n"


def digest_json(digest: Digest) -> str:
    """Return the digest for programs."""
    plain = msgspec.to_builtins(digest)
    plain["sources"] = [{"source": name, "articles": number} for name, number in digest.sources]
    for topic in plain["topics"]:
        for item in topic["items"]:
            item["same"] = [{"source": host, "url": url} for host, url in item["same"]]
    text = msgspec.json.format(msgspec.json.encode(plain), indent=2).decode()
    return f"{json_text(text)}\n"


FORMS: Mapping[str, Callable[[Digest], str]] = MappingProxyType(
    {"md": digest_markdown, "html": digest_html, "json": digest_json}
)
