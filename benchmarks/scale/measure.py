"""Measures the constants of the plan anew: ``python -m benchmarks.scale measure``.

Costs a document are the difference of two trials, so that start and end of the program are not in
them. Only processes of our own are looked at, so others on the machine matter little: CPU, bytes.
"""

from __future__ import annotations

import json
import os
import platform
import time
from pathlib import Path
from typing import Any

from benchmarks.scale.trial import Trial, own_server, run

FEW, MANY, OF_LARGE = 32, 192, 96
MODEL_S, AT_ONCE = 0.1, 32
SMALL_KB, LARGE_KB = 6.0, 24.0
OWNERS = 200


def measure() -> dict[str, Any]:
    """Return each constant with its value, its unit and where it was measured."""
    few = run(FEW, SMALL_KB, model_s=MODEL_S, at_once=AT_ONCE, database=True)
    many = run(MANY, SMALL_KB, model_s=MODEL_S, at_once=AT_ONCE, database=True)
    large = run(OF_LARGE, LARGE_KB, model_s=MODEL_S, at_once=AT_ONCE, database=True)
    found = {**_of_documents(few, many, large), **_of_redis(), **_of_prompt()}
    machine = f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.0f}, Python"
    where = f"{time.strftime('%Y-%m-%d')}, {machine} {platform.python_version()}"
    return {
        name: {"value": float(f"{value:.3g}"), "unit": unit, "how": how, "where": where}
        for name, (value, unit, how) in found.items()
    }


def _of_documents(few: Trial, many: Trial, large: Trial) -> dict[str, tuple[float, str, str]]:
    more = many.documents - few.documents
    trials = f"`catalyst run` over {FEW} and {MANY} documents of {SMALL_KB:g} KB"
    also = f"… of {SMALL_KB:g} and {LARGE_KB:g} KB"

    def each(name: str) -> float:
        return float(getattr(many, name) - getattr(few, name)) / more

    start = few.cpu_s - few.documents * each("cpu_s")
    large_s = (large.cpu_s - start) / large.documents
    per_kb = (large_s - each("cpu_s")) / (LARGE_KB - SMALL_KB)
    return {
        "cpu_s_per_kb": (max(0.0, per_kb), "s/KB", f"CPU of the program, {also}"),
        "cpu_s": (each("cpu_s") - max(0.0, per_kb) * SMALL_KB, "s", f"CPU beside that, {trials}"),
        "calls": (each("calls"), "calls", f"the model server's count, {trials}"),
        "start_s": (few.seconds - few.work_s, "s", "the program beside its work"),
        "warm_s": (
            few.work_s - few.documents / AT_ONCE * MODEL_S,
            "s",
            f"work beside the model's answers, of {few.documents} documents: what is made once",
        ),
        "start_cpu_s": (
            start,
            "s",
            f"CPU of the program beside its documents, {trials}",
        ),
        "start_database_bytes": (
            few.database_bytes - few.documents * each("database_bytes"),
            "bytes",
            "tables and indexes of an empty store",
        ),
        "database_cpu_s": (each("database_cpu_s"), "s", f"CPU of PostgreSQL, {trials}"),
        "database_bytes": (each("database_bytes"), "bytes", f"tables and indexes, {trials}"),
        "log_bytes": (each("log_bytes"), "bytes", f"PostgreSQL's log, {trials}"),
        "state_bytes": (each("cache_bytes"), "bytes", f"cache and reports, {trials}"),
    }


def _of_redis() -> dict[str, tuple[float, str, str]]:
    from ai_catalyst.cluster.courier import Errand
    from ai_catalyst.cluster.redis_keeper import RedisKeeper

    with own_server("redis") as server:
        keeper = RedisKeeper(server.url, "measure")
        client = keeper.client

        def used() -> float:
            told = client.info("cpu")
            return float(told["used_cpu_user"]) + float(told["used_cpu_sys"])

        def cost(tally: str, arguments: list[tuple[Any, ...]]) -> float:
            errands = [Errand(tally, "k", given, lambda reply: None) for given in arguments]
            keeper.carry(errands[:1])
            before = used()
            for errand in errands:
                keeper.carry([errand])
            return (used() - before) / len(errands)

        def report(number: int, owners: int) -> tuple[Any, ...]:
            told = ("report", f"w{number % owners}#1", 10**12, 0, 0, 15e6, 1e6)
            return (*told, number, number, 0, 0, 10, 1, 0)

        lease = cost("rate", [("lease", 0.0, 0.0, *([1e3] * 10))] * 3000)
        look = cost("breaker", [("look", "w", 30e6)] * 3000)
        alone = cost("budget", [report(n, 1) for n in range(3000)])
        crowd = cost("budget", [report(n, OWNERS) for n in range(3000)])
        keeper.close()
    how = "CPU of Redis, 3,000 scripts one by one"
    return {
        "lease_s": (lease, "s", f"{how}: a lease of ten permits"),
        "look_s": (look, "s", f"{how}: a look at a breaker"),
        "report_s": (alone, "s", f"{how}: a report of one owner of a budget"),
        "report_s_per_owner": (
            (crowd - alone) / (OWNERS - 1),
            "s",
            f"{how}: … among {OWNERS} owners, each",
        ),
    }


def _of_prompt() -> dict[str, tuple[float, str, str]]:
    """Return how much longer a request is than its document."""
    import asyncio

    from benchmarks.scale.trial import ANSWER

    from ai_catalyst.analysis import ModelAnalyst
    from ai_catalyst.llm import LLMProvider
    from ai_catalyst.llm.testing import Behaviour, ModelServer
    from ai_catalyst.model import Document

    text = "The keeper of the station wrote down the level. " * 120

    async def ask() -> int:
        async with ModelServer(Behaviour(json.dumps(ANSWER))) as server:
            async with LLMProvider([server.endpoint()]) as llm:
                await ModelAnalyst(llm).analyse(Document("report.txt", text))
            return len(json.dumps(server.requests[-1].body))

    return {
        "prompt_bytes": (asyncio.run(ask()) - len(text), "bytes", "a request beside its document")
    }


def save(found: dict[str, Any]) -> None:
    """Keep the constants where the plan reads them."""
    place = Path(__file__).with_name("constants.json")
    place.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
