"""Runs on a database that several machines share: the same reports, each document done once."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from subprocess import Popen
from typing import Any

import asyncpg
import pytest
from letters import Write, inbox, prose
from program import Catalyst
from real_servers import own_database

DOCUMENTS = 60
KILLED_AFTER = (0, 1, 4, 9, 15)
"""Documents that a process has shown as done when it is killed."""


@pytest.fixture
def database() -> Iterator[str]:
    """The URL of a database of the test's own, as a person writes it."""
    for url in own_database("postgres"):
        yield url.replace("postgresql://", "postgresql+asyncpg://")


def asked(database: str, sql: str) -> list[tuple[Any, ...]]:
    async def ask() -> list[tuple[Any, ...]]:
        connection = await asyncpg.connect(database.replace("+asyncpg", ""))
        try:
            return [tuple(row) for row in await connection.fetch(sql)]
        finally:
            await connection.close()

    return asyncio.run(ask())


def stored(database: str) -> Counter[str]:
    """Count the finished rows of each document; nobody may hold anything any more."""
    assert asked(database, "SELECT label FROM shared_leases") == []
    assert asked(database, "SELECT name FROM shared_owners WHERE NOT dead") == []
    return Counter(row[0] for row in asked(database, "SELECT label FROM journal"))


def reports(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def shown_as_done(process: Popen[str], number: int) -> list[str]:
    """Wait until a process has shown so many documents as done; return their names."""
    assert process.stderr is not None
    names: list[str] = []
    while len(names) < number and (line := process.stderr.readline()):
        if line.startswith("  ✓"):
            names.append(line.split()[1])
    return names


def test_the_reports_are_those_of_a_run_without_a_database(
    catalyst: Catalyst, write: Write, database: str
) -> None:
    inbox(write, DOCUMENTS)
    write("inbox/empty.txt", "")
    write("inbox/broken.pdf", b"%PDF-1.4 nothing")
    arguments = ("run", "inbox", "samples", "--model", "none", "--output")
    catalyst(*arguments, "alone", exits=None)
    first = catalyst(*arguments, "shared", "--database", database, exits=None)
    again = catalyst(*arguments, "again", "--json", exits=None, DATABASE_URL=database)

    assert "unchanged" not in first.stdout
    assert json.loads(again.stdout)["done"] == 0
    assert reports(catalyst.folder / "alone") == reports(catalyst.folder / "shared")
    assert reports(catalyst.folder / "alone") == reports(catalyst.folder / "again")


def test_two_machines_share_the_work_and_both_report_all_of_it(
    catalyst: Catalyst, write: Write, database: str
) -> None:
    names = inbox(write, DOCUMENTS)
    arguments = ("run", "inbox", "--model", "none", "--json", "--database", database)
    machines = [
        catalyst.start(
            *arguments, "--output", name, CATALYST_HOME=str(catalyst.folder / f"state-{name}")
        )
        for name in ("first", "second")
    ]
    figures = []
    for machine in machines:
        out, err = machine.communicate(timeout=120)
        assert machine.returncode == 0, err
        figures.append(json.loads(out))

    assert sum(each["done"] for each in figures) == DOCUMENTS
    assert all(each["done"] + each["unchanged"] == DOCUMENTS for each in figures)
    assert stored(database) == Counter(names)
    assert reports(catalyst.folder / "first") == reports(catalyst.folder / "second")


def test_killed_at_several_moments_nothing_is_lost_and_nothing_done_twice(
    catalyst: Catalyst, write: Write, database: str
) -> None:
    names = inbox(write, DOCUMENTS)
    arguments = ("run", "inbox", "--model", "none", "--database", database, "--concurrency", "3")
    seen: list[str] = []
    for number in KILLED_AFTER:
        process = catalyst.start(*arguments)
        seen += shown_as_done(process, number)
        process.kill()
        process.communicate()
    # Another machine takes the work over, at once: whoever died did so on this one.
    last = catalyst(*arguments, CATALYST_HOME=str(catalyst.folder / "elsewhere"))
    seen += [line.split()[1] for line in last.stderr.splitlines() if line.startswith("  ✓")]

    assert len(seen) == len(set(seen))
    assert set(seen) <= set(names)
    report = json.loads((catalyst.folder / "output" / "articles_export.json").read_text())
    assert [document["url"] for document in report] == names
    assert all(document["error"] is None for document in report)
    assert stored(database) == Counter(names)


def test_costs_egress_stats_reports_and_forget_follow_the_database(
    catalyst: Catalyst, write: Write, database: str
) -> None:
    write("a.txt", prose(1))
    write("b.txt", prose(2))
    catalyst("run", "a.txt", "b.txt", "--model", "none", "--database", database)
    asked(
        database,
        "WITH c AS (INSERT INTO costs(at, run, endpoint, model, prompt_tokens, "
        "completion_tokens, cost_usd, outcome) VALUES (1, 'r', 'e', 'm', 1, 1, 0.25, 'ok')) "
        "INSERT INTO egress(at, run, endpoint, host, bytes, findings) "
        "VALUES (1, 'r', 'e', 'h', 7, '{}')",
    )
    there = {"DATABASE_URL": database}
    assert json.loads(catalyst("stats", "--json", **there).stdout)["done"] == 2
    assert json.loads(catalyst("stats", "--json").stdout)["done"] == 0
    assert json.loads(catalyst("costs", "--json", "--database", database).stdout)[0]["calls"] == 1
    assert json.loads(catalyst("egress", "--json", **there).stdout)[0]["bytes"] == 7
    own = "INSERT INTO costs VALUES (1, 2, 's', 'e', 'm', 1, 1, 0.5, 'ok')"
    with closing(sqlite3.connect(catalyst.folder / ".catalyst/catalyst.db")) as books:
        books.execute(own)
        books.execute("INSERT INTO egress VALUES (1, 0, 's', 'e', 'h', 9, '{}')")
        books.commit()
    paid = json.loads(catalyst("costs", "--by", "endpoint", "--json", **there).stdout)
    assert [(row["name"], row["calls"], row["cost_usd"]) for row in paid] == [("e", 2, 0.75)]
    left = json.loads(catalyst("egress", "--json", **there).stdout)
    assert [row["bytes"] for row in left] == [9, 7], "both books, by time"
    assert json.loads(catalyst("metrics", "--json", **there).stdout)["totals"]["runs"] == 1
    before = reports(catalyst.folder / "output")
    catalyst("reports", "--rebuild", "--output", "rebuilt", **there)
    assert reports(catalyst.folder / "rebuilt") == before

    assert "erased: 1 documents" in catalyst("forget", "a.txt", "--database", database).stdout
    assert asked(database, "SELECT label FROM journal") == [("b.txt",)]
    assert asked(database, "SELECT uri FROM run_items") == [("b.txt",)]


def test_what_cannot_be_shared_or_reached_is_refused_by_name(
    catalyst: Catalyst, write: Write
) -> None:
    write("a.txt", prose(1))
    run = ("run", "a.txt", "--model", "none", "--database")
    refused = catalyst(*run, "sqlite+aiosqlite:///x.db", exits=2)
    assert "--database names what many machines share: postgresql+asyncpg" in refused.stderr
    away = catalyst(*run, "postgresql+asyncpg://u:hunter2@127.0.0.1:9/nothing", exits=None)
    assert away.returncode != 0
    assert "the database 127.0.0.1/nothing cannot be used" in away.stderr
    assert "hunter2" not in away.stderr + away.stdout
    assert "Traceback" not in away.stderr
