"""The frame of every page we write: one file, its own style and script, and nothing from outside.

The policy in the page names its style and its script by their hashes: whatever markup should slip
through from a document, a browser neither runs nor fetches it.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files

from ai_catalyst.analysis.reports.escape import html_text

__all__ = ["chips", "controls", "page_end", "page_start", "policy"]


@cache
def _part(name: str) -> str:
    return (files("ai_catalyst.analysis.reports") / name).read_text("utf-8")


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@cache
def policy() -> str:
    """Return the content security policy: our one style, our one script, nothing else at all."""
    return "; ".join(
        (
            "default-src 'none'",
            f"style-src 'sha256-{_hash(_part('page.css'))}'",
            f"script-src 'sha256-{_hash(_part('page.js'))}'",
            "base-uri 'none'",
            "form-action 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        )
    )


def page_start(title: str) -> str:
    """Return the page up to its body; ``title`` is plain text."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy()}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{html_text(title)}</title>\n"
        f"<style>{_part('page.css')}</style>\n</head>\n<body>\n"
        '<a class="skip" href="#stories">To the articles</a>\n'
    )


def controls(topics: Iterable[str]) -> Iterator[str]:
    """Yield search box and topic filter; they stay hidden where no script runs."""
    yield (
        '<div class="controls" role="search" hidden>\n<div class="search">'
        '<label for="search">Search</label>'
        '<input id="search" type="search" autocomplete="off" spellcheck="false" '
        'placeholder="Words in any article" aria-describedby="count" aria-keyshortcuts="/">'
        '<button type="button" id="theme">Light or dark</button></div>\n'
    )
    yield from chips(topics)
    yield '<p class="count" id="count" role="status" aria-live="polite"></p>\n</div>\n'


def chips(topics: Iterable[str]) -> Iterator[str]:
    """Yield a button for each topic; pressed, it shows the articles that have it."""
    shown = [html_text(topic, 80) for topic in topics]
    if not shown:
        return
    yield '<div class="chips" role="group" aria-label="Only one topic">'
    for topic in shown:
        yield (
            f'<button type="button" aria-pressed="false" data-topic="{topic}">'
            f'<bdi dir="auto">{topic}</bdi></button>'
        )
    yield "</div>\n"


def page_end() -> str:
    """Return what closes the page, the script in it."""
    return f"<script>{_part('page.js')}</script>\n</body>\n</html>\n"
