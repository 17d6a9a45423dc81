"""Worker processes, seen from the program that uses them."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ai_catalyst.engine.orders import BORN, DEATH, KILL, ORDER, SPAWN
from ai_catalyst.engine.wire import Channel
from ai_catalyst.errors import UserError, WorkerError

__all__ = ["Death", "Died", "Interrupted", "Late", "Launcher", "WorkerProcess"]

_START_S = 60.0
_EXIT_S = 1.0
_DEATH_S = 30.0


class Late(Exception):
    """Raised when a worker was not done at its deadline."""


class Died(Exception):
    """Raised when a worker process is gone."""


class Interrupted(Exception):
    """Raised when nobody waits for a worker's task any more."""


@dataclass(frozen=True, slots=True)
class Death:
    """How a worker ended: its wait status (None: nobody knows), and the most memory it held."""

    status: int | None = None
    held_bytes: int = 0

    @property
    def signal(self) -> int | None:
        """The signal that killed it."""
        known = self.status is not None and os.WIFSIGNALED(self.status)
        return os.WTERMSIG(self.status) if known and self.status is not None else None

    @property
    def exit_code(self) -> int | None:
        """The code it exited with."""
        known = self.status is not None and os.WIFEXITED(self.status)
        return os.WEXITSTATUS(self.status) if known and self.status is not None else None

    def __str__(self) -> str:
        """Say it in words."""
        if self.signal is not None:
            try:
                return f"killed by {signal.Signals(self.signal).name}"
            except ValueError:
                return f"killed by signal {self.signal}"
        if self.exit_code is not None:
            return f"exit code {self.exit_code}"
        return "its process is gone"


class Launcher:
    """Starts worker processes, through one fork server; safe to use from many threads.

    Nothing runs before the first `launch`. When the program dies, however, the fork server kills
    the workers and all they started.
    """

    def __init__(self, memory_bytes: int | None, preload: Sequence[str]) -> None:
        """Set what a worker may add to its memory, and what the server imports beforehand."""
        self._memory_bytes = memory_bytes or 0
        self._preload = list(preload)
        self._lock = threading.Lock()
        self._server: subprocess.Popen[bytes] | None = None
        self._orders: socket.socket | None = None

    def launch(self, interrupted: Callable[[], bool], bell: int) -> WorkerProcess:
        """Start a worker. Raises `WorkerError` when the system has no process to give.

        ``bell`` is a descriptor that can be read when ``interrupted`` may have become true.
        """
        ours, theirs = socket.socketpair()
        news, tell = os.pipe()
        try:
            with theirs:
                self._order(SPAWN, self._memory_bytes, (theirs.fileno(), tell))
            os.close(tell)
            tell = -1
            (process_id,) = BORN.unpack(_read(news, BORN.size, _START_S))
        except BaseException:
            for descriptor in (news, tell):
                if descriptor >= 0:
                    os.close(descriptor)
            ours.close()
            raise
        return WorkerProcess(self, process_id, ours, news, interrupted, bell)

    def kill(self, process_id: int) -> None:
        """Kill a worker and all it started."""
        try:
            self._order(KILL, process_id, ())
        except (OSError, WorkerError):  # the server is gone, and so are its workers; not theirs
            with contextlib.suppress(OSError):
                os.killpg(process_id, signal.SIGKILL)

    def close(self) -> None:
        """End the server, and with it every worker still there; returns when they are gone."""
        with self._lock:
            if self._orders is not None:
                self._orders.close()
            if self._server is not None:
                try:
                    self._server.wait(_DEATH_S)
                except subprocess.TimeoutExpired:
                    self._server.kill()
                    self._server.wait()
            self._server = self._orders = None

    def forget(self) -> None:
        """Let go, in a forked child, of what is the parent's."""
        self._lock = threading.Lock()
        server, orders, self._server, self._orders = self._server, self._orders, None, None
        if orders is not None:
            orders.close()
        if server is not None:
            server.returncode = 0  # not this process's child: nothing to wait for

    def _order(self, order: bytes, number: int, descriptors: Sequence[int]) -> None:
        message = ORDER.pack(order, number)
        with self._lock:
            for attempt in (1, 2):
                if order == SPAWN:
                    self._start()
                if self._orders is None:
                    raise WorkerError("the fork server is not running")
                try:
                    socket.send_fds(self._orders, [message], descriptors)
                except OSError:
                    self._reap()
                    if attempt == 2:
                        raise WorkerError("the fork server does not stay alive") from None
                else:
                    return

    def _start(self) -> None:
        if self._server is not None and self._server.poll() is None:
            return
        self._reap()
        if not hasattr(socket, "send_fds") or not sys.executable:
            raise UserError("worker processes need a POSIX system and a Python interpreter")
        ours, theirs = socket.socketpair()
        code = (
            f"import sys; sys.path[:] = {[str(entry) for entry in sys.path]!r}; "
            "from ai_catalyst.engine.forkserver import main; "
            f"main({theirs.fileno()}, {self._preload!r})"
        )
        flags = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]
        with theirs:
            self._server = subprocess.Popen(  # noqa: S603 - this interpreter, our own code
                [sys.executable, *flags, "-P", "-c", code],
                stdin=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )
        self._orders = ours

    def _reap(self) -> None:
        if self._orders is not None:
            self._orders.close()
        if self._server is not None:
            self._server.wait()
        self._server = self._orders = None


class WorkerProcess:
    """One worker process and the channel to it; for one thread."""

    def __init__(
        self,
        launcher: Launcher,
        process_id: int,
        end: socket.socket,
        news: int,
        interrupted: Callable[[], bool],
        bell: int,
    ) -> None:
        """Take what `Launcher.launch` made."""
        end.setblocking(False)
        self.process_id = process_id
        self.channel = Channel(end, self._wait)
        self.deadline: float | None = None
        self._launcher = launcher
        self._news = news
        self._bell = bell
        self._interrupted = interrupted
        self._poll = select.poll()
        for descriptor in (end.fileno(), news, bell):
            self._poll.register(descriptor, select.POLLIN)

    @property
    def idle(self) -> bool:
        """Whether it waits for a task: a process that is gone has closed its channel."""
        end = self.channel.socket.fileno()
        return not (self.channel.buffered or _readable(end, 0) or _readable(self._news, 0))

    def end(self, kill: bool) -> Death:
        """End the process and all it started: by a signal, or by hanging up first."""
        if not kill:
            self.channel.socket.close()
            kill = not _readable(self._news, _EXIT_S)
        if kill:
            self._launcher.kill(self.process_id)
        self.channel.socket.close()
        try:
            return Death(*DEATH.unpack(_read(self._news, DEATH.size, _DEATH_S)))
        except WorkerError:
            # The fork server died, and with it the worker; what the worker started may live on.
            with contextlib.suppress(OSError):
                os.killpg(self.process_id, signal.SIGKILL)
            return Death()
        finally:
            os.close(self._news)

    def forget(self) -> None:
        """Let go, in a forked child, of what is the parent's."""
        self.channel.socket.close()
        os.close(self._news)

    def _wait(self, writing: bool) -> None:
        """Return when the channel can be read or written; raise when it is not to be any more."""
        end = self.channel.socket.fileno()
        wanted = select.POLLOUT if writing else select.POLLIN
        self._poll.modify(end, wanted)
        while True:
            ready = dict(self._poll.poll(self._patience_ms()))
            if self._bell in ready:
                _drain(self._bell)
            if self._interrupted():
                raise Interrupted
            if end in ready:
                return
            if self._news in ready:
                raise Died
            if self.deadline is not None and time.monotonic() >= self.deadline:
                raise Late

    def _patience_ms(self) -> float | None:
        if self.deadline is None:
            return None
        return max(0.0, self.deadline - time.monotonic()) * 1000 + 1


def _read(descriptor: int, size: int, timeout_s: float) -> bytes:
    data = b""
    while len(data) < size:
        if not _readable(descriptor, timeout_s):
            raise WorkerError("the fork server does not answer")
        part = os.read(descriptor, size - len(data))
        if not part:
            raise WorkerError("no worker process could be started")
        data += part
    return data


def _readable(descriptor: int, timeout_s: float) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(timeout_s * 1000))


def _drain(bell: int) -> None:
    with contextlib.suppress(BlockingIOError):
        os.read(bell, 4096)
