"""What runs in the processes: a fork server, and the workers it forks.

Started as a plain script with nothing of ours imported, so that a worker is there within
milliseconds and the caller's ``__main__`` is never run again. The server waits for requests on its
control socket; each worker talks to the pool on a socket of its own. When the parent dies the
control socket closes, and the server takes every worker, and all they started, with it.

Frames are a 4-byte length and a pickle. To a worker: whether it is a stream, the function, and the
arguments of each item, pickled apart so that a broken one breaks no other. From it, for each item:
``(True, value)``, ``(False, error)``, or ``(None, reason)`` for what cannot travel; a stream yields
many and ends with ``None``.
"""

from __future__ import annotations

import array
import contextlib
import ctypes
import gc
import os
import pickle
import resource
import select
import signal
import socket
import struct
import sys
from collections.abc import Callable
from typing import Any, NoReturn

HEADER = struct.Struct("!I")
PR_SET_PDEATHSIG = 1
IN_WORKER = "CATALYST_IN_WORKER"


def receive_exactly(channel: socket.socket, size: int) -> bytes:
    """Return ``size`` bytes, or raise `EOFError` when the other side is gone."""
    parts = bytearray()
    while len(parts) < size:
        part = channel.recv(min(size - len(parts), 1 << 20))
        if not part:
            raise EOFError
        parts += part
    return bytes(parts)


def receive(channel: socket.socket) -> Any:
    """Return the next frame's content."""
    (size,) = HEADER.unpack(receive_exactly(channel, HEADER.size))
    return pickle.loads(receive_exactly(channel, size))  # noqa: S301 - from our own processes


def send(channel: socket.socket, content: object) -> None:
    """Send a frame."""
    data = pickle.dumps(content, pickle.HIGHEST_PROTOCOL)
    channel.sendall(HEADER.pack(len(data)))
    channel.sendall(data)


# The server.


def serve(control: socket.socket) -> None:
    """Fork workers on request until the parent goes."""
    settings = receive(control)
    sys.path[:] = settings["path"]
    for module in settings["preload"]:
        with contextlib.suppress(ImportError):
            __import__(module)
    gc.collect()
    gc.freeze()  # what is loaded is shared by all workers, and stays so
    workers: set[int] = set()
    try:
        while True:
            select.select([control], [], [])
            request, channel = _request(control)
            if request[0] == "fork" and channel is not None:
                control.sendall(HEADER.pack(_fork(control, channel, request[1], workers)))
            elif request[0] == "end":
                control.sendall(struct.pack("!i", _end(request[1], workers)))
    except (EOFError, OSError):
        for pid in list(workers):
            _end(pid, workers)


def _request(control: socket.socket) -> tuple[tuple[str, int], socket.socket | None]:
    data, ancillary, _, _ = control.recvmsg(64, socket.CMSG_SPACE(4))
    if not data:
        raise EOFError
    fds = array.array("i")
    for level, kind, content in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            fds.frombytes(content[:4])
    verb, number = data.decode().split()
    return (verb, int(number)), socket.socket(fileno=fds[0]) if fds else None


def _fork(
    control: socket.socket, channel: socket.socket, memory_bytes: int, workers: set[int]
) -> int:
    pid = os.fork()
    if pid:
        channel.close()
        workers.add(pid)
        with contextlib.suppress(OSError):
            os.setpgid(pid, pid)  # here too: whoever comes first, the group is there to be killed
        return pid
    try:
        control.close()
        _settle_in(memory_bytes)
        work(channel)
    finally:
        os._exit(0)


def _end(pid: int, workers: set[int]) -> int:
    """Kill a worker with everything it started; return its wait status."""
    if pid not in workers:
        return 0
    workers.discard(pid)
    for kill in (os.killpg, os.kill):
        with contextlib.suppress(OSError):
            kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    with contextlib.suppress(OSError):
        os.killpg(pid, signal.SIGKILL)  # children born between the two looks
    return status


# A worker.


def _settle_in(memory_bytes: int) -> None:
    with contextlib.suppress(OSError):
        os.setpgid(0, 0)
    server = os.getppid()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != server:
        os._exit(0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    os.dup2(2, 1)  # what a parser prints must not mix with the program's own output
    os.environ[IN_WORKER] = "1"
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if memory_bytes:
        limit = _address_space() + memory_bytes
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        if hard != resource.RLIM_INFINITY:
            limit = min(limit, hard)
        with contextlib.suppress(ValueError, OSError):  # not every system has this limit
            resource.setrlimit(resource.RLIMIT_AS, (limit, hard))


def _address_space() -> int:
    try:
        with open("/proc/self/statm", "rb") as file:  # noqa: PTH123 - pathlib costs an import
            return int(file.read().split()[0]) * resource.getpagesize()
    except OSError:
        return 1 << 30


def work(channel: socket.socket) -> None:
    """Do what comes until the pool hangs up."""
    while True:
        try:
            streaming, reference, items = receive(channel)
        except EOFError:
            return
        try:
            function = _function(pickle.loads(reference))  # noqa: S301 - from our own pool
        except BaseException as error:  # noqa: BLE001 - the caller hears of it
            for _ in items:
                _reply(channel, _failure(error))
            continue
        if streaming:
            _stream(channel, function, items[0])
        else:
            for item in items:
                _answer(channel, function, item)


def _function(reference: tuple[str, str, str | None] | Callable[..., Any]) -> Callable[..., Any]:
    """Return the function; one of a script's ``__main__`` is found by running it as a module."""
    if not isinstance(reference, tuple):
        return reference
    module, name, main = reference
    found: Any = _main_module(main) if main is not None else sys.modules.get(module)
    if found is None:
        __import__(module)
        found = sys.modules[module]
    for part in name.split("."):
        found = getattr(found, part)
    return found  # type: ignore[no-any-return]


_mains: dict[str, Any] = {}


def _main_module(path: str) -> Any:
    if path not in _mains:
        import runpy
        import types

        module = types.ModuleType("__mp_main__")
        module.__dict__.update(runpy.run_path(path, run_name="__mp_main__"))
        sys.modules["__main__"] = sys.modules["__mp_main__"] = _mains[path] = module
    return _mains[path]


def _answer(channel: socket.socket, function: Callable[..., Any], item: bytes) -> None:
    try:
        arguments = pickle.loads(item)  # noqa: S301 - from our own pool
        answer: tuple[bool | None, Any] = (True, function(*arguments))
    except BaseException as error:  # noqa: BLE001 - whatever it is, the caller hears of it
        answer = _failure(error)
    _reply(channel, answer)


def _stream(channel: socket.socket, function: Callable[..., Any], item: bytes) -> None:
    try:
        for value in function(*pickle.loads(item)):  # noqa: S301 - from our own pool
            _reply(channel, (True, value))
    except BaseException as error:  # noqa: BLE001 - whatever it is, the caller hears of it
        _reply(channel, _failure(error))
    else:
        send(channel, None)


def _reply(channel: socket.socket, answer: tuple[bool | None, Any]) -> None:
    try:
        data = pickle.dumps(answer, pickle.HIGHEST_PROTOCOL)
    except MemoryError as error:
        data = pickle.dumps((False, error))
    except Exception as error:  # noqa: BLE001 - any __reduce__ may raise anything
        reason = f"the task's result, a {type(answer[1]).__name__}, cannot be sent back: {error}"
        data = pickle.dumps((None, reason))
    channel.sendall(HEADER.pack(len(data)))
    channel.sendall(data)


def _failure(error: BaseException) -> tuple[bool | None, Any]:
    """Return the answer that tells of an error; one that cannot travel is told by its type."""
    error.__traceback__ = None
    try:
        copy = pickle.loads(pickle.dumps(error, pickle.HIGHEST_PROTOCOL))  # noqa: S301
    except Exception:  # noqa: BLE001 - any __reduce__ may raise anything
        copy = None
    if isinstance(copy, Exception) and not isinstance(copy, StopIteration):
        return False, copy
    return None, f"the task raised {type(error).__name__}, which cannot be sent back"


def main() -> NoReturn:
    """Run the server on the socket whose number is the first argument."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(OSError):
        os.setsid()
    serve(socket.socket(fileno=int(sys.argv[1])))
    sys.exit(0)


if __name__ == "__main__":
    main()
