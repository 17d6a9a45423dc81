"""Redis: a value made once for all who wait, here and in other processes.

Run ``python examples/cache.py [REDIS_URL]``; without a Redis a memory stands in.
"""

import asyncio
import sys

from ai_catalyst.io import AsyncRedisManager


async def main(url):
    async with AsyncRedisManager(url, namespace="example", fallback=True) as cache:
        made = []

        async def report():
            made.append("once")
            await asyncio.sleep(0.05)
            return {"rows": 3}

        await cache.delete("report")
        found = await asyncio.gather(
            *(cache.get_or_compute("report", report, 60) for _ in range(50))
        )
        print(len(found), "callers,", len(made), "computation")
        await cache.set_many({f"k{number}": number for number in range(500)}, ttl=60)
        print(len(await cache.get_many(f"k{number}" for number in range(500))), "in one pipeline")
        await cache.clear()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "redis://localhost"))
