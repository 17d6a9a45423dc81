"""Whose answer counts, when the next endpoint is asked, and what is left behind: nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest

from ai_catalyst.errors import AllEndpointsFailed
from ai_catalyst.llm import Endpoint, LLMProvider
from ai_catalyst.llm.testing import Behaviour, ModelServer

Provide = Callable[..., LLMProvider]
Servers = Callable[..., ModelServer]

HANGS = Behaviour(hang=True)
REFUSED = Endpoint("nobody", "local", "http://127.0.0.1:9/v1", "m")


def seconds_since(began: float) -> float:
    return time.monotonic() - began


async def test_the_nearest_tier_is_asked_first(provide: Provide, servers: Servers) -> None:
    near, far = servers(Behaviour("near")), servers(Behaviour("far"))
    llm = provide(far.endpoint("far", "cloud"), near.endpoint("near", "local"))
    answer = await llm.generate_async("hello")
    assert (str(answer), answer.endpoint, answer.tier) == ("near", "near", "local")
    assert far.count == 0


async def test_an_endpoint_that_fails_is_followed_by_the_next_at_once(
    provide: Provide, server: ModelServer
) -> None:
    llm = provide(REFUSED, server.endpoint("b", "network"))
    began = time.monotonic()
    answer = await llm.generate_async("hello")
    assert [(a.endpoint, a.outcome) for a in answer.attempts] == [("nobody", "failed"), ("b", "ok")]
    assert seconds_since(began) < 0.5


@pytest.mark.parametrize(("failover", "most"), [("hedged", 1.1), ("concurrent", 1.1)])
async def test_three_endpoints_that_hang_cost_one_time_out_together(
    provide: Provide, servers: Servers, failover: str, most: float
) -> None:
    hanging = [servers(HANGS) for _ in range(3)]
    llm = provide(
        *(each.endpoint(f"e{n}", "cloud", private=True) for n, each in enumerate(hanging)),
        timeout=0.5,
        failover=failover,
    )
    began = time.monotonic()
    with pytest.raises(AllEndpointsFailed) as caught:
        await llm.generate_async("hello")
    assert 0.5 <= seconds_since(began) < 0.5 * most + 0.03
    assert [(a.endpoint, a.outcome) for a in caught.value.attempts] == [
        (f"e{n}", "timeout") for n in range(3)
    ]
    assert [each.count for each in hanging] == [1, 1, 1]


async def test_three_endpoints_that_hang_cost_three_time_outs_in_a_row(
    provide: Provide, servers: Servers
) -> None:
    hanging = [servers(HANGS) for _ in range(3)]
    llm = provide(
        *(each.endpoint(f"e{n}") for n, each in enumerate(hanging)),
        timeout=0.2,
        failover="sequential",
    )
    began = time.monotonic()
    with pytest.raises(AllEndpointsFailed) as caught:
        await llm.generate_async("hello")
    assert 0.6 <= seconds_since(began) < 0.75
    assert [a.outcome for a in caught.value.attempts] == ["timeout"] * 3
    assert all(0.19 < a.seconds < 0.3 for a in caught.value.attempts)


async def test_silence_for_a_fifth_of_the_time_out_starts_the_next_tier(
    provide: Provide, servers: Servers
) -> None:
    silent, ready = servers(HANGS), servers(Behaviour("ready"))
    llm = provide(silent.endpoint("silent"), ready.endpoint("ready", "network"), timeout=1.0)
    began = time.monotonic()
    answer = await llm.generate_async("hello")
    assert answer.endpoint == "ready"
    assert 0.2 <= seconds_since(began) < 0.4
    assert [a.outcome for a in answer.attempts] == ["cancelled", "ok"]


async def test_losers_are_cancelled_and_their_server_sees_it(
    provide: Provide, servers: Servers
) -> None:
    slow, fast = servers(HANGS), servers(Behaviour("fast"))
    llm = provide(slow.endpoint("slow"), fast.endpoint("fast"), failover="concurrent")
    answer = await llm.generate_async("hello")
    assert answer.endpoint == "fast"
    for _ in range(200):
        if slow.cancelled:
            break
        await asyncio.sleep(0.005)
    assert slow.cancelled == 1


async def test_concurrent_asks_all_at_once_and_bears_the_first_failing(
    provide: Provide, servers: Servers
) -> None:
    bad, slow = servers(Behaviour(status=500)), servers(Behaviour("slow", delay_s=0.1))
    llm = provide(bad.endpoint("bad"), slow.endpoint("slow"), failover="concurrent")
    answer = await llm.generate_async("hello")
    assert answer.endpoint == "slow"
    assert sorted(a.outcome for a in answer.attempts) == ["failed", "ok"]


async def test_a_hedge_goes_out_after_the_learned_quantile_and_wins(
    provide: Provide, servers: Servers
) -> None:
    primary, other = servers(Behaviour("a")), servers(Behaviour("b"))
    llm = provide(primary.endpoint("a"), other.endpoint("b", "network"), timeout=10)
    for number in range(40):
        await llm.generate_async(f"warm {number}")
    assert other.count == 0
    primary.script(Behaviour(delay_s=1.0))
    began = time.monotonic()
    answer = await llm.generate_async("now it is slow")
    assert answer.endpoint == "b"
    assert seconds_since(began) < 0.5  # silence alone would have taken two seconds


async def test_hedges_stay_within_a_twentieth_of_the_calls(
    provide: Provide, servers: Servers
) -> None:
    primary, other = servers(Behaviour("a")), servers(Behaviour("b"))
    llm = provide(primary.endpoint("a"), other.endpoint("b", "network"), timeout=10)
    for number in range(25):
        await llm.generate_async(f"warm {number}")
    primary.default = Behaviour("late", delay_s=0.1)  # every call is slower than the learned p95
    for number in range(15):
        await llm.generate_async(f"slow {number}")
    assert other.count <= (25 + 15) * 0.05 + 1


async def test_nothing_is_hedged_to_a_stranger_when_the_gate_is_off(
    provide: Provide, servers: Servers
) -> None:
    primary, cloud = servers(Behaviour("a")), servers(Behaviour("b"))
    llm = provide(
        primary.endpoint("a"),
        cloud.endpoint("b", "cloud", private=False),
        timeout=10,
        privacy="off",
    )
    for number in range(40):
        await llm.generate_async(f"warm {number}")
    primary.script(Behaviour("a", delay_s=0.15))
    assert (await llm.generate_async("slow")).endpoint == "a"
    assert cloud.count == 0


async def test_once_an_endpoint_has_begun_the_others_are_let_go(
    provide: Provide, servers: Servers
) -> None:
    slow = servers(Behaviour("one two three", delay_s=0.35, gap_s=0.1))
    other = servers(Behaviour("x y z", delay_s=0.4, gap_s=0.1))
    llm = provide(slow.endpoint("slow"), other.endpoint("other", "network"), timeout=1.0)
    answer = await llm.generate_async("hello")
    assert (answer.endpoint, answer.text) == ("slow", "one two three")
    assert other.count == 1


async def test_a_rate_limited_endpoint_is_left_at_once_for_the_next(
    provide: Provide, servers: Servers
) -> None:
    limited = servers(Behaviour(status=429, headers={"Retry-After": "30"}))
    other = servers(Behaviour("other"))
    llm = provide(limited.endpoint("limited"), other.endpoint("other", "network"))
    assert (await llm.generate_async("one")).endpoint == "other"
    second = await llm.generate_async("two")
    assert [a.endpoint for a in second.attempts] == ["other"]
    assert limited.count == 1  # it asked for thirty seconds, and gets them


async def test_the_only_endpoint_is_waited_for_as_long_as_it_asks(
    provide: Provide, server: ModelServer
) -> None:
    server.script(Behaviour(status=429, headers={"Retry-After-Ms": "150"}))
    llm = provide(server.endpoint())
    began = time.monotonic()
    answer = await llm.generate_async("hello")
    assert 0.15 <= seconds_since(began) < 1.0
    assert [a.outcome for a in answer.attempts] == ["rate_limited", "ok"]


async def test_a_wait_longer_than_the_call_may_take_is_not_begun(
    provide: Provide, server: ModelServer
) -> None:
    server.default = Behaviour(status=429, headers={"Retry-After": "3600"})
    llm = provide(server.endpoint())
    began = time.monotonic()
    with pytest.raises(AllEndpointsFailed) as caught:
        await llm.generate_async("hello")
    assert seconds_since(began) < 0.5
    assert [a.outcome for a in caught.value.attempts] == ["rate_limited"]


async def test_the_only_endpoint_is_tried_again_after_an_error_that_passes(
    provide: Provide, server: ModelServer
) -> None:
    server.script(Behaviour(status=503), Behaviour(status=500))
    llm = provide(server.endpoint())
    answer = await llm.generate_async("hello")
    assert [a.outcome for a in answer.attempts] == ["failed", "failed", "ok"]


async def test_retries_stop_when_their_budget_is_used_up(
    provide: Provide, server: ModelServer
) -> None:
    server.default = Behaviour(status=400, error="invalid_request")
    llm = provide(server.endpoint())
    llm._routes[0].lane.retries.saved = 0.0
    server.default = Behaviour(status=500)
    with pytest.raises(AllEndpointsFailed) as caught:
        await llm.generate_async("hello")
    assert len(caught.value.attempts) == 1


async def test_a_breaker_keeps_us_away_from_what_fails_and_lets_a_probe_through(
    provide: Provide, servers: Servers
) -> None:
    sick, other = servers(Behaviour(status=500)), servers(Behaviour("other"))
    llm = provide(sick.endpoint("sick"), other.endpoint("other", "network"))
    for number in range(8):
        assert (await llm.generate_async(f"{number}")).endpoint == "other"
    assert sick.count == 5
    lane = llm._routes[0].lane
    assert lane.breaker.state == "open"
    sick.default = Behaviour("well again")
    lane.breaker._opened_at -= 60  # type: ignore[operator]
    assert (await llm.generate_async("probe")).endpoint == "sick"
    assert lane.breaker.state == "closed"


async def test_the_only_endpoint_is_asked_even_with_an_open_breaker(
    provide: Provide, server: ModelServer
) -> None:
    llm = provide(server.endpoint())
    for _ in range(5):
        llm._routes[0].lane.breaker.failure()
    assert (await llm.generate_async("hello")).text == "Hello."


async def test_a_caller_who_is_cancelled_leaves_nothing_behind(
    provide: Provide, servers: Servers
) -> None:
    slow = [servers(HANGS) for _ in range(2)]
    llm = provide(*(each.endpoint(f"e{n}") for n, each in enumerate(slow)), failover="concurrent")
    task = asyncio.create_task(llm.generate_async("hello"))
    while sum(each.in_flight for each in slow) < 2:
        await asyncio.sleep(0.005)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not task.cancelling() - 1


async def test_an_outer_time_out_passes_through(provide: Provide, server: ModelServer) -> None:
    server.default = HANGS
    llm = provide(server.endpoint())
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await llm.generate_async("hello")


async def test_being_interrupted_by_the_race_is_not_being_cancelled(
    provide: Provide, servers: Servers
) -> None:
    slow, fast = servers(HANGS), servers(Behaviour("fast"))
    llm = provide(slow.endpoint("slow"), fast.endpoint("fast"), timeout=2.0)

    async def call() -> int:
        await llm.generate_async("hello")
        task = asyncio.current_task()
        assert task is not None
        return task.cancelling()

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(call()) for _ in range(3)]
    assert [task.result() for task in tasks] == [0, 0, 0]


async def test_no_endpoint_at_all_is_said_with_advice(provide: Provide) -> None:
    with pytest.raises(AllEndpointsFailed, match="CATALYST_LOCAL_URL"):
        await provide().generate_async("hello")


async def test_an_endpoint_known_to_have_the_model_is_asked_for_it(
    provide: Provide, servers: Servers
) -> None:
    small, large = servers(model="small"), servers(model="large")
    llm = provide(small.endpoint("small"), large.endpoint("large", "cloud"))
    assert (await llm.generate_async("hello", model="large")).endpoint == "large"
    assert small.count == 0
