"""The nouns everyone shares: a `Record` of a file and a `Document` to be read."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Document", "Record", "content_hash"]


@dataclass(frozen=True, slots=True)
class Record:
    """One item of a file: a JSON object, a table row, a feed entry, or a whole text.

    ``data`` holds the fields, ``source`` the file or URL, ``index`` the place in it (from 0),
    ``kind`` the format it came from (``"jsonl"``, ``"csv"``, ``"pdf"``, …).
    """

    data: Mapping[str, Any]
    source: str
    index: int = 0
    kind: str = "text"

    def __getitem__(self, key: str) -> Any:
        """Read a field of ``data``."""
        return self.data[key]

    def get(self, key: str, default: Any = None) -> Any:
        """Read a field of ``data``, or ``default`` when it is not there."""
        return self.data.get(key, default)


@dataclass(frozen=True, slots=True)
class Document:
    """A text with the place it came from, ready to be read by a model.

    ``uri`` is stable between runs: a path as the user named it, a URL, or either with ``#part``
    for one entry of many. ``hash`` is the SHA-256 of text and title, in hex. ``pages`` counts the
    pages where the format has them, else 1. ``meta`` holds plain JSON values
    (``author``, ``date``, ``language``, ``links``, …).
    """

    uri: str
    text: str
    title: str = ""
    kind: str = "text"
    pages: int = 1
    meta: Mapping[str, Any] = field(default_factory=dict)
    hash: str = ""

    def __post_init__(self) -> None:
        """Hash the content when the maker did not."""
        if not self.hash:
            object.__setattr__(self, "hash", content_hash(self.title, self.text))


def content_hash(*parts: str) -> str:
    """Return the SHA-256, in hex, of texts with their borders marked (``"a","bc" ≠ "ab","c"``)."""
    digest = hashlib.sha256()
    for part in parts:
        encoded = part.encode("utf-8", "surrogatepass")
        digest.update(b"%d:" % len(encoded))
        digest.update(encoded)
    return digest.hexdigest()
