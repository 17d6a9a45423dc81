"""SIGTERM under fifty streams; twenty kills in a job of a thousand documents; streams cut."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import sqlite3
import time

from benchmarks.api.service import PASSWORD, Service, running

from ai_catalyst.assistant.client import AssistantClient, AsyncAssistantClient

DOCUMENTS, KILLS = 1000, 20


def run(options: object) -> None:
    with running("--workers", "2") as service:
        _kills(service)
    with running() as service:
        asyncio.run(_streams(service))


def _kills(service: Service) -> None:
    folder = service.folder / "many"
    folder.mkdir()
    for n in range(DOCUMENTS):
        (folder / f"{n}.txt").write_text(f"Number {n} is called okapi{n}. " * 20)
    chance = random.Random(5)
    with AssistantClient(service.address) as client:
        client.register("a@example.org", PASSWORD)
        client.login("a@example.org", PASSWORD)
        job = client.upload(sorted(folder.iterdir()))["job_id"]
        kills = 0
        while kills < KILLS and client_job(client, job)["status"] in {"queued", "running"}:
            time.sleep(chance.uniform(0.05, 0.4))
            if kills % 5 == 4:
                service.kill()
                service.start()
            elif pids := service.workers():
                os.kill(chance.choice(pids), signal.SIGKILL)
            kills += 1
        events = list(client.job_events(job))
    ready = [event.data["document"] for event in events if event.name == "document_ready"]
    path = service.folder / "home" / "catalyst.db"
    with contextlib.closing(sqlite3.connect(path)) as database:
        passages, documents = database.execute(
            "SELECT count(*), count(DISTINCT document) FROM passages WHERE collection <> 'shared'"
        ).fetchone()
    print(
        f"{kills} kills in a job of {DOCUMENTS}: {len(set(ready))} read, "
        f"{len(ready) - len(set(ready))} told twice, {DOCUMENTS - documents} lost, "
        f"{passages - documents} passages doubled"
    )


def client_job(client: AssistantClient, job: str) -> dict[str, object]:
    """Ask until somebody answers: the service may be dead at this moment."""
    for _ in range(600):
        with contextlib.suppress(Exception):
            return client.job(job)
        time.sleep(0.1)
    raise SystemExit("the service did not come back")


async def _streams(service: Service) -> None:
    async with AsyncAssistantClient(service.address) as client:
        await client.register("a@example.org", PASSWORD)
        await client.login("a@example.org", PASSWORD)
        with contextlib.closing(
            sqlite3.connect(service.folder / "home" / "catalyst.db", timeout=30)
        ) as database:
            (owner,) = database.execute("SELECT id FROM assistant_users").fetchone()
            now = time.time()
            database.execute(
                "INSERT INTO assistant_jobs VALUES ('j', ?, 'running', 1, 0, 0, NULL, ?, ?)",
                (owner, now, now),
            )
            database.commit()

        async def watch() -> None:
            async for _ in client.job_events("j"):
                pass

        tasks = [asyncio.create_task(watch()) for _ in range(50)]
        await asyncio.sleep(2)
        took = await asyncio.to_thread(service.end)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    print(f"SIGTERM with 50 open streams: gone after {took:.2f} s")
