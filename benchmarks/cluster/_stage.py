"""What the cluster's parts share: a network of their own, a database, a model, letters to read."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg

from ai_catalyst.llm.testing import Behaviour, ModelServer, Request

MARK = "CATALYST_BENCHMARK_APART"
SOCKETS = os.environ.get("CATALYST_TEST_POSTGRES_SOCKETS", "/var/run/postgresql")


def apart(part: str) -> bool:
    """Say whether we run in a network of our own; if not, run this part of us in one, and wait.

    Ray listens on the machine's own address, whatever it is told.
    """
    if os.environ.get(MARK):
        return True
    inside = ("sh", "-c", 'ip link set lo up && exec "$@"', "sh")
    command = ("unshare", "--net", "--map-root-user", *inside, sys.executable, "-m")
    subprocess.run([*command, "benchmarks.cluster", part], check=True, env=os.environ | {MARK: "1"})
    return False


class Model(ModelServer):
    """A model that takes its time, and knows when it was first and last asked."""

    def __init__(self, delay_s: float) -> None:
        self.began = self.ended = 0.0
        self.asked: dict[str, int] = {}
        self._delay_s = delay_s
        super().__init__(self._reads)

    def forget(self) -> None:
        self.count = self.peak = 0
        self.began = self.ended = 0.0
        self.asked.clear()

    def _reads(self, request: Request) -> Behaviour:
        now = time.monotonic()
        self.began = self.began or now
        self.ended = now + self._delay_s
        self.asked[request.prompt] = self.asked.get(request.prompt, 0) + 1
        names: dict[str, Any] = {
            name: [] for name in ("people", "organisations", "places", "dates", "other")
        }
        answer = {
            "summary": "A letter.",
            "key_points": [],
            "topics": [],
            "entities": names,
            "why_it_matters": "",
            "methodology": "",
            "findings": [],
            "confidence": 0.9,
        }
        return Behaviour(text=json.dumps(answer), delay_s=self._delay_s)


@contextlib.contextmanager
def database() -> Iterator[str]:
    """Lend the URL of a new database on this machine's PostgreSQL, through its socket."""
    name = f"catalyst_benchmark_{uuid.uuid4().hex[:8]}"
    base = f"postgresql://postgres@/{{}}?host={SOCKETS}"
    asyncio.run(_execute(base.format("postgres"), f"CREATE DATABASE {name}"))
    try:
        yield base.format(name)
    finally:
        asyncio.run(_execute(base.format("postgres"), f"DROP DATABASE {name} WITH (FORCE)"))


def rows(url: str, sql: str, *values: Any) -> list[Any]:
    async def ask() -> list[Any]:
        connection = await asyncpg.connect(url)
        try:
            return list(await connection.fetch(sql, *values))
        finally:
            await connection.close()

    return asyncio.run(ask())


async def _execute(url: str, sql: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()


@contextlib.contextmanager
def folder(letters: int) -> Iterator[Path]:
    """Lend a folder with an inbox of short letters, and settings: one document a call."""
    with tempfile.TemporaryDirectory(prefix="catalyst-benchmark-") as name:
        inbox = Path(name) / "inbox"
        inbox.mkdir()
        for number in range(letters):
            text = f"Letter {number}: the lamp was cleaned, a ship called, the gulls were counted."
            (inbox / f"{number:05}.txt").write_text(text)
        (Path(name) / "catalyst.yaml").write_text("async: {batch_size: 1}\n")
        yield Path(name)


def start(where: Path, model: Model, *arguments: str) -> subprocess.Popen[str]:
    """Start ``catalyst run inbox`` with a state of its own."""
    environ = os.environ | {
        "CATALYST_LOCAL_URL": model.url,
        "CATALYST_LOCAL_MODEL": "test-model",
        "CATALYST_HOME": str(where / f"state-{uuid.uuid4().hex[:8]}"),
        "RAY_USAGE_STATS_ENABLED": "0",
    }
    command = [sys.executable, "-m", "ai_catalyst", "run", "inbox", "--json", *arguments]
    return subprocess.Popen(
        command, cwd=where, env=environ, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def finished(process: subprocess.Popen[str]) -> dict[str, Any]:
    out, err = process.communicate(timeout=900)
    if process.returncode:
        raise SystemExit(f"exit {process.returncode}\n{out}\n{err}")
    figures: dict[str, Any] = json.loads(out)
    return figures
