"""Ten and two hundred people who wait for a model that takes 5.0 s; the probe meanwhile."""

from __future__ import annotations

import asyncio
import os
import statistics
import time
from pathlib import Path

from benchmarks.api.service import PASSWORD, Service, running

from ai_catalyst.llm.testing import Behaviour, ModelServer

MODEL_S = 5.0


def run(options: object) -> None:
    with (
        ModelServer(Behaviour(text="It fits [1].", delay_s=MODEL_S)) as model,
        running(model=model.url) as service,
    ):
        asyncio.run(measure(service))


async def measure(service: Service) -> None:
    import aiohttp

    async with aiohttp.ClientSession(
        service.address, connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(60)
    ) as http:
        body = {"email": "a@example.org", "password": PASSWORD}
        await (await http.post("/api/auth/register", json=body)).read()
        token = (await (await http.post("/api/auth/login", json=body)).json())["access_token"]
        headers = {"Authorization": f"Bearer {token}"}

        async def diagnose(number: int) -> tuple[int, float]:
            started = time.monotonic()
            asked = {"symptoms": f"racing heart and sudden fear, person {number}"}
            async with http.post("/api/v1/rag/diagnose", json=asked, headers=headers) as answer:
                await answer.read()
                return answer.status, time.monotonic() - started

        async def probe(took: list[float]) -> None:
            while True:
                started = time.monotonic()
                async with http.get("/health/live") as answer:
                    await answer.read()
                took.append(time.monotonic() - started)
                await asyncio.sleep(0.01)

        await diagnose(-1)
        for people in (10, 200):
            probes: list[float] = []
            watch = asyncio.create_task(probe(probes))
            used = _cpu_s(service)
            answers = await asyncio.gather(*(diagnose(n + people * 1000) for n in range(people)))
            used = (_cpu_s(service) - used) / people
            watch.cancel()
            ok = sum(status == 200 for status, _ in answers)
            last = max(took for _, took in answers)
            p99 = statistics.quantiles(probes, n=100)[98] * 1000
            print(
                f"{people:>3} at once on a {MODEL_S} s model: {ok} answered, the last after "
                f"{last:.2f} s; /health/live p99 {p99:.1f} ms over {len(probes)} probes; "
                f"CPU of the service, probes included, {used * 1000:.1f} ms a question"
            )


def _cpu_s(service: Service) -> float:
    """Return what the service's processes have used; in ticks of 10 ms, mostly."""
    ticks = 0
    for pid in [service.process.pid, *service.workers()]:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")
