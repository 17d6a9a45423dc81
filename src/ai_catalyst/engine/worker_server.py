"""The pool's end of the fork server: asks for workers, talks to them, and learns how they died."""

from __future__ import annotations

import array
import contextlib
import os
import pickle
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ai_catalyst.engine.worker_process import HEADER, receive_exactly, send
from ai_catalyst.errors import WorkerError

__all__ = ["ForkServer", "Worker"]

SCRIPT = Path(__file__).with_name("worker_process.py")


class ForkServer:
    """One process that forks workers; started on first use, started anew when it died."""

    def __init__(self, preload: Sequence[str] = ()) -> None:
        """Start nothing yet; ``preload`` names modules that every worker has from its birth."""
        self._preload = tuple(preload)
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None

    def spawn(self, memory_bytes: int) -> Worker:
        """Return a new worker; raises `WorkerError` when none can be had."""
        with self._lock:
            for attempt in (1, 2):
                try:
                    return self._spawn(memory_bytes)
                except (OSError, EOFError) as error:
                    self._stop()
                    if attempt == 2:
                        raise WorkerError(
                            f"no worker process can be started: {error or 'the server ended'}"
                        ) from error
        raise AssertionError

    def _spawn(self, memory_bytes: int) -> Worker:
        control = self._control or self._start()
        ours, theirs = socket.socketpair()
        with theirs:
            fds = array.array("i", [theirs.fileno()])
            rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)]
            try:
                control.sendmsg([f"fork {memory_bytes}".encode()], rights)
                (pid,) = HEADER.unpack(receive_exactly(control, HEADER.size))
            except BaseException:
                ours.close()
                raise
        return Worker(self, pid, ours)

    def _start(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own script
                [sys.executable, "-P", str(SCRIPT), str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )
        self._control = ours
        send(ours, {"path": sys.path, "preload": self._preload})
        return ours

    def end(self, pid: int) -> int:
        """Kill a worker and all it started; return its wait status (0 when unknown)."""
        with self._lock:
            if self._control is None:
                return 0
            try:
                self._control.sendall(f"end {pid}".encode())
                return int(struct.unpack("!i", receive_exactly(self._control, 4))[0])
            except (OSError, EOFError):
                self._stop()
                return 0

    def stop(self) -> None:
        """End the server and every worker."""
        with self._lock:
            self._stop()

    def _stop(self) -> None:
        if self._control is not None:
            self._control.close()  # the server sees the end, and takes its workers with it
            self._control = None
        if self._process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=5)
            if self._process.returncode is None:
                self._process.kill()
                self._process.wait()
            self._process = None

    def abandon(self) -> None:
        """Forget a server that belongs to the process we were forked from."""
        if self._control is not None:
            self._control.close()
        self._control = self._process = None


class Worker:
    """One worker process, and the socket to it."""

    def __init__(self, server: ForkServer, pid: int, channel: socket.socket) -> None:
        """Take over a worker that was just forked."""
        self.pid = pid
        self.done = 0
        self._server = server
        self._channel = channel
        self._buffer = bytearray()
        self._ended = False

    def send(self, data: bytes) -> None:
        """Send a pickled task."""
        self._channel.settimeout(None)
        self._channel.sendall(HEADER.pack(len(data)))
        self._channel.sendall(data)

    def receive(self, deadline: float | None) -> Any:
        """Return the next answer; `TimeoutError` at the deadline, `EOFError` when it died."""
        size = self._need(HEADER.size, deadline)
        (length,) = HEADER.unpack(size)
        return pickle.loads(self._need(length, deadline))  # noqa: S301 - from our own worker

    def _need(self, size: int, deadline: float | None) -> bytes:
        while len(self._buffer) < size:
            if deadline is not None:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise TimeoutError
                self._channel.settimeout(left)
            part = self._channel.recv(1 << 18)
            if not part:
                raise EOFError
            self._buffer += part
        data = bytes(self._buffer[:size])
        del self._buffer[:size]
        return data

    def kill(self) -> None:
        """Kill it now, from any thread; whoever reads from it sees the end."""
        if self._ended:  # its number may be another's by now
            return
        for kill in (os.killpg, os.kill):
            with contextlib.suppress(OSError):
                kill(self.pid, signal.SIGKILL)

    def end(self) -> str:
        """Kill it if it lives, reap it, and say how it ended."""
        if self._ended:
            return "it ended"
        self._ended = True
        status = self._server.end(self.pid)
        self._channel.close()
        if os.WIFSIGNALED(status):
            number = os.WTERMSIG(status)
            return f"signal {number} ({signal.Signals(number).name})"
        return f"exit status {os.waitstatus_to_exitcode(status)}"
