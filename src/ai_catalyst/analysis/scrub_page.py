"""An HTML page without personal data: its tags stay, what people read in them does not."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

from ai_catalyst.privacy.locales.pack import words
from ai_catalyst.privacy.scrubber import replaced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ai_catalyst.privacy import Finding, Scrubber

__all__ = ["Page", "scrubbed_page"]

_INLINE = words(
    "a abbr acronym b bdi bdo big cite code data del dfn em font i ins kbd mark q s samp small "
    "span strike strong sub sup time tt u var wbr"
)
"""Tags inside a line of text: a name goes on over them."""
_OPENING = re.compile(r"<(?:!--|[A-Za-z/!?])")
_CODE = {name: re.compile(f"</{name}", re.IGNORECASE) for name in ("script", "style")}
_TAG_NAME = re.compile(r"</?([A-Za-z][A-Za-z0-9]*)")
_UNIT = re.compile(r"\s+|&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});?")
_ATTRIBUTE = re.compile(r"""([\w:-]+)(\s*=\s*)(["'])([^"'<>]*)(["'])""")
_TECHNICAL = words(
    "class id style rel type lang dir role width height charset http-equiv property name target "
    "method media sizes colspan rowspan align valign xmlns for itemprop itemtype"
)
"""Attributes that nobody writes about people in."""
_TELLING = re.compile(r"@|\d\D?\d|[^\W\d_a-z]")
_DATA = re.compile(r"<script[^>]*\bjson\b", re.IGNORECASE)


class Page(NamedTuple):
    """A page's text as it is read, and the page without what was found in it."""

    text: str
    findings: list[Finding]
    clean: str
    beside: list[Finding]
    """What was found outside of the text: in attributes, comments and scripts."""


class _Piece(NamedTuple):
    """A stretch of the page and the stretch of its text that it is read as."""

    start: int
    end: int
    at: int
    text: str
    literal: bool
    """Whether each character stands for itself; else the whole stands for the whole."""
    markup: bool = False


def scrubbed_page(source: str, scrubber: Scrubber, structured: Scrubber) -> Page:
    """Scrub a page; ``structured`` reads scripts, in which names cannot be told from code."""
    pieces = list(_pieces(source))
    text = "".join(piece.text for piece in pieces)
    findings = scrubber.detect(text)
    beside: list[Finding] = []

    def found(inside: str, by: Scrubber = scrubber) -> str:
        seen = by.detect(inside)
        beside.extend(seen)
        return replaced(inside, seen)

    def markup(piece: _Piece) -> str:
        tag = source[piece.start : piece.end]
        if tag.startswith("<!--"):
            return f"<!--{found(tag[4:-3])}-->" if tag.endswith("-->") else found(tag)
        if tag[:7].lower() == "<script" or tag[:6].lower() == "<style":
            head = tag.find(">") + 1
            body = found(tag[head:], scrubber if _DATA.match(tag) else structured)
            return _attributes(tag[:head], found) + body
        return _attributes(tag, found)

    return Page(text, findings, "".join(_rewritten(source, pieces, findings, markup)), beside)


def _pieces(source: str) -> Iterator[_Piece]:
    """Cut a page into text, blanks, entities and markup, in one pass."""
    last = source.rfind(">")
    at = reached = 0
    while reached < len(source):
        start = _next_markup(source, reached, last)
        for piece in _text(source, reached, start, at):
            at = piece.at + len(piece.text)
            yield piece
        if start == len(source):
            return
        name = _TAG_NAME.match(source, start)
        inline = name is not None and name[1].lower() in _INLINE
        gap = "" if inline or source.startswith("<!--", start) else "\n"
        reached = _markup_end(source, start)
        yield _Piece(start, reached, at, gap, False, True)
        at += len(gap)


def _next_markup(source: str, start: int, last: int) -> int:
    """Return where the next markup begins, the page's end without any; ``last`` is its last >."""
    opening = _OPENING.search(source, start)
    if opening is None or (opening.start() > last and opening.group() != "<!--"):
        return len(source)
    return opening.start()


def _markup_end(source: str, start: int) -> int:
    """Return where the markup ends that begins with a ``<``."""
    if source.startswith("<!--", start):
        end = source.find("-->", start + 4)
        return end + 3 if end >= 0 else len(source)
    end = source.find(">", start)
    for name, close in _CODE.items():
        if source[start + 1 : start + 1 + len(name)].lower() == name:
            closed = close.search(source, end)
            return closed.start() if closed else len(source)
    return end + 1


def _text(source: str, start: int, stop: int, at: int) -> Iterator[_Piece]:
    done = start
    for unit in _UNIT.finditer(source, start, stop):
        if unit.start() > done:
            yield _Piece(done, unit.start(), at, source[done : unit.start()], True)
            at += unit.start() - done
        read = " " if unit.group()[0] != "&" else html.unescape(unit.group())
        yield _Piece(unit.start(), unit.end(), at, read, False)
        at += len(read)
        done = unit.end()
    if done < stop:
        yield _Piece(done, stop, at, source[done:stop], True)


def _rewritten(
    source: str,
    pieces: Iterable[_Piece],
    findings: list[Finding],
    markup: Callable[[_Piece], str],
) -> Iterator[str]:
    """Yield the page with findings replaced; one that goes on over tags is written once."""
    number = 0
    written = -1
    for piece in pieces:
        if piece.markup:
            yield markup(piece)
            continue
        end = piece.at + len(piece.text)
        done = piece.at
        while number < len(findings) and findings[number].start < end:
            one = findings[number]
            low, high = max(one.start, done), min(one.end, end)
            if piece.literal:
                yield source[piece.start + done - piece.at : piece.start + low - piece.at]
            if written != number:
                yield f"&lt;{one.kind}&gt;"
                written = number
            done = high
            if one.end > end:
                break
            number += 1
        if piece.literal:
            yield source[piece.start + done - piece.at : piece.end]
        elif done == piece.at:
            yield source[piece.start : piece.end]


def _attributes(tag: str, found: Callable[[str], str]) -> str:
    """Scrub what a tag's attributes say: addresses in links, titles, values, descriptions."""

    def one(match: re.Match[str]) -> str:
        name, equals, mark, value, close = match.groups()
        if name.lower() in _TECHNICAL or not _TELLING.search(value):
            return match[0]
        inside = html.unescape(value)
        plain = unquote(inside) if "%" in inside else inside
        clean = found(plain)
        if clean == plain:
            return match[0]
        return f"{name}{equals}{mark}{html.escape(clean)}{close}"

    return _ATTRIBUTE.sub(one, tag)
