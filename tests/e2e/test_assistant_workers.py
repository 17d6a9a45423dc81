"""Several workers on one PostgreSQL: it makes no difference who is asked, or who dies."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from program import Catalyst
from real_servers import own_database
from service import Running

from ai_catalyst.assistant.client import AssistantClient, AssistantError, AsyncAssistantClient
from ai_catalyst.llm.testing import Behaviour, ModelServer

PASSWORD = "correct horse battery"


@pytest.fixture
def shared(catalyst: Catalyst) -> Iterator[Catalyst]:
    """The program on a database of its own, with a state folder that several starts share."""
    databases = own_database("postgres")
    catalyst.environ["DATABASE_URL"] = next(databases).replace("postgresql:", "postgresql+asyncpg:")
    catalyst.environ["CATALYST_HOME"] = str(catalyst.folder / "state")
    (catalyst.folder / "catalyst.yaml").write_text(
        "model: none\nserve: {logins_per_minute: 1000}\n"
    )
    yield catalyst
    for _ in databases:
        pass


@pytest.fixture
def two(shared: Catalyst) -> Iterator[tuple[Running, Running]]:
    """Two services beside each other, so that a test can choose which one it asks."""
    running = []
    for name in ("a", "b"):
        folder = shared.folder / name
        folder.mkdir()
        (folder / "catalyst.yaml").write_text((shared.folder / "catalyst.yaml").read_text())
        running.append(Running(Catalyst(folder, shared.environ, started=shared.started)))
    yield running[0], running[1]
    for service in running:
        service.end()


def call(service: Running, path: str, body: Any = None, token: str = "") -> tuple[int, Any]:
    """Ask on a connection of its own; returns status and JSON."""
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(service.address + path, data, headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def sign_in(service: Running, password: str = PASSWORD, name: str = "sam") -> tuple[int, Any]:
    return call(service, "/api/auth/login", {"email": f"{name}@example.org", "password": password})


def register(service: Running, name: str = "sam") -> None:
    with AssistantClient(service.address) as client:
        client.register(f"{name}@example.org", PASSWORD)


def many(folder: Path, count: int) -> list[Path]:
    folder.mkdir()
    for number in range(count):
        (folder / f"{number}.txt").write_text(f"Animal number {number} is called okapi{number}.")
    return sorted(folder.iterdir())


@pytest.mark.timeout(180)
def test_ten_people_work_at_once_on_two_workers(shared: Catalyst) -> None:
    with ModelServer(Behaviour(text="It lives in the forest [1].", delay_s=0.2)) as model:
        (shared.folder / "catalyst.yaml").write_text(
            "serve: {logins_per_minute: 1000}\n"
            f"endpoints: [{{name: m, tier: local, url: '{model.url}', model: {model.model}}}]\n"
        )
        service = Running(shared, "--workers", "2")
        try:
            tokens = asyncio.run(_ten(service, shared.folder))
            until = time.monotonic() + 10
            while any(call(service, "/api/auth/me", token=one)[0] != 401 for one in tokens):
                assert time.monotonic() < until, "who signed out is still believed"
            log = service.log.read_text()
            assert '"where"' not in log
            assert "okapi" not in log
        finally:
            service.end()


async def _ten(service: Running, folder: Path) -> list[str]:
    async def one(number: int) -> str:
        path = folder / f"mine{number}.txt"
        await asyncio.to_thread(
            path.write_text, f"The okapi of person{number} lives in forest{number}."
        )
        async with AsyncAssistantClient(service.address) as client:
            await client.register(f"person{number}@example.org", PASSWORD)
            await client.login(f"person{number}@example.org", PASSWORD)
            token = str(client._wire.token)
            # The same file twice at the same moment: two documents, each read once.
            first, second = await asyncio.gather(client.upload([path]), client.upload([path]))
            for accepted in (first, second):
                names = [event.name async for event in client.job_events(accepted["job_id"])]
                assert names == ["queued", "started", "document_ready", "done"]
            rows = await client.documents()
            assert {row["id"] for row in rows} == {first["id"], second["id"]}
            assert [row["status"] for row in rows] == ["ready", "ready"]
            found = await client.search("okapi forest")
            assert {hit["document_id"] for hit in found} == {first["id"], second["id"]}
            assert all(f"forest{number}." in hit["text"] for hit in found)
            answer = await client.ask(f"Where does the okapi of person{number} live?")
            assert answer["status"] == "ok"
            assert f"forest{number}." in answer["citations"][0]["passage"]
            await client.logout()
        return token

    return list(await asyncio.gather(*map(one, range(10))))


@pytest.mark.timeout(120)
def test_a_refresh_token_works_once_whoever_is_asked(two: tuple[Running, Running]) -> None:
    a, b = two
    register(a)
    old = sign_in(a)[1]["refresh_token"]
    status, pair = call(b, "/api/auth/refresh", {"refresh_token": old})
    assert status == 200
    assert call(a, "/api/auth/refresh", {"refresh_token": old})[0] == 401
    # It was shown twice, so the session has ended for whoever holds its newest token.
    assert call(b, "/api/auth/refresh", {"refresh_token": pair["refresh_token"]})[0] == 401
    assert call(a, "/api/auth/me", token=pair["access_token"])[0] == 401


@pytest.mark.timeout(120)
def test_of_two_who_refresh_at_once_one_wins_at_most(two: tuple[Running, Running]) -> None:
    register(two[0])
    for _ in range(5):
        old = sign_in(two[0])[1]["refresh_token"]
        with ThreadPoolExecutor(4) as pool:
            told = list(
                pool.map(
                    lambda n, old=old: call(
                        two[n % 2], "/api/auth/refresh", {"refresh_token": old}
                    ),
                    range(4),
                )
            )
        assert [status for status, _ in told].count(200) <= 1
        for status, pair in told:
            if status == 200:
                body = {"refresh_token": pair["refresh_token"]}
                assert call(two[0], "/api/auth/refresh", body)[0] == 401


@pytest.mark.timeout(120)
def test_wrong_passwords_at_both_lock_the_account_at_both(two: tuple[Running, Running]) -> None:
    register(two[0])
    wrong = [sign_in(two[n % 2], "a wrong pass phrase")[0] for n in range(12)]
    assert set(wrong[:10]) == {401}
    assert wrong[-1] == 429
    for service in two:
        status, told = sign_in(service)
        assert status == 429
        assert "try again in" in told["detail"]


@pytest.mark.timeout(180)
def test_what_a_killed_worker_held_is_finished_by_the_other_and_told_once(
    two: tuple[Running, Running], shared: Catalyst
) -> None:
    a, b = two
    count = 200
    with AssistantClient(a.address) as client:
        client.register("sam@example.org", PASSWORD)
        client.login("sam@example.org", PASSWORD)
        token = client._client._wire.token
        job = client.upload(many(shared.folder / "many", count))["job_id"]
        seen = []
        for event in client.job_events(job):  # cut in the middle, by the death of who tells
            seen.append(event)
            if len(seen) == 40:
                a.kill()
                break
    with AssistantClient(b.address, token=token) as other:
        for event in other.job_events(job, after=seen[-1].id):
            seen.append(event)
        assert (seen[-1].name, seen[-1].data["done"]) == ("done", count)
        whole = list(other.job_events(job))
        assert [event.id for event in seen] == [event.id for event in whole]
        ready = [event.data["document"] for event in whole if event.name == "document_ready"]
        assert len(ready) == len(set(ready)) == count
        assert len(other.search("okapi7 okapi199", limit=50)) == 2
        assert len(other.documents(limit=500)) == count


@pytest.mark.timeout(180)
def test_a_service_whose_workers_are_killed_again_and_again_finishes_its_job(
    shared: Catalyst,
) -> None:
    count = 150
    service = Running(shared, "--workers", "2")
    try:
        with AssistantClient(service.address) as client:
            client.register("sam@example.org", PASSWORD)
            client.login("sam@example.org", PASSWORD)
            job = client.upload(many(shared.folder / "many", count))["job_id"]
            for _ in range(4):
                time.sleep(0.3)
                for pid in service.workers()[:1]:
                    os.kill(pid, signal.SIGKILL)
            last = list(client.job_events(job))[-1]
            assert (last.name, last.data["done"], last.data["failed"]) == ("done", count, 0)
            told = [event for event in client.job_events(job) if event.name == "document_ready"]
            assert len({event.data["document"] for event in told}) == len(told) == count
            with pytest.raises(AssistantError, match="404"):
                client.job("nobody's")
    finally:
        service.end()
