"""Fields of one value, texts and people: what an element says, put where it belongs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ai_catalyst.documents.dates import iso_date
from ai_catalyst.documents.feeds.model import Described, Entry, Moment
from ai_catalyst.documents.feeds.people import person_of
from ai_catalyst.documents.feeds.text import Scope, plain, text_of_element
from ai_catalyst.documents.markup import absolute

if TYPE_CHECKING:
    from lxml.etree import _Element

__all__ = [
    "MANY",
    "Handler",
    "comment_count",
    "content",
    "description",
    "later_author",
    "moment",
    "person",
    "publisher",
    "summary",
    "text",
    "word",
]

Handler = Callable[[Any, "_Element", Scope], None]

MANY = 1000
"""Links, people or extras of one owner at the most."""


# Simple fields. Of several elements for one field the first that says something counts; of dates
# the last that can be read, as a program that adds one leaves the old where it was.


def word(name: str, *, address: bool = False) -> Handler:
    """Return what notes a plain word, or an address, made absolute."""

    def take(owner: Any, element: _Element, scope: Scope) -> None:
        value = plain(element)
        if value and not getattr(owner, name):
            setattr(owner, name, absolute(value, scope.inside(element).base) if address else value)

    return take


def text(name: str, default: str = "text/plain") -> Handler:
    """Return what notes a text with its kind."""

    def take(owner: Any, element: _Element, scope: Scope) -> None:
        old = getattr(owner, name)
        if old is None or not old.value:
            setattr(owner, name, text_of_element(element, scope, default))

    return take


def moment(name: str) -> Handler:
    """Return what notes a moment."""

    def take(owner: Any, element: _Element, scope: Scope) -> None:
        raw = plain(element)
        if raw:
            found = Moment(raw, iso_date(raw))
            if found.iso or getattr(owner, name) is None:
                setattr(owner, name, found)

    return take


def person(name: str) -> Handler:
    """Return what adds a person, each one once."""

    def take(owner: Any, element: _Element, scope: Scope) -> None:
        person = person_of(element, scope.inside(element) if scope.marked else scope)
        people = getattr(owner, name)
        if person.label and (not people or (person not in people and len(people) < MANY)):
            people.append(person)

    return take


def publisher(owner: Described, element: _Element, scope: Scope) -> None:
    """Note who publishes."""
    if owner.publisher is None:
        owner.publisher = person_of(element, scope)


def later_author(owner: Described, element: _Element, scope: Scope) -> None:
    """Note an author of the podcast module, when no other was named."""
    if not owner.authors:
        owner.authors.append(person_of(element, scope))


# Texts of entries.


def content(default: str) -> Handler:
    """Return what adds a content; ``default`` is its kind where nothing says."""

    def take(entry: Entry, element: _Element, scope: Scope) -> None:
        if len(entry.content) < MANY:
            kind = default or ("text/plain" if scope.atom else "text/html")
            found = text_of_element(element, scope, kind)
            if scope.atom:
                src = element.get("src")
                found.src = absolute(src, found.base) if src else ""
            if found.value or found.src:
                entry.content.append(found)

    return take


def description(entry: Entry, element: _Element, scope: Scope) -> None:
    """Take a description as the summary; beside a summary it is the content."""
    found = text_of_element(element, scope, "text/html")
    if entry.summary is None or not entry.summary.value:
        entry.summary = found
    elif found.value and not entry.content:
        entry.content.append(found)


def summary(entry: Entry, element: _Element, scope: Scope) -> None:
    """Take a summary; of two, outside Atom, the earlier is the content."""
    found = text_of_element(element, scope, "text/plain")
    if entry.summary is None or not entry.summary.value:
        entry.summary = found
    elif found.value and not scope.atom and not entry.content:
        entry.content.append(entry.summary)
        entry.summary = found


def comment_count(name: str) -> Handler:
    """Return what notes how many comments there are."""

    def take(entry: Entry, element: _Element, scope: Scope) -> None:
        value = plain(element)
        entry.extras[name] = value
        if value.isascii() and value.isdigit() and entry.comment_count is None:
            entry.comment_count = int(value[:9])

    return take
