"""A server is shut down, and killed, in the middle of many operations: callers see a delay.

``python -m benchmarks.io restart`` does it with 10,000.
"""

import asyncio
import time

import pytest
import sqlalchemy as sa
from own_servers import own_server

from ai_catalyst.io import AsyncConnectionManager, AsyncRedisManager, open_repository

OPERATIONS = 2000
CLIENTS = 20
AWAY_S = 0.3

things = sa.Table(
    "things",
    sa.MetaData(),
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("name", sa.String(100)),
)


async def clients(count, work):
    """Share the numbers up to ``count`` among some clients; returns the longest wait, seconds."""
    rest = iter(range(count))
    longest = 0.0

    async def client():
        nonlocal longest
        for number in rest:
            begun = time.monotonic()
            await work(number)
            longest = max(longest, time.monotonic() - begun)

    async with asyncio.TaskGroup() as group:
        for _ in range(CLIENTS):
            group.create_task(client())
    return longest


def restarts(server, count):
    """Return a function of a number that ends the server twice on the way, and starts it again."""
    ends = {count // 3: server.stop, 2 * count // 3: server.kill}

    async def at(number):
        end = ends.get(number)
        if end is not None:
            await asyncio.to_thread(end)
            await asyncio.sleep(AWAY_S)
            await asyncio.to_thread(server.start)

    return at


@pytest.fixture(params=["postgres", "mysql"])
def database(request):
    """A database server of this test's own."""
    with own_server(request.param) as server:
        yield server


@pytest.fixture
def redis():
    """A Redis of this test's own."""
    with own_server("redis") as server:
        yield server


async def test_rows_are_each_written_once_over_two_restarts(database):
    settings = {"database_url": database.url, "redis_url": None, "pool_max": CLIENTS}
    async with AsyncConnectionManager(settings) as manager:
        rows = await open_repository(manager, things)
        await rows.create()
        at = restarts(database, OPERATIONS)
        written = 0

        async def work(number):
            nonlocal written
            async with asyncio.TaskGroup() as group:
                group.create_task(at(number))
                task = group.create_task(rows.add({"id": number, "name": f"thing {number}"}))
            written += task.result()

        longest = await clients(OPERATIONS, work)
        assert written == OPERATIONS, "each is written, and said so, once"
        kept = [row["id"] async for row in rows.stream(order_by="id")]
        assert kept == list(range(OPERATIONS))
        assert AWAY_S < longest < manager.settings.reconnect_s


async def test_a_transaction_that_knows_its_number_counts_once_over_two_restarts(database):
    count = 200
    settings = {"database_url": database.url, "redis_url": None, "sql_pool_size": CLIENTS}
    async with AsyncConnectionManager(settings) as manager:
        async with manager.session() as session:
            await session.execute(sa.text("CREATE TABLE done (id INTEGER PRIMARY KEY)"))
            await session.execute(sa.text("CREATE TABLE sums (id INTEGER, total INTEGER)"))
            numbers = [{"id": number} for number in range(20)]
            await session.execute(sa.text("INSERT INTO sums VALUES (:id, 0)"), numbers)
            await session.commit()
        at = restarts(database, count)

        async def work(number):
            async def book(session):
                seen = sa.text("SELECT id FROM done WHERE id = :id FOR UPDATE")
                if (await session.execute(seen, {"id": number})).first() is not None:
                    return
                await session.execute(sa.text("INSERT INTO done VALUES (:id)"), {"id": number})
                add = sa.text("UPDATE sums SET total = total + 1 WHERE id = :id")
                await session.execute(add, {"id": number % 20})

            async with asyncio.TaskGroup() as group:
                group.create_task(at(number))
                group.create_task(manager.transaction(book, repeatable=True, attempts=50))

        await clients(count, work)
        async with manager.session() as session:
            total = await session.scalar(sa.text("SELECT sum(total) FROM sums"))
            done = await session.scalar(sa.text("SELECT count(*) FROM done"))
        assert (int(total), int(done)) == (count, count)


async def test_values_are_in_redis_after_two_restarts(redis):
    async with AsyncRedisManager(redis.url, namespace="t") as cache:
        at = restarts(redis, OPERATIONS)

        async def work(number):
            async with asyncio.TaskGroup() as group:
                group.create_task(at(number))
                group.create_task(cache.set(str(number), number, ttl=600))

        longest = await clients(OPERATIONS, work)
        found = await cache.get_many(map(str, range(OPERATIONS)))
        assert found == {str(number): number for number in range(OPERATIONS)}
        assert AWAY_S < longest < 5
