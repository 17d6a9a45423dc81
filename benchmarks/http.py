"""What a fetch costs: CPU a page of our client with everything on, against bare libraries.

Run ``python -m benchmarks.http``. A 21 KB page comes from a loopback server in another process, 64
fetches at once. The clients take turns, so that a change of the machine's speed meets all alike.
Our client has its guard, permits, pace and retries on. httpx is measured where it is installed.
"""

import argparse
import asyncio
import gzip
import importlib.util
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
import zlib

import aiohttp

from ai_catalyst.io.http import HttpClient

AT_ONCE = 64
PAGE = (
    "<html><body>" + "<p>Ein Absatz über wenig, der bald endet – wie schön.</p>\n" * 500
).encode()[: 21 * 1024]
PAGE = PAGE.decode(errors="ignore").encode()  # no letter cut in two
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: %d\r\n%s\r\n"


def answers():
    """Return the ready-made answer of each path."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join([packer.compress(bytes(3_000_000)) for _ in range(100)] + [packer.flush()])
    encoded = b"Content-Encoding: gzip\r\n"
    packed = gzip.compress(PAGE)
    return {
        b"/plain": HEAD % (len(PAGE), b"") + PAGE,
        b"/gzip": HEAD % (len(packed), encoded) + packed,
        b"/bomb": HEAD % (len(bomb), encoded) + bomb,
    }


class Server(asyncio.Protocol):
    """Answers without looking further than the path; cheap, so that the client is what is seen."""

    ready = None

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        for request in data.split(b"\r\n\r\n")[:-1]:
            self.transport.write(self.ready[request.split(b" ", 2)[1]])


async def serve():
    Server.ready = answers()
    server = await asyncio.get_running_loop().create_server(Server, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)  # until the parent goes


async def at_once(fetch, pages):
    """Fetch ``pages`` pages, 64 at once, and return the CPU-milliseconds of each."""
    left = iter(range(pages))

    async def work():
        for _ in left:
            await fetch()

    started = time.process_time()
    await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    return (time.process_time() - started) * 1000 / pages


async def clients(url, stack):
    """Return the competitors: a name and a fetch each."""
    ours = await stack.enter_async_context(
        HttpClient(allow_hosts=["127.0.0.1"], per_host=AT_ONCE, rps=1e6, burst=1e6)
    )
    bare = await stack.enter_async_context(aiohttp.ClientSession())

    async def fetch_ours():
        assert len((await ours.get(url)).body) == len(PAGE)

    async def fetch_bare():
        async with bare.get(url) as response:
            assert len(await response.read()) == len(PAGE)

    found = {"HttpClient": fetch_ours, "aiohttp, bare": fetch_bare}
    if importlib.util.find_spec("httpx"):
        import httpx

        peer = await stack.enter_async_context(
            httpx.AsyncClient(limits=httpx.Limits(max_connections=AT_ONCE))
        )

        async def fetch_httpx():
            assert len((await peer.get(url)).content) == len(PAGE)

        found["httpx"] = fetch_httpx
    return found


async def race(url, pages, rounds):
    """Let the clients take turns; return the CPU-milliseconds a page of every round."""
    from contextlib import AsyncExitStack

    async with AsyncExitStack() as stack:
        fetches = await clients(url, stack)
        costs = {name: [] for name in fetches}
        for fetch in fetches.values():
            await at_once(fetch, AT_ONCE * 4)
        for _ in range(rounds):
            for name, fetch in fetches.items():
                costs[name].append(await at_once(fetch, pages))
    return costs


async def bomb_growth(url):
    """Return by how many MB our peak memory grows when it meets 300 MB in a small gzip."""
    async with HttpClient(allow_hosts=["127.0.0.1"]) as client:
        await client.get(f"{url}/plain")
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        try:
            await client.get(f"{url}/bomb")
        except aiohttp.ClientError as error:
            outcome = type(error).__name__
        else:
            outcome = "taken"
        return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024, outcome


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pages", type=int, default=2000, help="pages a client and round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        asyncio.run(serve())
        return
    command = [sys.executable, "-m", "benchmarks.http", "--serve"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        url = f"http://127.0.0.1:{int(server.stdout.readline())}"
        growth, outcome = asyncio.run(bomb_growth(url))
        versions = f"Python {platform.python_version()}, aiohttp {aiohttp.__version__}"
        print(f"{os.cpu_count()} cores, {versions}")
        print(f"CPU-ms a page, 21 KB, {AT_ONCE} at once, median of {options.rounds} rounds:")
        for path in ("plain", "gzip"):
            costs = asyncio.run(race(f"{url}/{path}", options.pages, options.rounds))
            bare = statistics.median(costs["aiohttp, bare"])
            for name, rounds in costs.items():
                median = statistics.median(rounds)
                print(f"  {path:6}{name:15}{median:7.3f}{median / bare:7.2f} ×  {spread(rounds)}")
        print(f"300 MB gzip bomb: {outcome}, peak memory +{growth:.1f} MB")
        server.stdin.close()


def spread(rounds):
    return f"({min(rounds):.3f} to {max(rounds):.3f})"


if __name__ == "__main__":
    main()
