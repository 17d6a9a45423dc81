"""Equal prompts in flight are one request; who leaves takes nobody along."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from ai_catalyst.errors import AllEndpointsFailed
from ai_catalyst.llm import LLMProvider
from ai_catalyst.llm.testing import Behaviour, ModelServer

Provide = Callable[..., LLMProvider]


async def test_equal_prompts_in_flight_share_one_call(
    provide: Provide, server: ModelServer
) -> None:
    server.default = Behaviour("shared", delay_s=0.05)
    llm = provide(server.endpoint())
    answers = await asyncio.gather(*(llm.generate_async("same") for _ in range(10)))
    assert server.count == 1
    assert {answer.text for answer in answers} == {"shared"}
    assert sum(answer.cached for answer in answers) == 9
    assert all(answer.cost_usd == 0 for answer in answers)


@pytest.mark.parametrize(
    "other",
    [
        {"system": "be brief"},
        {"model": "other"},
        {"max_tokens": 5},
        {"temperature": 0.1},
        {"schema": {"type": "string"}},
    ],
    ids=str,
)
async def test_whatever_changes_the_answer_is_asked_for_apart(
    provide: Provide, server: ModelServer, other: dict[str, object]
) -> None:
    server.default = Behaviour('"x"', delay_s=0.05)
    llm = provide(server.endpoint())
    await asyncio.gather(llm.generate_async("same"), llm.generate_async("same", **other))  # type: ignore[arg-type]
    assert server.count == 2


async def test_one_after_the_other_is_asked_twice(provide: Provide, server: ModelServer) -> None:
    llm = provide(server.endpoint())
    for _ in range(2):
        assert not (await llm.generate_async("same")).cached
    assert server.count == 2


async def test_the_first_caller_may_leave_and_the_others_are_answered(
    provide: Provide, server: ModelServer
) -> None:
    server.default = Behaviour("late", delay_s=0.1)
    llm = provide(server.endpoint())
    first = asyncio.create_task(llm.generate_async("same"))
    await asyncio.sleep(0.02)
    others = [asyncio.create_task(llm.generate_async("same")) for _ in range(3)]
    await asyncio.sleep(0.02)
    first.cancel()
    assert [(await task).text for task in others] == ["late"] * 3
    assert server.count == 2  # the one that was cut off, and the one that took its place


async def test_another_caller_may_leave_and_the_first_is_answered(
    provide: Provide, server: ModelServer
) -> None:
    server.default = Behaviour("late", delay_s=0.1)
    llm = provide(server.endpoint())
    first = asyncio.create_task(llm.generate_async("same"))
    await asyncio.sleep(0.02)
    second = asyncio.create_task(llm.generate_async("same"))
    await asyncio.sleep(0.02)
    second.cancel()
    assert (await first).text == "late"
    assert server.count == 1


async def test_an_error_is_shared_too(provide: Provide, server: ModelServer) -> None:
    server.default = Behaviour(status=404, delay_s=0.05)
    llm = provide(server.endpoint())
    results = await asyncio.gather(
        *(llm.generate_async("same") for _ in range(3)), return_exceptions=True
    )
    assert all(isinstance(result, AllEndpointsFailed) for result in results)
    assert server.count == 1
