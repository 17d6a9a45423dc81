"""Each loop has its own session; none outlives its loop, its owner or its close."""

import asyncio
import gc
import os
import subprocess
import sys
import threading
import time
import warnings

import aiohttp
import pytest
from aiohttp import web

from ai_catalyst.engine.retry import Retry
from ai_catalyst.errors import UserError
from ai_catalyst.io.failures import FetchError
from ai_catalyst.io.http import HttpClient
from ai_catalyst.io.sessions import (
    LoopSessions,
    model_session,
    model_sessions,
    proxy_for,
    tls_context,
)

ONCE = Retry(attempts=1)


@pytest.fixture
def ours(sockets):
    """How many sockets this test has opened and not closed."""
    gc.collect()
    before = sockets()

    def count():
        for _ in range(200):  # the server, in this process too, closes its ends a moment later
            gc.collect()
            if sockets() <= before:
                break
            time.sleep(0.005)
        return sockets() - before

    return count


@pytest.fixture
def client():
    return HttpClient(guard=False, retry=ONCE)


async def many(client, url, count=5):
    pages = await asyncio.gather(*(client.get(url) for _ in range(count)))
    assert {page.text for page in pages} == {"x"}


def test_one_session_serves_a_loop_and_its_connections_are_reused(elsewhere, client):
    async def main():
        async with client:
            for _ in range(5):
                await many(client, elsewhere, 2)
            assert len(client._public) == 1
            return len(client._sockets)

    assert asyncio.run(main()) <= 2
    assert len(client._public) == 0


def test_a_client_is_built_without_a_loop_and_leaves_no_socket(elsewhere, ours):
    client = HttpClient(allow_hosts=["127.0.0.1"], retry=ONCE)

    async def main():
        async with client:
            await many(client, elsewhere)
            assert 1 <= len(client._sockets) <= 5

    asyncio.run(main())
    assert ours() <= 0


def test_one_client_serves_loops_one_after_another(elsewhere, ours, client):
    for _ in range(3):
        asyncio.run(many(client, elsewhere))
        assert ours() <= 0
        assert len(client._public) == 0
    asyncio.run(client.close())


def test_one_client_serves_two_loops_at_once_and_closes_both(elsewhere, client, ours):
    meet = threading.Barrier(2)

    async def main(closes):
        await many(client, elsewhere)
        await asyncio.to_thread(meet.wait)
        assert len(client._public) == 2
        await asyncio.to_thread(meet.wait)
        if closes:
            await client.close()
            assert len(client._public) == 0
        await asyncio.to_thread(meet.wait)
        await asyncio.sleep(0)

    threads = [threading.Thread(target=asyncio.run, args=(main(closes),)) for closes in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ours() <= 0


def test_a_loop_that_waits_for_the_close_does_not_hold_it_up(elsewhere, client):
    async def main():
        await many(client, elsewhere)
        closing = threading.Thread(target=asyncio.run, args=(client.close(),))
        closing.start()
        closing.join(5)  # this loop stands still meanwhile, as under a sync twin
        assert not closing.is_alive()
        await asyncio.sleep(0.01)

    asyncio.run(main())
    assert len(client._public) == 0


def test_the_sessions_of_loops_closed_without_a_word_are_swept(elsewhere, client, ours):
    for _ in range(3):
        loop = asyncio.new_event_loop()
        loop.run_until_complete(many(client, elsewhere))
        loop.close()
    assert len(client._public) == 1
    asyncio.run(client.close())
    assert ours() <= 0


def test_a_loop_closed_in_the_middle_of_a_request_leaves_no_socket(elsewhere, client, ours):
    loop = asyncio.new_event_loop()
    request = loop.create_task(client.get(f"{elsewhere}/?after=5"))
    loop.run_until_complete(asyncio.sleep(0.05))
    request.cancel()
    loop.run_until_complete(asyncio.wait([request]))
    loop.close()
    asyncio.run(client.close())
    assert ours() <= 0


def test_a_client_dropped_unclosed_warns_and_leaks_nothing(elsewhere, ours):
    async def main():
        clients = [HttpClient(guard=False, retry=ONCE)]
        await many(clients[0], elsewhere)
        with pytest.warns(ResourceWarning, match="unclosed HttpClient"):
            clients.clear()
        await asyncio.sleep(0.01)

    asyncio.run(main())
    assert ours() <= 0


def test_a_client_never_used_needs_no_close():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        HttpClient()
        gc.collect()


async def test_a_closed_client_says_so(client):
    await client.close()
    await client.close()
    with pytest.raises(RuntimeError, match="closed"):
        await client.get("http://127.0.0.1/")


async def test_a_fetch_that_runs_when_its_client_is_closed_ends_and_opens_nothing_new(elsewhere):
    client = HttpClient(guard=False)
    fetch = asyncio.ensure_future(client.get(f"{elsewhere}/?after=5"))
    await asyncio.sleep(0.05)
    await client.close()
    with pytest.raises((RuntimeError, FetchError)):
        await fetch
    assert len(client._public) == 0


async def test_a_cancelled_fetch_passes_the_cancellation_on_and_gives_its_permit_back(elsewhere):
    async with HttpClient(guard=False, connections=1, per_host=1, retry=ONCE) as client:
        for moment in (0.0, 0.02):
            fetch = asyncio.ensure_future(client.get(f"{elsewhere}/?after=5"))
            await asyncio.sleep(moment)
            fetch.cancel()
            with pytest.raises(asyncio.CancelledError):
                await fetch
        async with asyncio.timeout(2):
            await many(client, elsewhere)


async def test_a_callers_own_time_out_is_a_cancellation_not_our_error(elsewhere, client):
    async with client:
        with pytest.raises(TimeoutError) as caught:
            async with asyncio.timeout(0.05):
                await client.get(f"{elsewhere}/?after=5")
    assert type(caught.value) is TimeoutError


def test_above_the_bound_connections_are_not_kept(elsewhere, monkeypatch):
    async def main():
        client = HttpClient(allow_hosts=["127.0.0.1"], retry=ONCE)
        client._most_sockets = 2
        async with client:
            for _ in range(4):
                await many(client, elsewhere, 8)
            gc.collect()
            return len(client._sockets)

    assert asyncio.run(main()) <= 3


def test_a_fork_opens_its_own_and_leaves_its_parents_sessions_alone(elsewhere):
    code = f"""
import asyncio, os, sys
from ai_catalyst.io.http import HttpClient
client = HttpClient(guard=False)
loop = asyncio.new_event_loop()
loop.slow_callback_duration = 60  # a busy machine is no fault of ours
loop.run_until_complete(client.get("{elsewhere}"))
child = os.fork()
if child == 0:
    async def main():
        asyncio.get_running_loop().slow_callback_duration = 60
        assert (await client.get("{elsewhere}")).text == "x"
        assert len(client._public) == 1
        await client.close()
    asyncio.run(main())
    del client
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
session = client._public._held[loop][0]
connections = len(client._sockets)
loop.run_until_complete(client.get("{elsewhere}"))
assert len(client._sockets) == connections, "the pooled connection is still good"
loop.run_until_complete(client.close())
loop.close()
"""
    command = [sys.executable, "-X", "dev", "-W", "error", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stderr) == (0, "")


# Sessions for models


async def test_a_model_session_has_no_limit_no_time_out_and_no_cookies():
    async with model_session() as session:
        assert session.connector.limit == 0
        assert session.timeout.total is None
        assert isinstance(session.cookie_jar, aiohttp.DummyCookieJar)
        assert not session.trust_env


async def test_model_sessions_give_each_loop_one_and_close_it(elsewhere):
    sessions = model_sessions(private=True)
    session = sessions.current()
    assert sessions.current() is session
    async with session.get(elsewhere) as answer:
        assert await answer.text() == "x"
    await sessions.close()
    assert session.closed
    assert len(sessions) == 0


async def test_a_session_its_user_closed_is_replaced():
    sessions = LoopSessions(model_session)
    await sessions.current().close()
    assert not sessions.current().closed
    await sessions.close()


async def test_many_model_calls_at_once_share_few_milliseconds_and_no_queue(elsewhere):
    sessions = model_sessions()

    async def call():
        async with sessions.current().get(f"{elsewhere}/?after=0.1") as answer:
            return await answer.text()

    async with asyncio.timeout(3):
        assert await asyncio.gather(*(call() for _ in range(150))) == ["x"] * 150
    await sessions.close()


def test_the_environments_proxy_is_used_where_it_applies(monkeypatch):
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    assert proxy_for("https://api.example.com/v1") is None
    monkeypatch.setenv("HTTPS_PROXY", "http://user:pw@proxy.example.com:3128")
    monkeypatch.setenv("http_proxy", "proxy.example.com:3128")
    monkeypatch.setenv("NO_PROXY", "intra.example.com")
    assert proxy_for("https://api.example.com/v1") == "http://user:pw@proxy.example.com:3128"
    assert proxy_for("http://api.example.com/v1") == "http://proxy.example.com:3128"
    for own in ("http://localhost:11434", "http://127.0.0.1:1", "http://[::1]:1"):
        assert proxy_for(own) is None
    assert proxy_for("https://intra.example.com/v1") is None


async def test_a_proxy_with_credentials_gets_them_and_the_target_does_not(raw):
    proxy = await raw(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    address = proxy.url.replace("http://", "http://jane:pw@")
    async with (
        model_session() as session,
        session.get("http://api.example.com/v1", proxy=address) as answer,
    ):
        assert await answer.text() == "ok"
    assert b"GET http://api.example.com/v1" in proxy.requests[0]
    assert b"Proxy-Authorization: Basic" in proxy.requests[0]
    assert b"\r\nAuthorization" not in proxy.requests[0]


async def test_the_companys_certificates_are_honoured(serve, tls, authority, tmp_path, monkeypatch):
    async def page(request):
        return web.Response(text="trusted")

    url = await serve({"/": page}, ssl=tls[0])
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    async with model_session() as session:
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await session.get(url)
    bundle = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(bundle)
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    async with model_session() as session, session.get(url) as answer:
        assert await answer.text() == "trusted"


def test_certificates_that_do_not_exist_are_named(monkeypatch, tmp_path):
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "absent.pem"))
    with pytest.raises(UserError, match=r"absent\.pem"):
        tls_context()
