"""Look names up on threads of their own, so that dead domains hold up nothing but themselves.

`loop.getaddrinfo` uses the loop's few default threads; five slow lookups there would stop every
file and database call of the process.
"""

from __future__ import annotations

import asyncio
import os
import socket
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult

__all__ = ["Resolver", "look_up"]

THREADS = 16


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(THREADS, thread_name_prefix="catalyst-names")


os.register_at_fork(after_in_child=_threads.cache_clear)  # a fork has the pool, not its threads


def _ask(host: str, port: int, family: int) -> list[tuple[Any, ...]]:
    flags = getattr(socket, "AI_ADDRCONFIG", 0)
    return list(socket.getaddrinfo(host, port, family, socket.SOCK_STREAM, 0, flags))


async def look_up(host: str, port: int = 0, family: int = 0) -> list[tuple[Any, ...]]:
    """Return the rows of `socket.getaddrinfo`; raises `OSError` when the name is not known."""
    loop = asyncio.get_running_loop()
    try:
        return await loop.run_in_executor(_threads(), _ask, host, port, family)
    except UnicodeError as error:  # a label that is empty or too long
        raise socket.gaierror(socket.EAI_NONAME, "not a name") from error


class Resolver(AbstractResolver):
    """Resolves names for aiohttp; holds nothing, so it serves any loop."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the addresses of a host, as aiohttp wants them."""
        flags = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
        return [
            ResolveResult(
                hostname=host,
                host=_host_of(sockaddr),
                port=port,
                family=kind,
                proto=protocol,
                flags=flags,
            )
            for kind, _, protocol, _, sockaddr in await look_up(host, port, family)
        ]

    async def close(self) -> None:
        """Do nothing: the threads serve the whole process."""


def _host_of(sockaddr: tuple[Any, ...]) -> str:
    """Return the address, with the zone that a link-local one needs."""
    host = str(sockaddr[0])
    scoped = len(sockaddr) == 4 and sockaddr[3] and "%" not in host
    return f"{host}%{sockaddr[3]}" if scoped else host
