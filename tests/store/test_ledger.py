"""The ledgers: what left, and what it cost."""

import pytest

from ai_catalyst.errors import UserError
from ai_catalyst.store import Cost, CostSum, Egress, RunStore, Store

DAY = 86_400.0


async def test_what_left_is_told_in_order_by_run_and_since_a_time(either: RunStore) -> None:
    rows = [
        Egress(3.0, "openai", "api.example.com", 300, {"NAME": 2, "EMAIL": 1}, "r2"),
        Egress(1.0, "local", "127.0.0.1", 100, {}, "r1"),
        Egress(2.0, "openai", "api.example.com", 200, {"NAME": 1}, "r1"),
    ]
    await either.record_egress(rows)
    assert [e async for e in either.egress()] == [rows[1], rows[2], rows[0]]
    assert [e async for e in either.egress(run="r1")] == [rows[1], rows[2]]
    assert [e async for e in either.egress(since=2.0)] == [rows[2], rows[0]]
    await either.record_egress([])


async def test_costs_are_summed_by_day_run_endpoint_and_model(either: RunStore) -> None:
    await either.record_costs(
        [
            Cost(0.0, "openai", "big", 10, 5, 0.25, "ok", "r1"),
            Cost(10.0, "openai", "small", 20, 5, 0.5, "ok", "r1"),
            Cost(DAY, "local", "big", 30, 5, 0.0, "RateLimited", "r2"),
        ]
    )
    first, second = CostSum("1970-01-01", 2, 30, 10, 0.75), CostSum("1970-01-02", 1, 30, 5, 0.0)
    assert await either.costs() == [first, second]
    assert [(c.name, c.cost_usd) for c in await either.costs("run")] == [("r1", 0.75), ("r2", 0.0)]
    assert [(c.name, c.calls) for c in await either.costs("endpoint")] == [
        ("local", 1),
        ("openai", 2),
    ]
    assert [(c.name, c.calls) for c in await either.costs("model", run="r1")] == [
        ("big", 1),
        ("small", 1),
    ]
    assert await either.costs(since=DAY) == [second]
    assert await either.spent_usd() == 0.75
    assert await either.spent_usd(since=5.0) == 0.5
    assert await either.spent_usd(run="r2") == 0.0


async def test_nothing_paid_is_nothing(either: RunStore) -> None:
    assert await either.costs() == []
    assert await either.spent_usd() == 0.0


async def test_an_unknown_sum_is_refused_by_name(either: RunStore) -> None:
    with pytest.raises(UserError, match="'colour': it is one of day, run, endpoint, model"):
        await either.costs("colour")


async def test_figures_of_the_whole_store(either: RunStore) -> None:
    await either.journal().commit([(b"1", b""), (b"2", b"")])
    await either.journal().fail([(b"3", "no")])
    await either.start_run("x")
    await either.record_costs([Cost(0.0, "e", "m", 1, 1, 0.5)])
    await either.record_egress([Egress(0.0, "e", "h", 10), Egress(0.0, "e", "h", 5)])
    await either.cache.set("api", "k", 1)
    stats = await either.stats()
    assert (stats.done, stats.failed, stats.runs, stats.calls) == (2, 1, 1, 1)
    assert (stats.cost_usd, stats.bytes_sent, stats.articles) == (0.5, 15, 0)
    assert stats.cache.kinds == {"api": 1}
    assert stats.bytes > 4096
    where = either.path if isinstance(either, Store) else either.place
    assert stats.path == str(where)
