"""Names are looked up beside the loop and beside its threads."""

import asyncio
import socket
import threading

import pytest

from ai_catalyst.io import resolver as resolver_module
from ai_catalyst.io.resolver import Resolver, look_up


async def test_a_name_of_this_machine_is_found():
    found = await Resolver().resolve("localhost", 80)
    assert {row["host"] for row in found} & {"127.0.0.1", "::1"}
    assert all((row["hostname"], row["port"]) == ("localhost", 80) for row in found)


@pytest.mark.parametrize("name", ["nowhere.invalid", "x" * 64 + ".example", "a..b", ".", ""])
async def test_a_name_that_is_none_is_an_os_error(name):
    with pytest.raises(OSError):
        await look_up(name)


async def test_slow_lookups_leave_the_loops_own_threads_free(monkeypatch):
    release = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *asked: release.wait(5) and [])
    lookups = [asyncio.ensure_future(look_up("slow.example")) for _ in range(64)]
    async with asyncio.timeout(2):
        assert await asyncio.to_thread(sum, [1, 2]) == 3
    release.set()
    assert await asyncio.gather(*lookups) == [[]] * 64
    names = [thread.name for thread in threading.enumerate()]
    assert sum("catalyst-names" in name for name in names) <= resolver_module.THREADS


async def test_a_link_local_address_keeps_its_zone(monkeypatch):
    answer = (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("fe80::1", 80, 0, 3))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *asked: [answer])
    assert (await Resolver().resolve("near.example", 80))[0]["host"] == "fe80::1%3"
