"""`DatabaseManager`, the same on SQLite and on a real PostgreSQL."""

import asyncio
import gc
import os
import socket
import sqlite3
import sys
import threading
import uuid
import warnings
from collections.abc import AsyncIterator, Iterator
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from known_tables import OPTIONS

from ai_catalyst.engine import run_sync
from ai_catalyst.errors import StoreError, UserError
from ai_catalyst.store import DatabaseManager, Store, schema
from ai_catalyst.store.faults_postgres import shown
from ai_catalyst.store.tables import metadata

DEFAULT = "postgresql://postgres@127.0.0.1:5432/test"


def server() -> str:
    """Return the PostgreSQL of the tests; without one they are skipped, but not in CI."""
    url = os.environ.get("CATALYST_TEST_POSTGRES_URL", DEFAULT).replace("+asyncpg", "")
    parts = urlsplit(url)
    try:
        socket.create_connection((parts.hostname or "127.0.0.1", parts.port or 5432), 2).close()
    except OSError:
        if os.environ.get("CI") == "true":
            pytest.fail(f"no PostgreSQL at {parts.hostname}:{parts.port}")
        pytest.skip("no PostgreSQL: set CATALYST_TEST_POSTGRES_URL")
    return url


def tell(url: str, statement: str) -> None:
    asyncpg = pytest.importorskip("asyncpg")

    async def run() -> None:
        connection = await asyncpg.connect(url)
        await connection.execute(statement)
        await connection.close()

    asyncio.run(run())


def fresh_database() -> Iterator[str]:
    url = server()
    name = f"catalyst_test_{uuid.uuid4().hex[:12]}"
    tell(url, f"CREATE DATABASE {name}")
    yield urlsplit(url)._replace(scheme="postgresql+asyncpg", path=f"/{name}").geturl()
    tell(url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="module")
def shared_postgres() -> Iterator[str]:
    yield from fresh_database()


@pytest.fixture
def empty_postgres() -> Iterator[str]:
    yield from fresh_database()


@pytest.fixture(params=["file", "url", "memory", "postgres"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    kinds = {
        "file": str(tmp_path / "a.db"),
        "url": f"sqlite+aiosqlite:///{tmp_path / 'b.db'}",
        "memory": "sqlite+aiosqlite://",
    }
    if request.param != "postgres":
        return kinds[request.param]
    url: str = request.getfixturevalue("shared_postgres")
    if "tables" in request.session.config.stash.get(MADE, ()):
        tell(url.replace("+asyncpg", ""), "TRUNCATE articles RESTART IDENTITY")
    request.session.config.stash[MADE] = ("tables",)
    return url


MADE: pytest.StashKey[tuple[str, ...]] = pytest.StashKey()


@pytest.fixture
async def db(address: str) -> AsyncIterator[DatabaseManager]:
    async with DatabaseManager(address) as opened:
        async with opened.async_pool():  # upgrades
            pass
        yield opened


def articles(count: int) -> list[dict[str, object]]:
    return [
        {
            "title": f"Title {n}",
            "url": f"https://example.com/{n}",
            "summary": "short",
            "content": "long",
            "authors": ["A. Person"],
            "guid": f"g{n}",
            "tags": ["x", "y"],
            "published": "2026-01-02T03:04:05+00:00",
        }
        for n in range(count)
    ]


async def rows(db: DatabaseManager, sql: str, parameters: object = ()) -> list[object]:
    return [row async for row in db.stream(sql, parameters)]


async def test_articles_are_saved_once_and_read_by_name_and_index(db: DatabaseManager) -> None:
    async with db.async_pool() as conn:
        assert await db.save_articles_async(conn, articles(600)) == 600
        assert await db.save_articles_async(conn, articles(600)) == 600
    found = await rows(db, "SELECT title, url, tags FROM articles ORDER BY id")
    assert len(found) == 600
    assert found[7]["title"] == found[7][0] == "Title 7"
    assert found[7][2] == '["x","y"]'


async def test_what_a_later_article_does_not_bring_stays(db: DatabaseManager) -> None:
    async with db.async_pool() as conn:
        await db.save_articles_async(conn, [{**articles(1)[0], "analysis": {"s": 1}}])
        again = {"url": "https://example.com/0?utm_source=x", "title": "New", "page": {"p": 1}}
        assert await db.save_articles_async(conn, [again]) == 1
    (found,) = await rows(db, "SELECT * FROM articles")
    assert (found["title"], found["content"], found["guid"]) == ("New", "long", "g0")
    assert (found["analysis"], found["page"], found["tags"]) == ('{"s":1}', '{"p":1}', '["x","y"]')
    assert found["published"] == "2026-01-02T03:04:05+00:00"


async def test_a_save_that_fails_saves_nothing(db: DatabaseManager) -> None:
    class Broken(Exception):
        pass

    def failing():
        yield from articles(5)
        raise Broken

    async with db.async_pool() as conn:
        with pytest.raises(Broken):
            await db.save_articles_async(conn, failing())
        assert await rows(db, "SELECT 1 FROM articles") == []
        assert await db.save_articles_async(conn, []) == 0
        assert await db.save_articles_async(conn, articles(2)) == 2


async def test_a_save_inside_a_transaction_of_the_caller_is_the_caller_s_to_commit(
    db: DatabaseManager,
) -> None:
    async with db.async_pool() as conn:
        await conn.execute("BEGIN")
        await db.save_articles_async(conn, articles(3))
        await conn.execute("ROLLBACK")
    assert await rows(db, "SELECT 1 FROM articles") == []


async def test_what_a_borrower_left_open_is_taken_back(db: DatabaseManager) -> None:
    async with db.async_pool() as conn:
        await conn.execute("BEGIN")
        await db.save_articles_async(conn, articles(1))
    assert await rows(db, "SELECT 1 FROM articles") == []
    async with db.async_pool() as conn:
        await conn.execute("DELETE FROM articles")  # durable by itself
        assert await db.save_articles_async(conn, articles(2)) == 2
    assert len(await rows(db, "SELECT 1 FROM articles")) == 2


async def test_parameters_are_the_same_in_every_style(db: DatabaseManager) -> None:
    await db.save_articles_async(None, articles(10))
    for sql, given in (
        ("SELECT url FROM articles WHERE title = ? AND guid = ?", ["Title 3", "g3"]),
        ("SELECT url FROM articles WHERE title = $1 AND guid = $2", ("Title 3", "g3")),
        ("SELECT url FROM articles WHERE title = :t AND guid = :g", {"t": "Title 3", "g": "g3"}),
    ):
        assert [row[0] for row in await rows(db, sql, given)] == ["https://example.com/3"]


async def test_a_stream_is_one_snapshot_and_can_be_left_early(db: DatabaseManager) -> None:
    await db.save_articles_async(None, articles(1500))
    seen = 0
    async for _ in db.stream("SELECT * FROM articles ORDER BY id"):
        seen += 1
        if seen == 1:
            async with db.async_pool() as conn:
                await conn.execute("DELETE FROM articles")
    assert seen == 1500
    await db.save_articles_async(None, articles(1500))
    for _ in range(8):  # more often than there are connections
        stream = db.stream("SELECT * FROM articles")
        await anext(stream)
        await stream.aclose()


async def test_many_savers_at_once_lose_nothing(db: DatabaseManager) -> None:
    every = articles(200)

    async def save(part: int) -> None:
        async with db.async_pool() as conn:
            await db.save_articles_async(conn, every[part * 20 : part * 20 + 40][::-1])

    await asyncio.gather(*(save(part) for part in range(10)))
    assert len(await rows(db, "SELECT 1 FROM articles")) == 200


async def test_a_wrong_statement_is_a_store_error_and_the_manager_lives_on(
    db: DatabaseManager,
) -> None:
    with pytest.raises(StoreError, match="nowhere"):
        await rows(db, "SELECT * FROM nowhere")
    with pytest.raises(UserError, match="given"):
        await rows(db, "SELECT * FROM articles WHERE id = ?")
    assert await rows(db, "SELECT 1 FROM articles") == []


async def test_the_sync_twin_saves_too(db: DatabaseManager) -> None:
    assert await asyncio.to_thread(db.save_articles, None, articles(4)) == 4
    assert len(await rows(db, "SELECT 1 FROM articles")) == 4


async def test_another_driver_s_connection_is_refused(db: DatabaseManager) -> None:
    connection = sqlite3.connect(":memory:")
    with pytest.raises(UserError, match="a Connection is not a connection of this database"):
        await db.save_articles_async(connection, articles(1))
    connection.close()


async def test_closed_it_lends_nothing(db: DatabaseManager) -> None:
    await db.close()
    await db.close()
    with pytest.raises(StoreError, match="closed"):
        async with db.async_pool():
            pass


def test_it_works_from_one_loop_after_another(address: str) -> None:
    db = DatabaseManager(address)
    assert asyncio.run(db.save_articles_async(None, articles(3))) == 3
    assert db.save_articles(None, articles(5)) == 5
    assert len(asyncio.run(rows(db, "SELECT 1 FROM articles"))) == 5
    run_sync(db.close())


def test_dropped_unclosed_it_warns(address: str) -> None:
    async def use() -> None:
        db = DatabaseManager(address)
        await db.save_articles_async(None, articles(1))
        del db
        gc.collect()
        await asyncio.sleep(0.05)

    before = set(threading.enumerate())
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        asyncio.run(use())
        gc.collect()
    assert "unclosed DatabaseManager" in [str(warning.message) for warning in caught]
    for thread in set(threading.enumerate()) - before:
        if "connection_worker" in thread.name:
            thread.join(5)
            assert not thread.is_alive()


async def test_a_store_and_a_manager_share_a_file(path: Path) -> None:
    async with Store(path) as store, DatabaseManager(path) as db:
        await store.start_run("x")
        await db.save_articles_async(None, articles(3))
        assert (await store.stats()).articles == 3
        await store.forget("https://example.com/1")
        assert len(await rows(db, "SELECT 1 FROM articles")) == 2


async def test_none_is_the_environment_s_database_else_the_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setenv("CATALYST_HOME", str(tmp_path / "home"))
    async with DatabaseManager() as db:
        await db.save_articles_async(None, articles(1))
    assert (tmp_path / "home" / "catalyst.db").exists()
    monkeypatch.setenv("DATABASE_URL", f"sqlite+aiosqlite:///{tmp_path / 'env.db'}")
    async with DatabaseManager() as db:
        assert await rows(db, "SELECT 1 FROM articles") == []
    assert (tmp_path / "env.db").exists()


def test_an_unknown_kind_of_database_is_refused_by_name() -> None:
    with pytest.raises(UserError, match="'oracle' is not known"):
        DatabaseManager("oracle://example.com/x")


def test_without_the_driver_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "asyncpg", None)
    with pytest.raises(UserError, match=r"pip install '\.\[postgres\]"):
        DatabaseManager("postgresql+asyncpg://example.com/x")


@pytest.mark.skipif(find_spec("asyncpg") is None, reason="the driver is not installed")
async def test_a_server_that_is_not_there_is_a_store_error_without_the_password() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    url = f"postgresql+asyncpg://someone:hunter2@127.0.0.1:{port}/x"
    async with DatabaseManager(url) as db:
        with pytest.raises(StoreError, match=r"127\.0\.0\.1/x cannot be used") as caught:
            await db.save_articles_async(None, articles(1))
    assert "hunter2" not in str(caught.value)


@pytest.mark.skipif(find_spec("asyncpg") is None, reason="the driver is not installed")
@pytest.mark.parametrize(
    "url",
    [
        "postgresql+asyncpg://someone:hunter2@127.0.0.1:port/x",
        "postgresql+asyncpg://someone:hun/ter2@127.0.0.1/x",
        "postgresql+asyncpg://someone:hunter2@[::1/x",
    ],
)
async def test_a_url_that_cannot_be_read_says_how_one_is_written_without_the_password(
    url: str,
) -> None:
    async with DatabaseManager(url) as db:
        with pytest.raises(UserError, match=r"user:password@host:5432/name.*%40") as caught:
            await db.save_articles_async(None, articles(1))
    assert "hun" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("postgresql://someone:hunter2@example.com:5433/x", "example.com/x"),
        ("postgresql://someone:hun/t#e?r@2@example.com/x", "example.com/x"),
        ("postgresql://postgres@/x?host=/var/run/postgresql", "/var/run/postgresql/x"),
        ("postgresql:///x", "localhost/x"),
        ("postgresql://someone:hunter2@[::1/x", "of that URL"),
    ],
)
def test_a_database_is_named_by_host_and_name_whatever_its_password_holds(
    url: str, told: str
) -> None:
    assert shown(url) == told


async def test_a_fresh_postgres_can_be_opened_by_many_at_once(empty_postgres: str) -> None:
    managers = [DatabaseManager(empty_postgres) for _ in range(3)]
    saved = await asyncio.gather(*(m.save_articles_async(None, articles(3)) for m in managers))
    assert saved == [3, 3, 3]
    for manager in managers:
        await manager.close()


def test_on_postgres_too_the_scripts_make_what_the_metadata_says(empty_postgres: str) -> None:
    asyncpg = pytest.importorskip("asyncpg")
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext
    from sqlalchemy import NullPool
    from sqlalchemy.ext.asyncio import create_async_engine

    def compare(connection: object) -> list:
        schema.upgrade(connection)
        context = MigrationContext.configure(connection, opts=OPTIONS)
        return compare_metadata(context, metadata)

    async def run() -> list:
        engine = create_async_engine(
            "postgresql+asyncpg://",
            poolclass=NullPool,
            async_creator=lambda: asyncpg.connect(empty_postgres.replace("+asyncpg", "")),
        )
        async with engine.begin() as connection:
            differences = await connection.run_sync(compare)
        await engine.dispose()
        return differences

    assert asyncio.run(run()) == []


async def test_a_newer_postgres_is_refused(empty_postgres: str) -> None:
    async with DatabaseManager(empty_postgres) as db, db.async_pool() as conn:
        await conn.execute("UPDATE alembic_version SET version_num = '9999'")
    async with DatabaseManager(empty_postgres) as db:
        with pytest.raises(StoreError, match="newer version"):
            await db.save_articles_async(None, articles(1))
