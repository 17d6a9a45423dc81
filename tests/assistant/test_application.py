"""Default deny, headers, limits, and errors that say nothing of the inside."""

from __future__ import annotations

import asyncio
import json
import logging
from dataclasses import replace
from ipaddress import ip_network

import pytest
from fastapi import Depends
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from ai_catalyst.assistant.application import create_app
from ai_catalyst.assistant.config import ServiceConfig
from ai_catalyst.assistant.dependencies import get_async_db
from ai_catalyst.assistant.middleware import JsonLines, client_of

PUBLIC = {
    ("POST", "/api/auth/register"),
    ("POST", "/api/auth/login"),
    ("POST", "/api/auth/refresh"),
    ("GET", "/health/live"),
    ("GET", "/health/ready"),
    ("GET", "/metrics"),
}
"""Everything that needs no sign-in. Whoever adds a line says why in the review."""


async def test_every_route_is_behind_a_sign_in_or_on_the_public_list(served) -> None:
    described = (await served.http.get("/api/openapi.json")).json()["paths"]
    places = [(method.upper(), path) for path, ways in described.items() for method in ways]
    assert len(places) > 20
    for method, path in places:
        if (method, path) in PUBLIC:
            continue
        address = path.replace("{", "").replace("}", "")
        answer = await served.http.request(method, address, json={}, params={"q": "x"})
        if path.startswith("/api/"):
            assert answer.status_code == 401, (method, path, answer.status_code)


async def test_ids_of_others_are_not_there(served) -> None:
    sam, eve = await served.person("sam"), await served.person("eve")
    accepted = await served.upload(sam, notes_txt=b"Zebras have stripes.")
    places = [
        ("GET", f"/api/v1/documents/{accepted['id']}"),
        ("DELETE", f"/api/v1/documents/{accepted['id']}"),
        ("GET", f"/api/v1/jobs/{accepted['job_id']}"),
        ("GET", f"/api/v1/jobs/{accepted['job_id']}/events"),
        ("POST", f"/api/v1/jobs/{accepted['job_id']}/cancel"),
    ]
    for method, path in places:
        assert (await served.http.request(method, path, headers=eve)).status_code == 404
    answer = await served.http.get(f"/api/v1/documents/{accepted['id']}", headers=sam)
    assert answer.status_code == 200


@pytest.mark.parametrize("role", ["student", "clinician"])
async def test_administration_is_for_administrators(served, role: str) -> None:
    headers = await served.person("sam", role)
    assert (await served.http.get("/api/v1/users", headers=headers)).status_code == 403
    answer = await served.http.post("/api/v1/invitations", json={}, headers=headers)
    assert answer.status_code == 403
    egress = await served.http.get("/api/v1/egress", headers=headers)
    assert egress.status_code == (403 if role == "student" else 200)


async def test_every_answer_has_an_id_and_headers_that_protect(served) -> None:
    for path in ("/health/live", "/nowhere", "/api/v1/documents"):
        answer = await served.http.get(path)
        assert len(answer.headers["x-request-id"]) == 16
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"


async def test_a_fault_of_ours_is_a_problem_document_without_the_inside(config) -> None:
    app = await asyncio.to_thread(create_app, config)

    @app.get("/broken")
    async def broken() -> None:
        raise RuntimeError("the patient said secret things in /home/somewhere")

    import httpx

    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
            answer = await http.get("/broken")
    assert answer.status_code == 500
    assert answer.json()["request_id"]
    assert "secret" not in answer.text
    assert "RuntimeError" not in answer.text


async def test_what_a_patient_said_is_in_no_log(served, caplog) -> None:
    caplog.set_level(logging.DEBUG)
    headers = await served.person("sam")
    said = "unmistakable-words-of-a-patient"
    await served.http.get("/api/v1/rag/diagnose", params={"symptoms": said}, headers=headers)
    await served.http.post("/api/v1/rag/diagnose", json={"symptoms": said}, headers=headers)
    await served.http.get("/api/v1/rag/diagnose", params={"wrong": said}, headers=headers)
    lines = [record for record in caplog.records if record.name.startswith("ai_catalyst")]
    assert any(record.path == "/api/v1/rag/diagnose" for record in lines if record.msg == "request")
    assert all(said not in JsonLines().format(record) for record in lines)


async def test_a_log_line_is_json_with_the_duration(served, caplog) -> None:
    caplog.set_level(logging.INFO, "ai_catalyst.assistant.access")
    await served.http.get("/health/live")
    line = json.loads(JsonLines().format(caplog.records[-1]))
    assert (line["path"], line["status"], line["method"]) == ("/health/live", 200, "GET")
    assert line["duration_s"] >= 0
    assert line["request_id"]


async def test_an_error_is_logged_with_its_place_and_without_its_words() -> None:
    try:
        raise ValueError("words of a patient")
    except ValueError as error:
        record = logging.LogRecord(
            "x", 40, "f", 1, "failed", (), (ValueError, error, error.__traceback__)
        )
    line = JsonLines().format(record)
    assert "words of a patient" not in line
    assert json.loads(line)["error"] == "ValueError"


async def test_a_megabyte_is_taken_and_more_is_not(config: ServiceConfig, start) -> None:
    async with start(replace(config, body_bytes=1 << 16, upload_bytes=1 << 18)) as served:
        headers = await served.person("sam")
        long = {"symptoms": "fear " * 2000}
        answer = await served.http.post("/api/v1/rag/diagnose", json=long, headers=headers)
        assert answer.status_code == 200
        longer = {"symptoms": "fear " * 50_000}
        answer = await served.http.post("/api/v1/rag/diagnose", json=longer, headers=headers)
        assert answer.status_code == 413

        async def drip():
            for _ in range(100):
                yield b"x" * 4096

        answer = await served.http.post("/api/v1/rag/diagnose", content=drip(), headers=headers)
        assert answer.status_code == 413
        files = {"file": ("big.txt", b"x" * (1 << 19))}
        answer = await served.http.post("/api/v1/documents", files=files, headers=headers)
        assert answer.status_code == 413
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("peer", "header", "seen"),
    [
        ("203.0.113.9", "198.51.100.7", "203.0.113.9"),
        ("10.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "1.1.1.1, 198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "198.51.100.7, 10.0.0.2", "198.51.100.7"),
        ("10.0.0.1", "not an address", "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
    ],
)
async def test_only_proxies_of_ours_are_believed(peer: str, header: str, seen: str) -> None:
    from ai_catalyst.assistant.middleware import Around

    found = []

    async def inner(scope, receive, send) -> None:
        found.append(client_of(scope))

    networks = [ip_network("10.0.0.0/8")]
    around = Around(
        inner, body_bytes=1, upload_bytes=1, admits=lambda scope: True, trusted=networks
    )
    headers = [(b"x-forwarded-for", header.encode())] if header else []
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "headers": headers,
        "client": (peer, 1),
    }
    await around(scope, None, None)
    assert found == [seen]


async def test_the_service_is_not_ready_without_its_database(served) -> None:
    assert (await served.http.get("/health/ready")).status_code == 200
    await served.service.driver.close()
    answer = await served.http.get("/health/ready")
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    assert (await served.http.get("/health/live")).status_code == 200


async def test_metrics_count_requests_by_route(served) -> None:
    headers = await served.person("sam")
    await served.upload(headers, notes_txt=b"Zebras have stripes.")
    text = (await served.http.get("/metrics")).text
    assert 'route="/api/v1/documents",status="202"' in text
    assert "sam@" not in text


async def test_a_session_of_the_database_is_lent(config, start) -> None:
    async with start(config) as served:

        @served.app.get("/count")
        async def count(db: AsyncSession = Depends(get_async_db)) -> int:  # noqa: B008
            return int(await db.scalar(text("SELECT count(*) FROM assistant_users")))

        await served.person("sam")
        assert (await served.http.get("/count")).json() == 1
