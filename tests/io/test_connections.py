"""Every server through one manager: real ones, dead ones, slow ones, and those that come back."""

import asyncio
import gc

import pytest
from sqlalchemy import text

from ai_catalyst.errors import StoreError, StoreTimeout, UserError
from ai_catalyst.io.connections import AsyncConnectionManager
from ai_catalyst.io.servers import ServerSettings


def only(url, **more):
    return {"database_url": url, "redis_url": None, "connect_timeout_s": 5, **more}


async def rows(session, sql, **values):
    return (await session.execute(text(sql), values)).all()


async def test_before_initialize_there_is_nothing():
    manager = AsyncConnectionManager()
    assert manager.db_pool is manager.redis_pool is manager.http_session is None
    with pytest.raises(UserError, match="not initialized"):
        manager.session()
    assert await manager.health() == {}
    await manager.cleanup()


async def test_after_cleanup_there_is_nothing_again(database_url):
    manager = AsyncConnectionManager(only(database_url))
    await manager.initialize()
    await manager.initialize()
    assert manager.db_pool is not None
    await manager.cleanup()
    await manager.cleanup()
    assert manager.db_pool is manager.redis_pool is manager.http_session is None


async def test_a_session_commits_and_keeps_its_objects_readable(database_url):
    async with AsyncConnectionManager(only(database_url)) as manager:
        async with manager.session() as session:
            assert session.sync_session.expire_on_commit is False
            await session.execute(text("DROP TABLE IF EXISTS t_session"))
            await session.execute(text("CREATE TABLE t_session (id INTEGER PRIMARY KEY)"))
            await session.execute(text("INSERT INTO t_session VALUES (7)"))
            await session.commit()
        async with manager.session() as session:
            assert await rows(session, "SELECT id FROM t_session") == [(7,)]


async def test_the_raw_pool_is_the_drivers_own(postgres_url, mysql_url, sqlite_url):
    found = []
    for url in (postgres_url, mysql_url, sqlite_url):
        async with AsyncConnectionManager(only(url)) as manager:
            found.append(type(manager.db_pool).__module__.split(".")[0])
    assert found == ["asyncpg", "asyncmy", "aiosqlite"]


async def test_a_raw_connection_is_lent_and_given_back(postgres_url):
    async with AsyncConnectionManager(only(postgres_url, pool_min=1, pool_max=1)) as manager:
        for _ in range(3):
            async with manager.connection() as connection:
                assert await connection.fetchval("SELECT 6 * 7") == 42


async def test_the_defaults_are_those_of_the_contract():
    sized = ServerSettings(database_url=None).sized()
    assert (sized.sql_pool_size, sized.sql_max_overflow) == (20, 30)
    assert (sized.pool_min, sized.pool_max) == (5, 20)
    assert (sized.http_timeout_s, sized.http_connections, sized.http_per_host) == (30, 100, 30)
    assert sized.http_keepalive_s == 30
    assert sized.redis_url == "redis://localhost"


async def test_the_http_session_has_the_sizes_of_the_settings():
    async with AsyncConnectionManager({"database_url": None, "redis_url": None}) as manager:
        session = manager.http_session
        assert session.timeout.total == 30
        assert (session.connector.limit, session.connector.limit_per_host) == (100, 30)


def test_sizes_follow_the_concurrency_and_a_mismatch_warns():
    sized = ServerSettings(concurrency=60).sized()
    assert (sized.pool_max, sized.http_connections) == (60, 120)
    with pytest.warns(UserWarning, match="pool_max is 5, but 60 operations run at once"):
        ServerSettings(concurrency=60, pool_max=5).sized()


def test_the_application_settings_are_understood():
    from ai_catalyst.settings import load_settings

    environ = {"DATABASE_URL": "sqlite:///x.db"}
    manager = AsyncConnectionManager(load_settings(environ=environ)[0])
    assert (manager.settings.database_url, manager.settings.pool_max) == ("sqlite:///x.db", 5)


def test_the_environment_names_the_servers(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "sqlite:///here.db")
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1")
    settings = AsyncConnectionManager().settings
    assert (settings.database_url, settings.redis_url) == (
        "sqlite:///here.db",
        "redis://127.0.0.1:1",
    )


def test_an_unknown_setting_is_refused_with_the_nearest():
    with pytest.raises(UserError, match="did you mean 'database_url'"):
        AsyncConnectionManager({"databse_url": "sqlite://"})


@pytest.mark.parametrize("url", ["nonsense", "oracle://x/y", "postgresql://host:port/x"])
async def test_a_wrong_url_is_the_callers_fault(url):
    with pytest.raises(UserError, match="not understood"):
        await AsyncConnectionManager(only(url)).initialize()


async def test_a_missing_database_is_named(server_url):
    from sqlalchemy.engine import make_url

    url = make_url(server_url).set(database="no_such_database_here")
    with pytest.raises(UserError, match="no such database"):
        await AsyncConnectionManager(only(url.render_as_string(hide_password=False))).initialize()


async def test_a_wrong_password_is_said_without_the_password(mysql_url):
    from sqlalchemy.engine import make_url

    url = make_url(mysql_url).set(username="nobody_here", password="sesame-open")
    with pytest.raises(UserError, match="password was refused") as caught:
        await AsyncConnectionManager(only(url.render_as_string(hide_password=False))).initialize()
    assert "sesame" not in str(caught.value)


@pytest.mark.parametrize("scheme", ["postgresql", "mysql"])
async def test_a_dead_server_leaves_nothing_open(scheme, dead_port, sockets):
    gc.collect()
    before = sockets()
    manager = AsyncConnectionManager(only(f"{scheme}://x@127.0.0.1:{dead_port}/x"))
    with pytest.raises(StoreError, match="does not answer"):
        await manager.initialize()
    assert manager.db_pool is None
    assert manager.http_session is None
    assert sockets() <= before


async def test_a_folder_that_does_not_exist_is_said(tmp_path):
    manager = AsyncConnectionManager(only(f"sqlite:///{tmp_path}/none/x.db"))
    with pytest.raises(StoreError, match="cannot be opened"):
        await manager.initialize()


async def test_a_full_pool_is_a_time_out_that_says_so(database_url):
    async with AsyncConnectionManager(only(database_url, pool_min=1, pool_max=1)) as manager:
        async with manager.connection():
            with pytest.raises(StoreTimeout, match="no database connection was free") as caught:
                async with manager.connection(timeout_s=0.05):
                    pass
        assert isinstance(caught.value, TimeoutError)
        async with manager.connection(timeout_s=1):
            pass


async def test_a_slow_query_ends_at_its_time_out_and_the_pool_goes_on(server_url):
    slow = "SELECT pg_sleep(9)" if server_url.startswith("postgres") else "SELECT sleep(9)"
    settings = only(server_url, query_timeout_s=0.3, pool_min=1, pool_max=1)
    async with AsyncConnectionManager(settings) as manager:
        with pytest.raises(StoreTimeout):
            await manager.transaction(lambda session: session.execute(text(slow)))
        async with manager.session() as session:
            assert await rows(session, "SELECT 1") == [(1,)]


async def test_health_tells_the_living_from_the_dead(postgres_url, dead_port):
    settings = only(postgres_url) | {"redis_url": f"redis://127.0.0.1:{dead_port}"}
    async with AsyncConnectionManager(settings) as manager:
        health = await manager.health()
    assert health["database"].ok
    assert health["http"].ok
    assert not health["redis"].ok
    assert "does not answer" in health["redis"].error


async def test_redis_answers_in_text(redis_place):
    url, prefix = redis_place
    async with AsyncConnectionManager({"database_url": None, "redis_url": url}) as manager:
        await manager.redis_pool.set(f"{prefix}:k", "v")
        assert await manager.redis_pool.get(f"{prefix}:k") == "v"
        assert (await manager.health())["redis"].ok
        with pytest.raises(UserError, match="no database_url"):
            manager.session()


async def test_a_restart_of_the_server_is_a_delay_to_a_transaction(server_url, proxied):
    proxy, url = await proxied(server_url)
    async with AsyncConnectionManager(only(url, pool_min=1)) as manager:

        async def one(session):
            return await rows(session, "SELECT 1")

        assert await manager.transaction(one) == [(1,)]
        async with asyncio.TaskGroup() as group:
            group.create_task(proxy.restart(away_s=0.3))
            await asyncio.sleep(0.1)
            asked = [group.create_task(manager.transaction(one)) for _ in range(10)]
        assert [task.result() for task in asked] == [[(1,)]] * 10


@pytest.mark.parametrize("fault", ["cut", "half_close"])
async def test_a_broken_idle_connection_is_never_handed_out(fault, postgres_url, proxied):
    proxy, url = await proxied(postgres_url)
    async with AsyncConnectionManager(only(url, pool_min=2)) as manager:
        async with manager.session() as session:
            await rows(session, "SELECT 1")
        getattr(proxy, fault)()
        await asyncio.sleep(0.02)
        async with manager.session() as session:
            assert await rows(session, "SELECT 1") == [(1,)]


async def test_a_commit_that_may_have_happened_is_not_repeated_unasked(postgres_url, proxied):
    proxy, url = await proxied(postgres_url)
    runs = []
    async with AsyncConnectionManager(only(url, pool_min=1, reconnect_s=3)) as manager:

        async def work(session):
            runs.append(1)
            await rows(session, "SELECT 1")
            if len(runs) == 1:
                proxy.cut()

        with pytest.raises(StoreError):
            await manager.transaction(work)
        assert len(runs) == 1
        runs.clear()
        await manager.transaction(work, repeatable=True)
        assert len(runs) == 2


async def test_deadlocks_and_serialisation_failures_are_run_again(server_url):
    async with AsyncConnectionManager(only(server_url)) as manager:
        async with manager.session() as session:
            await session.execute(text("DROP TABLE IF EXISTS t_dead"))
            await session.execute(
                text("CREATE TABLE t_dead (id INTEGER PRIMARY KEY, n INTEGER NOT NULL)")
            )
            await session.execute(text("INSERT INTO t_dead VALUES (1, 0), (2, 0)"))
            await session.commit()

        async def both(session, first, second):
            sql = "UPDATE t_dead SET n = n + 1 WHERE id = :id"
            await session.execute(text(sql), {"id": first})
            await asyncio.sleep(0.02)
            await session.execute(text(sql), {"id": second})

        async with asyncio.TaskGroup() as group:
            for number in range(2):
                pair = (1, 2) if number % 2 else (2, 1)
                group.create_task(
                    manager.transaction(lambda session, pair=pair: both(session, *pair))
                )
        async with manager.session() as session:
            found = await rows(session, "SELECT n FROM t_dead ORDER BY id")
        assert found == [(2,), (2,)]


async def test_the_callers_own_error_passes_and_undoes_the_work(database_url):
    async with AsyncConnectionManager(only(database_url)) as manager:
        async with manager.session() as session:
            await session.execute(text("DROP TABLE IF EXISTS t_undo"))
            await session.execute(text("CREATE TABLE t_undo (id INTEGER PRIMARY KEY)"))
            await session.commit()

        async def work(session):
            await session.execute(text("INSERT INTO t_undo VALUES (1)"))
            raise KeyError("mine")

        with pytest.raises(KeyError):
            await manager.transaction(work)
        async with manager.session() as session:
            assert await rows(session, "SELECT id FROM t_undo") == []


async def test_an_unclosed_manager_warns():
    manager = AsyncConnectionManager({"database_url": None, "redis_url": None})
    await manager.initialize()
    session = manager.http_session
    held = [manager]
    del manager
    with pytest.warns(ResourceWarning, match="unclosed AsyncConnectionManager"):
        held.clear()
    await session.close()
