"""Search by meaning: where vectors come from, and what is left when nobody makes them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from ai_catalyst.assistant.config import ServiceConfig
from ai_catalyst.assistant.meaning import Searcher, embedder_of
from ai_catalyst.errors import AllEndpointsFailed
from ai_catalyst.llm.testing import Behaviour, ModelServer
from ai_catalyst.settings import Settings
from ai_catalyst.store.scripts import open_driver
from ai_catalyst.store.search import NewPassage, PassageSearch, add_passages
from ai_catalyst.store.vectors import HybridSearch


class Topics:
    """Vectors of two numbers: zebras, and everything else. It can be down."""

    name = "topics"
    down = False

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        if self.down:
            raise AllEndpointsFailed("no endpoint gave vectors", [])
        return [[1.0, 0.0] if "stripe" in text else [0.0, 1.0] for text in texts]


@pytest.fixture
async def searcher(tmp_path) -> Any:
    driver = open_driver(tmp_path / "x.db")
    passages = [NewPassage("Zebras: stripes.", "a"), NewPassage("Lions sleep.", "b")]
    await driver.write(lambda: add_passages("sam", "assistant:1", passages, postgres=False))
    words, topics = PassageSearch(driver), Topics()
    searcher = Searcher(words, HybridSearch(driver, words, topics))
    yield searcher, topics
    await driver.close()


async def until_filled(searcher: Searcher) -> None:
    assert searcher._hybrid is not None
    while await searcher._hybrid.fill():
        pass


async def test_what_means_the_same_is_found_without_its_words(searcher) -> None:
    search, _ = searcher
    await until_filled(search)
    hits = await search.search("a striped animal", ["sam"], limit=1)
    assert [hit.heading for hit in hits] == ["a"]


async def test_without_vectors_the_words_answer(searcher) -> None:
    search, topics = searcher
    await until_filled(search)
    topics.down = True
    assert [hit.heading for hit in await search.search("lions", ["sam"])] == ["b"]


async def test_vectors_are_made_when_the_model_is_back(searcher, monkeypatch) -> None:
    search, topics = searcher
    monkeypatch.setattr("ai_catalyst.assistant.meaning.IDLE_S", 0.01)
    topics.down = True
    running = asyncio.create_task(search.run())
    await asyncio.sleep(0.05)
    assert not running.done()
    topics.down = False
    async with asyncio.timeout(10):
        while not (hits := await search.search("a striped animal", ["sam"], limit=1)):
            await asyncio.sleep(0.02)
    running.cancel()
    assert hits[0].heading == "a"


async def test_nothing_is_made_where_meaning_is_not_set_up(tmp_path) -> None:
    driver = open_driver(tmp_path / "x.db")
    await Searcher(PassageSearch(driver), None).run()
    assert embedder_of("", None) is None
    await driver.close()


def with_vectors(config: ServiceConfig, server: ModelServer, private: bool) -> ServiceConfig:
    endpoint: dict[str, Any] = {"name": "m", "url": server.url, "model": server.model}
    endpoint |= {"tier": "local"} if private else {"tier": "cloud", "private": False, "key": "k"}
    serve = {"logins_per_minute": 1000, "embeddings": "endpoint"}
    return replace(config, settings=Settings(endpoints=[endpoint], serve=serve))


def embedded(server: ModelServer) -> list[str]:
    asked = [one.body for one in server.requests if one.path.endswith("/embeddings")]
    return [text for body in asked for text in body["input"]]


@pytest.mark.loop_guard(0.3, reason="the first use of the recognisers, in a thread beside it")
@pytest.mark.parametrize("private", [True, False])
async def test_an_upload_gets_vectors_and_only_scrubbed_words_leave(
    config, start, monkeypatch, private: bool
) -> None:
    monkeypatch.setattr("ai_catalyst.store.vectors.FILL", 8)  # the shelf is long: a part of it
    note = b"Reach Jane Doe at jane.doe@example.org about the okapi."
    with ModelServer(Behaviour(text="Yes [1].")) as server:
        async with start(with_vectors(config, server, private)) as served:
            headers = await served.person("sam")
            await served.upload(headers, note_txt=note)
            async with asyncio.timeout(40):
                while not any("okapi" in text for text in embedded(server)):
                    await asyncio.sleep(0.05)
            body = {"q": "jane.doe@example.org okapi"}
            found = await served.http.post("/api/v1/search", json=body, headers=headers)
            assert "okapi" in "".join(one["text"] for one in found.json())
        sent = json.dumps(embedded(server))
        assert ("jane.doe@example.org" in sent) == private
