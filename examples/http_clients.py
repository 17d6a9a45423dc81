"""HTTP: one session for many requests, with time-outs; ours, aiohttp and httpx.

Run ``python examples/http_clients.py URL``, a URL that answers JSON.
"""

import asyncio
import sys

import aiohttp

from ai_catalyst.io import batch_fetch, fetch_json


async def with_aiohttp(url):
    timeout = aiohttp.ClientTimeout(total=30)
    connector = aiohttp.TCPConnector(limit=100, limit_per_host=30, keepalive_timeout=30)
    async with aiohttp.ClientSession(timeout=timeout, connector=connector) as session:

        async def get():
            async with session.get(url) as response:
                return await response.json()

        print("aiohttp", len(await asyncio.gather(*(get() for _ in range(20)))))


async def with_httpx(url):
    try:
        import httpx
    except ImportError:
        return
    limits = httpx.Limits(max_connections=100, max_keepalive_connections=30)
    async with httpx.AsyncClient(timeout=30, limits=limits) as client:
        found = await asyncio.gather(*(client.get(url) for _ in range(20)))
        print("httpx", sum(response.is_success for response in found))


async def main(url):
    print("fetch_json", await fetch_json(url))
    found = await batch_fetch([url, url, f"{url}/missing"])
    print("batch_fetch", [page is not None for page in found], sorted(found.errors))
    await with_aiohttp(url)
    await with_httpx(url)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
