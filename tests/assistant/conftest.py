"""The service of the tests: the real application, on SQLite or PostgreSQL, without a network."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from real_servers import own_database

from ai_catalyst.assistant.application import create_app
from ai_catalyst.assistant.config import ServiceConfig
from ai_catalyst.settings import Settings

PASSWORD = "correct horse battery"


@dataclass
class Clock:
    """The wall's clock, turned by hand."""

    now: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Served:
    """A running application and somebody who talks to it."""

    app: FastAPI
    http: httpx.AsyncClient

    @property
    def service(self) -> Any:
        return self.app.state.service

    async def person(self, name: str = "sam", role: str | None = None) -> dict[str, str]:
        """Return the headers of a new account that is signed in."""
        email = f"{name}@example.org"
        body = {"email": email, "password": PASSWORD, "username": name}
        if role is not None:
            body["invitation"] = await self.service.accounts.invite(role)
        answer = await self.http.post("/api/auth/register", json=body)
        assert answer.status_code == 201, answer.text
        return {"Authorization": f"Bearer {(await self.login(email))['access_token']}"}

    async def login(self, email: str, password: str = PASSWORD) -> dict[str, Any]:
        answer = await self.http.post(
            "/api/auth/login", json={"email": email, "password": password}
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def upload(self, headers: dict[str, str], **files: bytes) -> dict[str, Any]:
        """Upload files by name (``_`` for the dot), wait until they are read."""
        parts = [("file", (name.replace("_", "."), data)) for name, data in files.items()]
        answer = await self.http.post("/api/v1/documents", files=parts, headers=headers)
        assert answer.status_code == 202, answer.text
        accepted = answer.json()
        events = await self.http.get(f"/api/v1/jobs/{accepted['job_id']}/events", headers=headers)
        assert events.status_code == 200
        return accepted


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(autouse=True)
def quiet_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CATALYST_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CATALYST_SERVED", "1")
    for name in ("DATABASE_URL", "CATALYST_SECRET_KEYS", "PROMETHEUS_MULTIPROC_DIR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def config(quiet_environment: None) -> ServiceConfig:
    settings = Settings(model="none", serve={"logins_per_minute": 1000})
    return ServiceConfig.load(settings, {})


@pytest.fixture
def postgres_url() -> Iterator[str]:
    yield from own_database("postgres")


@pytest.fixture(params=["sqlite", "postgres"])
def either(request: pytest.FixtureRequest, config: ServiceConfig) -> ServiceConfig:
    """The configuration on each database."""
    if request.param == "sqlite":
        return config
    return replace(config, database_url=request.getfixturevalue("postgres_url"))


class Described:
    """Holds every answer of the API against its description: no status that it does not name."""

    def __init__(self, app: FastAPI) -> None:
        self._places = [
            (re.compile(re.sub(r"\\{[^}]*\\}", "[^/]+", re.escape(path))), ways)
            for path, ways in app.openapi()["paths"].items()
        ]

    async def __call__(self, answer: httpx.Response) -> None:
        method = answer.request.method.lower()
        for pattern, ways in self._places:
            if pattern.fullmatch(answer.request.url.path) and method in ways:
                described = ways[method]["responses"]
                assert str(answer.status_code) in described, (
                    f"{method} {pattern.pattern} answered {answer.status_code}: it is not described"
                )
                kind = answer.headers.get("content-type", "").partition(";")[0]
                kinds = described[str(answer.status_code)].get("content", {})
                assert answer.status_code == 204 or kind in kinds


Start = Callable[[ServiceConfig], contextlib.AbstractAsyncContextManager[Served]]


@contextlib.asynccontextmanager
async def running(config: ServiceConfig, **more: Any) -> AsyncIterator[Served]:
    """Run an application for as long as the block lasts."""
    app = await asyncio.to_thread(create_app, config)  # some imports, and many routes
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        more.setdefault("event_hooks", {"response": [Described(app)]})
        async with httpx.AsyncClient(transport=transport, base_url="http://test", **more) as client:
            yield Served(app, client)


@pytest.fixture
def start() -> Start:
    return running


@pytest.fixture
async def served(config: ServiceConfig) -> AsyncIterator[Served]:
    async with running(config) as served:
        yield served


@pytest.fixture
async def served_on_either(either: ServiceConfig) -> AsyncIterator[Served]:
    async with running(either) as served:
        yield served
