"""Who wrote it: Atom's person constructs, and the many ways to put a name and an e-mail in one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ai_catalyst.documents.feeds.model import Person
from ai_catalyst.documents.feeds.names import name_of
from ai_catalyst.documents.feeds.text import Scope, plain
from ai_catalyst.documents.markup import absolute

if TYPE_CHECKING:
    from lxml.etree import _Element

__all__ = ["person_of", "person_of_text"]

_EMAIL = re.compile(r"[\w.+%'&!#$*/=?^`{|}~-]{1,64}@(?:[\w-]{1,63}\.){1,8}[A-Za-z]{2,24}")
_ROLES = {"name": "name", "email": "email", "uri": "url", "url": "url", "homepage": "url"}
_MOST = 300


def person_of(element: _Element, scope: Scope) -> Person:
    """Return the person an element tells of, by its children, or by its text when it has none."""
    if not len(element):
        return person_of_text(plain(element))
    person = Person()
    for child in element:
        role = _ROLES.get(name_of(child, scope.home).rpartition("_")[2])
        value = plain(child)
        if role and value:
            setattr(person, role, absolute(value, scope.base) if role == "url" else value[:_MOST])
    if not (person.name or person.email or person.url):
        return person_of_text(plain(element))
    return person


def person_of_text(text: str) -> Person:
    """Return name and address of ``Jane Doe (jane@example.org)`` and of its usual variants."""
    text = " ".join(text[: 2 * _MOST].split())
    if "@" not in text:
        return Person(text[:_MOST])
    found = _EMAIL.search(text)
    if not found:
        return Person(text[:_MOST])
    name = text[: found.start()].removesuffix("mailto:") + text[found.end() :].partition("?")[0]
    name = re.sub(r"\(\s*\)|<\s*>|\[\s*\]|&lt;\s*&gt;", "", name).strip()
    if name.startswith("(") and name.endswith(")"):
        name = name[1:-1]
    return Person(name.strip(" ,;:\"'")[:_MOST], found[0])
