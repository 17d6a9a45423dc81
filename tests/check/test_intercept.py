"""A known blocking call on a running loop is caught as it is made; elsewhere it is let through."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from time import sleep

import pytest
import sqlalchemy
from benchmarks.guard.kinds import KINDS
from sqlalchemy.ext.asyncio import create_async_engine

from ai_catalyst.guard import BlockingCall, Intercepted, Interception, LoopGuard

pytestmark = pytest.mark.loop_guard(60, reason="these tests block the loop on purpose")

NOT_IN_PYTHON = {"threading.Lock.acquire", "json.dumps of a huge list"}
"""A type written in C, and a call that is harmless for most arguments: these the watchdog sees."""


@pytest.mark.parametrize("name", KINDS)
def test_the_watchdog_sees_every_kind_of_stall(name: str) -> None:
    async def watched() -> int:
        with LoopGuard(0.05, log_every_s=None) as guard:
            await asyncio.sleep(0.02)
            KINDS[name]()
            await asyncio.sleep(0.02)
        return guard.count

    assert any(asyncio.run(watched()) for _ in range(4))


@pytest.mark.parametrize("name", sorted(KINDS.keys() - NOT_IN_PYTHON))
async def test_a_blocking_call_on_the_loop_raises(name: str) -> None:
    with Interception(), pytest.raises(BlockingCall, match="use "):
        KINDS[name]()


@pytest.mark.parametrize(
    "block", [lambda: sleep(0.01), lambda: Path(__file__).read_bytes()], ids=["copied", "method"]
)
def test_off_the_loop_nothing_is_caught(block: Callable[[], object]) -> None:
    async def offloaded() -> None:
        await asyncio.to_thread(block)

    with Interception() as watch:
        block()
        asyncio.run(offloaded())
    assert watch.calls == []


async def test_a_function_imported_by_name_is_caught_too() -> None:
    with Interception(), pytest.raises(BlockingCall, match=r"test_intercept\.py:\d+: time\.sleep"):
        sleep(0.01)


async def test_what_asyncio_does_itself_is_let_through() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.read(1))
        writer.close()

    with Interception() as watch:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname()[:2])
        writer.write(b"x")
        assert await reader.read() == b"x"
        writer.close()
        server.close()
        process = await asyncio.create_subprocess_exec("true")
        assert await process.wait() == 0
    assert watch.calls == []


async def test_a_socket_that_does_not_block_is_let_through() -> None:
    left, right = socket.socketpair()
    left.setblocking(False)
    with left, right, Interception(), pytest.raises(BlockingIOError):
        left.recv(1)


async def test_an_async_session_of_sqlalchemy_is_let_through(tmp_path: Path) -> None:
    engine = create_async_engine(f"sqlite+aiosqlite:///{tmp_path / 'a.db'}")
    with Interception(only=["database"]) as watch:
        async with engine.connect() as connection:
            assert (await connection.execute(sqlalchemy.text("select 1"))).scalar() == 1
        await engine.dispose()
    assert watch.calls == []


async def test_calls_can_be_told_of_instead_of_refused() -> None:
    told: list[Intercepted] = []
    with Interception(on_call=told.append) as watch:
        subprocess.run(["true"], check=True)
        time.sleep(0)
    assert [call.name for call in told] == ["subprocess.run"]
    assert watch.calls == told
    assert told[0].kind == "process"


async def test_only_the_kinds_asked_for_are_caught() -> None:
    with Interception(only=["network"]) as watch:
        time.sleep(0.001)
    assert watch.calls == []


async def test_a_module_can_be_allowed() -> None:
    with Interception(allow=[__name__]) as watch:
        time.sleep(0.001)
    assert watch.calls == []


def test_everything_is_put_back() -> None:
    before = time.sleep, subprocess.run, vars(Path).get("read_text"), socket.socket.__dict__.copy()
    with Interception(), Interception():
        assert time.sleep is not before[0]
    after = time.sleep, subprocess.run, vars(Path).get("read_text"), socket.socket.__dict__.copy()
    assert after == before
    assert sleep is time.sleep
