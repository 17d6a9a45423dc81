"""The assistant as a service: real processes, killed for real, asked by its own client."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import signal
import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest
from classes import assert_sync_class
from program import Catalyst
from service import Running

from ai_catalyst.assistant.client import AssistantClient, AssistantError, AsyncAssistantClient
from ai_catalyst.errors import EndpointError, FileError

PASSWORD = "correct horse battery"


@pytest.fixture
def home(catalyst: Catalyst, monkeypatch: pytest.MonkeyPatch) -> Path:
    (catalyst.folder / "catalyst.yaml").write_text(
        "model: none\nserve: {logins_per_minute: 1000}\n"
    )
    return catalyst.folder


def test_the_sync_client_has_what_the_async_one_has() -> None:
    assert_sync_class(AssistantClient, AsyncAssistantClient)


def test_a_client_signs_in_uploads_asks_and_is_told_what_is_wrong(
    catalyst: Catalyst, home: Path
) -> None:
    service = Running(catalyst)
    try:
        (home / "okapi.txt").write_text("The okapi lives in the forest.")
        with AssistantClient(service.address) as client:
            with pytest.raises(AssistantError, match="401"):
                client.me()
            client.register("sam@example.org", PASSWORD, "Sam")
            assert client.login("sam@example.org", PASSWORD)["username"] == "Sam"
            with pytest.raises(FileError, match=r"missing\.txt"):
                client.upload([home / "okapi.txt", home / "missing.txt"])
            accepted = client.upload([home / "okapi.txt"])
            names = [event.name for event in client.job_events(accepted["job_id"])]
            assert names == ["queued", "started", "document_ready", "done"]
            assert client.job(accepted["job_id"])["status"] == "done"
            assert client.search("okapi")[0]["document_id"] == accepted["id"]
            assert client.ask("Where does the okapi live?")["citations"]
            events = list(client.ask_stream("Where does the okapi live?"))
            assert [event.name for event in events][-2:] == ["citations", "done"]
            assert client.diagnose("racing heart and sudden fear")["candidates"]
            assert client.treatment("panic disorder")["citations"]
            client.delete(accepted["id"])
            assert client.documents() == []
            client.logout()
        log = service.log.read_text()
        assert "sam@example.org" not in log
        assert "okapi" not in log
    finally:
        service.end()
    with (
        pytest.raises(EndpointError, match="cannot be reached"),
        AssistantClient(service.address) as client,
    ):
        client.me()


BY_QUERY = {"/api/v1/rag/diagnose", "/api/v1/rag/treatment", "/api/v1/search"}
"""What can be asked by an address too; the client does not, because addresses are remembered."""


def test_the_client_reaches_every_route_there_is(catalyst: Catalyst, home: Path) -> None:
    service = Running(catalyst)
    link = re.search(r"invitation=(\S+)", service.log.read_text())
    assert link is not None
    path = home / "okapi.txt"
    path.write_text("The okapi lives in the forest.")
    try:
        with AssistantClient(service.address) as client:
            assert client.live()
            assert client.ready()
            client.register("ada@example.org", PASSWORD, "Ada", link[1])
            client.login("ada@example.org", PASSWORD)
            client.change_password(PASSWORD, f"{PASSWORD} 2")
            assert client.me()["role"] == "admin"
            invited = client.invite("student", hours=1)
            client.register("sam@example.org", PASSWORD, invitation=invited["invitation"])
            sam = client.users(after="ada@example.org")[0]
            assert client.change_user(sam["id"], role="clinician")["role"] == "clinician"
            accepted = client.upload([path])
            assert [*client.job_events(accepted["job_id"])][-1].name == "done"
            assert client.jobs()[0]["id"] == client.job(accepted["job_id"])["id"]
            assert client.cancel(accepted["job_id"])["status"] == "done"
            assert client.document(accepted["id"])["name"] == client.documents()[0]["name"]
            assert client.search("okapi")
            assert client.ask("Where does the okapi live?")["citations"]
            assert client.diagnose("sudden fear")["candidates"]
            assert client.treatment("panic disorder")["citations"]
            assert client.egress() == []
            client.delete(accepted["id"])
            client._client._wire.token = "out of date"
            assert client.documents() == []  # it was renewed
            client._client._wire.token = "out of date"
            client.upload([path])
            assert "route=" in client.metrics()
            described = client.openapi()["paths"]
            client.logout()
    finally:
        service.end()
    asked = {
        (line["method"], line["path"])
        for line in map(_json, service.log.read_text().splitlines())
        if line.get("message") == "request" and line["status"] < 300
    }
    there = {(way.upper(), path) for path, ways in described.items() for way in ways}
    assert there - asked == {("GET", path) for path in BY_QUERY}


def _json(line: str) -> dict[str, Any]:
    return json.loads(line) if line.startswith("{") else {}


@pytest.mark.timeout(240)
def test_a_job_survives_kills_of_its_workers_and_of_the_service(
    catalyst: Catalyst, home: Path
) -> None:
    count = 300
    folder = home / "many"
    folder.mkdir()
    for number in range(count):
        (folder / f"{number}.txt").write_text(f"Animal number {number} is called okapi{number}.")
    service = Running(catalyst, "--workers", "2")
    try:
        with AssistantClient(service.address) as client:
            client.register("sam@example.org", PASSWORD)
            client.login("sam@example.org", PASSWORD)
            accepted = client.upload(sorted(folder.iterdir()))
            for _ in range(3):
                time.sleep(0.4)
                if pids := service.workers():
                    os.kill(pids[0], signal.SIGKILL)
            service.kill()
            service.start()
            last = list(client.job_events(accepted["job_id"]))[-1]
            assert (last.name, last.data["done"], last.data["failed"]) == ("done", count, 0)
            told = list(client.job_events(accepted["job_id"]))
            ready = [event.data["document"] for event in told if event.name == "document_ready"]
            assert len(ready) == len(set(ready)) == count
            assert len(client.search("okapi7 okapi299")) == 2
    finally:
        service.end()
    with contextlib.closing(sqlite3.connect(home / ".catalyst" / "catalyst.db")) as database:
        rows = database.execute(
            "SELECT count(*), count(DISTINCT document) FROM passages WHERE collection <> 'shared'"
        ).fetchone()
    assert rows == (count, count)


@pytest.mark.timeout(120)
def test_open_streams_end_at_once_when_the_service_does(catalyst: Catalyst, home: Path) -> None:
    service = Running(catalyst)

    async def follow() -> float:
        async with AsyncAssistantClient(service.address) as client:
            await client.register("sam@example.org", PASSWORD)
            await client.login("sam@example.org", PASSWORD)
            await asyncio.to_thread(_hold_a_job_open, home)
            streams = [asyncio.create_task(_watch(client)) for _ in range(50)]
            await asyncio.sleep(1.0)
            started = time.monotonic()
            service.process.send_signal(signal.SIGTERM)
            await asyncio.to_thread(service.process.wait, 20)
            took = time.monotonic() - started
            for stream in streams:
                stream.cancel()
            await asyncio.gather(*streams, return_exceptions=True)
            return took

    try:
        assert asyncio.run(follow()) < 8
        assert service.process.returncode in {0, -signal.SIGTERM}
        assert "Traceback" not in service.log.read_text()
        assert not re.search(r"Cancel \d+ running task", service.log.read_text())
    finally:
        service.end()


def _hold_a_job_open(home: Path) -> None:
    """Write down a job that another worker seems to have in hand."""
    with contextlib.closing(sqlite3.connect(home / ".catalyst" / "catalyst.db")) as database:
        (owner,) = database.execute("SELECT id FROM assistant_users").fetchone()
        now = time.time()
        database.execute(
            "INSERT INTO assistant_jobs VALUES ('j', ?, 'running', 1, 0, 0, NULL, ?, ?)",
            (owner, now, now),
        )
        database.execute(
            "INSERT INTO assistant_job_items VALUES ('j', 0, 'd', 'leased', 1, 'other', ?)",
            (now + 600,),
        )
        database.commit()


async def _watch(client: AsyncAssistantClient) -> None:
    async for _ in client.job_events("j"):
        pass
