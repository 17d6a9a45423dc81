"""Which texts are in what a file holds: the one rule that makes `Document`s of records."""

from __future__ import annotations

import hashlib
import re
import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from ai_catalyst.documents.blob import printable
from ai_catalyst.errors import CatalystError, FileError
from ai_catalyst.model import Document, content_hash

__all__ = ["BadSource", "Texts", "prose_field"]

PROSE = tuple(
    re.findall(
        r"\w+",
        """
        text content body article description message abstract summary comment comments review
        note notes transcript story question answer post details body_text full_text content_text
        """,
    )
)
TITLES = ("title", "subject", "headline", "name")
LONG = 80
"""From this many characters, in the median, a field is prose and not a label."""
LOOKED_AT = 32
_TABLE_CHARS = 64 * 1024
_TABLE_ROWS = 1000
_CELL_CHARS = 500
_META_CHARS = 10_000
_ERRORS = 100


@dataclass(frozen=True, slots=True)
class BadSource:
    """A source, or a part of one, that could not be read: which, why, and why in one word.

    ``kind`` is that of a `FileError` (``missing``, ``empty``, ``malformed``, ``encrypted``, …), or
    ``no_text``, ``unsafe``, ``http``, ``unreachable``.
    """

    uri: str
    error: Exception
    kind: str


@dataclass(slots=True)
class Texts:
    """Turns the items of one file, as they come, into documents.

    ``shape`` is the reader's. Feed ``take`` with items in order, then call ``finish``.
    """

    uri: str
    kind: str
    shape: str
    extra: Mapping[str, Any] = field(default_factory=dict)
    _first: list[Mapping[str, Any]] = field(default_factory=list)
    _decided: bool = False
    _prose: str | None = None
    _table: _Table | None = None
    _seen: set[str] = field(default_factory=set)
    _index: int = 0
    _errors: int = 0
    _made: int = 0

    def take(
        self, items: Iterable[Mapping[str, Any] | FileError]
    ) -> Iterator[Document | BadSource]:
        """Yield what the next items make; records are held back until the rule is decided."""
        for item in items:
            if isinstance(item, FileError):
                yield from self._bad(item)
            elif self.shape == "text":
                yield self._whole(item)
            elif self.shape == "entries":
                yield self._entry(item)
            elif self._decided:
                yield from self._record(item)
            else:
                self._first.append(item)
                if len(self._first) >= LOOKED_AT:
                    yield from self._decide()

    def finish(self) -> Iterator[Document | BadSource]:
        """Yield what is left when the file is at its end."""
        if not self._decided:
            yield from self._decide()
        if self._table is not None and self._table.rows:
            yield self._table.document(self.uri, self.kind, self.extra)
            self._made += 1
        if self._errors > _ERRORS:
            left = self._errors - _ERRORS
            why = FileError(f"{self.uri}: {left} more parts are broken", path=self.uri)
            yield BadSource(self.uri, why, "malformed")
        if not self._made and not self._errors:
            what = {"entries": "entries", "table": "records"}.get(self.shape, "text")
            yield self._nothing(self.uri, f"has no {what}", "empty")

    def _bad(self, error: FileError) -> Iterator[BadSource]:
        self._errors += 1
        if self._errors <= _ERRORS:
            place = f"#line-{error.line}" if error.line else ""
            yield BadSource(self.uri + place, error, error.kind)

    def _nothing(self, uri: str, why: str, kind: str) -> BadSource:
        self._errors += 1
        return BadSource(uri, FileError(f"{uri}: {why}", path=uri, kind=kind), kind)

    def _whole(self, data: Mapping[str, Any]) -> Document | BadSource:
        text = str(data.get("text", ""))
        pages = data.get("pages")
        count = pages if isinstance(pages, int) and pages > 0 else 1
        if not text.strip():
            scanned = f"its {count} pages hold no text (scanned?)" if self.kind == "pdf" else ""
            return self._nothing(self.uri, scanned or "holds no text", "no_text")
        self._made += 1
        meta = {k: v for k, v in data.items() if k not in {"text", "title", "pages"}}
        title = str(data.get("title") or "")
        return Document(self.uri, text, title, self.kind, count, {**meta, **self.extra})

    def _entry(self, data: Mapping[str, Any]) -> Document | BadSource:
        uri = self._part(str(data.get("guid") or data.get("link") or self._index))
        self._index += 1
        title = str(data.get("title") or "")
        text = str(data.get("text") or "").strip() or title
        if not text:
            return self._nothing(uri, "holds no text", "no_text")
        self._made += 1
        left_out = {"text", "title", "content", "summary"}
        meta = {k: v for k, v in data.items() if k not in left_out}
        return Document(uri, text, title, self.kind, 1, {**meta, **self.extra})

    def _part(self, name: str) -> str:
        """Name a part of the file; a name that came before gets the part's number too."""
        name = printable(" ".join(name.split()))[:500]
        if name in self._seen:
            name = f"{name}-{self._index}"
        self._seen.add(name)
        return f"{self.uri}#{name}"

    def _decide(self) -> Iterator[Document | BadSource]:
        self._decided = True
        first, self._first = self._first, []
        self._prose = prose_field(first)
        if self._prose is None and self.shape == "table":
            self._table = _Table()
        for item in first:
            yield from self._record(item)

    def _record(self, item: Mapping[str, Any]) -> Iterator[Document | BadSource]:
        index = self._index
        self._index += 1
        if self._table is not None:
            self._table.add(item)
            return
        assert self._prose is not None
        text = item.get(self._prose)
        if not isinstance(text, str) or not text.strip():
            why = f"record {index} has no {self._prose}"
            yield self._nothing(f"{self.uri}#{index}", why, "no_text")
            return
        self._made += 1
        named = next((t for t in TITLES if isinstance(item.get(t), str) and item[t].strip()), None)
        meta = {
            name: value
            for name, value in item.items()
            if name not in {self._prose, named} and len(str(value)) <= _META_CHARS
        }
        title = " ".join(item[named].split())[:500] if named else ""
        uri = f"{self.uri}#{index}"
        yield Document(uri, text, title, self.kind, 1, {**meta, **self.extra})


def prose_field(records: Sequence[Mapping[str, Any]]) -> str | None:
    """Return the field that makes each record a text of its own, None when there is none.

    It has one of the names people give to texts, is there in most records, and is long.
    """
    best, name = 0.0, None
    fields = {str(key).lower(): key for record in records for key in record}
    for candidate in PROSE:
        if candidate not in fields:
            continue
        values = [record.get(fields[candidate]) for record in records]
        lengths = [len(value.strip()) for value in values if isinstance(value, str)]
        if len(lengths) * 2 < len(records):
            continue
        median = statistics.median(lengths)
        if median >= LONG and median > best:
            best, name = median, fields[candidate]
    return name


class _Table:
    """Collects records into one bounded text; rows beyond the bound still count, and are hashed."""

    def __init__(self) -> None:
        self.rows = 0
        self._columns: dict[str, None] = {}
        self._shown: list[Mapping[str, Any]] = []
        self._chars = 0
        self._digest = hashlib.sha256()

    def add(self, item: Mapping[str, Any]) -> None:
        self.rows += 1
        encoded = msgspec.json.encode(item, enc_hook=str)
        self._digest.update(encoded)
        if self._chars < _TABLE_CHARS and len(self._shown) < _TABLE_ROWS:
            self._shown.append(item)
            self._chars += min(len(encoded), _CELL_CHARS * max(1, len(item)))
            self._columns.update(dict.fromkeys(map(str, item)))

    def document(self, uri: str, kind: str, extra: Mapping[str, Any]) -> Document:
        columns = list(self._columns)
        if len(self._shown) == 1 or len(columns) > 40:
            text = "\n\n".join(_listed(item) for item in self._shown)
        else:
            lines = [" | ".join(columns)]
            lines += [" | ".join(_cell(item.get(name)) for name in columns) for item in self._shown]
            text = "\n".join(lines)
        left = self.rows - len(self._shown)
        if left:
            text += f"\n… and {left} more rows"
        meta = {"rows": self.rows, "columns": columns[:200], **extra}
        known = content_hash("", text, self._digest.hexdigest()) if left else ""
        return Document(uri, text, "", kind, 1, meta, known)


def _listed(item: Mapping[str, Any]) -> str:
    return "\n".join(f"{name}: {_cell(value)}" for name, value in item.items() if value is not None)


def _cell(value: Any) -> str:
    """Return a value on one line, cut when it is long."""
    if value is None:
        return ""
    if isinstance(value, (dict, list)):
        value = msgspec.json.encode(value, enc_hook=str).decode("utf-8", "replace")
    line = " ".join(str(value).split())
    return line if len(line) <= _CELL_CHARS else line[: _CELL_CHARS - 1] + "…"


def bad_source(uri: str, error: Exception) -> BadSource:
    """Return what is handed on for a source that failed as a whole."""
    kind = getattr(error, "kind", None)
    if not isinstance(kind, str):
        kind = _KINDS.get(type(error).__name__, "unreachable")
        if isinstance(error, TimeoutError):
            kind = "timeout"
        elif not isinstance(error, CatalystError):
            kind = "failed"
    return BadSource(uri, error, kind)


_KINDS = {"HttpStatusError": "http", "AddressForbidden": "unsafe", "TooLarge": "too_large"}
