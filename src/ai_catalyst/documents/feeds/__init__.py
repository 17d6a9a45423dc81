"""Feeds of every kind: RSS 0.9x to 2.0, RSS 1.0 (RDF), Atom 0.3 and 1.0, CDF, and JSON Feed.

Broken ones are mended as far as they can be. The rules are feedparser's where they make sense,
whose own tests measure them.
"""

from __future__ import annotations

from ai_catalyst.documents.feeds.entries import entries_of
from ai_catalyst.documents.feeds.model import (
    Category,
    Chapter,
    Entry,
    Feed,
    Generator,
    Image,
    Link,
    Moment,
    Person,
    Place,
    Text,
)
from ai_catalyst.documents.feeds.reading import parse_feed

__all__ = [
    "Category",
    "Chapter",
    "Entry",
    "Feed",
    "Generator",
    "Image",
    "Link",
    "Moment",
    "Person",
    "Place",
    "Text",
    "entries_of",
    "parse_feed",
]
