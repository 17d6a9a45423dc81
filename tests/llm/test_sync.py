"""Every sync twin does as its async form, in a script and inside a running loop."""

from __future__ import annotations

import inspect
import warnings
from typing import TYPE_CHECKING

import pytest

from ai_catalyst.errors import AllEndpointsFailed, BlockingCallWarning
from ai_catalyst.llm import Endpoint, LLMProvider
from ai_catalyst.llm.testing import Behaviour, ModelServer

if TYPE_CHECKING:
    from collections.abc import Iterator

TWINS = ("generate", "stream", "batch", "stream_batch", "embed", "health")


@pytest.fixture
def llm(server: ModelServer) -> Iterator[LLMProvider]:
    with LLMProvider([server.endpoint()], timeout=5.0) as made:
        yield made


@pytest.mark.parametrize("name", TWINS)
def test_every_async_method_has_a_twin_of_the_same_form(name: str) -> None:
    twin, method = getattr(LLMProvider, name), getattr(LLMProvider, f"{name}_async")
    assert twin.__wrapped__ is method
    assert inspect.signature(method).parameters


def test_a_script_needs_no_loop(llm: LLMProvider, server: ModelServer) -> None:
    server.default = Behaviour("one two three")
    assert llm.generate("hello").text == "one two three"
    assert "".join(llm.stream("hello")) == "one two three"
    assert [outcome.text for outcome in llm.batch(["a", "b"])] == ["one two three"] * 2
    assert {outcome.index for outcome in llm.stream_batch(["a", "b"])} == {0, 1}
    assert len(llm.embed(["a", "b"])) == 2
    assert llm.health()["test"].reachable


def test_errors_come_through(server: ModelServer) -> None:
    with LLMProvider([Endpoint("gone", "local", "http://127.0.0.1:9/v1")]) as llm:
        llm._routes[0].lane.retries.saved = 0
        with pytest.raises(AllEndpointsFailed):
            llm.generate("hello")


@pytest.mark.loop_guard(5.0, reason="a twin blocks the loop it is called in")
async def test_inside_a_running_loop_a_twin_works_and_warns(
    llm: LLMProvider, server: ModelServer
) -> None:
    with pytest.warns(BlockingCallWarning, match="generate_async"):
        assert llm.generate("hello").text == "Hello."


@pytest.mark.loop_guard(5.0, reason="a twin blocks the loop it is called in")
async def test_a_twin_never_waits_for_a_permit_of_the_loop_it_blocks(server: ModelServer) -> None:
    import asyncio

    server.default = Behaviour(delay_s=0.1)
    async with LLMProvider([server.endpoint(max_concurrent=1)]) as llm:
        held = asyncio.create_task(llm.generate_async("holds the only permit"))
        while not server.in_flight:
            await asyncio.sleep(0.005)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", BlockingCallWarning)
            assert llm.generate("wants it too").text == "Hello."
            # An equal prompt is under way on the loop that stands still: it is not waited for.
            assert llm.generate("holds the only permit").text == "Hello."
        assert (await held).text == "Hello."


def test_a_provider_that_is_dropped_open_warns(server: ModelServer) -> None:
    llm = LLMProvider([server.endpoint()])
    llm.generate("hello")
    sessions = llm._sessions
    with pytest.warns(ResourceWarning, match="unclosed LLMProvider"):
        del llm
    from ai_catalyst import run_sync

    run_sync(sessions.close())


def test_a_provider_that_was_never_used_says_nothing() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        LLMProvider([Endpoint("a", "local", "http://localhost/v1")])


def test_closing_twice_is_harmless_and_a_closed_one_opens_again(server: ModelServer) -> None:
    with LLMProvider([server.endpoint()]) as llm:
        llm.generate("hello")
    with llm:
        assert llm.generate("hello").text == "Hello."
