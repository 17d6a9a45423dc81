"""The test server keeps its promises: users build their own tests on it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from typing import Any

import aiohttp
import pytest

from ai_catalyst.llm.testing import Behaviour, ModelServer, Request


def post(url: str, body: dict[str, Any], **headers: str) -> tuple[int, Any]:
    request = urllib.request.Request(
        url, json.dumps(body).encode(), {"Content-Type": "application/json", **headers}
    )
    try:
        with urllib.request.urlopen(request, timeout=5) as reply:
            return reply.status, json.loads(reply.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


HELLO = {"messages": [{"role": "user", "content": "hello"}]}


def test_it_speaks_three_wires() -> None:
    with ModelServer(Behaviour("Hi.")) as server:
        base = server.url
        assert post(f"{base}/chat/completions", HELLO)[1]["choices"][0]["message"] == {
            "role": "assistant",
            "content": "Hi.",
        }
        assert post(f"{base}/messages", HELLO)[1]["content"] == [{"type": "text", "text": "Hi."}]
        mistral = base.replace("/v1", "/mistral/v1")
        assert post(f"{mistral}/chat/completions", HELLO)[0] == 200
        assert [request.wire for request in server.requests] == ["openai", "anthropic", "mistral"]
        assert server.requests[0].prompt == "hello"


def test_a_script_is_played_in_order_and_then_the_default_again() -> None:
    with ModelServer() as server:
        server.script(Behaviour(status=429), Behaviour("two"))
        said = [post(f"{server.url}/chat/completions", HELLO)[0] for _ in range(3)]
        assert said == [429, 200, 200]


def test_a_function_may_choose_the_behaviour() -> None:
    def choose(request: Request) -> Behaviour:
        return Behaviour(request.prompt.upper())

    with ModelServer(choose) as server:
        reply = post(f"{server.url}/chat/completions", HELLO)[1]
        assert reply["choices"][0]["message"]["content"] == "HELLO"


def test_a_key_is_asked_for() -> None:
    with ModelServer(key="k") as server:
        url = f"{server.url}/chat/completions"
        assert post(url, HELLO)[0] == 401
        assert post(url, HELLO, Authorization="Bearer k")[0] == 200
        assert post(f"{server.url}/messages", HELLO, **{"x-api-key": "k"})[0] == 200


def test_headers_and_bodies_are_as_told() -> None:
    with ModelServer(Behaviour(status=503, headers={"Retry-After": "7"})) as server:
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(
                urllib.request.Request(f"{server.url}/chat/completions", b"{}"), timeout=5
            )
        assert caught.value.headers["Retry-After"] == "7"
        caught.value.close()


async def test_it_runs_in_a_loop_too_and_is_awaited_by_name() -> None:
    async with ModelServer(Behaviour(delay_s=0.05)) as server, aiohttp.ClientSession() as session:
        began = time.monotonic()
        async with session.post(f"{server.url}/chat/completions", json=HELLO) as reply:
            assert reply.status == 200
            await reply.read()
        assert time.monotonic() - began >= 0.05
        assert (server.count, server.peak) == (1, 1)


def test_it_runs_by_itself() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "ai_catalyst.llm.testing", "--text", "Hi.", "--tail", "0.5"],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert post(f"{url}/chat/completions", HELLO)[0] == 200
        with urllib.request.urlopen(url.replace("/v1", "/stats"), timeout=5) as reply:
            assert json.loads(reply.read())["count"] == 1
    finally:
        process.kill()
        process.communicate()
