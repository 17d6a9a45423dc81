"""A library of one's own on each kind of database, and small videos."""

import clips
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


@pytest.fixture(scope="session")
def films(tmp_path_factory):
    """A folder with every kind of video, made once."""
    folder = tmp_path_factory.mktemp("films")
    whole = clips.make_clip(folder / "whole.mp4", 2, audio=True)
    spoken = clips.make_clip(folder / "spoken.mkv", 1, words=["Hello there", "and goodbye"])
    clips.make_clip(folder / "beside.mp4", 0.5)
    (folder / "beside.srt").write_text("1\n00:00:00,000 --> 00:00:01,000\nFrom a side-car\n")
    clips.turned(whole, folder / "turned.mp4")
    clips.ten_hours(whole, folder / "ten-hours.mp4")
    clips.make_clip(folder / "many.mkv", 0.3, size=(32, 32), extra=99)
    (folder / "cut-off.mkv").write_bytes(spoken.read_bytes()[:-600])
    (folder / "no-index.mp4").write_bytes(whole.read_bytes()[:3000])
    (folder / "text.mp4").write_text("this is no video")
    (folder / "empty.mp4").touch()
    clips.make_sound(folder / "sound.mp4")
    clips.no_frames(folder / "no-frames.mkv")
    (folder / "folder.mp4").mkdir()
    return folder
