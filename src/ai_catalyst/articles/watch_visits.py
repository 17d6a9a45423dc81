"""Visits to the feeds that are due: what is new, what did not answer, and when to come again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from ai_catalyst.articles.feed_state import FeedState, FeedStates, after_failure
from ai_catalyst.articles.web import keep_feed, keeps_feed, kept_hints, looks_like_a_feed
from ai_catalyst.engine import Batch
from ai_catalyst.errors import FileError, SourceError

if TYPE_CHECKING:
    from ai_catalyst.articles.feeds import RSSParser
    from ai_catalyst.store import Cache

__all__ = ["Visits", "visit_feeds"]

TOGETHER = 8


@dataclass(slots=True)
class Visits:
    """What came of looking at some URLs.

    ``new`` are the feeds that changed, ``failed`` those without an answer with the reason,
    ``waiting`` those that were not due; ``others`` are no feeds. ``due`` is when the first of the
    feeds wants to be asked again, in seconds since the epoch, None without feeds.
    """

    new: list[str] = field(default_factory=list)
    same: list[str] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    due: float | None = None


async def visit_feeds(
    urls: Iterable[str],
    now: float,
    *,
    parser: RSSParser,
    states: FeedStates,
    cache: Cache,
    usual_s: float,
) -> Visits:
    """Ask each feed among ``urls`` that is due whether it has changed, and keep the answer.

    A feed's own ttl, hours to skip, and its server's Retry-After and Cache-Control say when it is
    due again; ``usual_s`` where they say nothing. What did not answer is a value in the result.
    """
    visits = Visits()
    due: list[FeedState] = []
    for url in dict.fromkeys(urls):
        kept = await keeps_feed(cache, url)
        state = await states.get(url)
        if not (kept or looks_like_a_feed(url)):
            visits.others.append(url)
        elif state.due > now:
            visits.waiting.append(url)
            _hear(visits, state.due)
        elif kept:
            due.append(msgspec.structs.replace(state, hints=await kept_hints(cache, url)))
        else:  # a "not modified" would leave us with nothing
            due.append(msgspec.structs.replace(state, etag=None, last_modified=None, digest=None))

    async def visit(state: FeedState) -> None:
        await _visit(visits, state, now, parser, states, cache, usual_s)

    async with Batch(visit, due, TOGETHER) as batch:
        async for outcome in batch:
            outcome.unwrap()
    return visits


async def _visit(
    visits: Visits,
    state: FeedState,
    now: float,
    parser: RSSParser,
    states: FeedStates,
    cache: Cache,
    usual_s: float,
) -> None:
    url = state.url
    try:
        state, articles = await parser.visit(state, now, usual_s=usual_s)
    except SourceError as error:
        if isinstance(error, FileError) and not await keeps_feed(cache, url):
            visits.others.append(
                url
            )  # it only looked like a feed; whoever reads it says what it is
            return
        state = after_failure(state, now, getattr(error, "retry_after_s", None))
        reason = str(error).removeprefix(url).lstrip(": ")
        visits.failed.append((url, reason))
        await keep_feed(cache, state, error=str(error))
    else:
        (visits.same if articles is None else visits.new).append(url)
        await keep_feed(cache, state, articles=articles)
    # Articles before state: a state without them would call a feed unchanged that nobody has read.
    await states.save([state])
    _hear(visits, state.due)


def _hear(visits: Visits, due: float) -> None:
    visits.due = due if visits.due is None else min(visits.due, due)
