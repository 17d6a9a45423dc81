"""The real servers of the tests: a database of one's own on each, dropped afterwards.

``CATALYST_TEST_POSTGRES_URL``, ``…_MYSQL_URL`` and ``…_REDIS_URL`` say where they are, else the
usual ports of this machine. Where none answers the test is skipped; with ``CI=true`` it fails.
"""

import asyncio
import os
import uuid
from concurrent.futures import ThreadPoolExecutor

import aiosqlite  # noqa: F401 - imported before any loop runs
import asyncmy
import asyncpg
import pytest
import redis
import redis.asyncio
import sqlalchemy.dialects.mysql.asyncmy
import sqlalchemy.dialects.postgresql.asyncpg
import sqlalchemy.dialects.sqlite.aiosqlite
import sqlalchemy.ext.asyncio  # noqa: F401
from sqlalchemy.engine import make_url

POSTGRES = os.environ.get("CATALYST_TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/test")
MYSQL = os.environ.get("CATALYST_TEST_MYSQL_URL", "mysql://root@127.0.0.1:3306/test")
REDIS = os.environ.get("CATALYST_TEST_REDIS_URL", "redis://127.0.0.1:6379")


def missing(what, error):
    message = f"{what} does not answer ({type(error).__name__})"
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)


async def on_postgres(statement, url=POSTGRES):
    url = make_url(url).set(drivername="postgresql")
    connection = await asyncpg.connect(url.render_as_string(hide_password=False), timeout=5)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def on_mysql(statement):
    url = make_url(MYSQL)
    connection = await asyncmy.connect(
        host=url.host, port=url.port or 3306, user=url.username, password=url.password or ""
    )
    try:
        async with connection.cursor() as cursor:
            await cursor.execute(statement)
    finally:
        await connection.ensure_closed()


def _apart(run, statement):
    """Run in a thread of its own: an async test may ask for its fixture in a running loop."""
    with ThreadPoolExecutor(1) as executor:
        executor.submit(lambda: asyncio.run(run(statement))).result()


def own_database(kind):
    """Yield the URL of a new, empty database on a server; for a generator fixture."""
    run, base = {"postgres": (on_postgres, POSTGRES), "mysql": (on_mysql, MYSQL)}[kind]
    name = f"catalyst_test_{os.getpid()}_{uuid.uuid4().hex[:8]}"
    try:
        _apart(run, f"CREATE DATABASE {name}")
    except (OSError, asyncmy.errors.OperationalError) as error:
        missing(kind, error)
    yield make_url(base).set(database=name).render_as_string(hide_password=False)
    force = " WITH (FORCE)" if kind == "postgres" else ""
    _apart(run, f"DROP DATABASE {name}{force}")


def empty_tables(url):
    """Empty every table of ours in a PostgreSQL database; a new one is left as it is."""
    statement = """
    DO $$ DECLARE name text; BEGIN
      SET LOCAL session_replication_role = replica;  -- in any order
      FOR name IN SELECT quote_ident(tablename) FROM pg_tables
        WHERE schemaname = 'public' AND tablename <> 'alembic_version'
      LOOP EXECUTE 'DELETE FROM ' || name; END LOOP;
    END $$
    """
    _apart(lambda sql: on_postgres(sql, url), statement)


def own_namespace():
    """Yield a Redis URL and a key prefix of one's own; for a generator fixture."""
    client = redis.Redis.from_url(REDIS, socket_timeout=5)
    try:
        client.ping()
    except (redis.ConnectionError, redis.TimeoutError) as error:
        missing("redis", error)
    prefix = f"catalyst-test-{uuid.uuid4().hex[:8]}"
    yield REDIS, prefix
    names = list(client.scan_iter(match=f"{prefix}*", count=1000))
    if names:
        client.delete(*names)
    client.close()
