"""The ledgers: what left, and what it cost."""

import pytest

from ai_catalyst.errors import UserError
from ai_catalyst.store import Cost, CostSum, Egress, Store

DAY = 86_400.0


async def test_what_left_is_told_in_order_by_run_and_since_a_time(store: Store) -> None:
    rows = [
        Egress(3.0, "openai", "api.example.com", 300, {"NAME": 2, "EMAIL": 1}, "r2"),
        Egress(1.0, "local", "127.0.0.1", 100, {}, "r1"),
        Egress(2.0, "openai", "api.example.com", 200, {"NAME": 1}, "r1"),
    ]
    await store.record_egress(rows)
    assert [e async for e in store.egress()] == [rows[1], rows[2], rows[0]]
    assert [e async for e in store.egress(run="r1")] == [rows[1], rows[2]]
    assert [e async for e in store.egress(since=2.0)] == [rows[2], rows[0]]
    await store.record_egress([])


async def test_costs_are_summed_by_day_run_endpoint_and_model(store: Store) -> None:
    await store.record_costs(
        [
            Cost(0.0, "openai", "big", 10, 5, 0.25, "ok", "r1"),
            Cost(10.0, "openai", "small", 20, 5, 0.5, "ok", "r1"),
            Cost(DAY, "local", "big", 30, 5, 0.0, "RateLimited", "r2"),
        ]
    )
    first, second = CostSum("1970-01-01", 2, 30, 10, 0.75), CostSum("1970-01-02", 1, 30, 5, 0.0)
    assert await store.costs() == [first, second]
    assert [(c.name, c.cost_usd) for c in await store.costs("run")] == [("r1", 0.75), ("r2", 0.0)]
    assert [(c.name, c.calls) for c in await store.costs("endpoint")] == [
        ("local", 1),
        ("openai", 2),
    ]
    assert [(c.name, c.calls) for c in await store.costs("model", run="r1")] == [
        ("big", 1),
        ("small", 1),
    ]
    assert await store.costs(since=DAY) == [second]
    assert await store.spent_usd() == 0.75
    assert await store.spent_usd(since=5.0) == 0.5
    assert await store.spent_usd(run="r2") == 0.0


async def test_nothing_paid_is_nothing(store: Store) -> None:
    assert await store.costs() == []
    assert await store.spent_usd() == 0.0


async def test_an_unknown_sum_is_refused_by_name(store: Store) -> None:
    with pytest.raises(UserError, match="'colour': it is one of day, run, endpoint, model"):
        await store.costs("colour")


async def test_figures_of_the_whole_store(store: Store) -> None:
    await store.journal().commit([(b"1", b""), (b"2", b"")])
    await store.journal().fail([(b"3", "no")])
    await store.start_run("x")
    await store.record_costs([Cost(0.0, "e", "m", 1, 1, 0.5)])
    await store.record_egress([Egress(0.0, "e", "h", 10), Egress(0.0, "e", "h", 5)])
    await store.cache.set("api", "k", 1)
    stats = await store.stats()
    assert (stats.done, stats.failed, stats.runs, stats.calls) == (2, 1, 1, 1)
    assert (stats.cost_usd, stats.bytes_sent, stats.articles) == (0.5, 15, 0)
    assert stats.cache.kinds == {"api": 1}
    assert stats.bytes > 4096
    assert stats.path == str(store.path)
