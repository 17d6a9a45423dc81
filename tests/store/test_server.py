"""A shared database that goes away, comes back, is full, or does not let us in."""

import asyncio
import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from fault_proxy import fault_proxy
from journal_work import BUSY, LEASED, done, entries
from own_servers import OwnPostgres, own_server
from real_servers import on_postgres, own_database

from ai_catalyst.errors import StoreError
from ai_catalyst.store import Cost, Egress, SharedStore, Store

SLOW_COMMIT = """
CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN PERFORM pg_sleep(0.4); RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON costs
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION slowly();
"""
FAULT = """
CREATE FUNCTION fault() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'secret of a person' USING ERRCODE = '{}'; END $$;
CREATE TRIGGER fault BEFORE INSERT ON journal FOR EACH STATEMENT EXECUTE FUNCTION fault();
"""


@pytest.fixture
def fresh_url() -> Iterator[str]:
    """A database of the test's own, without tables."""
    yield from own_database("postgres")


def at(url: str, port: int) -> str:
    """Return the URL of the same database behind another port of this machine."""
    parts = urlsplit(url)
    user = (parts.netloc.rpartition("@")[0] or "postgres").partition(":")[0]
    return parts._replace(netloc=f"{user}@127.0.0.1:{port}").geturl()


def open_at(url: str, folder: Path, **options: float) -> SharedStore:
    return SharedStore(url, local=Store(folder / "local.db"), **options)


def place_of(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or "127.0.0.1", parts.port or 5432


async def test_what_is_asked_while_connections_break_is_done_once(
    database_url: str, tmp_path: Path
) -> None:
    work = entries(100)
    async with (
        fault_proxy(*place_of(database_url)) as proxy,
        open_at(at(database_url, proxy.port), tmp_path, pool_size=3) as store,
    ):
        journal = store.journal("r", "s")
        await journal.counts()
        over = asyncio.Event()

        async def cut() -> None:
            while not over.is_set():
                proxy.cut()
                await asyncio.sleep(0.25)

        async def share(part: list) -> None:
            for start in range(0, len(part), 5):
                group = part[start : start + 5]
                assert await journal.lease(group) == [LEASED] * 5
                await journal.commit([(e.key, e.label.encode()) for e in group])
                await store.record_costs([Cost(0.0, "e", "m", 1, 1, 0.5)] * 3)
                await store.record_egress([Egress(0.0, "e", "h", 1)])

        cutting = asyncio.ensure_future(cut())
        await asyncio.gather(*(share(work[n::4]) for n in range(4)))
        over.set()
        await cutting
        assert await journal.lease(work) == [done(e.label.encode()) for e in work]
        assert (await store.costs())[0].calls == 60
        assert sum([row.bytes async for row in store.egress()]) == 20
        assert await store.runs._driver.rows("SELECT 1 FROM shared_leases") == []


@pytest.mark.parametrize("known_at_once", [True, False])
async def test_a_commit_whose_answer_was_lost_is_not_made_again(
    fresh_url: str, tmp_path: Path, known_at_once: bool
) -> None:
    async with (
        fault_proxy(*place_of(fresh_url)) as proxy,
        open_at(at(fresh_url, proxy.port), tmp_path) as store,
    ):
        await store.spent_usd()
        await on_postgres(SLOW_COMMIT, fresh_url)
        writing = asyncio.ensure_future(store.record_costs([Cost(0.0, "e", "m", cost_usd=1.0)]))
        await asyncio.sleep(0.2)  # the server is in the middle of its commit
        if known_at_once:
            proxy.cut()
        else:
            await proxy.restart(0.5)  # it has long ended when we are back
        await writing
        assert await store.spent_usd() == 1.0
        assert len(await store.costs("model")) == 1
        assert (await store.costs())[0].calls == 1


@pytest.fixture
def own_postgres() -> Iterator[OwnPostgres]:
    with own_server("postgres") as server:
        yield server


async def test_a_server_that_restarts_is_waited_for_and_nobody_is_taken_for_dead(
    own_postgres: OwnPostgres, tmp_path: Path
) -> None:
    server = own_postgres
    async with (
        open_at(server.url, tmp_path / "a", lease_s=5.0, beat_s=0.2) as a,
        open_at(server.url, tmp_path / "b", lease_s=5.0, beat_s=0.2) as b,
    ):
        work = entries(50)
        journal = a.journal("r", "s")
        await journal.lease(work)
        await b.beats()
        await asyncio.to_thread(server.kill)
        committing = asyncio.ensure_future(journal.commit([(e.key, b"value") for e in work[:20]]))
        await asyncio.sleep(5.5)  # longer than anybody is believed to live
        await asyncio.to_thread(server.start)
        await asyncio.to_thread(server.wait)
        found = await b.journal("r", "s").lease(work[20:])
        assert found == [BUSY] * 30
        await committing
        assert await b.journal("r", "s").lease(work[:20]) == [done(b"value")] * 20


async def test_a_server_that_stays_away_is_told_by_host_and_name_only(
    database_url: str, tmp_path: Path
) -> None:
    async with fault_proxy(*place_of(database_url)) as proxy:
        url = at(database_url, proxy.port).replace("postgres@", "postgres:hunter2@")
        async with open_at(url, tmp_path, patience_s=0.5) as store:
            await store.spent_usd()
            await proxy.stop()
            with pytest.raises(StoreError, match=r"127\.0\.0\.1/catalyst_test_\w+ cannot") as told:
                await store.journal().lease(entries(1))
        assert "hunter2" not in str(told.value)
        assert "check that it runs" in str(told.value)


async def test_a_server_that_never_answered_is_told_at_once(tmp_path: Path) -> None:
    started = asyncio.get_running_loop().time()
    async with open_at("postgresql://u:hunter2@127.0.0.1:9/x", tmp_path, patience_s=60) as store:
        with pytest.raises(StoreError, match=r"127\.0\.0\.1/x cannot be used .*check that it runs"):
            await store.start_run("x")
    assert asyncio.get_running_loop().time() - started < 20


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("53100", "is on a full disk: make room on its server, then run the same command again"),
        ("25006", "is read-only: name the primary"),
        ("42501", "does not let this user do that: grant"),
        ("53200", "is out of memory"),
        ("58030", "cannot read or write its files"),
        ("P0001", "refused the statement: secret of a person"),
    ],
)
async def test_what_the_server_refuses_is_told_with_a_remedy(
    fresh_url: str, tmp_path: Path, code: str, says: str
) -> None:
    work = entries(1)
    async with open_at(fresh_url, tmp_path) as store:
        journal = store.journal()
        await journal.lease(work)
        await on_postgres(FAULT.format(code), fresh_url)
        with pytest.raises(StoreError) as told:
            await journal.commit([(work[0].key, b"v")])
        assert says in str(told.value)
        assert urlsplit(fresh_url).path in str(told.value)
        await on_postgres("DROP TRIGGER fault ON journal", fresh_url)
        await journal.commit([(work[0].key, b"v")])
        assert await journal.lease(work) == [done(b"v")]


async def test_a_database_that_is_read_only_says_so(fresh_url: str, tmp_path: Path) -> None:
    name = urlsplit(fresh_url).path[1:]
    async with open_at(fresh_url, tmp_path) as store:
        await store.start_run("x")
    await on_postgres(f"ALTER DATABASE {name} SET default_transaction_read_only = on", fresh_url)
    async with open_at(fresh_url, tmp_path) as store:
        assert len(await store.runs.list()) == 1
        with pytest.raises(StoreError, match="is read-only: name the primary"):
            await store.start_run("y")


async def test_a_user_who_may_not_make_tables_is_told_what_to_grant(
    fresh_url: str, tmp_path: Path
) -> None:
    role = f"catalyst_test_{os.getpid()}"
    await on_postgres(f"CREATE ROLE {role} LOGIN", fresh_url)
    try:
        parts = urlsplit(fresh_url)
        host = parts.netloc.rpartition("@")[2]
        url = parts._replace(netloc=f"{role}:hunter2@{host}").geturl()
        async with open_at(url, tmp_path) as store:
            with pytest.raises(StoreError, match="does not let this user do that") as told:
                await store.start_run("x")
        assert "hunter2" not in str(told.value)
    finally:
        await on_postgres(f"DROP ROLE {role}", fresh_url)


async def test_a_database_that_is_not_there_is_named(database_url: str, tmp_path: Path) -> None:
    url = urlsplit(database_url)._replace(path="/catalyst_no_such").geturl()
    async with open_at(url, tmp_path) as store:
        with pytest.raises(StoreError, match="/catalyst_no_such does not exist: create it"):
            await store.start_run("x")


async def test_many_open_a_fresh_database_at_once(fresh_url: str, tmp_path: Path) -> None:
    stores = [open_at(fresh_url, tmp_path / str(n)) for n in range(3)]
    await asyncio.gather(*(store.start_run(str(n)) for n, store in enumerate(stores)))
    assert len(await stores[0].runs.list()) == 3
    for store in stores:
        await store.close()


async def test_who_is_cancelled_leaves_no_lease_behind(database_url: str, tmp_path: Path) -> None:
    async with (
        open_at(database_url, tmp_path / "a") as store,
        open_at(database_url, tmp_path / "b") as other,
    ):
        work = entries(20)
        await other.journal().counts()
        await store.journal().counts()
        cancelled = 0
        for pause in (0.0, 0.0, 0.001, 0.002, 0.004, 0.008):
            task = asyncio.ensure_future(store.journal("r", "s").lease(work))
            await asyncio.sleep(pause)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            cancelled += task.cancelled()
            if not task.cancelled():
                break
            theirs = other.journal("r", "s")
            async with asyncio.timeout(10):
                while LEASED not in (claims := await theirs.lease(work)):
                    await asyncio.sleep(0.01)
            assert claims == [LEASED] * 20
            await theirs.release([e.key for e in work])
        assert cancelled


def test_a_process_forked_after_the_first_use_is_told_to_open_its_own(
    database_url: str, tmp_path: Path
) -> None:
    async def use() -> None:
        async with open_at(database_url, tmp_path) as store:
            await store.start_run("x")
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # threads and fork
                child = os.fork()
            if child == 0:
                os._exit(_refused(store))
            _, status = await asyncio.to_thread(os.waitpid, child, 0)
            assert os.waitstatus_to_exitcode(status) == 0
            await store.start_run("y")

    asyncio.run(use())


def _refused(store: SharedStore) -> int:
    """Return 0 when a forked child is refused in words."""
    asked = store.start_run("x")
    try:
        asked.send(None)
    except StoreError as error:
        return 0 if "before this process was forked: open one here" in str(error) else 2
    except BaseException:  # noqa: BLE001 - a child must not run the tests
        return 3
    return 4
