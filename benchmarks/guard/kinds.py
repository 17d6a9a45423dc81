"""Eighteen ways to keep an event loop waiting for about a tenth of a second; nothing but Python."""

from __future__ import annotations

import concurrent.futures
import hashlib
import json
import os
import queue
import select
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

__all__ = ["KINDS", "SECONDS"]

SECONDS = 0.15
FOLDER = Path(tempfile.mkdtemp())


class Slow(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        time.sleep(SECONDS)
        self.send_response(204)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


def repeated(call: Callable[[], object]) -> None:
    """Call again and again: one call alone is too quick here. A busy machine is given longer."""
    start, busy = time.perf_counter(), time.thread_time()
    while time.perf_counter() - start < 4.0 and time.thread_time() - busy < SECONDS:
        call()


def receives() -> None:
    left, right = socket.socketpair()
    left.settimeout(SECONDS)
    with left, right, suppress(TimeoutError):
        left.recv(1)


def accepts() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, suppress(TimeoutError):
        server.settimeout(SECONDS)
        server.accept()


def opens_a_page() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Slow)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    urllib.request.urlopen(f"http://127.0.0.1:{server.server_port}").close()


def resolves() -> None:
    repeated(lambda: socket.getaddrinfo("localhost", 80))


def runs_a_program() -> None:
    subprocess.run([sys.executable, "-c", f"import time; time.sleep({SECONDS})"], check=True)


def waits_for_a_program() -> None:
    subprocess.Popen([sys.executable, "-c", f"import time; time.sleep({SECONDS})"]).wait()


def writes_files() -> None:
    def write() -> None:
        with open(FOLDER / "written", "wb") as file:
            file.write(b"x" * 100_000)
            os.fsync(file.fileno())

    repeated(write)


def reads_files() -> None:
    path = FOLDER / "read"
    path.write_bytes(b"x" * 5_000_000)
    repeated(path.read_bytes)


def waits_for_a_database() -> None:
    path = FOLDER / "locked.db"
    with sqlite3.connect(path, isolation_level=None) as holder:
        holder.execute("create table if not exists t (a)")
        holder.execute("begin exclusive")
        with suppress(sqlite3.OperationalError):
            sqlite3.connect(path, timeout=SECONDS).execute("insert into t values (1)")
        holder.execute("rollback")


def waits_for_a_lock() -> None:
    lock = threading.Lock()
    lock.acquire()
    lock.acquire(timeout=SECONDS)


def waits_for_a_queue() -> None:
    with suppress(queue.Empty):
        queue.Queue[int]().get(timeout=SECONDS)


def waits_for_a_future() -> None:
    with suppress(concurrent.futures.TimeoutError):
        concurrent.futures.Future[int]().result(timeout=SECONDS)


def reads_a_pipe() -> None:
    reader, writer = os.pipe()
    threading.Timer(SECONDS, os.close, [writer]).start()
    os.read(reader, 1)
    os.close(reader)


def selects() -> None:
    left, right = socket.socketpair()
    with left, right:
        select.select([left], [], [], SECONDS)


HUGE = [{"number": n, "text": "x" * 20} for n in range(300_000)]

KINDS: dict[str, Callable[[], object]] = {
    "time.sleep": lambda: time.sleep(SECONDS),
    "socket.recv": receives,
    "socket.accept": accepts,
    "urllib.request.urlopen": opens_a_page,
    "socket.getaddrinfo": resolves,
    "subprocess.run": runs_a_program,
    "subprocess.Popen.wait": waits_for_a_program,
    "open, write, os.fsync": writes_files,
    "Path.read_bytes": reads_files,
    "sqlite3 execute, locked": waits_for_a_database,
    "threading.Lock.acquire": waits_for_a_lock,
    "threading.Event.wait": lambda: threading.Event().wait(SECONDS),
    "queue.Queue.get": waits_for_a_queue,
    "Future.result": waits_for_a_future,
    "os.read of a pipe": reads_a_pipe,
    "select.select": selects,
    "hashlib.pbkdf2_hmac": lambda: hashlib.pbkdf2_hmac("sha256", b"x", b"y", 1_000_000),
    "json.dumps of a huge list": lambda: json.dumps(HUGE),
}
"""Each kind by the call that stands."""
