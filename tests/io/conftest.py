"""Loopback servers for the tests: well-behaved ones, and raw ones that lie, drip and break off."""

import asyncio
import ipaddress
import os
import socket
import ssl
import threading
from contextlib import AsyncExitStack, suppress

import pytest
import real_servers
import trustme
from aiohttp import web
from fault_proxy import fault_proxy
from sqlalchemy.engine import make_url

from ai_catalyst.io import address


@pytest.fixture
async def serve():
    """Start an aiohttp server: ``await serve({"/path": handler}, host=…, ssl=…)`` gives its URL."""
    async with AsyncExitStack() as stack:

        async def start(routes, host="127.0.0.1", ssl=None):
            app = web.Application(client_max_size=2**30)
            for path, handler in routes.items():
                app.router.add_route("*", path, handler)
            runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            site = web.TCPSite(runner, host, 0, ssl_context=ssl)
            await site.start()
            port = site._server.sockets[0].getsockname()[1]
            shown = f"[{host}]" if ":" in host else host
            return f"{'https' if ssl else 'http'}://{shown}:{port}"

        yield start


class Raw:
    """A raw server: it counts connections and answers each request with a script."""

    def __init__(self, script):
        self.script = script
        self.connections = 0
        self.requests = []

    async def handle(self, reader, writer):
        self.connections += 1
        try:
            while True:
                self.requests.append(await reader.readuntil(b"\r\n\r\n"))
                if isinstance(self.script, bytes):
                    writer.write(self.script)
                    await writer.drain()
                elif await self.script(reader, writer) is not None:
                    break
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            with suppress(ConnectionError):
                writer.close()
                await writer.wait_closed()


@pytest.fixture
async def raw():
    """Start a raw server: ``await raw(script, host=…)`` gives it; a script that returns ends it."""
    async with AsyncExitStack() as stack:

        async def start(script=b"", host="127.0.0.1", ssl=None):
            server = Raw(script)
            tasks = set()

            def connected(reader, writer):
                task = asyncio.ensure_future(server.handle(reader, writer))
                tasks.add(task)
                task.add_done_callback(tasks.discard)

            listener = await asyncio.start_server(connected, host, 0, ssl=ssl)
            server.port = listener.sockets[0].getsockname()[1]
            scheme = "https" if ssl else "http"
            server.url = f"{scheme}://{f'[{host}]' if ':' in host else host}:{server.port}"

            async def stop():
                listener.close()
                for task in list(tasks):
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

            stack.push_async_callback(stop)
            return server

        yield start


@pytest.fixture
def public_by_decree(monkeypatch):
    """Let 127.0.0.2 count as a public address, so that a test can have a public server."""
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.2", 0))
        except OSError:
            pytest.skip("only 127.0.0.1 is up on this machine")
    rule = (ipaddress.ip_network("127.0.0.2/32"), "public")
    monkeypatch.setattr(address, "_V4", (rule, *address._V4))
    address.address_class.cache_clear()
    yield "127.0.0.2"
    address.address_class.cache_clear()


def open_sockets():
    """Return how many sockets this process holds."""
    count = 0
    for entry in os.listdir("/proc/self/fd"):
        with suppress(OSError):
            count += os.readlink(f"/proc/self/fd/{entry}").startswith("socket:")
    return count


@pytest.fixture
def sockets():
    """The number of open sockets, as a function."""
    if not os.path.isdir("/proc/self/fd"):
        pytest.skip("open sockets are counted through /proc")
    return open_sockets


@pytest.fixture
def dead_port():
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="session")
def authority():
    """A certificate authority that exists for these tests only."""
    return trustme.CA()


@pytest.fixture
def tls(authority):
    """TLS for a server on localhost, and for a client that trusts it."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", "127.0.0.1").configure_cert(server)
    client = ssl.create_default_context()
    authority.configure_trust(client)
    return server, client


@pytest.fixture
def elsewhere():
    """A server on a thread of its own, so that loops may come and go; gives its URL."""
    ready, url, stop = threading.Event(), [], []

    async def main():
        async def page(request):
            await asyncio.sleep(float(request.query.get("after", 0)))
            if request.path == "/json":
                return web.json_response({"ok": True})
            return web.Response(text="x")

        app = web.Application()
        app.router.add_get("/{tail:.*}", page)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        url.append(f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}")
        done = asyncio.Event()
        stop.append((asyncio.get_running_loop(), done))
        ready.set()
        await done.wait()
        await runner.cleanup()

    thread = threading.Thread(target=asyncio.run, args=(main(),))
    thread.start()
    ready.wait()
    yield url[0]
    loop, done = stop[0]
    loop.call_soon_threadsafe(done.set)
    thread.join()


@pytest.fixture(scope="session")
def postgres_url():
    """A PostgreSQL database for these tests only."""
    yield from real_servers.own_database("postgres")


@pytest.fixture(scope="session")
def mysql_url():
    """A MariaDB or MySQL database for these tests only."""
    yield from real_servers.own_database("mysql")


@pytest.fixture
def sqlite_url(tmp_path):
    """A SQLite file for this test only."""
    return f"sqlite:///{tmp_path / 'test.db'}"


@pytest.fixture(params=["postgres", "mysql", "sqlite"])
def database_url(request):
    """Each kind of database in turn."""
    return request.getfixturevalue(f"{request.param}_url")


@pytest.fixture(params=["postgres", "mysql"])
def server_url(request):
    """Each kind of database server in turn."""
    return request.getfixturevalue(f"{request.param}_url")


@pytest.fixture
def redis_place():
    """A Redis URL, and a key prefix for this test only."""
    yield from real_servers.own_namespace()


@pytest.fixture
async def proxied():
    """Put a fault proxy before the server of a URL: ``proxy, url = await proxied(url)``."""
    async with AsyncExitStack() as stack:

        async def start(url):
            parsed = make_url(url)
            port = (
                parsed.port or {"postgresql": 5432, "mysql": 3306, "redis": 6379}[parsed.drivername]
            )
            proxy = await stack.enter_async_context(fault_proxy(parsed.host, port))
            through = parsed.set(host="127.0.0.1", port=proxy.port)
            return proxy, through.render_as_string(hide_password=False)

        yield start
