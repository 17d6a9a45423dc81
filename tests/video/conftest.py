"""A library of one's own on each kind of database, and small videos."""

import pytest
import real_servers

import ai_catalyst.video.decoding
import ai_catalyst.video.ingest
import ai_catalyst.video.library  # noqa: F401 - imported before any loop runs
from ai_catalyst import video
from ai_catalyst.io.connections import AsyncConnectionManager


@pytest.fixture(scope="session")
def postgres_url():
    yield from real_servers.own_database("postgres")


@pytest.fixture(scope="session")
def mysql_url():
    yield from real_servers.own_database("mysql")


@pytest.fixture
def redis_place():
    yield from real_servers.own_namespace()


@pytest.fixture(params=["postgres", "mysql", "sqlite"])
def database_url(request, tmp_path):
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'videos.db'}"
    return request.getfixturevalue(f"{request.param}_url")


@pytest.fixture
async def library(database_url):
    """The library on a database, empty."""
    settings = {"database_url": database_url, "redis_url": None, "pool_min": 1}
    async with AsyncConnectionManager(settings) as manager:
        video.configure(manager)
        try:
            for one in await video.list_videos():
                await (await video.place.here()).rows.delete(one.id)
            yield manager
        finally:
            video.configure(None)


@pytest.fixture
def state(tmp_path, monkeypatch):
    """The library in a state folder of this test."""
    monkeypatch.setenv("CATALYST_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1")  # nobody answers: memory stands in
    return tmp_path / "state"
