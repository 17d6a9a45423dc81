"""The loopback server that tests are served by."""

from __future__ import annotations

import asyncio
import urllib.request

import aiohttp
import pytest
from aiohttp import web

from ai_catalyst.io.loopback import LoopbackServer


class Greeter(LoopbackServer):
    def application(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/hello", self._hello)
        app.router.add_get("/never", self._never)
        return app

    async def _hello(self, request: web.Request) -> web.Response:
        return web.Response(text="hello")

    async def _never(self, request: web.Request) -> web.Response:
        await asyncio.Event().wait()
        raise AssertionError


async def test_it_serves_in_this_loop_and_cuts_off_who_is_still_there() -> None:
    async with aiohttp.ClientSession() as session:
        async with Greeter() as greeter:
            url = f"http://127.0.0.1:{greeter.port}"
            async with session.get(f"{url}/hello") as response:
                assert await response.text() == "hello"
            async with asyncio.TaskGroup() as group:
                waiting = group.create_task(_fails(session, f"{url}/never"))
                while greeter.connections < 1:
                    await asyncio.sleep(0.001)
                await greeter.close()
            assert waiting.result()
        assert await _fails(session, f"{url}/hello")


async def _fails(session: aiohttp.ClientSession, url: str) -> bool:
    with pytest.raises(aiohttp.ClientError):
        async with session.get(url):
            pass
    return True


def test_it_serves_in_a_thread_and_starts_again_on_the_same_port() -> None:
    greeter = Greeter()
    for _ in range(2):
        with greeter:
            url = f"http://127.0.0.1:{greeter.port}/hello"
            with urllib.request.urlopen(url, timeout=10) as response:
                assert response.read() == b"hello"
