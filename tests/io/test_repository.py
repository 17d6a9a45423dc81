"""One table, three databases, the same behaviour."""

import asyncio
import datetime as dt
import uuid

import pytest
import sqlalchemy as sa

from ai_catalyst.errors import StoreError, UserError
from ai_catalyst.io.connections import AsyncConnectionManager
from ai_catalyst.io.repository import open_repository


def new_table():
    return sa.Table(
        f"t_{uuid.uuid4().hex[:8]}",
        sa.MetaData(),
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("n", sa.Integer, nullable=False),
        sa.Column("note", sa.Text),
        sa.Column("at", sa.DateTime),
        sa.Column("extra", sa.JSON),
        sa.Column("yes", sa.Boolean),
        sa.Column("share", sa.Double),
        sa.Index(f"i_{uuid.uuid4().hex[:8]}", "n"),
    )


def settings(url, **more):
    return {"database_url": url, "redis_url": None, "pool_min": 1, **more}


@pytest.fixture
async def rows(database_url):
    async with AsyncConnectionManager(settings(database_url)) as manager:
        repository = await open_repository(manager, new_table())
        await repository.create()
        yield repository


def row(number, **more):
    return {"id": f"k{number}", "n": number, **more}


async def listed(stream):
    return [one async for one in stream]


async def test_a_row_comes_back_as_it_was(rows):
    at = dt.datetime(2026, 3, 4, 5, 6, 7)
    given = row(1, note="Zoë 😀 '\"\\%s", at=at, extra={"a": [1, None]}, yes=True, share=0.1)
    assert await rows.add(given) is True
    assert await rows.get("k1") == given
    assert await rows.get("none") is None


async def test_a_key_is_written_once(rows):
    await rows.add(row(1, note="first"))
    with pytest.raises(StoreError, match="there already"):
        await rows.add(row(1, note="second"))
    assert await rows.add(row(1, note="second"), on_conflict="ignore") is False
    assert (await rows.get("k1"))["note"] == "first"
    assert await rows.add(row(1, note="third"), on_conflict="replace") is True
    assert (await rows.get("k1"))["note"] == "third"
    assert await rows.count() == 1


async def test_many_rows_are_all_written_or_none(rows):
    assert await rows.add_many(row(n, extra=[n]) for n in range(2500)) == 2500
    assert await rows.count() == 2500
    with pytest.raises(StoreError, match="there already"):
        await rows.add_many([row(n) for n in (9000, 9001, 7)])
    assert await rows.count() == 2500
    assert await rows.add_many([]) == 0


async def test_many_rows_meet_those_that_are_there(rows):
    await rows.add(row(1, note="old"))
    both = [row(1, note="new"), row(2, note="new")]
    await rows.add_many(both, on_conflict="ignore")
    assert [one["note"] for one in await listed(rows.stream(order_by="id"))] == ["old", "new"]
    await rows.add_many(both, on_conflict="replace")
    assert [one["note"] for one in await listed(rows.stream(order_by="id"))] == ["new", "new"]


async def test_some_keys_are_read_together(rows):
    await rows.add_many([row(n) for n in range(10)])
    found = await rows.get_many(["k3", "none", "k5"])
    assert sorted(one["n"] for one in found) == [3, 5]
    assert await rows.get_many([]) == []


async def test_rows_are_changed_counted_and_removed_by_what_they_hold(rows):
    await rows.add_many([row(n, note="a" if n % 2 else None) for n in range(10)])
    assert await rows.count({"note": None}) == 5
    assert await rows.update({"note": "b"}, {"note": "a"}) == 5
    assert await rows.update({"note": "b"}, {"note": "b"}) == 5
    assert await rows.update({"n": 77}, {"id": "k1", "note": "b"}) == 1
    assert (await rows.get("k1"))["n"] == 77
    assert await rows.delete("k1") is True
    assert await rows.delete("k1") is False


async def test_a_large_result_is_streamed_and_may_be_left(rows):
    await rows.add_many([row(n) for n in range(3000)])
    seen = 0
    async for one in rows.stream({"note": None}, order_by="n", chunk=100):
        assert one["n"] == seen
        seen += 1
    assert seen == 3000
    stream = rows.stream(chunk=10)
    await anext(stream)
    await stream.aclose()
    assert await rows.count() == 3000


async def test_a_wrong_column_is_the_callers_fault(rows):
    with pytest.raises(UserError, match="no column 'wrong'"):
        await rows.add(row(1, wrong=2))
    with pytest.raises(UserError, match="needs its key"):
        await rows.add({"n": 1})
    with pytest.raises(UserError, match="no 'n'"):
        await rows.add_many([row(1), {"id": "k2", "note": "x"}])
    with pytest.raises(UserError, match="the same columns"):
        await rows.add_many([row(1), row(2, note="x")])
    with pytest.raises(UserError, match="no column"):
        await rows.count({"1=1; --": 1})
    with pytest.raises(StoreError):
        await rows.add({"id": "k", "n": None})
    assert await rows.count() == 0


async def test_many_clients_write_at_once(rows):
    async with asyncio.TaskGroup() as group:
        for n in range(100):
            group.create_task(rows.add(row(n)))
    assert await rows.count() == 100


def test_a_table_without_one_key_is_refused():
    from ai_catalyst.io.statements import Statements

    table = sa.Table("t", sa.MetaData(), sa.Column("a", sa.Integer))
    with pytest.raises(UserError, match="primary key"):
        Statements(table, "sqlite")


async def test_a_restart_loses_and_doubles_nothing(server_url, proxied):
    proxy, url = await proxied(server_url)
    async with AsyncConnectionManager(settings(url, pool_max=10)) as manager:
        rows = await open_repository(manager, new_table())
        await rows.create()

        async def client(number):
            for n in range(number * 40, number * 40 + 40):
                assert await rows.add(row(n)) is True

        async with asyncio.TaskGroup() as group:
            for number in range(8):
                group.create_task(client(number))
            await asyncio.sleep(0.03)
            proxy.cut()
            await asyncio.sleep(0.05)
            await proxy.restart(away_s=0.2)
        assert await rows.count() == 320


async def test_a_commit_whose_answer_was_lost_is_not_done_twice(server_url, proxied):
    proxy, url = await proxied(server_url)
    async with AsyncConnectionManager(settings(url, pool_max=1)) as manager:
        rows = await open_repository(manager, new_table())
        await rows.create()
        await rows.get("warm")
        proxy.cut_after = 10  # what is asked arrives, what is answered does not
        async with asyncio.TaskGroup() as group:
            written = group.create_task(rows.add(row(1)))
            await asyncio.sleep(0.15)
            proxy.cut_after = None
        assert written.result() is True
        assert await rows.count() == 1


async def test_a_group_of_writes_is_one_commit_and_a_bad_one_fails_alone(tmp_path):
    url = f"sqlite:///{tmp_path / 'x.db'}"
    async with AsyncConnectionManager(settings(url)) as manager:
        rows = await open_repository(manager, new_table())
        await rows.create()
        await rows.add(row(5))
        before = manager.database.writer.groups
        found = await asyncio.gather(*(rows.add(row(n)) for n in range(50)), return_exceptions=True)
        assert [isinstance(one, StoreError) for one in found] == [n == 5 for n in range(50)]
        assert await rows.count() == 50
        assert manager.database.writer.groups - before <= 10


async def test_another_writer_is_waited_for(tmp_path):
    url = f"sqlite:///{tmp_path / 'x.db'}"
    async with (
        AsyncConnectionManager(settings(url)) as one,
        AsyncConnectionManager(settings(url)) as other,
    ):
        table = new_table()
        first, second = await open_repository(one, table), await open_repository(other, table)
        await first.create()
        async with asyncio.TaskGroup() as group:
            for n in range(200):
                group.create_task((first, second)[n % 2].add(row(n)))
        assert await first.count() == 200


async def test_a_database_in_memory_lives_as_long_as_its_manager():
    async with AsyncConnectionManager({"redis_url": None}) as manager:
        rows = await open_repository(manager, new_table())
        await rows.create()
        await rows.add_many([row(n) for n in range(20)])
        assert len(await listed(rows.stream())) == 20
        async with manager.session() as session:
            found = await session.execute(sa.text(f"SELECT count(*) FROM {rows._sql.name}"))
            assert found.scalar() == 20


async def test_a_cancelled_writer_leaves_the_others_alone(tmp_path):
    async with AsyncConnectionManager(settings(f"sqlite:///{tmp_path / 'x.db'}")) as manager:
        rows = await open_repository(manager, new_table())
        await rows.create()
        tasks = [asyncio.ensure_future(rows.add(row(n))) for n in range(10)]
        await asyncio.sleep(0)
        tasks[3].cancel()
        await asyncio.wait(tasks)
        assert await rows.count() == 10
