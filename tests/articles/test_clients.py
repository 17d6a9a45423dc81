"""The clients: one provider's wire each, one analysis out of all."""

from __future__ import annotations

import inspect
import json
from typing import Any

import pytest

from ai_catalyst.analysis import Analysis
from ai_catalyst.articles import (
    AsyncClaudeClient,
    AsyncMistralClient,
    AsyncOpenAIClient,
    ClaudeClient,
    MistralClient,
    OpenAIClient,
    Page,
)
from ai_catalyst.errors import AllEndpointsFailed, UserError
from ai_catalyst.llm.testing import Behaviour, ModelServer

ANSWER = {
    "summary": "The tide rose.",
    "key_points": ["It rose at noon."],
    "topics": ["tides"],
    "entities": {"people": [], "organisations": [], "places": [], "dates": [], "other": []},
    "confidence": 0.75,
    "methodology": "A gauge was read.",
    "findings": ["12 cm more."],
    "why_it_matters": "Harbours flood.",
}
PAGE = Page("The tide rose at noon, they said.", "Tides", url="https://example.org/tides")
ASYNC = (AsyncClaudeClient, AsyncMistralClient, AsyncOpenAIClient)
SYNC = (ClaudeClient, MistralClient, OpenAIClient)
WIRES = {"ANTHROPIC": "anthropic", "MISTRAL": "mistral", "OPENAI": "openai"}


def base_url(server: ModelServer, kind: Any) -> str:
    mistral = kind.provider == "MISTRAL"
    return server.url.replace("/v1", "/mistral/v1") if mistral else server.url


@pytest.mark.parametrize("kind", ASYNC)
async def test_each_client_asks_its_providers_wire(kind: Any) -> None:
    async with (
        ModelServer(Behaviour(json.dumps(ANSWER)), key="k-1") as server,
        kind("k-1", base_url=base_url(server, kind)) as client,
    ):
        for content in (PAGE, PAGE.text):
            analysis = await client.analyze(content)
            assert isinstance(analysis, Analysis)
            assert (analysis.summary, analysis.confidence) == ("The tide rose.", 0.75)
            assert (analysis.methodology, analysis.findings) == (
                "A gauge was read.",
                ["12 cm more."],
            )
        assert {request.wire for request in server.requests} == {WIRES[kind.provider]}
        assert "Tides" in server.requests[0].prompt


@pytest.mark.parametrize("kind", ASYNC)
async def test_a_stream_is_the_answer_in_pieces(kind: Any) -> None:
    async with (
        ModelServer(Behaviour(json.dumps(ANSWER), gap_s=0.001)) as server,
        kind("k", base_url=base_url(server, kind)) as client,
    ):
        pieces = [piece async for piece in client.analyze_stream(PAGE)]
    assert len(pieces) > 5
    assert json.loads("".join(pieces)) == ANSWER


@pytest.mark.parametrize("kind", SYNC)
def test_the_sync_clients_do_the_same(kind: Any) -> None:
    with (
        ModelServer(Behaviour(json.dumps(ANSWER))) as server,
        kind("k", base_url=base_url(server, kind)) as client,
    ):
        assert client.analyze(PAGE).topics == ["tides"]
        assert json.loads("".join(client.analyze_stream(PAGE))) == ANSWER


@pytest.mark.parametrize(("one", "other"), list(zip(ASYNC, SYNC, strict=True)))
def test_twins_have_the_same_methods(one: type, other: type) -> None:
    for name in ("analyze", "analyze_stream", "close"):
        ours = inspect.signature(getattr(one, name)).parameters
        assert list(inspect.signature(getattr(other, name)).parameters) == list(ours)


@pytest.mark.parametrize("kind", [*ASYNC, *SYNC])
def test_without_a_key_it_says_which_variable_to_set(
    kind: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(f"{kind.provider}_API_KEY", raising=False)
    with pytest.raises(UserError, match=f"{kind.provider}_API_KEY"):
        kind()


async def test_key_model_and_address_come_from_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with ModelServer(Behaviour(json.dumps(ANSWER)), key="k-env") as server:
        monkeypatch.setenv("OPENAI_API_KEY", "k-env")
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("OPENAI_MODEL", "m-env")
        async with AsyncOpenAIClient() as client:
            await client.analyze(PAGE)
        assert server.requests[0].body["model"] == "m-env"


async def test_a_refused_key_is_an_error_of_the_endpoint() -> None:
    async with (
        ModelServer(key="right") as server,
        AsyncOpenAIClient("wrong", base_url=server.url) as client,
    ):
        with pytest.raises(AllEndpointsFailed):
            await client.analyze(PAGE)
