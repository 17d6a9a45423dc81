"""What a model call costs beside the model: CPU, calls a second, tails, time-outs, bulk, imports.

Run ``python -m benchmarks.llm`` (all), or name sections: ``cpu tail hang bulk adaptive imports``.
The model is `ai_catalyst.llm.testing` in a process of its own on loopback. Every contestant is a
process of its own too, 64 calls at once; in each round all take their turn, so that a change of the
machine's speed meets all alike, and a figure is the median of the rounds. Peers are measured where
``--peers FOLDER`` holds virtual environments named ``openai``, ``langchain-openai``, ``litellm``
and ``pydantic-ai``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

AT_ONCE = 64
ANSWER = " ".join(["word"] * 20)
SECTIONS = ("cpu", "tail", "hang", "bulk", "adaptive", "imports")

One = Callable[[int], Awaitable[object]]


# The model.


@contextmanager
def model(*options: str) -> Iterator[str]:
    """Run a model server in a process of its own; yield its URL."""
    command = [sys.executable, "-m", "ai_catalyst.llm.testing", "--text", ANSWER, *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.kill()
        process.communicate()


def stats(url: str) -> dict[str, int]:
    """Return what the server has counted."""
    import urllib.request

    with urllib.request.urlopen(url.replace("/v1", "/stats"), timeout=5) as reply:
        return dict(json.loads(reply.read()))


# Contestants: each yields a coroutine function that makes one call.


@asynccontextmanager
async def raw(url: str) -> AsyncIterator[One]:
    """aiohttp and json, nothing else."""
    import aiohttp

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def one(number: int) -> object:
            body = {"model": "m", "messages": _messages(number), "max_tokens": 64}
            async with session.post(f"{url}/chat/completions", json=body, headers=KEY) as reply:
                return json.loads(await reply.read())["choices"][0]["message"]["content"]

        yield one


KEY = {"Authorization": "Bearer k"}


def _messages(number: int) -> list[dict[str, str]]:
    return [{"role": "user", "content": f"Which day of the week was day {number}?"}]


def ours(*, cap: int | None = 64, store: bool = False, cloud: bool = False) -> Any:
    """Return a contestant: `LLMProvider` with hedging, breaker, limits, budget, sharing on."""

    @asynccontextmanager
    async def contestant(url: str) -> AsyncIterator[One]:
        from contextlib import AsyncExitStack

        from ai_catalyst.llm import Endpoint, LLMProvider
        from ai_catalyst.store import Store

        tier: Any = "cloud" if cloud else "local"
        private = False if cloud else None
        async with AsyncExitStack() as stack:
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            kept = await stack.enter_async_context(Store(Path(folder) / "s.db")) if store else None
            llm = LLMProvider(
                [
                    Endpoint("first", tier, url, "gpt-4o-mini", "k", private=private),
                    Endpoint("second", "cloud", url, "m2", "k", private=private),
                ],
                budget_usd=1000.0,
                store=kept,
            )
            await stack.enter_async_context(llm)

            async def one(number: int) -> object:
                return (await llm.generate_async(_messages(number), max_tokens=cap)).text

            yield one

    return contestant


@asynccontextmanager
async def openai_sdk(url: str) -> AsyncIterator[One]:
    """The SDK of OpenAI."""
    from openai import AsyncOpenAI

    async with AsyncOpenAI(base_url=url, api_key="k", max_retries=2) as client:

        async def one(number: int) -> object:
            reply = await client.chat.completions.create(
                model="m", messages=_messages(number), max_tokens=64
            )
            return reply.choices[0].message.content

        yield one


@asynccontextmanager
async def langchain(url: str) -> AsyncIterator[One]:
    """LangChain's ChatOpenAI."""
    from langchain_openai import ChatOpenAI

    chat = ChatOpenAI(model="m", base_url=url, api_key="k", max_tokens=64)

    async def one(number: int) -> object:
        return (await chat.ainvoke(_messages(number)[0]["content"])).content

    yield one


@asynccontextmanager
async def litellm(url: str) -> AsyncIterator[One]:
    """litellm.acompletion."""
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    from litellm import acompletion

    async def one(number: int) -> object:
        reply = await acompletion(
            model="openai/m", messages=_messages(number), api_base=url, api_key="k", max_tokens=64
        )
        return reply.choices[0].message.content

    yield one


@asynccontextmanager
async def litellm_router(url: str) -> AsyncIterator[One]:
    """litellm's Router over two deployments."""
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    from litellm import Router

    deployments = [
        {
            "model_name": "m",
            "litellm_params": {"model": "openai/m", "api_base": url, "api_key": key},
        }
        for key in ("k1", "k2")
    ]
    router = Router(model_list=deployments, num_retries=1)

    async def one(number: int) -> object:
        reply = await router.acompletion(model="m", messages=_messages(number), max_tokens=64)
        return reply.choices[0].message.content

    yield one


@asynccontextmanager
async def pydantic_ai(url: str) -> AsyncIterator[One]:
    """pydantic-ai's Agent."""
    from pydantic_ai import Agent
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openai import OpenAIProvider

    agent = Agent(OpenAIChatModel("m", provider=OpenAIProvider(base_url=url, api_key="k")))

    async def one(number: int) -> object:
        return (await agent.run(_messages(number)[0]["content"])).output

    yield one


CONTESTANTS: dict[str, tuple[Any, str | None]] = {
    "raw aiohttp + json": (raw, None),
    "ours, private endpoint": (ours(), None),
    "ours, answer without a cap (streamed)": (ours(cap=None), None),
    "ours, with a store (cache, ledger on disk)": (ours(store=True), None),
    "ours, cloud endpoint (gate, pseudonyms)": (ours(cloud=True), None),
    "openai SDK": (openai_sdk, "openai"),
    "langchain-openai": (langchain, "langchain-openai"),
    "litellm": (litellm, "litellm"),
    "litellm Router": (litellm_router, "litellm"),
    "pydantic-ai": (pydantic_ai, "pydantic-ai"),
}


async def drive(one: One, numbers: Iterator[int], at_once: int = AT_ONCE) -> tuple[float, float]:
    """Make the calls; return CPU milliseconds a call and calls a second."""
    count = 0

    async def work() -> None:
        nonlocal count
        for number in numbers:
            await one(number)
            count += 1

    cpu, began = time.process_time(), time.perf_counter()
    await asyncio.gather(*(work() for _ in range(at_once)))
    seconds = time.perf_counter() - began
    return (time.process_time() - cpu) / count * 1e3, count / seconds


async def _work(name: str, url: str) -> None:
    """Be a contestant's process: calls are made for each line with a first number and a count."""
    async with CONTESTANTS[name][0](url) as one:
        while line := await asyncio.to_thread(sys.stdin.readline):
            first, count = map(int, line.split())
            print(json.dumps(await drive(one, iter(range(first, first + count)))), flush=True)


class Contestant:
    """A contestant's process."""

    def __init__(self, name: str, url: str, python: str) -> None:
        self.name = name
        self.results: list[tuple[float, float]] = []
        self._process = subprocess.Popen(
            [python, "-P", str(Path(__file__).resolve()), "--work", name, url],  # -P: http.py here
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL if not os.environ.get("BENCH_DEBUG") else None,
            text=True,
        )

    def turn(self, first: int, count: int) -> tuple[float, float]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{first} {count}\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.name} gave up")
        cpu, rate = json.loads(line)
        return cpu, rate

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()


def cpu(options: argparse.Namespace) -> None:
    """CPU per call and calls a second at 64 at once, against raw aiohttp + json."""
    with model("--delay", "0.02") as url:
        racing = [
            Contestant(name, url, python)
            for name, (_, home) in CONTESTANTS.items()
            if (python := _python(home, options.peers))
        ]
        number = 0
        try:
            for each in racing:
                each.turn(number, 600)
                number += 600
            for _ in range(options.rounds):
                for each in racing:
                    each.results.append(each.turn(number, 800))
                    number += 800
        finally:
            for each in racing:
                each.close()
    floor = racing[0].results
    print(f"\n{'64 calls at once':46} {'CPU ms':>8} {'ratio':>7} {'calls/s':>9} {'ratio':>7}")
    for each in racing:
        cpu_ms, rate = (statistics.median(column) for column in zip(*each.results, strict=True))
        ratios = [
            statistics.median(
                mine[i] / base[i] for mine, base in zip(each.results, floor, strict=True)
            )
            for i in (0, 1)
        ]
        print(f"{each.name:46} {cpu_ms:8.3f} {ratios[0]:6.2f}x {rate:9.0f} {ratios[1]:6.2f}x")
    print("target: private endpoint ≤ 1.50x CPU, ≥ 0.80x calls/s")


def _python(home: str | None, peers: Path | None) -> str | None:
    if home is None:
        return sys.executable
    python = peers / home / "bin" / "python" if peers is not None else None
    return str(python) if python is not None and python.exists() else None


# Tails.


def tail(options: argparse.Namespace) -> None:
    """The p99 under a 3 % tail of 0.5 to 1.5 s over 50 ms, with and without hedging."""
    late = ("--delay", "0.05", "--tail", "0.03")
    print(
        f"\n{'3 % answer late (0.5-1.5 s), else 50 ms':46} {'p50':>7} {'p99':>8} {'ratio':>7} extra"
    )
    for name, failover in (("one after the other", "sequential"), ("hedged", "hedged")):
        with model(*late) as first, model(*late) as second:
            times = asyncio.run(_timed(first, second, failover, options.calls))
            asked = stats(first)["count"] + stats(second)["count"]
        times = sorted(times[options.calls // 10 :])
        p50, p99 = times[len(times) // 2], times[int(len(times) * 0.99)]
        extra = asked / options.calls - 1
        print(f"{name:46} {p50 * 1e3:5.0f}ms {p99 * 1e3:6.0f}ms {p99 / p50:6.1f}x {extra:5.1%}")
    print("target: p99 ≤ 2.5x p50 with ≤ 5 % extra calls")


async def _timed(first: str, second: str, failover: Any, calls: int) -> list[float]:
    from ai_catalyst.llm import Endpoint, LLMProvider

    times: list[float] = []
    endpoints = [Endpoint("a", "local", first, "m"), Endpoint("b", "network", second, "m")]
    async with LLMProvider(endpoints, failover=failover) as llm:

        async def one(number: int) -> None:
            began = time.perf_counter()
            await llm.generate_async(f"call {number}")
            times.append(time.perf_counter() - began)

        await drive(one, iter(range(calls)), 16)
    return times


# Hangs.


def hang(options: argparse.Namespace) -> None:
    """Three endpoints that hang, time-out t."""
    print(f"\n{'three endpoints that hang, t = 1 s':46} {'took':>8}  tried")
    with model("--hang") as a, model("--hang") as b, model("--hang") as c:
        for failover in ("sequential", "concurrent", "hedged"):
            took, tried = asyncio.run(_hanging([a, b, c], failover))
            print(f"{failover:46} {took:7.2f}t  {tried} of 3")
    print("target: sequential 3 t, concurrent and hedged ≤ 1.1 t, all three tried")


async def _hanging(urls: list[str], failover: Any) -> tuple[float, int]:
    from ai_catalyst.errors import AllEndpointsFailed
    from ai_catalyst.llm import Endpoint, LLMProvider

    endpoints = [Endpoint(f"{failover}{n}", "local", url, "m") for n, url in enumerate(urls)]
    async with LLMProvider(endpoints, failover=failover, timeout=1.0) as llm:
        began = time.perf_counter()
        try:
            await llm.generate_async("hello")
        except AllEndpointsFailed as error:
            return time.perf_counter() - began, len({end.endpoint for end in error.attempts})
    raise AssertionError("somebody answered")


# Bulk.


async def _bulk(url: str, path: str, prompts: int) -> None:
    """Be the bulk process: answer prompts from a journal and say how far it is."""
    from ai_catalyst.llm import Endpoint, LLMProvider
    from ai_catalyst.store import Store

    done = ahead = 0

    def source() -> Iterator[str]:
        nonlocal ahead
        for number in range(prompts):
            ahead = max(ahead, number - done)
            yield f"prompt {number}"

    endpoint = Endpoint("bulk", "local", url, "m")
    async with Store(path) as store, LLMProvider([endpoint]) as llm:
        stream = llm.stream_batch_async(
            source(), max_tokens=64, limit=AT_ONCE, journal=store.journal("bench", "ask")
        )
        async for outcome in stream:
            outcome.unwrap()
            done += 1
            if done % 1000 == 0:
                print(done, flush=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"done": done, "peak_mib": peak, "window": ahead}), flush=True)


def bulk(options: argparse.Namespace) -> None:
    """Many prompts with the journal, killed in the middle and run again."""
    prompts = options.prompts
    with model() as url, tempfile.TemporaryDirectory() as folder:
        command = [
            *(sys.executable, "-P", str(Path(__file__).resolve())),
            *("--bulk", url, str(Path(folder) / "bulk.db"), str(prompts)),
        ]
        killed_at = random.Random(0).randrange(prompts // 3, prompts // 2) // 1000 * 1000
        first = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert first.stdout is not None
        for line in first.stdout:
            if int(line) >= killed_at:
                os.kill(first.pid, signal.SIGKILL)
                break
        first.stdout.close()
        first.wait()
        began = time.perf_counter()
        second = subprocess.run(command, capture_output=True, text=True, check=True)
        seconds = time.perf_counter() - began
        end = json.loads(second.stdout.strip().split("\n")[-1])
        asked = stats(url)["count"]
    print(f"\n{prompts:,} prompts through bulk, kill -9 after {killed_at:,}, then again")
    print(f"{'outcomes of the second run':46} {end['done']:8,}")
    print(f"{'asked twice':46} {asked - prompts:8,}")
    print(f"{'peak memory, MiB':46} {end['peak_mib']:8.0f}  (target < 150)")
    print(f"{'prompts read ahead at most':46} {end['window']:8,}")
    print(f"{'seconds of the second run':46} {seconds:8.0f}")


# Adaptive.


def adaptive(options: argparse.Namespace) -> None:
    """The adaptive limit against fixed ones on a server that says 429 above a hidden capacity."""
    capacity, seconds = 24, 5.0
    rows: dict[str, list[tuple[float, float]]] = {"adaptive": []}
    fixed = (capacity // 2, capacity, capacity * 2)
    with model("--delay", "0.05", "--capacity", str(capacity)) as url:
        for turn in range(max(2, options.rounds // 3)):
            for limit in (None, *fixed):
                name = "adaptive" if limit is None else f"fixed at {limit}"
                rows.setdefault(name, [])
                rows[name].append(asyncio.run(_adapting(url, limit, seconds, turn)))
    print(f"\n{f'429 above {capacity} in flight, 50 ms each':46} {'calls/s':>8} {'429':>7}")
    best = max(statistics.median(r[0] for r in rows[f"fixed at {limit}"]) for limit in fixed)
    for name, results in rows.items():
        rate, rejected = (statistics.median(column) for column in zip(*results, strict=True))
        print(f"{name:46} {rate:8.0f} {rejected:7.1%}  {rate / best:.2f} of the best fixed one")
    print("target: adaptive ≥ 0.90 of the best fixed limit, < 2 % answered 429 after warm-up")


async def _adapting(url: str, fixed: int | None, seconds: float, turn: int) -> tuple[float, float]:
    from ai_catalyst.llm import Endpoint, LLMProvider

    # A key of its own gives each run a lane of its own: nothing is known from the run before.
    key = f"{fixed}-{turn}"
    async with LLMProvider([Endpoint("e", "local", url, "m", key, max_concurrent=fixed)]) as llm:
        if fixed is not None:  # hold the limit where it is
            limit = llm._routes[0].lane.in_flight
            limit._limit, limit._policy = fixed, lambda now, overloaded: now
        stop = time.perf_counter() + 3.0 + seconds
        began, done, before = 0.0, 0, {"count": 0, "rejected": 0}
        stream = llm.stream_batch_async(_until(stop), max_tokens=64, limit=128)
        async for outcome in stream:
            if not began and time.perf_counter() > stop - seconds:
                began, before = time.perf_counter(), await asyncio.to_thread(stats, url)
            done += bool(began) and outcome.ok
        took = time.perf_counter() - began
        after = await asyncio.to_thread(stats, url)
    asked = after["count"] - before["count"]
    return done / took, (after["rejected"] - before["rejected"]) / max(1, asked)


def _until(moment: float) -> Iterator[str]:
    number = 0
    while time.perf_counter() < moment:
        number += 1
        yield f"prompt {number}"


# Imports.


def imports(options: argparse.Namespace) -> None:
    """CPU seconds of an import, in a fresh interpreter."""
    print(f"\n{'import':46} {'CPU s':>8}")
    rows = {
        "aiohttp": ("import aiohttp", None),
        "ai_catalyst.llm": ("import ai_catalyst.llm", None),
        "ai_catalyst.llm.LLMProvider": ("from ai_catalyst.llm import LLMProvider", None),
        "openai": ("from openai import AsyncOpenAI", "openai"),
        "langchain_openai": ("from langchain_openai import ChatOpenAI", "langchain-openai"),
        "litellm": ("from litellm import Router", "litellm"),
        "pydantic_ai": ("from pydantic_ai import Agent", "pydantic-ai"),
    }
    for name, (statement, home) in rows.items():
        python = _python(home, options.peers)
        if python is None:
            continue
        program = (
            f"import time; t = time.process_time(); {statement}; print(time.process_time() - t)"
        )
        environment = {**os.environ, "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
        runs = [
            float(
                subprocess.run(
                    [python, "-c", program],
                    capture_output=True,
                    text=True,
                    check=True,
                    env=environment,
                ).stdout
            )
            for _ in range(5)
        ]
        print(f"{name:46} {statistics.median(runs):8.2f}")
    print("target: LLMProvider ≤ aiohttp + 0.25 s")


def main() -> None:
    """Print the tables that were asked for."""
    if sys.argv[1:2] == ["--work"]:
        asyncio.run(_work(sys.argv[2], sys.argv[3]))
        return
    if sys.argv[1:2] == ["--bulk"]:
        asyncio.run(_bulk(sys.argv[2], sys.argv[3], int(sys.argv[4])))
        return
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sections", nargs="*", default=[], choices=[*SECTIONS, []])
    parser.add_argument("--peers", type=Path, help="a folder of virtual environments")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--calls", type=int, default=4000, help="calls of the tail table")
    parser.add_argument("--prompts", type=int, default=100_000, help="prompts of the bulk table")
    options = parser.parse_args()
    for section in options.sections or SECTIONS:
        globals()[section](options)


if __name__ == "__main__":
    main()
