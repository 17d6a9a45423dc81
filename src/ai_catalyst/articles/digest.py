"""A digest: what the articles of some days say, by topic, few of each, and who else says it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from ai_catalyst.analysis.plain import clip, safe_text
from ai_catalyst.analysis.reports.story import host_of
from ai_catalyst.analysis.schemas import Analysis
from ai_catalyst.analysis.similar import Groups, sketch

if TYPE_CHECKING:
    from ai_catalyst.store import DatabaseManager

__all__ = ["Digest", "DigestItem", "DigestTopic", "Saved", "compose", "read_digest"]

DAY_S = 86_400.0
TOPICS, ITEMS = 12, 5
MOST_ARTICLES = 20_000
_LEAD_CHARS = 400
_ALSO = "Also"
_SQL = (
    "SELECT title, url, published, tags, page, analysis, saved FROM articles "
    "WHERE saved >= ? AND saved <= ? ORDER BY saved DESC, id DESC"
)


@dataclass(frozen=True, slots=True)
class Saved:
    """A saved article as far as a digest needs it; ``mark`` is the sketch of its text.

    ``date`` is when it was published, else when it was saved, never after that.
    """

    title: str
    url: str
    date: datetime
    analysis: Analysis | None
    tags: tuple[str, ...] = ()
    mark: bytes = b""


@dataclass(frozen=True, slots=True)
class DigestItem:
    """One article, with the addresses of others that say nearly the same."""

    title: str
    url: str
    source: str
    date: str
    summary: str
    why_it_matters: str = ""
    method: str = ""
    same: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class DigestTopic:
    """A topic, how many articles are about it, and the best of them, newest first."""

    name: str
    articles: int
    items: tuple[DigestItem, ...]


@dataclass(frozen=True, slots=True)
class Digest:
    """The articles saved between two days, both ``YYYY-MM-DD`` and in UTC."""

    since: str
    until: str
    days: int
    articles: int = 0
    failed: int = 0
    merged: int = 0
    sources: tuple[tuple[str, int], ...] = ()
    topics: tuple[DigestTopic, ...] = ()


async def read_digest(database: DatabaseManager, *, days: int, now: float) -> Digest:
    """Return the digest of the articles saved in the ``days`` before ``now``.

    ``now`` is in seconds since the epoch; equal clocks and articles give equal digests. Of more
    than 20,000 articles the newest count. Raises `StoreError`.
    """
    rows: list[tuple[Any, ...]] = []
    saved: list[Saved] = []
    async for row in database.stream(_SQL, (now - days * DAY_S, now)):
        rows.append(tuple(row))
        if len(rows) == 64:  # their texts are not kept
            saved += await asyncio.to_thread(_all_read, rows)
            rows = []
        if len(saved) >= MOST_ARTICLES:
            break
    saved += await asyncio.to_thread(_all_read, rows)
    return await asyncio.to_thread(compose, saved, days=days, now=now)


def _all_read(rows: Sequence[tuple[Any, ...]]) -> list[Saved]:
    return [_read(*row) for row in rows]


def _read(
    title: str,
    url: str,
    published: str | None,
    tags: str,
    page: str | None,
    analysis: str | None,
    saved: float,
) -> Saved:
    known = _decoded(analysis, Analysis)
    text = _decoded(page, dict[str, Any])
    return Saved(
        title=title,
        url=url,
        date=_date(published, saved),
        analysis=known,
        tags=tuple(_decoded(tags, list[str]) or ()),
        mark=sketch(str((text or {}).get("text") or "")),
    )


def _decoded(stored: str | None, kind: Any) -> Any:
    if not stored:
        return None
    try:
        return msgspec.json.decode(stored, type=kind)
    except msgspec.MsgspecError:  # saved by somebody else in a form of their own
        return None


def _date(published: str | None, saved: float) -> datetime:
    kept = datetime.fromtimestamp(saved, UTC)
    try:
        told = datetime.fromisoformat(published or "")
    except ValueError:
        return kept
    return min(told if told.tzinfo else told.replace(tzinfo=UTC), kept)


@dataclass(slots=True)
class _Story:
    """An article and the others that say nearly the same."""

    first: Saved
    same: list[Saved] = field(default_factory=list)

    @property
    def topics(self) -> dict[str, str]:
        """The topics by their name without case, each as it is written."""
        analysis = self.first.analysis
        named = (analysis.topics if analysis else []) or self.first.tags
        shown = [safe_text(name, 80) for name in named]
        return {name.casefold(): name for name in shown if name}

    @property
    def rank(self) -> tuple[Any, ...]:
        """What makes it worth a place: told by many, told surely, told lately."""
        analysis = self.first.analysis
        sure = analysis.confidence if analysis else 0.0
        return (-len(self.same), -round(sure, 1), *self.newest)

    @property
    def newest(self) -> tuple[Any, ...]:
        """Sorts the newest first, equal ones by their names."""
        return (-self.first.date.timestamp(), self.first.title, self.first.url)


def compose(
    saved: Iterable[Saved],
    *,
    days: int,
    now: float,
    most_topics: int = TOPICS,
    most_items: int = ITEMS,
) -> Digest:
    """Return the digest of saved articles: each one once, under its most frequent topic."""
    everything = list(saved)
    read = sorted(
        (one for one in everything if one.analysis is not None and one.analysis.summary.strip()),
        key=lambda one: (-one.date.timestamp(), one.title, one.url),
    )
    stories = _merged(read)
    topics = _by_topic(stories, most_topics)
    sources = Counter(host_of(one.url) for one in read)
    return Digest(
        since=_day(now - days * DAY_S),
        until=_day(now),
        days=days,
        articles=len(read),
        failed=len(everything) - len(read),
        merged=len(read) - len(stories),
        sources=tuple(sorted(sources.items(), key=lambda pair: (-pair[1], pair[0]))),
        topics=tuple(
            DigestTopic(name, len(about), _items(about, most_items)) for name, about in topics
        ),
    )


def _day(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).date().isoformat()


def _merged(read: Sequence[Saved]) -> list[_Story]:
    groups = Groups()
    stories: dict[int, _Story] = {}
    for place, one in enumerate(read):
        first = groups.add(place, one.mark)
        if first is None:
            stories[place] = _Story(one)
        else:
            stories[first].same.append(one)
    return list(stories.values())


def _by_topic(stories: Sequence[_Story], most: int) -> list[tuple[str, list[_Story]]]:
    """Give each story to one topic: the most frequent one takes its stories, then the next."""
    counts = Counter(key for story in stories for key in story.topics)
    names: dict[str, str] = {}
    for story in stories:
        for key, name in story.topics.items():
            names.setdefault(key, name)
    left = list(stories)
    found: list[tuple[str, list[_Story]]] = []
    for key, number in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])):
        about = [story for story in left if key in story.topics]
        if number < 2 or len(found) == most:
            break
        if len(about) > 1:
            found.append((names[key], about))
            left = [story for story in left if key not in story.topics]
    return [*found, (_ALSO, left)] if left else found


def _items(stories: Sequence[_Story], most: int) -> tuple[DigestItem, ...]:
    best = sorted(stories, key=lambda story: story.rank)[:most]
    return tuple(_item(story) for story in sorted(best, key=lambda story: story.newest))


def _item(story: _Story) -> DigestItem:
    one = story.first
    analysis = one.analysis or Analysis()
    return DigestItem(
        title=safe_text(one.title, 240) or one.url,
        url=one.url,
        source=host_of(one.url),
        date=one.date.date().isoformat(),
        summary=clip(safe_text(analysis.summary), _LEAD_CHARS),
        why_it_matters=safe_text(analysis.why_it_matters),
        method=analysis.method,
        same=tuple((host_of(other.url), other.url) for other in story.same),
    )
