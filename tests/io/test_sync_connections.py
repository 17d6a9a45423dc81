"""The sync connection manager: the same servers, without ``await``."""

import threading

import pytest
from classes import assert_sync_class
from sqlalchemy import text

from ai_catalyst import run_sync
from ai_catalyst.errors import BlockingCallWarning, StoreError, StoreTimeout, UserError
from ai_catalyst.io import AsyncConnectionManager, ConnectionManager


def only(url, **more):
    return {"database_url": url, "redis_url": None, "connect_timeout_s": 5, "pool_min": 1, **more}


@pytest.fixture
def manager(database_url):
    with ConnectionManager(only(database_url)) as manager:
        with manager.session() as session:
            session.execute(text("DROP TABLE IF EXISTS t_sync"))
            session.execute(text("CREATE TABLE t_sync (id INTEGER PRIMARY KEY)"))
            session.commit()
        yield manager


def test_it_has_the_methods_of_the_async_class():
    assert_sync_class(ConnectionManager, AsyncConnectionManager)


def test_a_session_is_used_without_await(manager):
    with manager.session() as session:
        session.execute(text("INSERT INTO t_sync VALUES (1), (2), (3)"))
        session.commit()
        found = session.execute(text("SELECT id FROM t_sync ORDER BY id")).scalars().all()
        assert found == [1, 2, 3]
        with pytest.raises(KeyError), session.begin_nested():
            session.execute(text("INSERT INTO t_sync VALUES (5)"))
            raise KeyError("undone alone")
        session.execute(text("INSERT INTO t_sync VALUES (4)"))
        assert session.scalar(text("SELECT count(*) FROM t_sync")) == 4
        streamed = session.stream(text("SELECT id FROM t_sync ORDER BY id"))
        assert [row.id for row in streamed] == [1, 2, 3, 4]
    with manager.session() as session:
        assert session.scalar(text("SELECT count(*) FROM t_sync")) == 3, "never committed"


def test_a_connection_of_the_driver_is_lent(postgres_url):
    with ConnectionManager(only(postgres_url)) as manager, manager.connection() as connection:
        assert connection.fetchval("SELECT 6 * $1::int", 7) == 42
        with connection.transaction():
            assert connection.is_in_transaction()
            cursor = connection.cursor("SELECT generate_series(1, 5) AS n")
            assert [row["n"] for row in cursor] == [1, 2, 3, 4, 5]
        with pytest.raises(KeyError), connection.transaction():
            raise KeyError("mine")
        assert "asyncpg" in repr(connection)


def test_cursors_of_the_driver_are_used_without_await(mysql_url):
    with (
        ConnectionManager(only(mysql_url)) as manager,
        manager.connection() as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT 6 * %s", (7,))
        assert cursor.fetchone() == (42,)


def test_a_statement_of_the_driver_runs_when_it_is_called(sqlite_url):
    with ConnectionManager(only(sqlite_url)) as manager, manager.connection() as connection:
        connection.execute("CREATE TABLE t (n INTEGER)")
        connection.execute("INSERT INTO t VALUES (1), (2)")
        with connection.execute("SELECT n FROM t") as cursor:
            assert [row[0] for row in cursor] == [1, 2]
        assert connection.total_changes == 2


def test_a_full_pool_is_a_time_out(postgres_url):
    with (
        ConnectionManager(only(postgres_url, pool_max=1)) as manager,
        manager.connection(),
        pytest.raises(StoreTimeout, match="no database connection was free"),
        manager.connection(0.05),
    ):
        pytest.fail("there is only one")


@pytest.mark.parametrize("way", ["plain", "coroutine"])
def test_a_transaction_is_committed_or_undone(manager, way):
    def plain(session):
        session.execute(text("INSERT INTO t_sync VALUES (1)"))
        return threading.current_thread() is threading.main_thread()

    async def coroutine(session):
        await session.execute(text("INSERT INTO t_sync VALUES (1)"))
        return False

    work = {"plain": plain, "coroutine": coroutine}[way]
    assert manager.transaction(work) is False
    with pytest.raises(StoreError):
        manager.transaction(work, attempts=2)
    with manager.session() as session:
        assert session.scalar(text("SELECT count(*) FROM t_sync")) == 1


def test_the_rest_is_as_in_the_async_class(postgres_url):
    async def ask(manager):
        async with manager.connection() as connection:
            return await connection.fetchval("SELECT 1")

    manager = ConnectionManager(only(postgres_url))
    assert manager.db_pool is manager.redis_pool is manager.http_session is None
    with pytest.raises(UserError, match="not initialized"):
        manager.session()
    with manager:
        assert manager.run(ask) == 1
        assert manager.kind == manager.database.kind == "postgres"
        assert manager.engine.dialect.name == "postgresql"
        assert manager.health()["database"].ok
        assert manager.settings.pool_max == 20
        assert type(manager.http_session).__name__ == "ClientSession"
    assert manager.db_pool is None


async def test_inside_a_running_loop_it_works_and_says_so():
    manager = ConnectionManager({"database_url": "sqlite://", "redis_url": None})
    with pytest.warns(BlockingCallWarning, match="await AsyncConnectionManager.initialize"):
        manager.initialize()
    assert not manager.belongs_here
    session = manager.session()
    with pytest.warns(BlockingCallWarning, match="await scalar"):
        assert session.scalar(text("SELECT 7")) == 7
    with pytest.warns(BlockingCallWarning):
        session.close()
    with pytest.warns(BlockingCallWarning):
        manager.close()


def test_an_unclosed_manager_warns():
    manager = ConnectionManager({"database_url": "sqlite://", "redis_url": None})
    manager.initialize()
    database = manager.database
    http = manager.http_session
    held = [manager]
    del manager
    with pytest.warns(ResourceWarning, match="unclosed AsyncConnectionManager"):
        held.clear()

    async def end():
        await database.close()
        await http.close()

    run_sync(end())
