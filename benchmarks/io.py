"""What the I/O toolkit costs: real servers, files, thumbnails, against the usual way in one run.

Run ``python -m benchmarks.io [PART]…``; the parts are inserts, reads, drivers, copy, mixed, files,
restart, thumbnails, monitor, locked. ``locked`` runs four writing processes for ``--minutes`` (10
for the claim), ``restart`` throw-away servers of its own. PostgreSQL, MariaDB and Redis are
otherwise those of the tests (``CATALYST_TEST_…_URL``, else the usual ports); what a part makes
there it drops. Both sides of a ratio take turns in one process, so that a busy machine meets both
alike.
"""

import argparse
import asyncio
import gc
import logging
import multiprocessing
import os
import platform
import sqlite3
import statistics
import sys
import tempfile
import time
import uuid
from contextlib import suppress
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "support"))

import aiosqlite
import asyncpg
import clips
import real_servers
import sqlalchemy as sa
from own_servers import own_server
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from ai_catalyst.engine.monitor import AsyncOperationMonitor
from ai_catalyst.engine.workers import WorkerPool
from ai_catalyst.io import (
    AsyncConnectionManager,
    AsyncRedisManager,
    open_repository,
    read_file_async,
    read_files_async,
)
from ai_catalyst.video.decoding import look


class Base(DeclarativeBase):
    pass


class Thing(Base):
    __tablename__ = "bench_things"
    id: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(sa.String(100))
    price: Mapped[float] = mapped_column(sa.Double)


TABLE = Thing.__table__


def thing(number):
    return {"id": number, "name": f"thing {number}", "price": number / 4}


def settings(url, **more):
    return {"database_url": url, "redis_url": None, **more}


def row(what, figure, wanted):
    print(f"| {what} | {figure} | {wanted} |", flush=True)


def on_servers(kind, part):
    """Run a part with a database of its own."""
    database = real_servers.own_database(kind)
    try:
        asyncio.run(part(next(database)))
    finally:
        with suppress(StopIteration):
            next(database)


async def clients(number, jobs, work):
    """Let some clients share a number of jobs; returns the seconds."""
    rest = iter(range(jobs))

    async def client():
        for job in rest:
            await work(job)

    started = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(number):
            group.create_task(client())
    return time.perf_counter() - started


async def inserts():
    """64 clients, one durable row at a time."""
    with tempfile.TemporaryDirectory() as folder:
        engine = create_async_engine(
            f"sqlite+aiosqlite:///{folder}/pool.db",
            pool_size=10,
            max_overflow=0,
            connect_args={"timeout": 60},
        )
        async with engine.begin() as connection:
            await connection.execute(sa.text("PRAGMA journal_mode=WAL"))
            await connection.run_sync(Base.metadata.create_all)

        async def usual(number):
            async with AsyncSession(engine) as session:
                session.add(Thing(**thing(number)))
                await session.commit()

        pool = 400 / await clients(64, 400, usual)
        await engine.dispose()
        async with AsyncConnectionManager(settings(f"sqlite:///{folder}/ours.db")) as manager:
            rows = await open_repository(manager, TABLE)
            await rows.create()
            ours = 8000 / await clients(64, 8000, lambda n: rows.add(thing(n)))
            assert await rows.count() == 8000
    row(
        "durable single inserts, 64 clients, SQLite",
        f"{ours / pool:.0f}× ({ours:,.0f}/s; SQLAlchemy pool of 10: {pool:,.0f}/s)",
        "≥ 20×",
    )


def write_alone(path, first, seconds):
    """Write from a process of its own; returns (rows, errors)."""

    async def main():
        written = errors = 0
        async with AsyncConnectionManager(settings(f"sqlite:///{path}")) as manager:
            rows = await open_repository(manager, TABLE)
            await rows.create()
            numbers = iter(range(first, first + 10**9))
            until = time.monotonic() + seconds

            async def client():
                nonlocal written, errors
                while time.monotonic() < until:
                    try:
                        await rows.add(thing(next(numbers)))
                        written += 1
                    except Exception:
                        errors += 1

            async with asyncio.TaskGroup() as group:
                for _ in range(16):
                    group.create_task(client())
        return written, errors

    return asyncio.run(main())


def locked(seconds):
    """Four processes write to one file."""
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/x.db"
        with multiprocessing.get_context("spawn").Pool(4) as pool:
            found = pool.starmap(write_alone, [(path, n * 10**9, seconds) for n in range(4)])
        with sqlite3.connect(path) as connection:
            kept = connection.execute("SELECT count(*) FROM bench_things").fetchone()[0]
    written, errors = (sum(numbers) for numbers in zip(*found, strict=True))
    assert kept == written, (kept, written)
    row(
        f"4 processes write to one SQLite file for {seconds:g} s",
        f"{errors} errors, {written:,} rows, each there",
        "0 in 10 minutes",
    )


async def cpu_of(work, count):
    gc.collect()
    started = time.process_time()
    for number in range(count):
        await work(number)
    return (time.process_time() - started) / count * 1e6


async def compare(ours, raw, count, rounds=5):
    pairs = [(await cpu_of(ours, count), await cpu_of(raw, count)) for _ in range(rounds)]
    ratio = statistics.median(one / other for one, other in pairs)
    return ratio, *(statistics.median(side) for side in zip(*pairs, strict=True))


async def reads_sqlite():
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/x.db"
        async with (
            AsyncConnectionManager(settings(f"sqlite:///{path}")) as manager,
            aiosqlite.connect(path) as connection,
        ):
            rows = await open_repository(manager, TABLE)
            await rows.create()
            await rows.add_many([thing(n) for n in range(2000)])

            async def raw(number):
                sql = "SELECT id, name, price FROM bench_things WHERE id = ?"
                async with connection.execute(sql, (number,)) as cursor:
                    assert (await cursor.fetchone())[0] == number

            async def ours(number):
                assert (await rows.get(number))["id"] == number

            ratio, one, other = await compare(ours, raw, 2000)
    row(
        "reads by key, CPU against raw aiosqlite",
        f"{ratio:.2f}× ({one:.0f}/{other:.0f} µs)",
        "≤ 1.3×",
    )


async def reads_postgres(url):
    async with AsyncConnectionManager(settings(url)) as manager:
        rows = await open_repository(manager, TABLE)
        await rows.create()
        await rows.add_many([thing(n) for n in range(2000)])
        sql = "SELECT id, name, price FROM bench_things WHERE id = $1"

        async def raw(number):
            assert (await manager.db_pool.fetchrow(sql, number))[0] == number

        async def ours(number):
            assert (await rows.get(number))["id"] == number

        ratio, one, other = await compare(ours, raw, 1000)
        async with manager.connection() as held:

            async def holding(number):
                assert (await held.fetchrow(sql, number))[0] == number

            on_held, _, least = await compare(ours, holding, 1000)
    row(
        "reads by key, CPU against raw asyncpg on one held connection",
        f"{on_held:.2f}× ({one:.0f}/{least:.0f} µs); against its pool "
        f"{ratio:.2f}× ({other:.0f} µs)",
        "≤ 1.3×",
    )


async def mysql_driver(driver, url):
    """Return the CPU, µs, of a read by key, of a row inserted, and of a row fetched."""
    parsed = make_url(url)
    connection = await driver.connect(
        host=parsed.host,
        port=parsed.port or 3306,
        user=parsed.username,
        password=parsed.password or "",
        db=parsed.database,
    )
    one, many = "INSERT INTO bench_things VALUES (%s, %s, %s)", "SELECT * FROM bench_things"
    by_key = "SELECT id, name, price FROM bench_things WHERE id = %s"
    records = [tuple(thing(number).values()) for number in range(5000)]
    async with connection.cursor() as cursor:
        await cursor.execute("DELETE FROM bench_things")
        taken = []

        async def read():
            for number in range(1000):
                await cursor.execute(by_key, (number,))
                assert (await cursor.fetchone())[0] == number

        async def fetch():
            await cursor.execute(many)
            assert len(await cursor.fetchall()) == 5000

        steps = ((lambda: cursor.executemany(one, records), 5000), (read, 1000), (fetch, 5000))
        for step, count in steps:
            started = time.process_time()
            await step()
            taken.append((time.process_time() - started) / count * 1e6)
    await connection.commit()
    connection.close()
    return taken


async def drivers(url):
    """asyncmy, which is taken, and aiomysql."""
    try:
        import aiomysql
        import asyncmy
    except ImportError as error:
        print(f"left out: {error.name} is not installed")
        return
    async with AsyncConnectionManager(settings(url)) as manager:
        await (await open_repository(manager, TABLE)).create()
    rounds = [
        (await mysql_driver(asyncmy, url), await mysql_driver(aiomysql, url)) for _ in range(5)
    ]
    for place, what in enumerate(("a row inserted", "a read by key", "a row fetched")):
        ours, other = (statistics.median(pair[side][place] for pair in rounds) for side in (0, 1))
        row(f"{what}, CPU, asyncmy against aiomysql", f"{ours:.1f} against {other:.1f} µs", "")


async def copy(url):
    """100,000 rows."""
    count = 100_000
    async with AsyncConnectionManager(settings(url)) as manager:
        rows = await open_repository(manager, TABLE)
        await rows.create()
        given = [thing(n) for n in range(count)]
        records = [tuple(one.values()) for one in given]
        ours, raw = [], []
        for _ in range(3):
            for seconds, way in ((ours, "ours"), (raw, "raw")):
                async with manager.connection() as connection:
                    await connection.execute("TRUNCATE bench_things")
                    started = time.perf_counter()
                    if way == "raw":
                        await connection.copy_records_to_table("bench_things", records=records)
                if way == "ours":
                    started = time.perf_counter()
                    await rows.add_many(given)
                seconds.append(time.perf_counter() - started)
        assert await rows.count() == count
        single = 300
        started = time.perf_counter()
        for number in range(count, count + single):
            async with manager.session() as session:
                session.add(Thing(**thing(number)))
                await session.commit()
        orm = (time.perf_counter() - started) / single * count
    best = min(ours)
    row(
        "100,000 rows into PostgreSQL",
        f"{orm / best:.0f}× ORM single inserts ({single} timed), "
        f"{min(raw) / best:.2f}× raw COPY ({best:.2f} s)",
        "≥ 100×, ≥ 0.7×",
    )


async def mixed(url):
    """1,000 reads that wait 20 ms each: database, Redis, HTTP, through pools of 20."""
    from aiohttp import web

    async def page(request):
        await asyncio.sleep(0.02)
        return web.Response(text="x")

    app = web.Application()
    app.router.add_get("/", page)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    address = f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}/"
    given = {"database_url": url, "redis_url": real_servers.REDIS}
    sizes = {"pool_min": 20, "pool_max": 20, "http_connections": 20, "http_per_host": 20}
    key = f"bench-{uuid.uuid4().hex}"
    async with AsyncConnectionManager(given | sizes) as manager:

        async def database():
            await manager.db_pool.fetchval("SELECT pg_sleep(0.02)")

        async def redis():
            await manager.redis_pool.blpop([key], timeout=0.02)

        async def http():
            async with manager.http_session.get(address) as response:
                await response.read()

        kinds = [database, redis, http]
        for kind in kinds:
            await kind()
        started = time.perf_counter()
        for number in range(60):
            await kinds[number % 3]()
        one_by_one = 60 / (time.perf_counter() - started)
        waits = []

        async def one(number):
            begun = time.perf_counter()
            await kinds[number % 3]()
            waits.append(time.perf_counter() - begun)

        started = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for number in range(1000):
                group.create_task(one(number))
        seconds = time.perf_counter() - started
        waits.sort()
        together = 1000 / seconds

        async def quick(number):
            await manager.db_pool.fetchval("SELECT 1")

        started = time.perf_counter()
        for number in range(500):
            await quick(number)
        alone = 500 / (time.perf_counter() - started)
        many = 500 / await clients(20, 500, quick)
    await runner.cleanup()
    row(
        "1,000 mixed reads that wait 20 ms, pools of 20, against one by one",
        f"{together / one_by_one:.1f}× ({one_by_one:.0f} → {together:.0f}/s), "
        f"p50 {waits[500] * 1e3:.0f}, p99 {waits[990] * 1e3:.0f} ms of {seconds * 1e3:.0f} in all; "
        f"where nothing waits (SELECT 1) {many / alone:.1f}×",
        "≥ 10× where the work waits",
    )


def queued():
    """Return the seconds this thread was ready to run and had no core (Linux)."""
    with open("/proc/thread-self/schedstat") as file:
        return int(file.read().split()[1]) / 1e9


async def stalled(work):
    """Return the seconds some work takes, and how late a 1 ms heartbeat was at most.

    Once as it was, and once without the time that the loop's thread waited for a core: that is
    what other programs took, and our own threads where they would not let go of theirs.
    """
    worst = own = 0.0

    async def beat():
        nonlocal worst, own
        while True:
            before, waited = time.perf_counter(), queued()
            await asyncio.sleep(0.001)
            late = time.perf_counter() - before - 0.001
            worst, own = max(worst, late), max(own, late - (queued() - waited))

    beating = asyncio.create_task(beat())
    await asyncio.sleep(0.005)
    worst = own = 0.0
    started = time.perf_counter()
    kept = await work()
    seconds = time.perf_counter() - started
    late = worst, own
    beating.cancel()
    del kept  # giving 128 MiB back to the system takes as long as it takes, wherever it is done
    return seconds, *late


def blocking(paths):
    return [path.read_bytes() for path in paths]


async def files():
    with tempfile.TemporaryDirectory() as folder:
        small = [Path(folder) / f"{n}" for n in range(2000)]
        for path in small:
            path.write_bytes(b"x" * 3000)
        large = Path(folder) / "large"
        large.write_bytes(os.urandom(2**20) * 128)
        for name, paths, ours in (
            ("2,000 small files", small, lambda: read_files_async(small)),
            ("one file of 128 MiB", [large], lambda: read_file_async(large)),
        ):
            blocking(paths)
            ratios, stalls, owns = [], [], []
            for _ in range(11):
                started = time.perf_counter()
                kept = blocking(paths)
                plain = time.perf_counter() - started
                del kept
                seconds, stall, own = await stalled(ours)
                ratios.append(seconds / plain)
                stalls.append(stall)
                owns.append(own)
            row(
                f"{name} against blocking",
                f"{statistics.median(ratios):.2f}×, loop late by "
                f"{statistics.median(stalls) * 1e3:.1f} ms (worst {max(stalls) * 1e3:.1f}); "
                f"less its waiting for a core {statistics.median(owns) * 1e3:.1f}",
                "≤ 1.1×, ≤ 20 ms",
            )


def restarts(server, count):
    """Return a function of a number that shuts the server down on the way, and later kills it."""
    ends = {count // 3: server.stop, 2 * count // 3: server.kill}

    async def at(number):
        if number in ends:
            await asyncio.to_thread(ends[number])
            await asyncio.sleep(0.5)
            await asyncio.to_thread(server.start)

    return at


async def restarted(server, write):
    """Write 10,000 times while a server of our own ends twice; returns (errors, longest wait)."""
    errors, longest = 0, 0.0
    at = restarts(server, 10_000)

    async def work(number):
        nonlocal errors, longest
        ending = asyncio.create_task(at(number))
        begun = time.perf_counter()
        try:
            await write(number)
        except Exception:
            errors += 1
        longest = max(longest, time.perf_counter() - begun)
        await ending

    await clients(20, 10_000, work)
    return errors, longest


def restart_row(kind, kept, errors, longest):
    row(
        f"shut down and killed in 10,000 writes, {kind}",
        f"{10_000 - kept} lost, {errors} errors; longest wait {longest:.1f} s (away 0.5 s, twice)",
        "0 lost, 0 doubled",
    )


async def restart_database(server, kind):
    async with AsyncConnectionManager(settings(server.url, pool_max=20)) as manager:
        rows = await open_repository(manager, TABLE)
        await rows.create()
        told = 0

        async def write(number):
            nonlocal told
            written = await rows.add(thing(number))
            told += written

        errors, longest = await restarted(server, write)
        kept = await rows.count()
        assert told == kept, (told, kept)
    restart_row(kind, kept, errors, longest)


async def restart_redis(server, kind):
    async with AsyncRedisManager(server.url, namespace="bench") as cache:
        errors, longest = await restarted(server, lambda n: cache.set(str(n), n, ttl=600))
        kept = len(await cache.get_many(map(str, range(10_000))))
    restart_row(kind, kept, errors, longest)


def restart():
    """Servers of our own, in a temporary folder."""
    logging.getLogger("asyncpg").setLevel(
        logging.CRITICAL
    )  # its pool tells of each lost connection
    for kind in ("postgres", "mysql", "redis"):
        part = restart_redis if kind == "redis" else restart_database
        with own_server(kind) as server:
            asyncio.run(part(server, kind))


async def thumbnails():
    with tempfile.TemporaryDirectory() as folder:
        paths = [
            str(clips.make_clip(f"{folder}/{n}.mp4", 2, size=(640, 360), fps=15)) for n in range(50)
        ]
        ratios = []
        async with WorkerPool(2) as two, WorkerPool(1) as one:
            for pool in (one, two):  # the first task of a worker imports the decoders
                await asyncio.gather(*(pool.run(look, paths[0]) for _ in range(4)))
            for _ in range(3):
                taken = []
                for pool in (one, two):
                    started = time.perf_counter()
                    async with pool.map(look, paths, chunk=1) as outcomes:
                        assert all([outcome.error is None async for outcome in outcomes])
                    taken.append(time.perf_counter() - started)
                ratios.append(taken[0] / taken[1])
    row(
        "thumbnails of 50 clips on 2 cores against one process",
        f"{statistics.median(ratios):.2f}× ({', '.join(f'{ratio:.2f}' for ratio in ratios)})",
        "≥ 1.8×",
    )


async def monitor():
    watch = AsyncOperationMonitor()

    async def nothing():
        pass

    costs = []
    for _ in range(7):
        started = time.process_time()
        for _ in range(20_000):
            await nothing()
        bare = time.process_time() - started
        started = time.process_time()
        for _ in range(20_000):
            await watch.monitor_operation("x", nothing)
        costs.append((time.process_time() - started - bare) / 20_000 * 1e6)
    row("monitor, an operation", f"{statistics.median(costs):.2f} µs", "≤ 2 µs")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*")
    parser.add_argument("--minutes", type=float, default=1 / 3, help="how long `locked` runs")
    options = parser.parse_args()
    parts = {
        "inserts": lambda: asyncio.run(inserts()),
        "reads": lambda: (asyncio.run(reads_sqlite()), on_servers("postgres", reads_postgres)),
        "drivers": lambda: on_servers("mysql", drivers),
        "copy": lambda: on_servers("postgres", copy),
        "mixed": lambda: on_servers("postgres", mixed),
        "files": lambda: asyncio.run(files()),
        "restart": restart,
        "thumbnails": lambda: asyncio.run(thumbnails()),
        "monitor": lambda: asyncio.run(monitor()),
        "locked": lambda: locked(options.minutes * 60),
    }
    unknown = [part for part in options.parts if part not in parts]
    if unknown:
        parser.error(f"no such part: {unknown[0]}; there are {', '.join(parts)}")
    print(
        f"Python {platform.python_version()}, {os.cpu_count()} cores, asyncpg {asyncpg.__version__}"
    )
    print("\n| what | measured | wanted |\n| --- | --- | --- |")
    for part in options.parts or parts:
        parts[part]()


if __name__ == "__main__":
    main()
