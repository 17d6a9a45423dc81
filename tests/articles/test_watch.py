"""Claims about watching: when rounds begin, what they read, and what they survive."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_catalyst.articles.watch import LEAST_S, Watcher, next_round
from ai_catalyst.articles.watch_visits import Visits
from ai_catalyst.errors import StoreError, UserError

HOUR = 3600.0
TIMES = st.floats(0, 1e9)


class Clock:
    """A clock that only sleeping moves; the watch is stopped when ``until`` is reached."""

    def __init__(self, until: float) -> None:
        self.now = 1_000_000.0
        self.until = self.now + until

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        if self.now > self.until:
            raise asyncio.CancelledError


class Watched:
    """A watch over feeds that answer as a test says; keeps at what hours what was read."""

    def __init__(
        self,
        visits: Callable[[int], Visits],
        read: Callable[[int], int] = lambda _: 0,
        *,
        hours: float = 5.5,
        others: bool = False,
    ) -> None:
        self.clock = Clock(hours * HOUR)
        self.start = self.clock.now
        self.visited: list[float] = []
        self.read: list[float] = []
        self.said: list[str] = []
        self._visits, self._read = visits, read
        self.watcher = Watcher(
            self._visit,
            self._reads,
            every_s=HOUR,
            others=others,
            say=self.said.append,
            clock=self.clock,
            sleep=self.clock.sleep,
        )

    @property
    def _hour(self) -> float:
        return (self.clock.now - self.start) / HOUR

    async def _visit(self, now: float) -> Visits:
        self.visited.append(self._hour)
        return self._visits(len(self.visited))

    async def _reads(self, number: int, visits: Visits) -> int:
        self.read.append(self._hour)
        return self._read(number)

    async def until_stopped(self) -> None:
        with pytest.raises(asyncio.CancelledError):
            await self.watcher.go()


async def test_a_round_an_hour_reads_only_when_a_feed_has_changed() -> None:
    watched = Watched(lambda n: Visits(new=["u"] if n == 4 else [], same=["u"]))
    await watched.until_stopped()
    assert watched.visited == [0, 1, 2, 3, 4, 5]
    assert watched.read == [0, 3]
    assert any("nothing new" in line for line in watched.said)


async def test_feeds_that_want_to_be_left_alone_for_longer_are() -> None:
    watched = Watched(lambda _: Visits(same=["u"], due=watched.clock.now + 2 * HOUR))
    await watched.until_stopped()
    assert watched.visited == [0, 2, 4]


async def test_feeds_that_could_be_asked_sooner_are_not() -> None:
    watched = Watched(lambda _: Visits(same=["u"], due=watched.clock.now + 60))
    await watched.until_stopped()
    assert watched.visited == [0, 1, 2, 3, 4, 5]


async def test_pages_and_folders_are_read_each_time_whatever_the_feeds_want() -> None:
    far = 100 * HOUR
    watched = Watched(lambda _: Visits(waiting=["u"], due=watched.clock.now + far), others=True)
    await watched.until_stopped()
    assert watched.read == [0, 1, 2, 3, 4, 5]


async def test_what_failed_is_tried_again_in_the_next_round() -> None:
    watched = Watched(lambda _: Visits(same=["u"]), lambda number: 1 if number == 1 else 0)
    await watched.until_stopped()
    assert watched.read == [0, 1]


@pytest.mark.parametrize("error", [StoreError("the disk is full"), OSError("no space")])
async def test_an_error_ends_its_round_and_not_the_watch(error: Exception) -> None:
    def fail(number: int) -> int:
        if number == 1:
            raise error
        return 0

    watched = Watched(lambda _: Visits(), fail, hours=1.5)
    await watched.until_stopped()
    assert watched.read == [0, 1]
    assert any("round 1 failed" in line and str(error) in line for line in watched.said)


async def test_wrong_use_is_said_at_once() -> None:
    def refuse(number: int) -> int:
        raise UserError("no such model")

    watched = Watched(lambda _: Visits(), refuse)
    with pytest.raises(UserError):
        await watched.watcher.go()


async def test_one_round_returns_what_it_came_to() -> None:
    watched = Watched(lambda _: Visits(), lambda _: 7)
    assert await watched.watcher.go(once=True) == 7
    assert watched.clock.now == watched.start


async def test_a_feed_without_an_answer_is_named_with_the_reason() -> None:
    watched = Watched(lambda _: Visits(failed=[("https://a.example/feed", "answered 503")]))
    await watched.watcher.go(once=True)
    assert "  ✗ https://a.example/feed: answered 503" in watched.said


@given(TIMES, st.floats(0, 1e6), st.floats(1, 1e6), st.none() | TIMES, st.booleans())
def test_rounds_never_overlap_and_never_come_sooner_than_asked(
    started: float, took: float, every: float, due: float | None, others: bool
) -> None:
    now = started + took
    wake = next_round(started, now, every, due, others=others)
    assert wake >= started + every
    assert wake >= now + LEAST_S
    assert others or due is None or wake >= due
