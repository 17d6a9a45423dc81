"""Killed at any instant, run again: nothing done twice, nothing half-written."""

from __future__ import annotations

import json
import random
import sqlite3
import time
from collections import Counter
from pathlib import Path

from letters import Write, inbox
from program import Catalyst

DOCUMENTS = 120
KILLS = 20


def exported(folder: Path) -> list[str]:
    report = json.loads((folder / "output" / "articles_export.json").read_text())
    assert all(document["error"] is None for document in report)
    return [document["url"] for document in report]


def stored(folder: Path) -> Counter[str]:
    """Count the finished rows of each document in the store, and check the file itself."""
    connection = sqlite3.connect(folder / ".catalyst" / "catalyst.db")
    try:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        rows = connection.execute("SELECT label FROM journal WHERE state = 'done'").fetchall()
        assert connection.execute("SELECT count(*) FROM leases").fetchone() == (0,)
        return Counter(label for (label,) in rows)
    finally:
        connection.close()


def test_killed_at_twenty_moments_every_document_is_there_once(
    catalyst: Catalyst, write: Write
) -> None:
    names = inbox(write, DOCUMENTS)
    chance = random.Random(20_261_122)
    for _ in range(KILLS):
        process = catalyst.start("run", "inbox", "--model", "none", "--force-concurrency")
        time.sleep(chance.uniform(0.3, 1.6))  # a real process, killed at a real moment
        process.kill()
        process.communicate()
        output = catalyst.folder / "output" / "articles_export.json"
        if output.exists():
            json.loads(output.read_text())  # whole, or not there at all

    catalyst("run", "inbox", "--model", "none")

    assert exported(catalyst.folder) == names
    assert stored(catalyst.folder) == Counter(names)


def test_a_killed_run_repeats_no_answer_that_was_committed(
    catalyst: Catalyst, write: Write
) -> None:
    names = inbox(write, DOCUMENTS)
    process = catalyst.start("run", "inbox", "--model", "none", "--concurrency", "2")
    assert process.stderr is not None
    seen = [process.stderr.readline() for _ in range(20)]
    process.kill()
    process.communicate()
    committed = {line.split()[1] for line in seen if line.startswith("  ✓")}
    assert committed

    done = catalyst("run", "inbox", "--model", "none")

    repeated = {line.split()[1] for line in done.stderr.splitlines() if line.startswith("  ✓")}
    assert not committed & repeated
    assert exported(catalyst.folder) == names


def test_two_processes_share_the_work_and_both_report_all_of_it(
    catalyst: Catalyst, write: Write
) -> None:
    names = inbox(write, DOCUMENTS)
    runs = [
        catalyst.start("run", "inbox", "--model", "none", "--json", "--output", folder)
        for folder in ("first", "second")
    ]
    figures = []
    for run in runs:
        out, err = run.communicate(timeout=90)
        assert run.returncode == 0, err
        figures.append(json.loads(out))

    assert sum(f["done"] for f in figures) == DOCUMENTS
    assert all(f["done"] + f["unchanged"] == DOCUMENTS for f in figures)
    assert stored(catalyst.folder) == Counter(names)
    reports = [
        (catalyst.folder / name / "articles_export.json").read_bytes()
        for name in ("first", "second")
    ]
    assert reports[0] == reports[1]
