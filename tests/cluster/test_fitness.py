"""Whether nodes are fit, and what is said where they are not."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from real_servers import own_database, own_namespace

from ai_catalyst.cluster import probe
from ai_catalyst.cluster.charge import settings_as_text, settings_of
from ai_catalyst.cluster.examination import examine
from ai_catalyst.cluster.fitness import EXTRAS, Has, difference, ping_redis, require_redis
from ai_catalyst.cluster.session import Node, session
from ai_catalyst.errors import StoreError, UserError
from ai_catalyst.settings import Settings

NODE = Node("id", "node-2", "10.0.0.2")


def like_this_machine() -> Has:
    told = probe.versions(EXTRAS, ["HOME", "NO_SUCH_KEY"])
    names = ("python", "ray", "ai-catalyst")
    return Has(NODE, {name: told[name] for name in names}, told["missing"], told["keys"])


def test_a_node_like_this_machine_is_fit_and_names_the_keys_that_are_set() -> None:
    has = like_this_machine()
    assert difference(has) == ""
    assert has.keys == ["HOME"]


@pytest.mark.parametrize(
    ("name", "version", "said"),
    [
        ("ray", "2.50.0", "has ray 2.50.0, this machine"),
        ("python", "3.9.1", "has python 3.9, this machine"),
        ("ai-catalyst", "", "has ai-catalyst not at all"),
    ],
)
def test_other_versions_are_named_with_both(name: str, version: str, said: str) -> None:
    has = like_this_machine()
    assert said in difference(replace(has, versions=has.versions | {name: version}))


def test_a_missing_extra_is_named_with_its_command() -> None:
    told = difference(replace(like_this_machine(), missing=["asyncpg"]))
    assert "asyncpg" in told
    assert "pip install 'ai-catalyst[cluster]'" in told


@pytest.fixture
def database() -> Iterator[str]:
    yield from own_database("postgres")


@pytest.mark.loop_guard(0.5, reason="a node is asked in a process that does nothing else")
async def test_a_node_tells_of_its_database_its_clock_and_its_disk(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CATALYST_HOME", str(tmp_path / "state"))
    text = settings_as_text(Settings(model="none", database={"url": database}))
    found = {what: (ok, detail) for what, ok, detail in await examine(text)}
    assert all(ok for ok, _ in found.values()), found
    assert "clock +0." in found["database"][1] or "clock -0." in found["database"][1]
    assert str(tmp_path / "state") in found["state"][1]
    assert "none is wanted" in found["models"][1]


@pytest.mark.loop_guard(0.5, reason="a node is asked in a process that does nothing else")
async def test_what_a_node_does_not_reach_is_said_and_no_password_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a file").write_text("")
    monkeypatch.setenv("CATALYST_HOME", str(tmp_path / "a file" / "state"))
    settings = Settings(
        database={"url": "postgresql://catalyst:hidden-word@127.0.0.1:9/x"},
        cache={"redis_url": "redis://:hidden-word@127.0.0.1:9/0"},
        endpoints=[
            {"name": "away", "tier": "local", "url": "http://127.0.0.1:9/v1", "key": "hidden-word"}
        ],
    )
    found = {what: (ok, detail) for what, ok, detail in await examine(settings_as_text(settings))}
    assert not any(ok for ok, _ in found.values()), found
    assert "127.0.0.1" in found["redis"][1]
    assert "CATALYST_HOME" in found["state"][1]
    assert "hidden-word" not in repr(found)


def test_keys_of_endpoints_do_not_travel_and_each_node_has_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint = {"name": "cloud", "tier": "cloud", "url": "https://example.org/v1"}
    text = settings_as_text(Settings(endpoints=[endpoint | {"key": "hidden-word"}]))
    assert "hidden-word" not in text
    (tmp_path / "node.yaml").write_text(
        "endpoints: [{name: cloud, tier: cloud, url: 'https://example.org/v1', key: its-own}]\n"
    )
    monkeypatch.setenv("CATALYST_CONFIG", str(tmp_path / "node.yaml"))
    (known,) = settings_of(text).endpoints
    assert known.key is not None
    assert known.key.get_secret_value() == "its-own"


def test_what_is_read_and_where_reports_go_does_not_travel() -> None:
    settings = Settings(feeds=["https://example.org/ann-lee.xml"], output="letters of ann lee")
    text = settings_as_text(settings)
    assert "ann" not in text
    assert settings_of(text).feeds == []


async def test_a_redis_that_is_named_must_answer() -> None:
    for url, _ in own_namespace():
        await require_redis(Settings(cache={"redis_url": url}))
    await require_redis(Settings())
    with pytest.raises(StoreError, match=r"Redis at .* does not answer"):
        await ping_redis("redis://:word@127.0.0.1:9/0")
    with pytest.raises(UserError, match="no Redis URL"):
        await ping_redis("nonsense")


async def test_a_redis_that_refuses_the_password_says_so_without_it() -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1000)
        writer.write(b"-WRONGPASS invalid username-password pair\r\n" * 4)
        await _end(writer)

    async with _server(refuse) as port:
        with pytest.raises(StoreError, match="refuses the password: check") as caught:
            await ping_redis(f"redis://:hidden-word@127.0.0.1:{port}/0")
    assert "hidden-word" not in str(caught.value)


@pytest.mark.parametrize("address", ["somewhere", "ray://host:10001", ":6379", "host:port"])
async def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(UserError, match="host:port"):
        async with session(address):
            raise AssertionError


async def test_an_address_where_nobody_answers_is_refused_at_once() -> None:
    with pytest.raises(UserError, match=r"no cluster answers at 127\.0\.0\.1:9.*ray start --head"):
        async with session("127.0.0.1:9"):
            raise AssertionError


@pytest.mark.parametrize("said", [b"", b"-ERR unknown command 'PRI'\r\n", b"HTTP/1.1 400 No\r\n"])
async def test_an_address_where_something_else_answers_is_refused_at_once(said: bytes) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(said)
        await _end(writer)

    async with _server(answer) as port:
        with pytest.raises(UserError, match=rf"answers at 127\.0\.0\.1:{port} is no Ray cluster"):
            async with session(f"127.0.0.1:{port}"):
                raise AssertionError


async def test_a_ray_that_cannot_be_imported_is_told_as_that(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ai_catalyst.cluster.session.require_extra", lambda: None)
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(UserError, match="ray is installed and cannot be imported"):
        async with session():
            raise AssertionError


async def test_a_session_leaves_no_folder_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ai_catalyst.cluster.session.require_extra", lambda: None)
    monkeypatch.setattr("ai_catalyst.cluster.session._own_folder", partial(_folder_in, tmp_path))
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(UserError, match="cannot be imported"):
        async with session():
            raise AssertionError
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("times", [1, 2])
async def test_a_session_that_is_given_up_while_it_starts_is_shut_down_and_cleared_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    starting, go_on, events = threading.Event(), threading.Event(), []

    class Ray:
        def shutdown(self) -> None:
            events.append("shut down" if list(tmp_path.iterdir()) else "too late")

    def connect(*_: object) -> Ray:
        starting.set()
        assert go_on.wait(10)
        events.append("started")
        return Ray()

    monkeypatch.setattr("ai_catalyst.cluster.session.require_extra", lambda: None)
    monkeypatch.setattr("ai_catalyst.cluster.session._own_folder", partial(_folder_in, tmp_path))
    monkeypatch.setattr("ai_catalyst.cluster.session._connect", connect)
    entering = asyncio.ensure_future(session().__aenter__())
    assert await asyncio.to_thread(starting.wait, 10)
    for _ in range(times):
        entering.cancel()
        for _ in range(4):
            await asyncio.sleep(0)
    assert entering.done() == (times == 2)
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await entering
    async with asyncio.timeout(10):
        while list(tmp_path.iterdir()):
            await asyncio.sleep(0.01)
    assert events == ["started", "shut down"]
    assert not list(tmp_path.iterdir())


def _folder_in(folder: Path) -> str:
    inner = folder / "catalyst-1" / "ray"
    inner.mkdir(parents=True)
    return str(inner)


async def _end(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


@contextlib.asynccontextmanager
async def _server(
    answer: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[int]:
    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]
