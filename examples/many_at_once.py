"""Many at once, within bounds: a batch, retries for what passes, and a monitor.

Run ``python examples/many_at_once.py``.
"""

import asyncio

from ai_catalyst.engine import Batch
from ai_catalyst.io import AsyncOperationMonitor, robust_async_operation


async def main():
    monitor = AsyncOperationMonitor()
    tries = {}

    async def flaky(number):
        tries[number] = tries.get(number, 0) + 1
        if number % 10 == 0 and tries[number] == 1:
            raise ConnectionError("not now")
        await asyncio.sleep(0.001)
        return number * 2

    async def work(number):
        async def again():
            return await robust_async_operation(lambda: flaky(number), base_s=0.001)

        return await monitor.monitor_operation("double", again)

    total = 0
    async with Batch(work, range(200), limit=20) as batch:
        async for outcome in batch:
            total += outcome.value
    stats = monitor.get_stats()["double"]
    print(total, stats["count"], stats["errors"])


if __name__ == "__main__":
    asyncio.run(main())
