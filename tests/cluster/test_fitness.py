"""Whether nodes are fit, and what is said where they are not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
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


async def test_a_redis_that_is_named_must_answer() -> None:
    for url, _ in own_namespace():
        await require_redis(Settings(cache={"redis_url": url}))
    await require_redis(Settings())
    with pytest.raises(StoreError, match=r"Redis at .* does not answer"):
        await ping_redis("redis://:word@127.0.0.1:9/0")
    with pytest.raises(UserError, match="no Redis URL"):
        await ping_redis("nonsense")


@pytest.mark.parametrize("address", ["somewhere", "ray://host:10001", ":6379", "host:port"])
async def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(UserError, match="host:port"):
        async with session(address):
            raise AssertionError


async def test_an_address_where_nobody_answers_is_refused_at_once() -> None:
    with pytest.raises(UserError, match=r"no cluster answers at 127\.0\.0\.1:9.*ray start --head"):
        async with session("127.0.0.1:9"):
            raise AssertionError
