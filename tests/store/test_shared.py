"""A store that many share: who lives, who is dead, and whose answer counts."""

import asyncio
import gc
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from journal_work import BUSY, LEASED, done, entries

from ai_catalyst.errors import StoreError, UserError
from ai_catalyst.store import Cost, SharedStore, Store, is_shared

Open = Callable[..., SharedStore]
Program = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def open_as(database_url: str, tmp_path: Path) -> Open:
    """Open a store under a name, with a folder of its own, as another machine would."""

    def open_(name: str, **options: float) -> SharedStore:
        return SharedStore(
            database_url, local=Store(tmp_path / f"{name}.db"), owner_name=name, **options
        )

    return open_


async def silence(store: SharedStore, name: str, seconds: float) -> None:
    """Have an owner be silent for a while, as one whose machine stands still."""
    sql = f"UPDATE shared_owners SET beat = beat - {seconds} WHERE name = '{name}' RETURNING id"
    assert await store.runs._driver.rows(sql)


async def test_what_a_dead_owner_held_is_free_and_counts_a_death(open_as: Open) -> None:
    work = entries(4)
    async with open_as("a") as a, open_as("b") as b:
        await a.journal("r", "s").lease(work)
        theirs = b.journal("r", "s")
        assert await theirs.lease(work) == [BUSY] * 4
        assert await b.bury("a") == 1
        assert [(f.owner, f.deaths) for f in await b.in_flight("r")] == [("a", 1)] * 4
        assert await theirs.lease(work[:3]) == [LEASED] * 3
        found = {f.label: (f.owner, f.deaths, f.key) for f in await b.in_flight("r")}
        assert found == {
            **{e.label: ("b", 1, e.key) for e in work[:3]},
            work[3].label: ("a", 1, work[3].key),
        }
        assert await b.bury("a") == 0
        assert await b.in_flight("another run") == []


async def test_deaths_add_up_until_the_key_is_done(open_as: Open) -> None:
    work = entries(1)
    async with open_as("judge") as judge:
        for life in range(3):
            async with open_as(f"life-{life}") as victim:
                assert await victim.journal("r", "s").lease(work) == [LEASED]
                await judge.bury(f"life-{life}")
                assert [f.deaths for f in await judge.in_flight("r")] == [life + 1]
        journal = judge.journal("r", "s")
        assert await journal.lease(work) == [LEASED]
        await journal.release([work[0].key])
        assert await judge.in_flight("r") == []  # given back: nobody holds it
        assert await journal.lease(work) == [LEASED]
        assert [f.deaths for f in await judge.in_flight("r")] == [3]
        await journal.commit([(work[0].key, b"at last")])
        assert await judge.runs._driver.rows("SELECT * FROM shared_leases") == []


async def test_who_is_silent_for_longer_than_its_lease_is_dead(
    open_as: Open, database_url: str
) -> None:
    work = entries(2)
    async with open_as("a") as a, open_as("b") as b:
        await a.journal("r", "s").lease(work)
        await silence(b, "a", 14.0)
        assert await b.journal("r", "s").lease(work) == [BUSY] * 2
        await silence(b, "a", 2.0)
        assert await b.journal("r", "s").lease(work) == [LEASED] * 2
        assert [(f.owner, f.deaths) for f in await b.in_flight("r")] == [("b", 1)] * 2
        assert list(await b.beats()) == ["b"]


async def test_who_was_buried_alive_keeps_no_second_answer_and_signs_anew(open_as: Open) -> None:
    work = entries(4)
    async with open_as("a") as a, open_as("b") as b:
        ours = a.journal("ours", "s")
        await ours.lease(work)
        await b.bury("a")
        theirs = b.journal("theirs", "s")
        assert await theirs.lease(work[:2]) == [LEASED] * 2
        await theirs.commit([(work[0].key, b"theirs")])
        await ours.commit([(e.key, b"ours") for e in work[:3]])  # the second is theirs still
        assert [f.label for f in await b.in_flight("theirs")] == [work[1].label]
        await theirs.commit([(work[1].key, b"theirs")])
        rows = await b.runs._driver.rows("SELECT label, value FROM journal ORDER BY label")
        assert [tuple(row) for row in rows] == [
            (work[0].label, b"theirs"),
            (work[1].label, b"ours"),
            (work[2].label, b"ours"),
        ]
        assert await ours.lease(entries(1, prefix="new")) == [LEASED]
        assert await b.journal().lease(entries(1, prefix="new")) == [BUSY]
        assert set(await b.beats()) == {"a", "b"}


async def test_a_buried_owner_gives_back_nothing_that_is_anothers(open_as: Open) -> None:
    work = entries(1)
    async with open_as("b") as b:
        async with open_as("a") as a:
            ours = a.journal("r", "s")
            await ours.lease(work)
            await b.bury("a")
            assert await b.journal("r", "s").lease(work) == [LEASED]
            await ours.release([work[0].key])
            assert await ours.lease(work) == [BUSY]
            await ours.fail([(work[0].key, "late")])
        assert [f.owner for f in await b.in_flight("r")] == ["b"]
        await b.journal("r", "s").commit([(work[0].key, b"done")])
        assert await b.journal("r", "s").lease(work) == [done(b"done")]


async def test_the_heartbeat_keeps_an_owner_alive_though_its_loop_stands_still(
    open_as: Open,
) -> None:
    async with open_as("a", lease_s=1.0, beat_s=0.05) as a:
        await a.journal().lease(entries(1))
        before = await a.runs._driver.rows("SELECT beat FROM shared_owners")

        async def beaten() -> None:
            while await a.runs._driver.rows("SELECT beat FROM shared_owners") == before:
                await asyncio.sleep(0.01)

        await asyncio.wait_for(beaten(), 10)
        assert (await a.beats())["a"] < 10


async def test_closing_leaves_no_owner_and_no_lease(open_as: Open) -> None:
    async with open_as("b") as b:
        async with open_as("a") as a:
            await a.journal().lease(entries(5))
            assert set(await b.beats()) == {"a"}
        assert await b.beats() == {}
        assert await b.runs._driver.rows("SELECT 1 FROM shared_leases") == []


async def test_pruning_drops_what_the_dead_left_of_runs_that_are_gone(open_as: Open) -> None:
    async with open_as("b") as b:
        run = await b.start_run("x")
        async with open_as("a") as a:
            await a.journal("gone", "s").lease(entries(1, prefix="gone"))
            await a.journal(run, "s").lease(entries(1, prefix="kept"))
            await b.bury("a")
            await b.prune_runs(5)
            rows = await b.runs._driver.rows("SELECT label FROM shared_leases")
            assert [row[0] for row in rows] == ["kept-0.txt"]


async def test_a_forgotten_document_leaves_no_lease_of_the_dead(open_as: Open) -> None:
    async with open_as("a") as a, open_as("b") as b:
        await a.journal("r", "s").lease(entries(1))
        with pytest.raises(StoreError, match="a run is working"):
            await b.forget("item-0.txt")
        await b.bury("a")
        await b.forget("item-0.txt")
        assert await b.runs._driver.rows("SELECT 1 FROM shared_leases") == []


async def test_any_loop_and_thread_may_ask(open_as: Open) -> None:
    work = entries(40)
    async with open_as("a") as store:

        def elsewhere(number: int) -> None:
            async def run() -> None:
                part = work[number * 10 : number * 10 + 10]
                journal = store.journal("r", "s")
                assert await journal.lease(part) == [LEASED] * 10
                await journal.commit([(e.key, b"%d" % number) for e in part])
                await store.record_costs([Cost(0.0, "e", "m", cost_usd=1.0)])

            asyncio.run(run())

        await asyncio.gather(*(asyncio.to_thread(elsewhere, n) for n in range(4)))
        assert await store.journal("r", "s").counts() == {"done": 40, "failed": 0}
        assert await store.spent_usd() == 4.0
        assert len(await store.runs._driver.rows("SELECT id FROM shared_owners")) == 1


def test_a_store_dropped_unclosed_says_so(open_as: Open) -> None:
    async def use() -> None:
        store = open_as("a")
        await store.journal().lease(entries(1))
        await store._local.close()

    def use_and_drop() -> None:
        asyncio.run(use())
        gc.collect()

    with pytest.warns(ResourceWarning, match="unclosed store 127.0.0.1/catalyst_test"):
        use_and_drop()


def test_building_one_touches_nothing(tmp_path: Path) -> None:
    url = "postgresql+asyncpg://someone:hunter2@127.0.0.1:9/nothing"
    store = SharedStore(url, local=Store(tmp_path / "a.db"))
    assert store.place == "127.0.0.1/nothing"
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("url", "shared"),
    [
        ("postgresql+asyncpg://host/name", True),
        ("postgres://host/name", True),
        ("sqlite+aiosqlite:///x.db", False),
        ("x.db", False),
        ("", False),
    ],
)
def test_only_postgresql_is_shared(url: str, shared: bool) -> None:
    assert is_shared(url) is shared
    if not shared:
        with pytest.raises(UserError, match="needs PostgreSQL"):
            SharedStore(url)


def test_a_beat_slower_than_the_lease_is_refused() -> None:
    with pytest.raises(UserError, match=r"beat_s \(5\.0\) must be .* below lease_s \(5\.0\)"):
        SharedStore("postgresql://h/n", beat_s=5.0, lease_s=5.0)


def test_without_the_extra_its_name_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ai_catalyst.store.database_postgres.find_spec", lambda _: None)
    with pytest.raises(UserError, match=r"pip install '\.\[postgres\]"):
        SharedStore("postgresql://h/n")


HOLDER = """
import asyncio, sys
from ai_catalyst.engine.journal import Entry, journal_key
from ai_catalyst.store import SharedStore, Store

async def main(url, folder):
    store = SharedStore(url, local=Store(folder), owner_name="frozen", lease_s=1.0, beat_s=0.1)
    async with store:
        journal = store.journal("r", "s")
        keys = [journal_key("read", 1, b"", f"item-{n}") for n in range(3)]
        claims = await journal.lease([Entry(key, f"item-{n}.txt") for n, key in enumerate(keys)])
        print(len(claims), flush=True)
        sys.stdin.readline()
        await journal.commit([(key, b"frozen") for key in keys])
        print(sorted(claim.value.decode() for claim in await journal.lease(
            [Entry(key) for key in keys])), flush=True)

asyncio.run(main(*sys.argv[1:]))
"""


async def test_a_process_that_freezes_loses_its_leases_and_changes_nothing_when_it_wakes(
    open_as: Open, database_url: str, tmp_path: Path, program: Program
) -> None:
    work = entries(3)
    holder = await asyncio.to_thread(program, HOLDER, database_url, tmp_path / "holder.db")
    assert await asyncio.to_thread(holder.stdout.readline) == "3\n"
    async with open_as("b") as b:
        theirs = b.journal("r", "s")
        assert await theirs.lease(work) == [BUSY] * 3
        holder.send_signal(signal.SIGSTOP)
        async with asyncio.timeout(30):
            while await theirs.lease(work[:2]) != [LEASED] * 2:
                await asyncio.sleep(0.1)
        await theirs.commit([(e.key, b"awake") for e in work[:2]])
        assert [(f.owner, f.deaths) for f in await b.in_flight("r")] == [("frozen", 1)]
        holder.send_signal(signal.SIGCONT)
        said = await asyncio.to_thread(holder.communicate, "\n", 30)
        assert said[0] == "['awake', 'awake', 'frozen']\n"
        assert await theirs.lease(work) == [done(b"awake"), done(b"awake"), done(b"frozen")]


async def test_the_leases_of_a_process_that_was_killed_here_are_free_at_once(
    open_as: Open, database_url: str, tmp_path: Path, program: Program
) -> None:
    work = entries(3)
    source = HOLDER.replace("lease_s=1.0", "lease_s=600.0")
    holder = await asyncio.to_thread(program, source, database_url, tmp_path / "holder.db")
    assert await asyncio.to_thread(holder.stdout.readline) == "3\n"
    async with open_as("b") as b:
        assert await b.journal("r", "s").lease(work) == [BUSY] * 3
        holder.kill()
        await asyncio.to_thread(holder.wait)
        assert await b.journal("r", "s").lease(work) == [LEASED] * 3
        assert [f.deaths for f in await b.in_flight("r")] == [1] * 3
        await b.prune_runs(5)
        assert list(await b.beats()) == ["b"]


async def test_memory_of_leases_does_not_grow_with_what_is_done(open_as: Open) -> None:
    async with open_as("a") as store:
        journal = store.journal("r", "s")
        for number in range(4):
            work = entries(300, prefix=str(number))
            assert await journal.lease(work) == [LEASED] * 300
            await journal.commit([(e.key, b"v") for e in work[:100]])
            await journal.fail([(e.key, "no") for e in work[100:200]])
            await journal.release([e.key for e in work[200:]])
        assert (store._held.tickets, store._held.labels, journal._mine) == ({}, {}, {})
