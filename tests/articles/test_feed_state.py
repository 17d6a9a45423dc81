from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_catalyst.articles.feed_state import (
    FeedState,
    FeedStates,
    Hints,
    after_failure,
    due_at,
    hints_of,
)
from ai_catalyst.articles.feeds import RSSParser
from ai_catalyst.articles.testing import Answer, Site
from ai_catalyst.documents.feeds import parse_feed
from ai_catalyst.errors import SourceError
from ai_catalyst.io import HttpClient
from ai_catalyst.store import Store

MONDAY = datetime(2026, 3, 2, 10, 0, tzinfo=UTC).timestamp()
HOUR = 3600.0
FEED = b"""<rss xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"><channel><title>T</title>
<ttl>120</ttl><sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>4</sy:updateFrequency>
<skipHours><hour>3</hour><hour>24</hour><hour>x</hour></skipHours>
<skipDays><day>Saturday</day><day>sunday</day></skipDays>
<item><title>One</title><link>https://example.org/1</link></item></channel></rss>"""


@pytest.mark.parametrize(
    ("hints", "hours"),
    [
        (Hints(), 1),
        (Hints(ttl_s=2 * HOUR, max_age_s=HOUR), 2),
        (Hints(ttl_s=60), 300 / HOUR),
        (Hints(every_s=365 * 86400), 7 * 24),
        (Hints(retry_after_s=9 * 24 * HOUR), 9 * 24),
        (Hints(skip_hours=(11, 12)), 3),
        (Hints(skip_days=(0,)), 14),
        (Hints(skip_hours=range(24)), 1),
        (Hints(max_age_s=0), 1),
    ],
)
def test_feed_and_server_say_when_to_come_back(hints: Hints, hours: float) -> None:
    assert due_at(MONDAY, hints) == MONDAY + hours * HOUR


@given(
    st.floats(0, 4e9),
    st.builds(
        Hints,
        ttl_s=st.none() | st.floats(-1, 1e12),
        max_age_s=st.none() | st.floats(-1, 1e12),
        retry_after_s=st.none() | st.floats(0, 1e6),
        skip_hours=st.lists(st.integers(0, 23), max_size=23),
        skip_days=st.lists(st.integers(0, 6), max_size=6),
    ),
    st.integers(0, 10**6),
)
def test_the_next_visit_is_never_sooner_than_allowed_nor_without_end(
    now: float, hints: Hints, failures: int
) -> None:
    due = due_at(now, hints, failures=failures)
    assert now + 300 <= due + 1e-3
    assert due <= now + 7 * 86400 + 1e6 + 8 * 86400
    assert due >= now + (hints.retry_after_s or 0) - 1e-3


def test_each_failure_doubles_the_wait() -> None:
    state = FeedState("https://example.org/f")
    waits = []
    for _ in range(3):
        state = after_failure(state, MONDAY)
        waits.append((state.due - MONDAY) / HOUR)
    assert (waits, state.failures) == ([2, 4, 8], 3)


def test_hints_are_read_from_headers_and_feed() -> None:
    now = datetime(2026, 3, 2, tzinfo=UTC)
    headers = {"Cache-Control": "public, max-age=900", "Retry-After": "30"}
    assert hints_of(headers, parse_feed(FEED), now) == Hints(
        7200.0, 21600.0, 900.0, 30.0, (0, 3), (5, 6)
    )
    expires = {"Expires": "Mon, 02 Mar 2026 01:00:00 GMT"}
    assert hints_of(expires, None, now).max_age_s == HOUR
    assert hints_of({"Expires": "0", "Cache-Control": "no-cache"}).max_age_s is None
    assert hints_of({"Expires": "soon"}).max_age_s is None


async def test_a_second_visit_is_conditional_and_brings_nothing_new() -> None:
    answers = {"/f": Answer(FEED, "application/rss+xml", etag='"v1"')}
    with Site(answers) as site:
        async with HttpClient(guard=False) as http:
            parser = RSSParser(http=http)
            state, articles = await parser.visit(FeedState(f"{site.url}/f"), MONDAY)
            assert articles is not None
            assert [one.title for one in articles] == ["One"]
            assert (state.title, state.etag, state.changed) == ("T", '"v1"', MONDAY)
            assert state.due == MONDAY + 6 * HOUR
            later, nothing = await parser.visit(state, MONDAY + 6 * HOUR)
    assert nothing is None
    assert (later.etag, later.changed) == ('"v1"', MONDAY)
    assert later.checked == MONDAY + 6 * HOUR


async def test_a_feed_that_moved_for_good_tells_its_new_address() -> None:
    answers = {"/old": Answer.redirect("/f", 301), "/f": Answer(FEED, "text/xml")}
    with Site(answers) as site:
        async with HttpClient(guard=False) as http:
            state, _ = await RSSParser(http=http).visit(FeedState(f"{site.url}/old"), MONDAY)
        assert state.moved_to == f"{site.url}/f"


async def test_a_visit_that_fails_is_an_error_with_the_feed_s_name() -> None:
    with Site({"/f": Answer("<html><body>gone</body></html>")}) as site:
        async with HttpClient(guard=False) as http:
            with pytest.raises(SourceError, match="/f: is a web page, not a feed"):
                await RSSParser(http=http).visit(FeedState(f"{site.url}/f"))


async def test_states_are_kept_and_the_longest_overdue_comes_first(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    states = [
        FeedState("https://example.org/a", etag='"1"', digest=b"x", due=200.0, title="A"),
        FeedState("https://example.org/b", due=100.0),
        FeedState("https://example.org/c", due=900.0),
    ]
    async with Store(path) as store:
        await FeedStates(store).save(states)
    async with Store(path) as store:
        kept = FeedStates(store)
        assert await kept.get("https://example.org/a") == states[0]
        assert await kept.due(500.0) == [states[1], states[0]]
        urls = ["https://example.org/c", "https://example.org/new", "https://example.org/a"]
        assert [one.url for one in await kept.due(500.0, urls)] == [urls[1], urls[2]]
        assert await kept.next_due(["https://example.org/c"]) == 900.0
        assert await kept.next_due([]) is None
        await kept.save([FeedState("https://example.org/b", due=999.0)])
        await kept.drop("https://example.org/a")
        assert await kept.due(500.0) == []
