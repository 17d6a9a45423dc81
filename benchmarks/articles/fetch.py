"""Fetching pages politely: CPU a page of the scraper, what its guard keeps out, and a bomb.

Run ``python -m benchmarks.articles.fetch``. Pages of 21 KB come from a loopback server in another
process, 64 at once, each under an address of its own; the scraper asks robots.txt, looks at every
address that is dialled, paces, and would retry. Clients take turns. Scrapy runs where
``--scrapy PYTHON`` names an interpreter that has it, with robots.txt on and its delays off.
"""

import argparse
import asyncio
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from contextlib import AsyncExitStack, suppress

import aiohttp
from aiohttp.abc import AbstractResolver
from benchmarks.http import AT_ONCE, HEAD, PAGE, answers, at_once, spread

from ai_catalyst.articles import AsyncWebScraper
from ai_catalyst.articles.testing import Answer, Site
from ai_catalyst.errors import CatalystError
from ai_catalyst.io.http import HttpClient

SPELLINGS = (
    "127.0.0.1",
    "localhost",
    "2130706433",
    "0x7f000001",
    "0177.0.0.1",
    "127.1",
    "[::1]",
    "[::ffff:127.0.0.1]",
)
ROBOTS = b"User-agent: *\nDisallow: /private/\nDisallow: /*?session=\nAllow: /\n"
SPIDER = """
import json, resource, scrapy
from scrapy.crawler import CrawlerProcess
class Pages(scrapy.Spider):
    name = "pages"
    async def start(self):
        for number in range({pages}):
            yield scrapy.Request("{url}/p/%d" % number)
    def parse(self, response):
        assert len(response.body) == {size}
def used():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
crawl = CrawlerProcess({{
    "CONCURRENT_REQUESTS": {at_once}, "CONCURRENT_REQUESTS_PER_DOMAIN": {at_once},
    "DOWNLOAD_DELAY": 0, "ROBOTSTXT_OBEY": True,
    "LOG_ENABLED": False, "TELNETCONSOLE_ENABLED": False,
}})
crawl.crawl(Pages)
before = used()
crawl.start()
print((used() - before) * 1000 / {pages})
"""


class Server(asyncio.Protocol):
    """Answers without looking further than the path; cheap, so that the client is what is seen."""

    plain = HEAD % (len(PAGE), b"") + PAGE
    others = None

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        for request in data.split(b"\r\n\r\n")[:-1]:
            path = request.split(b" ", 2)[1]
            self.transport.write(self.plain if path.startswith(b"/p/") else self.others[path])


async def serve():
    robots = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s"
    Server.others = answers() | {b"/robots.txt": robots % (len(ROBOTS), ROBOTS)}
    server = await asyncio.get_running_loop().create_server(Server, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)  # until the parent goes


async def race(url, pages, rounds):
    """Let scraper and bare aiohttp take turns; return the CPU-milliseconds a page of each round."""
    async with AsyncExitStack() as stack:
        scraper = await stack.enter_async_context(
            AsyncWebScraper(allow_hosts=["127.0.0.1"], rps=1e6, burst=1e6, per_host=AT_ONCE)
        )
        bare = await stack.enter_async_context(aiohttp.ClientSession())
        numbers = iter(range(10**9))

        async def ours():
            assert len((await scraper.fetch(f"{url}/p/{next(numbers)}")).body) == len(PAGE)

        async def theirs():
            async with bare.get(f"{url}/p/{next(numbers)}") as response:
                assert len(await response.read()) == len(PAGE)

        fetches = {"AsyncWebScraper": ours, "aiohttp, bare": theirs}
        costs = {name: [] for name in fetches}
        for fetch in fetches.values():
            await at_once(fetch, AT_ONCE * 4)
        for _ in range(rounds):
            for name, fetch in fetches.items():
                costs[name].append(await at_once(fetch, pages))
    return costs


def scrapy(python, url, pages):
    """Return the CPU-milliseconds a page of one crawl by Scrapy, without its start."""
    code = SPIDER.format(pages=pages, url=url, size=len(PAGE), at_once=AT_ONCE)
    done = subprocess.run(
        [python, "-c", code], capture_output=True, text=True, check=False, timeout=300
    )
    if done.returncode:
        raise SystemExit(f"Scrapy failed: {done.stderr[-500:]}")
    return float(done.stdout.split()[-1])


class Rebinding(AbstractResolver):
    """Says first a public address, then loopback, as an attacker's name server would."""

    def __init__(self):
        self.asked = 0

    async def resolve(self, host, port=0, family=0):
        self.asked += 1
        address = "192.88.99.1" if self.asked == 1 else "127.0.0.1"
        return [
            {
                "hostname": host,
                "host": address,
                "port": port,
                "family": 2,
                "proto": 0,
                "flags": 0,
            }
        ]

    async def close(self):
        """Nothing is open."""


async def reached():
    """Return how many of the attempts to reach loopback got there, and how many were made."""
    attempts = 0
    async with Site({"/secret": "reached"}) as site, Site() as doorway:
        os.environ |= dict.fromkeys(("HTTP_PROXY", "http_proxy", "ALL_PROXY"), site.url)
        # Whoever redirects must be reachable, so it is allowed by name; where it leads is not.
        door = f"127.0.0.1:{doorway.port}"
        async with AsyncWebScraper() as plain, AsyncWebScraper(allow_hosts=[door]) as named:
            for spelling in SPELLINGS:
                target = f"http://{spelling}:{site.port}/secret"
                doorway.pages["/away"] = Answer.redirect(target)
                for scraper, url, origin in (
                    (plain, target, None),
                    (plain, target, "http://example.org/feed.xml"),
                    (named, f"{doorway.url}/away", None),
                ):
                    attempts += 1
                    with suppress(CatalystError):
                        await scraper.fetch(url, origin=origin)
        assert doorway.asked["/away"] == len(SPELLINGS)
        quick = HttpClient(resolver=Rebinding(), connect_timeout_s=0.3, timeout_s=1)
        async with quick, AsyncWebScraper(http=quick) as rebound:
            for _ in SPELLINGS:
                attempts += 1
                with suppress(CatalystError):
                    await rebound.fetch(f"http://rebinding.example.org:{site.port}/secret")
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            del os.environ[name]
        return site.asked["/secret"], attempts


async def bomb(url):
    """Return by how many MB our peak memory grows when it meets 300 MB in a small gzip."""
    async with AsyncWebScraper(allow_hosts=["127.0.0.1"]) as scraper:
        await scraper.fetch(f"{url}/p/0")
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        try:
            await scraper.fetch_content(f"{url}/bomb")
        except CatalystError as error:
            outcome = type(error).__name__
        else:
            outcome = "taken"
        return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024, outcome


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pages", type=int, default=1500, help="pages a client and round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--scrapy", metavar="PYTHON", help="an interpreter that has Scrapy")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        asyncio.run(serve())
        return
    command = [sys.executable, "-m", "benchmarks.articles.fetch", "--serve"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        url = f"http://127.0.0.1:{int(server.stdout.readline())}"
        growth, outcome = asyncio.run(bomb(url))
        got, attempts = asyncio.run(reached())
        costs = {}
        for _ in range(options.rounds):
            for name, found in asyncio.run(race(url, options.pages, 1)).items():
                costs.setdefault(name, []).extend(found)
            if options.scrapy:
                costs.setdefault("Scrapy", []).append(scrapy(options.scrapy, url, options.pages))
        server.stdin.close()
    show(options, costs, growth, outcome, got, attempts)


def show(options, costs, growth, outcome, got, attempts):
    medians = {name: statistics.median(found) for name, found in costs.items()}
    if options.json:
        figures = {"cpu_ms_a_page": medians, "reached": got, "attempts": attempts}
        print(json.dumps(figures | {"bomb_mb": growth, "bomb": outcome}))
        return
    versions = f"Python {platform.python_version()}, aiohttp {aiohttp.__version__}"
    print(f"{time.strftime('%Y-%m-%d')}, {os.cpu_count()} cores, {versions}")
    print(f"CPU-ms a page, 21 KB, {AT_ONCE} at once, median of {options.rounds} rounds:")
    for name, median in medians.items():
        ratio = median / medians["AsyncWebScraper"]
        print(f"  {name:16}{median:7.3f}{ratio:7.2f} ×  {spread(costs[name])}")
    if not options.scrapy:
        print("  Scrapy was skipped: --scrapy PYTHON names an interpreter that has it")
    print(f"loopback reached {got} of {attempts} times")
    print(f"300 MB gzip bomb: {outcome}, peak memory +{growth:.1f} MB")


if __name__ == "__main__":
    main()
