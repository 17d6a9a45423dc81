"""What a cluster must bear, with real processes and real kills; run by test_cluster.py.

Not collected by itself: Ray listens on the machine's own address, so this needs a network in which
there is no other.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from program import Catalyst
from real_servers import own_database

from ai_catalyst.articles.testing import Answer, Site, article_page, rss_feed
from ai_catalyst.llm.testing import Behaviour, ModelServer, Request

Write = Callable[[str, str | bytes], Path]

PLUGINS = Path(__file__).parents[1] / "support" / "cluster_plugin"
DOCUMENTS = 120
AT_ONCE = 4
WORKERS = 2
BETWEEN = 2 * WORKERS * AT_ONCE
"""Calls that may be repeated when workers die: those in flight, and those just answered."""
REPORTS = ("article_analysis_report.md", "articles_export.json", "articles_export.csv")
LETHAL = "The lamp was cleaned. Here is a sentence that nobody survives. The keeper slept well."


def prose(number: int, test: str = "") -> str:
    """Return a letter that is this test's alone: nodes keep answers they had before."""
    return (
        f"{test} letter {number} from the lighthouse. "
        f"The lamp was cleaned {number} times this month. "
        "A ship called at noon and left its mail. The keeper counted the gulls and found them all. "
        f"The weather will turn in {number} days, says the barometer on the wall.\n"
    )


def reads(request: Request) -> Behaviour:
    """Answer by what was asked, the same each time."""
    words = len(request.prompt.split())
    answer = {
        "summary": f"A letter of {words} words.",
        "key_points": ["The lamp was cleaned."],
        "topics": ["lighthouse"],
        "entities": {"people": [], "organisations": [], "places": [], "dates": [], "other": []},
        "why_it_matters": "",
        "methodology": "",
        "findings": [],
        "confidence": 0.9,
    }
    return Behaviour(text=json.dumps(answer), usage=(100, 10), delay_s=0.2)


class Database:
    """The shared database, as a bystander sees it."""

    def __init__(self, url: str) -> None:
        self.url = url

    def __call__(self, sql: str, *values: Any) -> list[Any]:
        async def ask() -> list[Any]:
            connection = await asyncpg.connect(self.url)
            try:
                return list(await connection.fetch(sql, *values))
            finally:
                await connection.close()

        return asyncio.run(ask())

    def workers(self) -> dict[str, int]:
        """Return the processes that work, by owner."""
        rows = self("SELECT name, pid FROM shared_owners WHERE NOT dead AND name LIKE '%/%'")
        return {row[0]: row[1] for row in rows}

    def done_once(self, documents: int) -> None:
        """Nothing lost, nothing doubled: in the newest run and in the journal."""
        (run,) = self("SELECT max(id) FROM runs")[0]
        items = self("SELECT uri, error FROM run_items WHERE run = $1 ORDER BY position", run)
        assert [row[0] for row in items] == sorted({row[0] for row in items})
        assert len(items) == documents
        assert not self("SELECT key FROM journal GROUP BY key HAVING count(*) > 1")
        assert not self("SELECT 1 FROM shards WHERE run = $1", run)


@pytest.fixture(scope="module")
def server() -> Iterator[ModelServer]:
    with ModelServer(reads) as server:
        yield server


@pytest.fixture(scope="module")
def environ(server: ModelServer, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return {
        "CATALYST_LOCAL_URL": server.url,
        "CATALYST_LOCAL_MODEL": "test-model",
        "PYTHONPATH": str(PLUGINS),
        "RAY_USAGE_STATS_ENABLED": "0",
    }


@pytest.fixture(scope="module")
def nodes(environ: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Two nodes on this machine, as `ray start` makes them."""
    from ray.cluster_utils import Cluster

    before = {name: os.environ.get(name) for name in environ}
    home = tmp_path_factory.mktemp("node")
    os.environ.update(environ)
    there = Path.cwd()
    os.chdir(home)
    options = {"num_cpus": 1, "include_dashboard": False, "object_store_memory": 80 << 20}
    cluster = Cluster(initialize_head=True, head_node_args=options)
    cluster.options = {"num_cpus": 1, "object_store_memory": 80 << 20}
    try:
        cluster.second = cluster.add_node(**cluster.options)
        yield cluster
    finally:
        os.chdir(there)
        cluster.shutdown()
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


@pytest.fixture
def database() -> Iterator[Database]:
    for url in own_database("postgres"):
        yield Database(url)


@pytest.fixture
def letters(
    catalyst: Catalyst,
    write: Write,
    environ: dict[str, str],
    server: ModelServer,
    request: pytest.FixtureRequest,
) -> int:
    """Letters in a folder, and a person's settings."""
    catalyst.environ.update(environ)
    write("catalyst.yaml", "async: {batch_size: 1}\n")
    for number in range(DOCUMENTS):
        write(f"inbox/{number:03}.txt", prose(number, request.node.name))
    server.count = 0
    return DOCUMENTS


def command(database: Database, nodes: Any = None, *more: str) -> list[str]:
    place = ["--workers", str(WORKERS)] if nodes is None else ["--address", nodes.address]
    url = database.url.replace("postgresql://", "postgresql+asyncpg://")
    run = ["run", "inbox", "--engine", "ray", *place, "--concurrency", str(AT_ONCE)]
    return [*run, "--database", url, *more]


def reports(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in REPORTS}


def until(process: Any, happened: Callable[[], Any], *, most_s: float = 60.0) -> Any:
    """Wait for a real process to come so far."""
    deadline = time.monotonic() + most_s
    while not (found := happened()):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)
    return found


def finished(process: Any, *, exits: int = 0) -> tuple[str, str]:
    out, err = process.communicate(timeout=100)
    assert process.returncode == exits, f"exit {process.returncode}\n{out}\n{err}"
    return out, err


@pytest.fixture
def site() -> Iterator[Site]:
    """Two feeds that share half of their articles."""
    with Site({f"/article/{n}": article_page(n) for n in range(9)}) as site:
        site.pages["/one.xml"] = Answer(rss_feed(site.url, range(6)), kind="application/rss+xml")
        site.pages["/two.xml"] = Answer(rss_feed(site.url, range(3, 9)), kind="application/rss+xml")
        yield site


def test_two_processes_of_one_machine_write_the_reports_of_one(
    catalyst: Catalyst, letters: int, database: Database, site: Site
) -> None:
    shutil.copy(catalyst.folder / "inbox/000.txt", catalyst.folder / "inbox/copy.txt")
    (catalyst.folder / "inbox/empty.txt").touch()
    feeds = [f"{site.url}/one.xml", "inbox", f"{site.url}/two.xml"]
    sources = (*feeds, "nowhere.txt", "--model", "none", "--allow-host", "127.0.0.1")

    catalyst("run", *sources, "--output", "one", exits=1)
    run = command(database)
    there = {"CATALYST_HOME": "other"}
    out = catalyst("run", *sources, *run[2:], "--output", "two", "--json", exits=1, **there).stdout

    assert reports(catalyst.folder / "one") == reports(catalyst.folder / "two")
    figures = json.loads(out)
    assert (figures["done"], figures["failed"]) == (DOCUMENTS + 1 + 9, 2)


def test_a_killed_and_a_frozen_worker_cost_only_what_was_in_flight(
    catalyst: Catalyst, letters: int, database: Database, nodes: Any, server: ModelServer
) -> None:
    run = catalyst.start(*command(database, nodes))
    until(run, lambda: server.count > 20 and len(database.workers()) == WORKERS)
    first, second = database.workers().values()
    os.kill(first, signal.SIGKILL)
    until(run, lambda: server.count > 40)
    os.kill(second, signal.SIGSTOP)
    stopped = time.monotonic()
    _, told = finished(run)

    assert time.monotonic() - stopped < 60
    assert "died" in told
    assert "no sign of life" in told
    database.done_once(letters)
    assert server.count - letters <= 2 * BETWEEN
    catalyst("run", "inbox", "--concurrency", "10", "--output", "local", CATALYST_HOME="other")
    assert reports(catalyst.folder / "output") == reports(catalyst.folder / "local")


def test_a_killed_driver_and_a_dead_node_lose_nothing(
    catalyst: Catalyst, letters: int, database: Database, nodes: Any, server: ModelServer
) -> None:
    driver = catalyst.start(*command(database, nodes))
    until(driver, lambda: server.count > 30)
    driver.kill()
    driver.communicate()
    while server.in_flight:
        time.sleep(0.05)  # its workers hear of its death
    seen = server.count

    again = catalyst.start(*command(database, nodes))
    until(again, lambda: server.count > seen + 20)
    died = time.monotonic()
    nodes.remove_node(nodes.second, allow_graceful=False)
    finished(again)
    nodes.second = nodes.add_node(**nodes.options)

    assert time.monotonic() - died < 90
    database.done_once(letters)
    assert server.count - letters <= 2 * BETWEEN


def test_what_kills_its_workers_is_left_out_until_it_is_asked_for(
    catalyst: Catalyst, letters: int, database: Database, nodes: Any, write: Write
) -> None:
    for number in range(20, letters):
        (catalyst.folder / f"inbox/{number:03}.txt").unlink()
    write("inbox/005.lethal", "lethal to whoever reads it")
    write("inbox/007.txt", LETHAL)

    _, told = finished(catalyst.start(*command(database, nodes)), exits=1)
    database.done_once(21)
    failed = database("SELECT uri, error FROM run_items WHERE error IS NOT NULL ORDER BY uri")
    assert [row[0] for row in failed] == ["inbox/005.lethal", "inbox/007.txt"]
    assert all("ended every worker" in row[1] for row in failed)
    assert "nobody survives" not in told

    write("inbox/007.txt", prose(7))  # another text, and another document
    _, told = finished(catalyst.start(*command(database, nodes)), exits=1)
    assert "died" not in told
    failed = database(
        "SELECT uri FROM run_items WHERE error IS NOT NULL AND run = (SELECT max(id) FROM runs)"
    )
    assert [row[0] for row in failed] == ["inbox/005.lethal"]


def test_ctrl_c_gives_the_leases_back_at_once(
    catalyst: Catalyst, letters: int, database: Database, nodes: Any, server: ModelServer
) -> None:
    run = catalyst.start(*command(database, nodes))
    until(run, lambda: server.count > 30)
    run.send_signal(signal.SIGINT)
    _, told = finished(run, exits=130)

    assert "goes on from there" in told
    assert not database("SELECT 1 FROM shared_leases")
    (done,) = database("SELECT count(*) FROM journal WHERE state = 'done'")[0]
    assert server.count - BETWEEN <= done < letters
