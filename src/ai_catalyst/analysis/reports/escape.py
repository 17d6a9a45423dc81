"""Outside text made inert for the formats of the reports.

Whatever a document, a feed or a model wrote comes out as text: never as markup, a link, an image
that is fetched, a table cell too many, or a formula that a spreadsheet runs.
"""

from __future__ import annotations

import re
from html import escape
from urllib.parse import quote, urlsplit

from ai_catalyst.analysis.plain import plain_text, safe_text

__all__ = [
    "csv_cell",
    "heading_anchor",
    "html_link",
    "html_text",
    "json_text",
    "markdown_link",
    "markdown_text",
    "web_url",
]

_MARKUP = re.compile(r"[\\`*_{}\[\]#|~$^!&<>]")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
# GitHub links bare addresses by itself; a backslash in the right place stops that.
_AUTOLINK = re.compile(r"(?i)\b([a-z][a-z0-9+.-]{1,30})(:)(?=//|\S)|\b(www)(\.)")
_BLOCK_START = re.compile(r"^(?:([-+=:])|(\d{1,9})([.)]))")

_NUMBER = re.compile(r"[+-]?\d{1,20}(?:[.,]\d{1,20}){0,8}(?:[eE][+-]?\d{1,3})?%?")
_FORMULA_START = frozenset("=+-@\t\r\n|%＝＋－＠")
_QUOTES = " \t\r\n\u00a0\u3000\"'`´‘’“”„«»"
# A spreadsheet that splits at ";" sees a new cell there, whatever the quotes say.
_FORMULA_INSIDE = re.compile(r"(;[\s\"'`]*)(?=[=+\-@＝＋－＠])")


def markdown_text(text: str, limit: int | None = None) -> str:
    """Return `text` as one line of Markdown that renders as exactly that text, anywhere in a line.

    CommonMark lets every ASCII punctuation character be escaped by a backslash; ``& < >`` become
    entities, because renderers outside CommonMark take those more surely.
    """
    line = _MARKUP.sub(_escaped, safe_text(text, limit))
    if ":" in line or "www" in line.lower():
        line = _AUTOLINK.sub(_broken_autolink, line)
    return _BLOCK_START.sub(_escaped_start, line)


def _escaped(match: re.Match[str]) -> str:
    mark = match.group()
    return _ENTITIES.get(mark) or f"\\{mark}"


def _broken_autolink(match: re.Match[str]) -> str:
    scheme, colon, www, dot = match.groups()
    return f"{scheme}\\{colon}" if scheme else f"{www}\\{dot}"


def _escaped_start(match: re.Match[str]) -> str:
    sign, number, delimiter = match.groups()
    return f"\\{sign}" if sign else f"{number}\\{delimiter}"


def web_url(uri: str) -> str | None:
    """Return `uri`, percent-encoded, when it is an http(s) address that may be linked, else None.

    An address with a user name in it is never linked: it shows one host and opens another.
    """
    line = safe_text(uri)
    try:
        parts = urlsplit(line)
        host = parts.hostname
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or not host or "@" in parts.netloc or " " in line:
        return None
    return quote(line, safe="/:?#@!$&*+,;=%~-._[]")


def markdown_link(text: str, target: str) -> str:
    """Return a link to an http(s) address, or only the text when `target` is anything else."""
    url = web_url(target)
    return markdown_text(text) if url is None else f"[{markdown_text(text)}](<{url}>)"


def html_text(text: str, limit: int | None = None) -> str:
    """Return `text` as one line that shows as exactly that in HTML, also in a quoted attribute."""
    return escape(safe_text(text, limit), quote=True)


def html_link(text: str, target: str, limit: int | None = None) -> str:
    """Return a link to an http(s) address, or only the text when `target` is anything else.

    What it stands in has to say ``dir="auto"``.
    """
    url = web_url(target)
    shown = html_text(text, limit)
    if url is None:
        return shown
    return f'<a href="{escape(url, quote=True)}" rel="noopener noreferrer nofollow">{shown}</a>'


_NOT_IN_ANCHOR = re.compile(r"[^\w\- ]")


def heading_anchor(text: str) -> str:
    """Return the anchor that GitHub and most renderers give a heading of this (unescaped) text."""
    return quote(_NOT_IN_ANCHOR.sub("", safe_text(text).lower()).replace(" ", "-"), safe="-_")


def csv_cell(text: str) -> str:
    """Return `text` as one line that no spreadsheet runs as a formula; a plain number stays one.

    A cell that starts with ``= + - @``, also behind quotes or white space, gets an apostrophe in
    front, as OWASP advises against CSV injection.
    """
    line = safe_text(text)
    if _NUMBER.fullmatch(line):
        return line
    if ";" in line:
        line = _FORMULA_INSIDE.sub(r"\1'", line)
    start = line.lstrip(_QUOTES)
    return f"'{line}" if start and start[0] in _FORMULA_START else line


def json_text(text: str) -> str:
    """Return `text` as it may stand in a JSON export: lines kept, nothing hidden, no surrogates."""
    return plain_text(text).strip()
