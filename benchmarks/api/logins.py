"""Forty people sign in at once: how late the loop is; known and unknown, how long it takes."""

from __future__ import annotations

import asyncio
import os
import statistics
import tempfile
import time

PASSWORD = "correct horse battery"


def run(options: object) -> None:
    asyncio.run(measure())


async def measure() -> None:
    with tempfile.TemporaryDirectory() as name:
        os.environ["CATALYST_HOME"] = name
        from ai_catalyst.assistant.application import create_app
        from ai_catalyst.assistant.config import ServiceConfig
        from ai_catalyst.assistant.problems import Problem
        from ai_catalyst.settings import Settings

        settings = Settings(model="none", serve={"logins_per_minute": 1e9})
        app = create_app(ServiceConfig.load(settings, {}))
        async with app.router.lifespan_context(app):
            accounts = app.state.service.accounts
            for n in range(40):
                await accounts.register(f"p{n}@example.org", PASSWORD, "", "x")
            late: list[float] = []
            for _ in range(5):
                watch = asyncio.create_task(_watch(late))
                started = time.monotonic()
                await asyncio.gather(
                    *(accounts.login(f"p{n}@example.org", PASSWORD, "x") for n in range(40))
                )
                took = time.monotonic() - started
                watch.cancel()
            p99 = statistics.quantiles(late, n=100)[98] * 1000
            print(
                f"40 logins at once in {took:.2f} s: the loop is late p99 {p99:.1f} ms, "
                f"at most {max(late) * 1000:.1f} ms"
            )
            known: list[float] = []
            unknown: list[float] = []
            for n in range(80):
                for email, times in ((f"p{n % 40}", known), (f"nobody{n}", unknown)):
                    started = time.perf_counter()
                    try:
                        await accounts.login(f"{email}@example.org", "not the password", "x")
                    except Problem:
                        times.append(time.perf_counter() - started)
            first, second = statistics.median(known), statistics.median(unknown)
            print(
                f"a wrong password takes {first * 1000:.1f} ms for a known address, "
                f"{second * 1000:.1f} ms for an unknown one: {100 * (second / first - 1):+.1f} %"
            )


async def _watch(late: list[float]) -> None:
    while True:
        started = time.perf_counter()
        await asyncio.sleep(0.005)
        late.append(time.perf_counter() - started - 0.005)
