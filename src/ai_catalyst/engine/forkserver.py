"""The process that worker processes are forked from, and that outlives none of them.

It has one thread, imports once what workers need, and does three things: it forks a worker when
asked, kills one when asked, and sees to it that nothing a worker started is left when the worker is
gone, or when the program that asked is gone: however either of them died.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import resource
import select
import signal
import socket
import sys
import traceback
import warnings
from typing import NoReturn

from ai_catalyst.engine.orders import BORN, DEATH, ORDER, OUT_OF_MEMORY, SPAWN
from ai_catalyst.engine.wire import Channel
from ai_catalyst.engine.worker_process import Worker

__all__ = ["ForkServer", "main"]

_LOOK_AFTER_PARENT_MS = 1000
_SET_PDEATHSIG = 1
_SET_CHILD_SUBREAPER = 36
_TAG = "AI_CATALYST_WORKER"
_LAST_ROUNDS = 200


def main(descriptor: int, preload: list[str]) -> None:
    """Serve the orders that come through an inherited socket, until it is closed."""
    warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
    with socket.socket(fileno=descriptor) as orders:
        ForkServer(orders, preload).serve()


class ForkServer:
    """Forks workers and buries them."""

    def __init__(self, orders: socket.socket, preload: list[str]) -> None:
        """Import what workers shall find there."""
        self._orders = orders
        self._id = os.getpid()
        self._parent = os.getppid()
        self._news: dict[int, int] = {}
        self._bell, self._clapper = os.pipe()
        self._listen()
        _control_process(_SET_CHILD_SUBREAPER, 1)
        for name in preload:
            # The task that needs it will say better than we could what is wrong.
            with contextlib.suppress(Exception):
                importlib.import_module(name)
        gc.collect()
        gc.freeze()

    def _listen(self) -> None:
        for descriptor in (self._bell, self._clapper):
            os.set_blocking(descriptor, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._clapper, warn_on_full_buffer=False)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))

    def serve(self) -> None:
        """Do what is ordered until nobody is left to order it; then leave nothing behind."""
        poll = select.poll()
        poll.register(self._orders, select.POLLIN)
        poll.register(self._bell, select.POLLIN)
        try:
            while os.getppid() == self._parent:
                ready = [descriptor for descriptor, _ in poll.poll(_LOOK_AFTER_PARENT_MS)]
                if self._bell in ready:
                    os.read(self._bell, 4096)
                    self._bury()
                if self._orders.fileno() in ready and not self._obey():
                    return
        finally:
            self._end_all()

    def _obey(self) -> bool:
        try:
            data, descriptors, _, _ = socket.recv_fds(self._orders, ORDER.size, 2)
            while 0 < len(data) < ORDER.size:
                data += self._orders.recv(ORDER.size - len(data))
        except OSError:
            return False
        if not data:
            return False
        order, number = ORDER.unpack(data)
        if order == SPAWN:
            self._spawn(number, *descriptors)
        elif number in self._news:
            _kill_all_of(number)
        return True

    # -- birth ----------------------------------------------------------------

    def _spawn(self, memory_bytes: int, end: int, news: int) -> None:
        try:
            child = os.fork()
        except OSError:
            os.close(end)
            os.close(news)  # the pool sees it closed without a birth
            return
        if not child:
            self._be_worker(memory_bytes, end, news)
        with contextlib.suppress(OSError):  # the child has done it, or is gone
            os.setpgid(child, child)
        os.close(end)
        self._news[child] = news
        _tell(news, BORN.pack(child))

    def _be_worker(self, memory_bytes: int, end: int, news: int) -> NoReturn:
        """Be a worker, in the forked process."""
        status = 1
        try:
            os.setpgid(0, 0)
            _control_process(_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() == self._id:
                self._forget(news)
                os.environ[_TAG] = str(os.getpid())
                _limit(memory_bytes)
                with socket.socket(fileno=end) as channel:
                    Worker(Channel(channel)).serve()
                status = 0
        except MemoryError:
            status = OUT_OF_MEMORY
        except Exception:  # noqa: BLE001 - a fault of ours, which nobody else would see
            traceback.print_exc()
        finally:
            os._exit(status)

    def _forget(self, news: int) -> None:
        """Let go, in a worker, of what is the server's."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        self._orders.close()
        for descriptor in (self._bell, self._clapper, news, *self._news.values()):
            os.close(descriptor)

    # -- death ----------------------------------------------------------------

    def _bury(self) -> None:
        """Reap who has died; a dead worker takes with it all that it started."""
        with contextlib.suppress(ChildProcessError):
            while (dead := self._reap()) is not None:
                process, status, usage = dead
                news = self._news.pop(process, None)
                if news is not None:
                    _tell(news, DEATH.pack(status, _bytes_held(usage)))
                    os.close(news)
        self._sweep()

    def _reap(self) -> tuple[int, int, resource.struct_rusage] | None:
        """Reap one dead child; kill what is left of it while its id cannot be another's."""
        if hasattr(os, "waitid"):
            dead = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if dead is None:
                return None
            if dead.si_pid in self._news:
                _kill_all_of(dead.si_pid)
            return os.wait4(dead.si_pid, 0)
        found = os.wait4(-1, os.WNOHANG)
        if found[0] in self._news:
            _kill_all_of(found[0])
        return found if found[0] else None

    def _sweep(self) -> None:
        """Kill the orphans that dead workers left: as a subreaper, this process inherits them."""
        for orphan in _children().get(self._id, []):
            owner = _owner(orphan)
            if orphan not in self._news and owner not in self._news:
                with contextlib.suppress(OSError):
                    os.kill(orphan, signal.SIGKILL)

    def _end_all(self) -> None:
        for worker in self._news:
            _kill_all_of(worker)
        for _ in range(_LAST_ROUNDS):
            self._sweep_blindly()
            try:
                os.waitpid(-1, 0)
            except ChildProcessError:
                return

    def _sweep_blindly(self) -> None:
        for child in _children().get(self._id, []):
            with contextlib.suppress(OSError):
                os.kill(child, signal.SIGKILL)


def _tell(news: int, what: bytes) -> None:
    with contextlib.suppress(OSError):  # the pool no longer listens
        os.write(news, what)


def _limit(memory_bytes: int) -> None:
    """Bound the memory this process may have beyond what it has now; leave no core file."""
    _, most = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, most))
    if not memory_bytes:
        return
    bound = _address_space() + memory_bytes
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    if most != resource.RLIM_INFINITY:
        bound = min(bound, most)
    with contextlib.suppress(ValueError, OSError):  # macOS refuses
        resource.setrlimit(resource.RLIMIT_AS, (bound, most))


def _address_space() -> int:
    try:
        with open("/proc/self/statm", "rb") as file:  # noqa: PTH123
            return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def _bytes_held(usage: resource.struct_rusage) -> int:
    return usage.ru_maxrss if sys.platform == "darwin" else usage.ru_maxrss * 1024


def _kill_all_of(worker: int) -> None:
    """Kill a worker, its process group, and those of its descendants that left the group."""
    tree = _children()
    doomed = [worker]
    for process in doomed:
        doomed += tree.get(process, [])
    with contextlib.suppress(OSError):
        os.killpg(worker, signal.SIGKILL)
    for process in doomed:
        with contextlib.suppress(OSError):
            os.kill(process, signal.SIGKILL)


def _children() -> dict[int, list[int]]:
    """Return the children of every process there is; nothing where the system does not tell."""
    tree: dict[int, list[int]] = {}
    try:
        processes = [int(name) for name in os.listdir("/proc") if name.isdigit()]  # noqa: PTH208
    except OSError:
        return tree
    for process in processes:
        with contextlib.suppress(OSError), open(f"/proc/{process}/stat", "rb") as file:  # noqa: PTH123
            parent = int(file.read().rpartition(b")")[2].split()[1])
            tree.setdefault(parent, []).append(process)
    return tree


def _owner(process: int) -> int | None:
    """Return the worker that a process comes from: by its group, else by the mark it inherited."""
    with contextlib.suppress(OSError):
        group = os.getpgid(process)
        with open(f"/proc/{process}/environ", "rb") as file:  # noqa: PTH123
            for entry in file.read().split(b"\0"):
                name, _, value = entry.partition(b"=")
                if name == _TAG.encode() and value.isdigit():
                    return int(value)
        return group
    return None


def _control_process(option: int, value: int) -> None:
    """Call prctl, where there is one."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)
