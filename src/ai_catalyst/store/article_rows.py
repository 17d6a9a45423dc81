"""Articles as rows: whatever has their attributes, under an identity that stays the same."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import msgspec

from ai_catalyst.store.packing import clean

__all__ = ["COLUMNS", "article_rows", "identity_of", "upsert"]

COLUMNS = (
    "identity",
    "url",
    "guid",
    "title",
    "published",
    "summary",
    "content",
    "authors",
    "tags",
    "page",
    "analysis",
    "saved",
    "updated",
)
_KEPT_WHEN_EMPTY = ("url", "guid", "title", "summary", "content")
_KEPT_WHEN_NULL = ("published", "page", "analysis")
_KEPT_WHEN_NONE = ("authors", "tags")
_TRACKERS = frozenset(
    {
        "fbclid",
        "gclid",
        "dclid",
        "gbraid",
        "wbraid",
        "msclkid",
        "yclid",
        "igshid",
        "mc_cid",
        "mc_eid",
        "oly_enc_id",
        "_hsenc",
        "_hsmi",
        "vero_id",
        "wt_mc",
        "wickedid",
        "twclid",
        "ttclid",
        "ref_src",
        "spm",
    }
)
_PORTS = {"http": 80, "https": 443}


def upsert(places: Iterable[str]) -> str:
    """Return the statement that saves one row; ``places`` are its parameters' marks.

    What a later article does not bring (no text, no analysis) stays as it was.
    """
    sets = ["updated = excluded.updated"]
    for empty, names in (
        ("''", _KEPT_WHEN_EMPTY),
        ("NULL", _KEPT_WHEN_NULL),
        ("'[]'", _KEPT_WHEN_NONE),
    ):
        sets += [
            f"{name} = coalesce(nullif(excluded.{name}, {empty}), articles.{name})"
            if empty != "NULL"
            else f"{name} = coalesce(excluded.{name}, articles.{name})"
            for name in names
        ]
    return (
        f"INSERT INTO articles({', '.join(COLUMNS)}) VALUES ({', '.join(places)}) "  # noqa: S608
        f"ON CONFLICT (identity) DO UPDATE SET {', '.join(sets)}"
    )


def article_rows(articles: Iterable[Any], now: float) -> list[tuple[Any, ...]]:
    """Return the rows of articles, one an identity: of equal ones the last."""
    rows: dict[str, tuple[Any, ...]] = {}
    for article in articles:
        row = _row(article, now)
        rows[row[0]] = row
    return list(rows.values())


def identity_of(url: str, guid: str, title: str, content: str) -> str:
    """Return what makes an article the same: its canonical URL, else its guid, else its text."""
    if url:
        return _canonical(url)
    if guid:
        return f"guid:{guid}"
    text = f"{len(title)}:{title}{content}".encode("utf-8", "surrogatepass")
    return f"sha256:{hashlib.sha256(text).hexdigest()}"


def _canonical(url: str) -> str:
    """Return a URL without what does not change the page: fragment, trackers, order of the query.

    The rules are those of RFC 3986, section 6.2.2 and 6.2.3, and a list of known trackers.
    """
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:  # not a URL that anybody could fetch: it is what it is
        return url.strip()
    if not parts.netloc:
        return url.strip()
    scheme = parts.scheme.lower()
    host = (parts.hostname or "").rstrip(".")
    netloc = host if port in (None, _PORTS.get(scheme)) else f"{host}:{port}"
    query = [
        (name, value)
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
        if not name.lower().startswith("utm_") and name.lower() not in _TRACKERS
    ]
    return urlunsplit((scheme, netloc, parts.path or "/", urlencode(sorted(query)), ""))


def _row(article: Any, now: float) -> tuple[Any, ...]:
    title = _text(_of(article, "title"))
    url = _text(_of(article, "url"))
    guid = _text(_of(article, "guid"))
    content = _text(_of(article, "content"))
    return (
        clean(identity_of(url, guid, title, content)),
        url,
        guid,
        title,
        _when(_of(article, "published")),
        _text(_of(article, "summary")),
        content,
        _json(_several(_of(article, "authors"))),
        _json(_several(_of(article, "tags"))),
        _json(_of(article, "page")),
        _json(_of(article, "analysis")),
        now,
        now,
    )


def _of(article: Any, name: str) -> Any:
    """Read a field of a mapping, or an attribute of an object."""
    if isinstance(article, Mapping):
        return article.get(name)
    return getattr(article, name, None)


def _text(value: Any) -> str:
    return "" if value is None else clean(str(value))


def _several(value: Any) -> list[str]:
    if value is None:
        return []
    if isinstance(value, str):
        return [value]
    return [str(one) for one in value]


def _when(value: Any) -> str | None:
    """Return a time as ISO 8601, in UTC where the zone is known."""
    if value is None or value == "":
        return None
    if isinstance(value, datetime):
        return (value.astimezone(UTC) if value.tzinfo else value).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value, UTC).isoformat()
    if isinstance(value, time.struct_time):
        return datetime(*value[:6], tzinfo=UTC).isoformat()
    return clean(str(value))


def _json(value: Any) -> str | None:
    if value is None:
        return None
    try:
        return msgspec.json.encode(value, enc_hook=_plain).decode()
    except UnicodeEncodeError:  # a lone surrogate: JSON can write it as an escape
        return json.dumps(msgspec.to_builtins(value, enc_hook=_plain))


def _plain(value: Any) -> Any:
    """Turn what msgspec does not know into what it knows; a pydantic model, or any plain object."""
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if isinstance(value, Mapping):
        return dict(value)
    return vars(value) if hasattr(value, "__dict__") else str(value)
