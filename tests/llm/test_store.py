"""With a store answers are remembered, and every attempt and departure is in its books."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING

import pytest

from ai_catalyst.errors import AllEndpointsFailed
from ai_catalyst.llm import Endpoint, LLMProvider
from ai_catalyst.llm.route import Route
from ai_catalyst.llm.testing import Behaviour, ModelServer, Request
from ai_catalyst.store import Store

if TYPE_CHECKING:
    from pathlib import Path

Provide = Callable[..., LLMProvider]

MAIL = "jane.roe@example.com"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with Store(tmp_path / "store.db") as opened:
        yield opened


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let requests to loopback count as leaving this machine."""
    plain = Route.__init__

    def leaving(self: Route, *args: object) -> None:
        plain(self, *args)  # type: ignore[arg-type]
        self.leaves = True

    monkeypatch.setattr(Route, "__init__", leaving)


async def test_an_answer_is_remembered_and_costs_nothing_the_second_time(
    provide: Provide, server: ModelServer, store: Store
) -> None:
    endpoint = server.endpoint("c", "cloud", model="gpt-4o")
    first = await provide(endpoint, store=store).generate_async("same")
    again = await provide(endpoint, store=store).generate_async("same")
    assert (first.cached, again.cached) == (False, True)
    assert (again.text, again.cost_usd) == (first.text, 0.0)
    assert again.usage == first.usage
    assert server.count == 1
    assert not (await provide(endpoint, store=store).generate_async("other")).cached


async def test_without_a_store_nothing_is_remembered(provide: Provide, server: ModelServer) -> None:
    llm = provide(server.endpoint())
    await llm.generate_async("same")
    await llm.generate_async("same")
    assert server.count == 2


async def test_what_is_remembered_is_what_was_sent(
    provide: Provide, server: ModelServer, store: Store
) -> None:
    server.default = lambda request: Behaviour(request.prompt)
    stranger = server.endpoint("c", "cloud", private=False)
    llm = provide(stranger, store=store)
    one = await llm.generate_async("Mail a.one@example.com")
    two = await llm.generate_async("Mail b.two@example.com")
    assert (one.text, two.text) == ("Mail a.one@example.com", "Mail b.two@example.com")
    assert two.cached
    assert b"example.com" not in (store.path).read_bytes()


async def test_every_attempt_is_in_the_costs(
    provide: Provide, servers: Callable[..., ModelServer], store: Store
) -> None:
    bad, good = servers(Behaviour(status=500)), servers(Behaviour(usage=(1000, 100)))
    llm = provide(
        bad.endpoint("bad", "network"),
        good.endpoint("good", "cloud", model="gpt-4o"),
        store=store,
    )
    llm.run = "run-1"
    await llm.generate_async("hello")
    sums = {each.name: each for each in await store.costs("endpoint", run="run-1")}
    assert (sums["bad"].calls, sums["bad"].cost_usd) == (1, 0.0)
    assert sums["good"].prompt_tokens == 1000
    assert sums["good"].cost_usd == pytest.approx(1000 * 2.5e-6 + 100 * 10e-6)
    assert await store.spent_usd() == pytest.approx(llm.budget.spent_usd)


async def test_a_failure_is_booked_too(provide: Provide, server: ModelServer, store: Store) -> None:
    server.default = Behaviour(hang=True)
    llm = provide(server.endpoint("c", "cloud", model="gpt-4o"), store=store, timeout=0.1)
    with pytest.raises(AllEndpointsFailed):
        await llm.generate_async("hello")
    rows = await store.read(lambda c: c.execute("SELECT outcome, cost_usd FROM costs").fetchall())
    assert [row["outcome"] for row in rows] == ["timeout"]
    assert rows[0]["cost_usd"] > 0  # it may have been read, and will be charged


@pytest.mark.usefixtures("away")
async def test_departures_are_noted_before_they_happen_and_without_the_text(
    provide: Provide, server: ModelServer, store: Store
) -> None:
    seen: list[int] = []

    def answer(request: Request) -> Behaviour:
        import sqlite3

        with sqlite3.connect(store.path) as connection:
            seen.append(connection.execute("SELECT count(*) FROM egress").fetchone()[0])
        return Behaviour("yes")

    server.default = answer
    llm = provide(server.endpoint("c", "cloud", private=False), store=store)
    llm.run = "r"
    await llm.generate_async(f"Mail {MAIL} and {MAIL}, or a.two@example.com")
    rows = [row async for row in store.egress(run="r")]
    assert seen == [1]
    assert [(row.endpoint, row.host) for row in rows] == [("c", "127.0.0.1")]
    assert rows[0].bytes > 50
    assert rows[0].findings["EMAIL"] >= 2
    assert b"example.com" not in store.path.read_bytes()


@pytest.mark.usefixtures("away")
async def test_a_gate_that_was_off_is_flagged(
    provide: Provide, server: ModelServer, store: Store
) -> None:
    llm = provide(server.endpoint("c", "cloud", private=False), store=store, privacy="off")
    await llm.generate_async(MAIL)
    assert [row.findings async for row in store.egress()] == [{"GATE_OFF": 1}]


async def test_what_stays_on_this_machine_is_no_departure(
    provide: Provide, server: ModelServer, store: Store
) -> None:
    await provide(server.endpoint(), store=store).generate_async(MAIL)
    assert [row async for row in store.egress()] == []


@pytest.mark.usefixtures("away")
async def test_vectors_are_booked_and_noted_too(
    provide: Provide, server: ModelServer, store: Store
) -> None:
    llm = provide(server.endpoint("c", "cloud", private=False), store=store)
    await llm.embed_async([MAIL])
    assert len([row async for row in store.egress()]) == 1
    assert [each.calls for each in await store.costs("model")] == [1]


async def test_a_store_that_fails_stops_nothing_from_being_private(
    provide: Provide, server: ModelServer, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Route, "leaves", True, raising=False)

    async def broken(rows: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(store, "record_egress", broken)
    llm = provide(server.endpoint("c", "cloud", private=False), store=store)
    llm._routes[0].leaves = True
    with pytest.raises(OSError, match="disk full"):
        await llm.generate_async("hello")
    assert server.count == 0


async def test_an_endpoint_by_url_is_not_taken_for_another(
    provide: Provide, servers: Callable[..., ModelServer], store: Store
) -> None:
    one, two = servers(Behaviour("one")), servers(Behaviour("two"))
    for each, text in ((one, "one"), (two, "two")):
        endpoint = Endpoint("e", "local", each.url)
        assert (await provide(endpoint, store=store).generate_async("same")).text == text
