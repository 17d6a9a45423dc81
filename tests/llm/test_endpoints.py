"""Endpoints as a person writes them, as the environment names them, and as they are found."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ai_catalyst.errors import AllEndpointsFailed, UserError
from ai_catalyst.llm import Endpoint, LLMProvider
from ai_catalyst.llm.discovery import chat_model, embedding_model
from ai_catalyst.llm.endpoints import as_endpoint, from_environment
from ai_catalyst.llm.testing import Behaviour, ModelServer, Request

Provide = Callable[..., LLMProvider]
Servers = Callable[..., ModelServer]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"tier": "moon"}, "tier is one of local, network, cloud"),
        ({"url": "ftp://x/v1"}, "must begin with http"),
        ({"url": "localhost:11434"}, "must begin with http"),
        ({"url": "https://me:secret@example.com/v1"}, "not in the URL"),
        ({"max_concurrent": 0}, "max_concurrent must be above 0"),
        ({"requests_per_minute": -1}, "requests_per_minute must be above 0"),
        ({"name": ""}, "missing name"),
        ({"colour": "red"}, "unknown colour"),
    ],
)
def test_what_cannot_be_is_refused_by_name(fields: dict[str, Any], said: str) -> None:
    good = {"name": "a", "tier": "local", "url": "http://localhost/v1"}
    with pytest.raises(UserError, match=said) as caught:
        as_endpoint({**good, **fields})
    assert "secret" not in str(caught.value)


def test_a_key_is_never_shown() -> None:
    assert "sk-1" not in repr(Endpoint("a", "cloud", "https://example.com/v1", key="sk-1"))


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("http://localhost:11434", "http://localhost:11434/v1"),
        ("http://localhost:11434/", "http://localhost:11434/v1"),
        ("http://localhost:1/v1/", "http://localhost:1/v1"),
        ("https://example.com/deep/v2", "https://example.com/deep/v2"),
    ],
)
def test_a_url_without_a_path_means_version_one(given: str, kept: str) -> None:
    assert Endpoint("a", "local", given).url == kept


def test_an_unknown_wire_is_refused_when_it_is_used() -> None:
    with pytest.raises(UserError, match="no wire"):
        LLMProvider([Endpoint("a", "local", "http://localhost", wire="pigeon")])


def test_mappings_do_for_endpoints() -> None:
    llm = LLMProvider([{"name": "a", "tier": "network", "url": "http://10.0.0.5/v1", "model": "m"}])
    assert llm.endpoints == [Endpoint("a", "network", "http://10.0.0.5/v1", "m")]


def test_the_environment_names_endpoints_nearest_first() -> None:
    found = from_environment(
        {
            "MISTRAL_API_KEY": "k3",
            "OPENAI_API_KEY": "k1",
            "OPENAI_BASE_URL": "https://proxy.example.com/v1",
            "OPENAI_MODEL": "mine",
            "ANTHROPIC_API_KEY": "k2",
            "CATALYST_NETWORK_URL": "http://10.0.0.9:8000/v1",
            "CATALYST_LOCAL_URL": "http://127.0.0.1:11434",
            "CATALYST_LOCAL_MODEL": "llama",
            "API_PROVIDER": "mistral",
        }
    )
    assert [(e.name, e.tier, e.wire) for e in found] == [
        ("local", "local", "openai"),
        ("network", "network", "openai"),
        ("mistral", "cloud", "mistral"),
        ("openai", "cloud", "openai"),
        ("anthropic", "cloud", "anthropic"),
    ]
    assert found[0].model == "llama"
    assert (found[3].url, found[3].model, found[3].key) == (
        "https://proxy.example.com/v1",
        "mine",
        "k1",
    )


def test_an_empty_environment_names_none() -> None:
    assert from_environment({"OPENAI_API_KEY": "", "CATALYST_LOCAL_URL": ""}) == []


async def test_a_provider_reads_the_environment(
    server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CATALYST_LOCAL_URL", server.url)
    monkeypatch.setenv("CATALYST_LOCAL_MODEL", "mine")
    async with LLMProvider() as llm:
        answer = await llm.generate_async("hello")
    assert (answer.text, answer.endpoint, answer.model) == ("Hello.", "local", "mine")


async def test_a_local_server_is_found_without_any_configuration(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = servers(model="llama3.2:3b")
    ports = (9, int(server.url.split(":")[2].split("/")[0]))
    monkeypatch.setattr("ai_catalyst.llm.provider.LOCAL_PORTS", ports)
    async with LLMProvider() as llm:
        answer = await llm.generate_async("hello")
        assert (answer.endpoint, answer.tier, answer.model) == ("local", "local", "llama3.2:3b")
        assert [e.name for e in await llm.endpoints_async()] == ["local"]


async def test_a_server_started_later_is_found_later(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ai_catalyst.llm.provider.LOCAL_PORTS", (9,))
    async with LLMProvider() as llm:
        with pytest.raises(AllEndpointsFailed, match="start a local server"):
            await llm.generate_async("hello")
        port = int(servers().url.split(":")[2].split("/")[0])
        monkeypatch.setattr("ai_catalyst.llm.provider.LOCAL_PORTS", (port,))
        assert (await llm.generate_async("hello")).text == "Hello."


async def test_a_server_that_wants_a_model_is_given_the_first_it_offers(
    provide: Provide, server: ModelServer
) -> None:
    def insists(request: Request) -> Behaviour:
        if not request.body.get("model"):
            return Behaviour(status=400, body='{"error": "model is required"}')
        return Behaviour("yes")

    server.default = insists
    llm = provide(server.endpoint(model=None))
    assert [(await llm.generate_async(f"{n}")).model for n in range(2)] == ["test-model"] * 2
    assert server.count == 3
    assert [piece async for piece in llm.stream_async("x")] == ["yes"]


async def test_a_server_with_a_default_of_its_own_is_asked_for_that(
    provide: Provide, server: ModelServer
) -> None:
    assert (await provide(server.endpoint(model=None)).generate_async("x")).model == "test-model"
    assert "model" not in server.requests[-1].body


def test_models_are_told_apart_by_their_names() -> None:
    offered = ["nomic-embed-text", "bge-m3", "whisper-1", "llama3.2", "qwen3"]
    assert chat_model(offered) == "llama3.2"
    assert embedding_model(offered) == "nomic-embed-text"
    assert chat_model(["nomic-embed-text"]) is None


async def test_health_tells_how_every_endpoint_is(provide: Provide, server: ModelServer) -> None:
    gone = Endpoint("gone", "network", "http://127.0.0.1:9/v1", "m")
    llm = provide(server.endpoint(requests_per_minute=600), gone)
    await llm.generate_async("hello")
    health = await llm.health_async()
    assert list(health) == ["test", "gone"]
    assert health["test"].reachable
    assert health["test"]["models"] == ["test-model"]
    assert health["test"].breaker == "closed"
    assert health["test"].latency_s is not None
    assert 0 < health["test"].remaining["requests"] <= 60
    assert not health["gone"].reachable
    assert health["gone"].private
    with pytest.raises(KeyError):
        health["gone"]["colour"]
