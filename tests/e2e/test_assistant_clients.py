"""Clients that are slow, silent or gone: cut off, cleaned up after, and nobody else waits."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import sqlite3
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from program import Catalyst
from service import Running

from ai_catalyst.assistant.client import AssistantClient
from ai_catalyst.llm.testing import Behaviour, ModelServer

PASSWORD = "correct horse battery"
SILENCE_S = 1.0
PART = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'


@pytest.fixture
def model() -> Iterator[ModelServer]:
    with ModelServer() as server:
        yield server


@pytest.fixture
def service(catalyst: Catalyst, model: ModelServer) -> Iterator[Running]:
    """A service of two workers that is soon out of patience."""
    (catalyst.folder / "catalyst.yaml").write_text(
        f"serve: {{logins_per_minute: 1000, client_silence_seconds: {SILENCE_S}}}\n"
        f"endpoints: [{{name: m, tier: local, url: '{model.url}', model: {model.model}}}]\n"
    )
    service = Running(catalyst, "--workers", "2")
    yield service
    service.end()


@pytest.fixture
def token(service: Running) -> str:
    with AssistantClient(service.address) as client:
        client.register("sam@example.org", PASSWORD)
    body = json.dumps({"email": "sam@example.org", "password": PASSWORD}).encode()
    request = urllib.request.Request(
        f"{service.address}/api/auth/login", body, {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return str(json.load(answer)["access_token"])


def dial(service: Running, *, small: bool = False) -> socket.socket:
    line = socket.socket()
    if small:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    line.settimeout(20)
    line.connect(("127.0.0.1", service.port))
    return line


def post(path: str, token: str, length: int, kind: str = "application/json") -> bytes:
    return (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: {kind}\r\nContent-Length: {length}\r\n\r\n"
    ).encode()


def ask(token: str, question: str = "What is panic disorder?") -> bytes:
    body = json.dumps({"question": question, "stream": True}).encode()
    return post("/api/v1/rag/ask", token, len(body)) + body


def drip(line: socket.socket, data: bytes = b"x", within_s: float = 20.0) -> bytes:
    """Send a byte now and then until the other side answers or hangs up; returns what came."""
    until = time.monotonic() + within_s
    line.settimeout(0.2)
    while time.monotonic() < until:
        with contextlib.suppress(OSError):
            line.send(data)
        try:
            return line.recv(65536)
        except TimeoutError:
            continue
        except OSError:
            return b""
    raise AssertionError(f"still connected after {within_s} s")


def until(what: Callable[[], bool], within_s: float = 20.0) -> None:
    end = time.monotonic() + within_s
    while not what():
        assert time.monotonic() < end
        time.sleep(0.05)


def answers_at_once(service: Running) -> None:
    began = time.monotonic()
    urllib.request.urlopen(f"{service.address}/health/live", timeout=5).close()
    assert time.monotonic() - began < 2


def memory_of(service: Running) -> int:
    """Return what the workers hold, bytes."""
    pages = [Path(f"/proc/{pid}/statm").read_text().split()[1] for pid in service.workers()]
    return sum(map(int, pages)) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.timeout(120)
def test_who_never_ends_his_headers_or_says_nothing_is_hung_up_on(service: Running) -> None:
    dripping, silent = [dial(service) for _ in range(20)], [dial(service) for _ in range(20)]
    for line in dripping:
        line.sendall(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
    answers_at_once(service)
    assert drip(dripping[0]) == b""
    for line in silent + dripping[1:]:
        with contextlib.suppress(ConnectionResetError):
            assert line.recv(1) == b""
    for line in silent + dripping:
        line.close()
    answers_at_once(service)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("path", ["/api/v1/rag/ask", "/api/v1/documents"])
def test_a_body_that_drips_is_told_so_and_costs_nobody_else(
    service: Running, token: str, path: str
) -> None:
    form = path.endswith("documents")
    kind = "multipart/form-data; boundary=b" if form else "application/json"
    lines = [dial(service) for _ in range(20)]
    for line in lines:
        line.sendall(post(path, token, 5000, kind) + (PART if form else b"{"))
    answers_at_once(service)
    told = drip(lines[0])
    with contextlib.suppress(TimeoutError, ConnectionResetError):
        while more := lines[0].recv(65536):
            told += more
    head, _, body = told.partition(b"\r\n\r\n")
    assert b" 408 " in head.splitlines()[0]
    assert json.loads(body)["title"] == "Too slow"
    for line in lines:
        line.close()
    assert uploads(service) == []


@pytest.mark.timeout(120)
def test_a_slow_body_that_keeps_coming_is_waited_for(service: Running, token: str) -> None:
    body = json.dumps({"question": "What is panic disorder? " + " " * 2000}).encode()
    with dial(service) as line:
        line.sendall(post("/api/v1/rag/ask", token, len(body)))
        for start in range(0, len(body), 250):  # 1,250 bytes a second, for longer than the silence
            line.sendall(body[start : start + 250])
            time.sleep(0.2)
        assert line.recv(65536).startswith(b"HTTP/1.1 200 ")


@pytest.mark.timeout(120)
def test_a_reader_who_stops_reading_frees_the_model_and_holds_no_memory(
    service: Running, token: str, model: ModelServer
) -> None:
    model.default = Behaviour(text="It is [1].")
    for _ in range(8):  # both workers have done it once
        with dial(service) as line:
            line.sendall(ask(token))
            until(lambda line=line: b"event: done" in line.recv(65536))
    before = memory_of(service)
    model.default = Behaviour(text=f"{'w' * 4000} " * 10_000, gap_s=0.001)
    lines = [dial(service, small=True) for _ in range(8)]
    for line in lines:
        line.sendall(ask(token))
    until(lambda: model.cancelled == len(lines), 60)
    answers_at_once(service)
    # What the kernel took of 320 MB before the lines were full is held twice, and no more.
    assert memory_of(service) - before < 200 << 20
    model.default = Behaviour(text="It is [1].")
    with dial(service) as other:
        other.sendall(ask(token))
        until(lambda: b"event: done" in other.recv(65536))
    for line in lines:
        line.close()


@pytest.mark.timeout(120)
def test_an_upload_whose_sender_is_lost_leaves_nothing(service: Running, token: str) -> None:
    whole = PART + b"The okapi is shy. " * 100_000
    for sent in (len(PART), len(whole) // 2, len(whole)):
        with dial(service) as line:
            kind = "multipart/form-data; boundary=b"
            line.sendall(post("/api/v1/documents", token, len(whole) + 8, kind) + whole[:sent])
    answers_at_once(service)
    with AssistantClient(service.address) as client:
        client.login("sam@example.org", PASSWORD)
        assert client.documents() == []
        assert client.search("okapi") == []
    assert uploads(service) == []
    assert "Traceback" not in service.log.read_text()
    assert '"where"' not in service.log.read_text()


@pytest.mark.timeout(120)
def test_a_stream_whose_reader_is_lost_ends_its_call_and_is_booked(
    service: Running, token: str, model: ModelServer
) -> None:
    model.default = Behaviour(text="word " * 2000, gap_s=0.05)
    with dial(service) as line:
        line.sendall(ask(token))
        told = b""
        while told.count(b"event: token") < 3:
            told += line.recv(4096)
    until(lambda: model.cancelled == 1)
    until(lambda: booked(service) == 1)
    assert '"where"' not in service.log.read_text()


@pytest.mark.timeout(120)
def test_killed_in_the_middle_of_an_answer_it_starts_clean(
    service: Running, token: str, model: ModelServer
) -> None:
    model.default = Behaviour(text="word " * 2000, gap_s=0.05)
    with dial(service) as line:
        line.sendall(ask(token))
        told = b""
        while b"event: token" not in told:
            told += line.recv(4096)
        service.kill()
        with contextlib.suppress(OSError):
            while more := line.recv(65536):
                told += more
    assert b"event: done" not in told
    until(lambda: model.in_flight == 0)
    service.start()
    with contextlib.closing(sqlite3.connect(database_of(service))) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    model.default = Behaviour(text="It is [1].")
    with AssistantClient(service.address) as client:
        client.login("sam@example.org", PASSWORD)
        assert client.ask("What is panic disorder?")["ai_response"]["response"] == "It is [1]."
    assert "Traceback" not in service.log.read_text()


@pytest.mark.timeout(120)
def test_a_worker_killed_in_an_answer_leaves_the_other_and_is_replaced(
    service: Running, token: str, model: ModelServer
) -> None:
    model.default = Behaviour(text="word " * 2000, gap_s=0.05)
    with dial(service) as line:
        line.sendall(ask(token))
        line.recv(4096)
        for pid in service.workers():
            os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(OSError):
            while line.recv(65536):
                pass

    def serves() -> bool:
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"{service.address}/health/live", timeout=5).close()
            return len(service.workers()) == 2
        return False

    until(serves, 40)


def uploads(service: Running) -> list[str]:
    return os.listdir(service.catalyst.folder / ".catalyst" / "uploads")


def database_of(service: Running) -> Path:
    return service.catalyst.folder / ".catalyst" / "catalyst.db"


def booked(service: Running) -> int:
    with contextlib.closing(sqlite3.connect(database_of(service), timeout=30)) as database:
        (count,) = database.execute("SELECT count(*) FROM costs").fetchone()
    return int(count)
