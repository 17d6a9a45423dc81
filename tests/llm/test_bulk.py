"""Many prompts: bounded, in order or as they come, resumable, each failure a value."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING

import pytest
from pydantic import BaseModel

from ai_catalyst.errors import AllEndpointsFailed
from ai_catalyst.llm import Completion, LLMProvider
from ai_catalyst.llm.bulk import decode, encode
from ai_catalyst.llm.testing import Behaviour, ModelServer, Request
from ai_catalyst.store import Store

if TYPE_CHECKING:
    from pathlib import Path

Provide = Callable[..., LLMProvider]


def echo(request: Request) -> Behaviour:
    if "bad" in request.prompt:
        return Behaviour(status=400)
    return Behaviour(request.prompt)


async def test_outcomes_come_in_order_and_failures_are_values(
    provide: Provide, server: ModelServer
) -> None:
    server.default = echo
    outcomes = await provide(server.endpoint()).batch_async(["one", "bad", "three"])
    assert [outcome.index for outcome in outcomes] == [0, 1, 2]
    assert isinstance(outcomes[1].error, AllEndpointsFailed)
    assert outcomes.partial
    assert outcomes.failed == [outcomes[1]]
    assert [outcomes[0].value.text, outcomes[2].unwrap().text] == ["one", "three"]
    with pytest.raises(AllEndpointsFailed):
        list(outcomes.completions())


async def test_an_outcome_reads_like_its_completion(provide: Provide, server: ModelServer) -> None:
    server.default = echo
    good, bad = await provide(server.endpoint()).batch_async(["one", "bad"])
    assert (good.text, good.endpoint, str(good)) == ("one", "test", "one")
    with pytest.raises(AllEndpointsFailed):
        bad.text  # noqa: B018
    with pytest.raises(AttributeError):
        good.colour  # noqa: B018
    assert "one" not in repr(good)


async def test_outcomes_come_as_they_complete(provide: Provide, server: ModelServer) -> None:
    server.default = lambda r: Behaviour(r.prompt, delay_s=0.3 if r.prompt == "slow" else 0.0)
    llm = provide(server.endpoint())
    order = [o.value.text async for o in llm.stream_batch_async(["slow", "a", "b"])]
    assert order[-1] == "slow"


async def test_any_iterable_will_do_and_only_a_window_of_it_is_read(
    provide: Provide, server: ModelServer
) -> None:
    read = 0

    async def prompts() -> AsyncIterator[str]:
        nonlocal read
        while True:
            read += 1
            yield f"prompt {read}"

    llm = provide(server.endpoint())
    stream = llm.stream_batch_async(prompts(), limit=4)
    seen = [await anext(stream) for _ in range(10)]  # type: ignore[call-overload]
    await stream.aclose()  # type: ignore[attr-defined]
    assert len(seen) == 10
    assert read < 150
    assert server.peak <= 4


async def test_messages_do_as_prompts(provide: Provide, server: ModelServer) -> None:
    server.default = echo
    prompts = [[{"role": "user", "content": f"{n}"}] for n in range(3)]
    outcomes = await provide(server.endpoint()).batch_async(prompts, system="x", max_tokens=5)
    assert [str(outcome) for outcome in outcomes] == ["0", "1", "2"]


async def test_a_prompt_that_makes_no_sense_fails_alone(
    provide: Provide, server: ModelServer
) -> None:
    outcomes = await provide(server.endpoint()).batch_async(["fine", 7, []])  # type: ignore[list-item]
    assert [outcome.ok for outcome in outcomes] == [True, False, False]


async def test_bulk_is_never_hedged(provide: Provide, servers: Callable[..., ModelServer]) -> None:
    primary, other = servers(), servers()
    llm = provide(primary.endpoint("a"), other.endpoint("b"), timeout=10)
    await llm.batch_async([f"warm {n}" for n in range(60)])
    primary.default = Behaviour(delay_s=0.1)
    await llm.batch_async([f"slow {n}" for n in range(20)])
    assert other.count == 0


async def test_what_was_answered_is_not_asked_again(
    provide: Provide, server: ModelServer, tmp_path: Path
) -> None:
    server.default = echo
    llm = provide(server.endpoint())
    async with Store(tmp_path / "s.db") as store:
        first = await llm.batch_async(["one", "two", "bad"], journal=store.journal("r1", "ask"))
        again = await llm.batch_async(
            ["zero", "one", "two", "bad"], journal=store.journal("r2", "ask")
        )
    assert [outcome.resumed for outcome in again] == [False, True, True, False]
    assert again[1].text == "one"
    assert [outcome.ok for outcome in first] == [True, True, False]
    assert server.count == 3 + 2


async def test_other_options_are_other_work(
    provide: Provide, server: ModelServer, tmp_path: Path
) -> None:
    llm = provide(server.endpoint())
    async with Store(tmp_path / "s.db") as store:
        for system in ("a", "b", "a"):
            await llm.batch_async(["one"], system=system, journal=store.journal("r", "ask"))
    assert server.count == 2


class City(BaseModel):
    name: str


def test_a_completion_survives_the_journal() -> None:
    answer = Completion("{}", "e", "local", "m", data=City(name="Rome"))
    assert decode(encode(answer)).data == {"name": "Rome"}


RUN = """
import asyncio, sys
from ai_catalyst.llm import Endpoint, LLMProvider
from ai_catalyst.store import Store

async def main(url, path, count):
    endpoint = Endpoint("e", "local", url, "m", max_concurrent=8)
    async with Store(path) as store, LLMProvider([endpoint]) as llm:
        prompts = (f"prompt {n}" for n in range(count))
        stream = llm.stream_batch_async(prompts, limit=8, journal=store.journal("run", "ask"))
        async for outcome in stream:
            print(outcome.index, outcome.value.text, flush=True)

asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
"""


def test_killed_in_the_middle_and_run_again_repeats_only_what_was_in_flight(
    server: ModelServer, tmp_path: Path
) -> None:
    """Each prompt is once in the output of the second run, and at most a window is asked twice."""
    server.default = lambda request: Behaviour(request.prompt, delay_s=0.003)
    count, seen = 400, set()
    command = [sys.executable, "-c", RUN, server.url, str(tmp_path / "s.db"), str(count)]

    killed = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert killed.stdout is not None
    for number, line in enumerate(killed.stdout):
        seen.add(line.strip())
        if number == 150:
            os.kill(killed.pid, signal.SIGKILL)
            break
    killed.stdout.close()
    killed.wait()
    again = subprocess.run(command, capture_output=True, text=True, check=True)
    found = again.stdout.split("\n")[:-1]
    assert sorted(found) == sorted(f"{n} prompt {n}" for n in range(count))
    assert seen <= set(found)
    assert server.count <= count + 2 * 8 + 64  # what was answered but not yet committed


async def test_a_reader_who_stops_early_stops_the_work(
    provide: Provide, server: ModelServer
) -> None:
    server.default = Behaviour(delay_s=0.01)
    llm = provide(server.endpoint())
    stream = llm.stream_batch_async((f"{n}" for n in range(10_000)), limit=4)
    async for outcome in stream:
        if outcome.index >= 8:
            break
    await stream.aclose()  # type: ignore[attr-defined]
    count = server.count
    await asyncio.sleep(0.05)
    assert server.count <= count + 4
