"""A model server on loopback, and providers that are seen to leave nothing behind."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from ai_catalyst.llm import LLMProvider, lane
from ai_catalyst.llm.testing import ModelServer

Provide = Callable[..., LLMProvider]


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        *("CATALYST_LOCAL_URL", "CATALYST_NETWORK_URL", "CATALYST_FAILOVER", "CATALYST_PRICES"),
        *("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "MISTRAL_API_KEY", "API_PROVIDER", "API_TIMEOUT"),
        *("HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy"),
    ):
        monkeypatch.delenv(name, raising=False)
    # A port may be another server's by now; what was learned of that one must not count.
    monkeypatch.setattr(lane._here, "lanes", {})


def wait_until(condition: Callable[[], bool], seconds: float = 2.0) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.005)
    return condition()


@pytest.fixture
def running() -> Iterator[list[ModelServer]]:
    """The servers of a test; it outlives its providers, and then no connection may be open."""
    started: list[ModelServer] = []
    yield started
    for each in started:
        open_ = wait_until(lambda each=each: each.connections == 0)
        each.__exit__(None, None, None)
        assert open_, "a connection was left open"


@pytest.fixture
def servers(running: list[ModelServer]) -> Callable[..., ModelServer]:
    """Start servers, each in a thread of its own; arguments as `ModelServer`."""

    def start(*args: Any, **options: Any) -> ModelServer:
        running.append(ModelServer(*args, **options).__enter__())
        return running[-1]

    return start


@pytest.fixture
def server(servers: Callable[..., ModelServer]) -> ModelServer:
    """One server that answers "Hello."."""
    return servers()


@pytest.fixture
async def provide(running: list[ModelServer]) -> AsyncIterator[Provide]:
    """Make providers that are closed at the end, when no task and no permit may be left."""
    made: list[LLMProvider] = []

    def make(*endpoints: Any, **options: Any) -> LLMProvider:
        options.setdefault("timeout", 5.0)
        made.append(LLMProvider(list(endpoints), **options))
        return made[-1]

    yield make
    for _ in range(50):
        left = asyncio.all_tasks() - {asyncio.current_task()}
        if not left:
            break
        await asyncio.sleep(0.002)
    assert not left, f"tasks were left: {left}"
    for llm in made:
        for route in llm._routes:
            assert route.lane.in_flight.in_flight == 0, "a permit was not given back"
        for loop_flights in llm._flights.values():
            assert len(loop_flights) == 0
        assert llm.budget.reserved_usd == pytest.approx(0)
        await llm.close()
