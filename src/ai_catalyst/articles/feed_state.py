"""What is known of a feed between two visits, and when the next one is due."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import msgspec

from ai_catalyst.io.response import retry_after_s

if TYPE_CHECKING:
    from ai_catalyst.documents.feeds import Feed
    from ai_catalyst.io.response import Response
    from ai_catalyst.store import Store

__all__ = [
    "FeedState",
    "FeedStates",
    "Hints",
    "after_answer",
    "after_failure",
    "due_at",
    "hints_of",
]

USUAL_S = 3600.0
LEAST_S = 300.0
MOST_S = 7 * 86400.0
_HOURS = 8 * 24
_MAX_AGE = re.compile(r"(?:^|[\s,])max-age\s*=\s*\"?(\d{1,10})")
_COLUMNS = (
    "url",
    "etag",
    "last_modified",
    "digest",
    "title",
    "moved_to",
    "checked",
    "changed",
    "due",
    "failures",
)
_PUT = (
    f"INSERT INTO feeds({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))}) "  # noqa: S608 - ours
    "ON CONFLICT (url) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS[1:])
)
_GET = f"SELECT {', '.join(_COLUMNS)} FROM feeds"  # noqa: S608 - ours


@dataclass(frozen=True, slots=True)
class Hints:
    """What a feed and its server say of coming back; None where they say nothing.

    ``ttl_s`` and ``every_s`` are the feed's, ``max_age_s`` and ``retry_after_s`` the server's, all
    in seconds; ``skip_hours`` are 0–23 and ``skip_days`` 0 (Monday) to 6, both in UTC.
    """

    ttl_s: float | None = None
    every_s: float | None = None
    max_age_s: float | None = None
    retry_after_s: float | None = None
    skip_hours: Sequence[int] = ()
    skip_days: Sequence[int] = ()


class FeedState(msgspec.Struct, frozen=True):
    """What the last visits to a feed left. Times are seconds since the epoch, 0 for never.

    ``etag`` and ``last_modified`` go into the next conditional request; ``digest`` is that of the
    bytes last seen; ``moved_to`` is the feed's new address, when it told one; ``failures`` counts
    visits without an answer since the last good one. ``hints`` is what the feed itself said when it
    was last parsed: the table does not keep it, and an answer without a feed does not repeat it.
    """

    url: str
    etag: str | None = None
    last_modified: str | None = None
    digest: bytes | None = None
    title: str = ""
    moved_to: str = ""
    checked: float = 0.0
    changed: float = 0.0
    due: float = 0.0
    failures: int = 0
    hints: Hints | None = None


def due_at(
    now: float,
    hints: Hints,
    *,
    failures: int = 0,
    usual_s: float = USUAL_S,
    least_s: float = LEAST_S,
    most_s: float = MOST_S,
) -> float:
    """Return when to visit a feed again, in seconds since the epoch.

    The longest of what feed and server ask for, ``usual_s`` when they ask for nothing, never
    sooner than ``least_s`` nor later than ``most_s``. Each failure in a row doubles the wait. A
    ``Retry-After`` is kept even beyond ``most_s``. Hours and days to be skipped move the visit to
    the first hour that is not, unless all are.
    """
    asked = [one for one in (hints.ttl_s, hints.every_s, hints.max_age_s) if one and one > 0]
    wait = max(asked, default=usual_s) * 2.0 ** min(failures, 16)
    wait = min(max(wait, least_s), most_s)
    return _outside(now + max(wait, hints.retry_after_s or 0.0), hints)


def _outside(moment: float, hints: Hints) -> float:
    """Move a moment out of the hours and days to be skipped."""
    when = datetime.fromtimestamp(moment, UTC)
    for _ in range(_HOURS):
        if when.hour not in hints.skip_hours and when.weekday() not in hints.skip_days:
            return when.timestamp()
        when = when.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    return moment


def hints_of(
    headers: Mapping[str, str], feed: Feed | None = None, now: datetime | None = None
) -> Hints:
    """Read what an answer's headers and the feed in it say of coming back."""
    ttl = feed.ttl_minutes if feed else None
    return Hints(
        ttl_s=None if ttl is None else ttl * 60,
        every_s=feed.update_every_s if feed else None,
        max_age_s=_max_age(headers, now),
        retry_after_s=retry_after_s(headers, now),
        skip_hours=feed.skip_hours if feed else (),
        skip_days=feed.skip_days if feed else (),
    )


def _max_age(headers: Mapping[str, str], now: datetime | None) -> float | None:
    """Return how long an answer may be kept: ``Cache-Control`` counts more than ``Expires``."""
    control = headers.get("Cache-Control", "").lower()
    found = _MAX_AGE.search(control)
    if found:
        return float(found[1])
    if "no-cache" in control or "no-store" in control or not headers.get("Expires"):
        return None
    try:
        expires = parsedate_to_datetime(headers["Expires"])
    except ValueError:
        return None
    expires = expires if expires.tzinfo else expires.replace(tzinfo=UTC)
    return max(0.0, (expires - (now or datetime.now(UTC))).total_seconds())


def after_answer(
    state: FeedState,
    now: float,
    response: Response,
    digest: bytes | None,
    feed: Feed | None,
    *,
    usual_s: float = USUAL_S,
) -> FeedState:
    """Return the state after an answer: with ``feed`` when it was parsed, None when nothing is new.

    What a 304 does not repeat stays as it was. A feed that asks for nothing is due in ``usual_s``.
    """
    moment = datetime.fromtimestamp(now, UTC)
    new = feed is not None and digest != state.digest
    hints = hints_of(response.headers, feed, moment)
    if feed is None and state.hints is not None:
        told = state.hints
        hints = replace(
            hints,
            ttl_s=told.ttl_s,
            every_s=told.every_s,
            skip_hours=told.skip_hours,
            skip_days=told.skip_days,
        )
    return FeedState(
        state.url,
        etag=response.etag or (state.etag if response.not_modified else None),
        last_modified=response.last_modified
        or (state.last_modified if response.not_modified else None),
        digest=digest or state.digest,
        title=(feed.title.value if feed and feed.title else "") or state.title,
        moved_to=_moved(state.url, response, feed) or state.moved_to,
        checked=now,
        changed=now if new else state.changed,
        due=due_at(
            now,
            hints,
            usual_s=usual_s,
            least_s=min(LEAST_S, usual_s),
        ),
        hints=hints,
    )


def _moved(url: str, response: Response, feed: Feed | None) -> str:
    """Return the new address of a feed that moved for good, by its own word or by redirects."""
    if feed is not None and feed.moved_to and feed.moved_to != url:
        return feed.moved_to
    trail = response.redirects
    return trail[-1][1] if trail and all(status in {301, 308} for status, _ in trail) else ""


def after_failure(state: FeedState, now: float, retry_after: float | None = None) -> FeedState:
    """Return the state after a visit that brought nothing; ``retry_after`` is in seconds."""
    failures = state.failures + 1
    due = due_at(now, Hints(retry_after_s=retry_after), failures=failures)
    return msgspec.structs.replace(state, checked=now, due=due, failures=failures)


class FeedStates:
    """The states of all feeds that are followed, kept in a store."""

    def __init__(self, store: Store) -> None:
        """Use a store's table ``feeds``."""
        self._store = store

    async def get(self, url: str) -> FeedState:
        """Return what is known of a feed; a state without visits for one that is new."""
        found = await self._read(f"{_GET} WHERE url = ?", (url,))
        return found[0] if found else FeedState(url)

    async def save(self, states: Iterable[FeedState]) -> None:
        """Keep states, durable when it returns."""
        rows = [tuple(getattr(state, name) for name in _COLUMNS) for state in states]
        await self._store.writer.submit(lambda c: c.executemany(_PUT, rows))

    async def due(self, now: float, urls: Iterable[str] | None = None) -> list[FeedState]:
        """Return the feeds to visit now, the longest overdue first.

        Of ``urls`` those that are due or were never visited; all that are known when None.
        """
        if urls is None:
            return await self._read(f"{_GET} WHERE due <= ? ORDER BY due, id", (now,))
        states = [await self.get(url) for url in dict.fromkeys(urls)]
        return sorted((one for one in states if one.due <= now), key=lambda one: one.due)

    async def next_due(self, urls: Iterable[str]) -> float | None:
        """Return when the next of some feeds is due, None when there are none."""
        return min([(await self.get(url)).due for url in urls], default=None)

    async def drop(self, url: str) -> None:
        """Forget a feed."""
        await self._store.writer.submit(
            lambda c: c.execute("DELETE FROM feeds WHERE url = ?", (url,))
        )

    async def _read(self, sql: str, parameters: tuple[object, ...]) -> list[FeedState]:
        def run(connection: sqlite3.Connection) -> list[FeedState]:
            rows = connection.execute(sql, parameters).fetchall()
            return [FeedState(*row) for row in rows]

        return await self._store.read(run)
