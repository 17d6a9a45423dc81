"""The shared tallies: the same arithmetic in Lua and in Python, and what it promises."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from hypothesis import given, settings
from hypothesis import strategies as st
from real_servers import own_namespace

from ai_catalyst.cluster.rate import lateness, tolerance
from ai_catalyst.cluster.redis_keeper import script
from ai_catalyst.cluster.tallies import TALLIES, Entry, breaker, budget, crowd, rate

TOLD_TIME = "local now = tonumber(table.remove(ARGV))\n"
START = 1_700_000_000_000_000.0
MINUTE = 60_000_000
USD = 1_000_000_000

moments = st.integers(-2_000_000, 40_000_000)  # a step of the clock, now and then backwards
costs = st.integers(1, 3_000_000)
names = st.sampled_from(["a#1", "a#2", "b#1"])

rate_asks = st.one_of(
    st.tuples(st.just("lease"), st.just(0.0), costs, costs, costs),
    st.tuples(st.just("pause"), st.just(START + 5e6), costs),
    st.tuples(st.just("back"), st.just(0.0), costs, st.just(START)),
)
breaker_asks = st.tuples(
    st.sampled_from(["look", "open", "close", "probe", "abandon", "hold"]),
    names,
    st.just(30e6),
    costs,
)
sums = st.integers(0, 2 * USD)


@st.composite
def budget_asks(draw: Any) -> tuple[Any, ...]:
    if draw(st.integers(0, 9)) == 0:
        return ("bury", draw(st.sampled_from(["a", "b"])))
    return (
        *("report", draw(names), 10 * USD, draw(st.sampled_from([0, 0, USD])), 0, 15e6, 1e6),
        *(draw(st.integers(1, 6)), draw(sums), draw(sums), draw(st.integers(0, USD // 10))),
        *(draw(sums), draw(st.integers(0, USD)), draw(sums)),
    )


@pytest.fixture(scope="module")
def client() -> Iterator[tuple[redis.Redis, str]]:
    for url, prefix in own_namespace():
        with redis.Redis.from_url(url) as client:
            yield client, prefix


numbers = itertools.count()


crowd_asks = st.tuples(st.sampled_from(["here", "here", "gone"]), names, st.just(5e6))


@pytest.mark.parametrize(
    ("tally", "asks"),
    [
        ("rate", rate_asks),
        ("breaker", breaker_asks),
        ("budget", budget_asks()),
        ("crowd", crowd_asks),
    ],
)
def test_lua_and_python_reply_the_same(
    client: tuple[redis.Redis, str], tally: str, asks: Any
) -> None:
    server, prefix = client
    digest = server.script_load(TOLD_TIME + script(tally))

    @settings(max_examples=60)
    @given(st.lists(st.tuples(moments, asks), min_size=1, max_size=25))
    def same(steps: list[tuple[int, tuple[Any, ...]]]) -> None:
        key, entry, now = f"{prefix}:{next(numbers)}", Entry(), START
        for step, ask in steps:
            now = max(START, now + step)
            words = [a if isinstance(a, str) else repr(a) for a in (*ask, now)]
            ours = TALLIES[tally](entry, now, *ask)
            assert server.evalsha(digest, 1, key, *words) == ours, (ask, now - START)

    same()


@given(
    st.lists(st.tuples(st.integers(0, 400_000), st.integers(1, 12)), min_size=1, max_size=80),
    st.sampled_from([(5.0, 1.0), (50.0, 1.0), (20.0, 10.0), (1.0, 5.0)]),
)
def test_no_window_holds_more_than_the_rate_and_the_burst(
    asked: list[tuple[int, int]], pace: tuple[float, float]
) -> None:
    """Whoever asks whenever: used at once or as late as may be, permits keep to the rate."""
    units, burst = pace
    entry, now, passed = Entry(), START, []
    late = lateness(units, burst) * 1e6
    for number, (step, many) in enumerate(asked):
        now += step
        ask = [tolerance(units, burst) * 1e6, *([1e6 / units] * many)]
        for due in rate(entry, now, "lease", 0.0, *ask)[3:]:
            first = max(due, now)
            passed.append(first if number % 2 else max(first, due + late))
    passed.sort()
    for i, start in enumerate(passed):
        for j in range(i, len(passed)):
            window = (passed[j] - start) / 1e6
            most = units * window + burst + 0.02 * units + 1
            assert j - i + 1 <= most + 1e-3


def test_a_rate_that_was_lost_is_taken_up_where_those_who_ask_know_it_was() -> None:
    entry = Entry()
    *_, due = rate(entry, START, "lease", 0.0, 0.0, 2e6)
    full = rate(entry, START, "lease", 0.0, 0.0, 2e6)[2]
    lost = Entry()
    assert rate(lost, START, "lease", full, 0.0, 2e6)[3] == START + 4e6
    assert due == START
    far = rate(Entry(), START, "lease", START + 900e6, 0.0, 2e6)
    assert far[3] <= START + MINUTE, "a nonsensical moment is not believed"


def test_a_clock_that_is_set_back_stops_nobody() -> None:
    entry = Entry()
    rate(entry, START, "lease", 0.0, 0.0, 1e6)
    hour_ago = START - 3600e6
    assert rate(entry, hour_ago, "lease", 0.0, 0.0, 1e6)[3] == hour_ago + 1e6
    shut = Entry()
    breaker(shut, START, "open", "a", 30e6)
    assert breaker(shut, hour_ago, "look", "a", 30e6)[1] <= 30e6


def test_what_is_given_back_counts_only_in_the_same_busy_time() -> None:
    entry = Entry()
    began = rate(entry, START, "lease", 0.0, 0.0, 1e6, 1e6)[1]
    assert rate(entry, START, "back", 0.0, 1e6, began)[2] == START + 1e6
    later = START + 10e6
    rate(entry, later, "lease", 0.0, 0.0, 1e6)
    assert rate(entry, later, "back", 0.0, 1e6, began)[2] == later + 1e6


def test_a_call_heavier_than_the_burst_passes_alone() -> None:
    entry = Entry()
    first = rate(entry, START, "lease", 0.0, 1e6, 5e6, 1e6)
    assert first[3:] == [START, START + 5e6]


def report(entry: Entry, now: float, owner: str, number: int, **told: float) -> list[int]:
    known: dict[str, float] = {
        "limit": 10 * USD,
        "floor": 0,
        "epoch": 0,
        "lease": 15e6,
        "beat": 1e6,
        "number": number,
        "spent": 0,
        "reserved": 0,
        "give": 0,
        "want": 0,
        "least": 0,
        "granted": 0,
    }
    return budget(entry, now, "report", owner, *(known | told).values())


@given(st.lists(st.tuples(names, st.integers(0, USD), st.integers(0, 100)), max_size=60))
def test_owners_never_hold_more_than_the_limit(asked: list[tuple[str, int, int]]) -> None:
    entry = Entry()
    held: dict[str, int] = {}
    for number, (owner, want, percent) in enumerate(asked):
        granted = report(
            entry,
            START + number,
            owner,
            number,
            spent=held.get(owner, 0) * percent // 100,
            want=want,
            least=want // 3,
        )[1]
        held[owner] = granted
        assert sum(held.values()) <= 10 * USD


def test_a_dead_owner_keeps_what_its_calls_may_have_cost_and_gives_the_rest() -> None:
    entry = Entry()
    report(entry, START, "a#1", 1, want=4 * USD, least=4 * USD)
    report(entry, START, "a#1", 2, spent=USD, reserved=USD)
    assert report(entry, START + 14e6, "b#1", 1)[2] == 6 * USD
    assert report(entry, START + 16e6, "b#1", 2)[2] == 8 * USD
    woken = report(entry, START + 17e6, "a#1", 3, spent=USD, reserved=USD)
    assert woken[1] == 2 * USD, "a frozen owner finds its portion gone"


def test_a_buried_owner_is_dead_at_once_and_only_that_one() -> None:
    entry = Entry()
    for owner in ("n/a#1", "n/ab#1"):
        report(entry, START, owner, 1, want=4 * USD, least=4 * USD)
    assert budget(entry, START, "bury", "n/a") == [1]
    assert budget(entry, START, "bury", "n/a") == [0]
    assert report(entry, START, "c#1", 1)[2] == 6 * USD


def test_what_is_asked_twice_is_done_once() -> None:
    entry = Entry()
    for _ in range(2):
        assert report(entry, START, "a#1", 1, want=USD, least=USD)[1] == USD
    for _ in range(2):
        assert report(entry, START, "a#1", 2, give=USD // 2)[1] == USD // 2
    assert report(entry, START, "a#1", 1, want=USD, least=USD)[1] == USD // 2


def test_after_the_books_are_lost_nothing_is_granted_before_all_have_reported() -> None:
    entry = Entry()
    epoch = report(entry, START, "a#1", 1, want=4 * USD, least=4 * USD)[0]
    report(entry, START, "b#1", 1, want=4 * USD, least=4 * USD)
    lost = Entry()
    now = START + 1e6
    first = report(
        lost, now, "a#1", 9, epoch=epoch, granted=4 * USD, floor=USD, want=USD, least=USD
    )
    assert (first[1], first[4]) == (4 * USD, 2e6)
    report(lost, now + 1e6, "b#1", 9, epoch=epoch, granted=4 * USD)
    later = report(lost, now + 5e6, "a#1", 10, epoch=first[0], granted=4 * USD, want=2 * USD)
    assert later[2] <= 10 * USD - 8 * USD - USD, "what the store knows was paid, counts"


def test_a_run_that_is_resumed_has_paid_before() -> None:
    entry = Entry()
    first = report(entry, START, "a#1", 1, floor=9 * USD, want=2 * USD, least=2 * USD)
    assert (first[1], first[4]) == (0, 2e6)
    then = report(entry, START + 3e6, "a#1", 2, floor=9 * USD, want=2 * USD, least=2 * USD)
    assert (then[1], then[2]) == (0, USD)


def test_idle_money_of_others_is_called_for() -> None:
    entry = Entry()
    report(entry, START, "a#1", 1, want=10 * USD, least=10 * USD)
    reply = report(entry, START, "b#1", 1, want=USD, least=USD)
    assert (reply[1], reply[3]) == (0, 10 * USD)
    assert report(entry, START, "a#1", 2)[5] == 1
    report(entry, START, "a#1", 3, give=10 * USD)
    assert report(entry, START, "b#1", 2, want=USD, least=USD)[1] >= USD


def test_who_is_not_heard_of_is_not_counted() -> None:
    entry = Entry()
    assert crowd(entry, START, "here", "a", 5e6) == [1]
    assert crowd(entry, START + 1e6, "here", "b", 5e6) == [2]
    assert crowd(entry, START + 5.5e6, "here", "b", 5e6) == [1]
    assert crowd(entry, START + 6e6, "gone", "b", 5e6) == [0]


def test_one_probe_passes_over_all() -> None:
    entry = Entry()
    assert breaker(entry, START, "open", "a", 30e6)[:2] == [1, 30e6]
    assert breaker(entry, START + 29e6, "probe", "a", 30e6)[3] == 0
    assert breaker(entry, START + 31e6, "probe", "a", 30e6)[3] == 1
    assert breaker(entry, START + 31e6, "probe", "b", 30e6)[3] == 0
    assert breaker(entry, START + 62e6, "probe", "b", 30e6)[3] == 1, "a lost probe is forgotten"
    breaker(entry, START + 63e6, "abandon", "b", 30e6)
    assert breaker(entry, START + 63e6, "probe", "a", 30e6)[3] == 1
    assert breaker(entry, START + 64e6, "close", "a", 30e6)[0] == 0
    assert not entry
