"""One real run of the program over made-up documents, with what it took of everything.

The model is the LLM layer's own test server, in a process of its own; its answers take as long as
told. It counts as one in the cloud, so texts go to it through the privacy gate, and a trial shows
what everything beside the model costs.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

ANSWER = {
    "summary": "The station was visited and its readings were written down for the archive.",
    "key_points": ["Levels rose in spring.", "The keeper changed.", "Two gauges were mended."],
    "topics": ["tides", "stations", "records"],
    "entities": {"people": [], "organisations": [], "places": [], "dates": [], "other": []},
    "confidence": 0.9,
}
WORDS = """
    the a of and to in was at on with station keeper gauge water level morning report archive
    harbour instrument reading spring tide pier letter visitor wind pressure table number written
    mended found lost higher lower early late north south committee office
""".split()  # noqa: SIM905 - as prose it can be read
SETTINGS = """
endpoints:
  - {{name: model, tier: cloud, url: "{url}", model: gpt-4o-mini, private: false}}
"""
"""It is on loopback, but said to be elsewhere: the gate and the ledgers take it at that."""
NAMES = ("Anna Keller", "John Meyer", "Maria Rossi", "Peter Novak", "Jane Smith", "Luis Ortega")


@dataclass(frozen=True)
class Trial:
    """What a run took: seconds of the program, and of its work; CPU; calls; bytes that stay."""

    documents: int
    kilobytes: float
    seconds: float
    work_s: float
    cpu_s: float
    calls: int
    database_bytes: int = 0
    log_bytes: int = 0
    database_cpu_s: float = 0.0
    cache_bytes: int = 0


def run(
    documents: int,
    kilobytes: float,
    *,
    model_s: float,
    at_once: int,
    database: bool = False,
) -> Trial:
    """Make documents and let ``catalyst run`` read them; raises when one of them failed."""
    with tempfile.TemporaryDirectory() as folder, _model(model_s) as url:
        inbox = Path(folder, "inbox")
        write_documents(inbox, documents, kilobytes)
        state = Path(folder, "state")
        with ExitStack() as stack:
            server = None
            if database:
                server = _Database(stack.enter_context(own_server("postgres")))
            address = None if server is None else server.url
            told, seconds, cpu = _catalyst(inbox, state, url, at_once, address)
            grown = (0, 0, 0.0) if server is None else server.grown()
        with urlopen(url.replace("/v1", "/stats"), timeout=5) as reply:
            calls = json.loads(reply.read())["count"]
        cache = sum(path.stat().st_size for path in state.rglob("*") if path.is_file())
    if told["done"] != documents:
        raise RuntimeError(f"of {documents} documents {told['done']} were done")
    return Trial(
        documents,
        kilobytes,
        seconds,
        told["seconds"],
        cpu,
        calls,
        *grown,
        cache,
    )


def write_documents(inbox: Path, documents: int, kilobytes: float) -> None:
    """Write text files of made-up sentences with a name or two each, no two alike."""
    inbox.mkdir()
    dice = random.Random(7)
    for number in range(documents):
        sentences, size = [f"Report {number} of the tide stations."], 0
        while size < kilobytes * 1024:
            words = " ".join(dice.choices(WORDS, k=dice.randint(8, 18)))
            if dice.random() < 0.1:
                words += f", told {dice.choice(NAMES)} on 0{dice.randint(1, 9)}.05.2024"
            sentences.append(f"{words.capitalize()}.")
            size += len(sentences[-1]) + 1
        inbox.joinpath(f"report-{number:06}.txt").write_text(" ".join(sentences))


def _catalyst(
    inbox: Path, state: Path, url: str, at_once: int, database: str | None
) -> tuple[dict[str, float], float, float]:
    clean = {k: v for k, v in os.environ.items() if not k.endswith(("_API_KEY", "_URL"))}
    settings = inbox.parent / "settings.yaml"
    settings.write_text(SETTINGS.format(url=url))
    environment = {**clean, "CATALYST_HOME": str(state), "CATALYST_CONFIG": str(settings)}
    command = [sys.executable, "-m", "ai_catalyst", "run", str(inbox), "--json"]
    command += ["--concurrency", str(at_once), "--force-concurrency"]
    command += ["--output", str(state / "out")]
    command += ["--database", database] if database else []
    before, began = _cpu(), time.monotonic()
    done = subprocess.run(
        command, env=environment, cwd=inbox.parent, capture_output=True, text=True, check=False
    )
    seconds, cpu = time.monotonic() - began, _cpu() - before
    if done.returncode:
        raise RuntimeError(f"catalyst run ended with {done.returncode}: {done.stderr[-2000:]}")
    return json.loads(done.stdout), seconds, cpu


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@contextmanager
def _model(delay_s: float) -> Iterator[str]:
    from benchmarks.llm import model

    # Its own text comes first there: the last one named counts.
    with model("--text", json.dumps(ANSWER), "--delay", str(delay_s)) as url:
        yield url


class _Database:
    """An empty PostgreSQL of its own: what grows and works in it is this trial's."""

    def __init__(self, server: Any) -> None:
        self._server = server
        self.url = server.url.replace("postgresql://", "postgresql+asyncpg://")
        self._log = int(self._ask("SELECT pg_current_wal_lsn() - '0/0'::pg_lsn"))
        self._cpu = self._used()

    def grown(self) -> tuple[int, int, float]:
        """Return bytes of tables and indexes, bytes of log, and CPU seconds of the server."""
        size = self._ask(
            "SELECT sum(pg_total_relation_size(oid)) FROM pg_class"
            " WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        )
        log = self._ask("SELECT pg_current_wal_lsn() - '0/0'::pg_lsn")
        return int(size or 0), int(log) - self._log, self._used() - self._cpu

    def _ask(self, question: str) -> Any:
        async def ask() -> Any:
            import asyncpg

            connection = await asyncpg.connect(self._server.url, timeout=10)
            try:
                return await connection.fetchval(question)
            finally:
                await connection.close()

        return asyncio.run(ask())

    def _used(self) -> float:
        """Return the CPU of the server and all its processes, those that have ended too."""
        ticks, master = 0, self._server.process.pid
        for entry in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):
                fields = entry.read_text().rpartition(")")[2].split()
                pid, parent = int(entry.parent.name), int(fields[1])
                if pid == master:
                    ticks += sum(map(int, fields[11:15]))
                elif parent == master:
                    ticks += sum(map(int, fields[11:13]))
        return ticks / os.sysconf("SC_CLK_TCK")


@contextmanager
def own_server(kind: str) -> Iterator[Any]:
    """Lend a server of one's own, as the tests start them."""
    support = Path(__file__).parents[2] / "tests" / "support"
    sys.path.insert(0, str(support))
    try:
        servers = importlib.import_module("own_servers")
    finally:
        sys.path.remove(str(support))
    with servers.own_server(kind) as server:
        yield server
