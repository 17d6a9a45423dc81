"""Ray, started or joined: nothing leaves the nodes, nothing of ours is logged.

Ray's logs, its control store and its dashboard are readable by more people than a run's texts are
for. So what crosses it is numbers and names of workers, and its own messages are kept from ours.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import secrets
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ai_catalyst.errors import UserError

__all__ = ["Node", "nodes", "require_extra", "session"]

OBJECT_STORE_BYTES = 80 * 2**20
"""Ray's least: nothing of ours lies there."""
ANSWER_S = 5.0
LONGEST_TMP = 40
"""Characters of a temporary folder's name beyond which Ray's sockets in it would be too long."""
_HTTP2_FRAME = 9
_HTTP2_SETTINGS = 4
_HTTP2_GREETING = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(
    (0, 0, 0, _HTTP2_SETTINGS, 0, 0, 0, 0, 0)
)
_ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ENABLE_AUTO_CONNECT": "0",
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}


@dataclass(frozen=True, slots=True)
class Node:
    """One machine of the cluster, by the name people know it by; ``id`` is Ray's."""

    id: str
    name: str
    address: str


def require_extra() -> None:
    """Raise `UserError` when this machine lacks what a cluster needs."""
    missing = [name for name in ("ray", "asyncpg", "redis") if find_spec(name) is None]
    if missing:
        raise UserError(
            f"--engine ray needs {', '.join(missing)}: pip install 'ai-catalyst[cluster]'"
        )


@contextlib.asynccontextmanager
async def session(
    address: str | None = None, *, workers: int = 1, settings: dict[str, str] | None = None
) -> AsyncIterator[Any]:
    """Yield the ``ray`` module, connected: to ``address``, or to a cluster of this process alone.

    ``settings`` are environment variables that the workers of a cluster of our own inherit. Raises
    `UserError` when the address does not answer or runs other versions.
    """
    require_extra()
    if address is not None:
        await _require_answer(address)
    wanted = {**_ENVIRONMENT, **_token(address), **(settings or {})}
    folder = None if address is not None else await asyncio.to_thread(_own_folder)
    # One thread does both: what was being started is ended after it, even if nobody waits for that.
    lane = ThreadPoolExecutor(1, thread_name_prefix="catalyst-ray")
    with _environment(wanted), _quiet():
        connecting = lane.submit(_connect, address, workers, folder)
        try:
            yield await asyncio.wrap_future(connecting)
        finally:
            ending = lane.submit(_end, connecting, folder)
            lane.shutdown(wait=False)
            await asyncio.shield(asyncio.wrap_future(ending))


def _end(connecting: Future[Any], folder: str | None) -> None:
    """Shut Ray down, then drop its folder."""
    if not connecting.cancelled() and connecting.exception() is None:
        connecting.result().shutdown()
    if folder is not None:
        shutil.rmtree(Path(folder).parent, ignore_errors=True)


def nodes(ray: Any) -> list[Node]:
    """Return the machines that live, in the order they joined; blocks for one answer."""
    found: list[Node] = []
    names: dict[str, int] = {}
    for row in ray.nodes():
        if not row["Alive"]:
            continue
        host = str(row["NodeManagerHostname"])
        names[host] = names.get(host, 0) + 1
        name = host if names[host] == 1 else f"{host}~{row['NodeID'][:4]}"
        found.append(Node(str(row["NodeID"]), name, str(row["NodeManagerAddress"])))
    return found


def _connect(address: str | None, workers: int, folder: str | None) -> Any:
    try:
        import ray
    except ImportError as error:  # half installed, or for another Python
        raise UserError(
            f"ray is installed and cannot be imported ({type(error).__name__}): "
            "pip install --force-reinstall 'ai-catalyst[cluster]'"
        ) from error
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    if address is None:
        options |= {
            "address": "local",
            "num_cpus": max(1, workers),
            "include_dashboard": False,
            "object_store_memory": OBJECT_STORE_BYTES,
            "_temp_dir": folder,
        }
    else:
        options["address"] = address
    _mapped(lambda: ray.init(**options), address)
    return ray


def _mapped(connect: Callable[[], Any], address: str | None) -> None:
    where = f"the cluster at {address}" if address else "a cluster on this machine"
    try:
        connect()
    except (Exception, SystemExit) as error:
        told = str(error).strip()
        if "ersion mismatch" in told:
            told = " ".join(told.split())
            raise UserError(f"{where} runs other versions than this machine: {told}") from error
        first = told.splitlines()[0] if told else type(error).__name__
        remedy = (
            "; if it was started with a token, export RAY_AUTH_MODE=token here too, and run this "
            "on one of its machines"
        )
        raise UserError(
            f"{where} cannot be used: {first[:300]}{remedy if address else ''}"
        ) from error


async def _require_answer(address: str) -> None:
    host, colon, port = address.rpartition(":")
    if not colon or not port.isdigit() or not host or "://" in host:
        raise UserError(
            f"--address {address!r} is no address of a cluster: name host:port, as `ray start` does"
        )
    try:
        async with asyncio.timeout(ANSWER_S):
            speaks = await _speaks_grpc(host.strip("[]"), int(port))
    except (OSError, OverflowError) as error:
        why = "in time" if isinstance(error, TimeoutError) else f"({_reason(error)})"
        raise UserError(
            f"no cluster answers at {address} {why}: start one there with `ray start --head`, "
            "or leave --address out for a cluster on this machine"
        ) from error
    if not speaks:
        raise UserError(
            f"what answers at {address} is no Ray cluster: name the port of `ray start --head`, "
            "which is also Redis's usual one, 6379, when none was given"
        )


async def _speaks_grpc(host: str, port: int) -> bool:
    """Tell whether a server greets as gRPC does; Ray asks one that does not for a minute."""
    reader, writer = await asyncio.open_connection(host, port)
    try:
        if os.environ.get("RAY_USE_TLS", "0") != "0":
            return True
        writer.write(_HTTP2_GREETING)
        frame = await reader.readexactly(_HTTP2_FRAME)
        return frame[3] == _HTTP2_SETTINGS
    except (asyncio.IncompleteReadError, ConnectionError):
        return False
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


def _reason(error: BaseException) -> str:
    if isinstance(error, socket.gaierror):
        return "there is no such host"
    return getattr(error, "strerror", None) or type(error).__name__


def _token(address: str | None) -> dict[str, str]:
    """Return what closes a cluster of our own to others: a token that nobody else has.

    Ray would leave one where others of this machine can read it. For a cluster that runs already
    the environment decides: with a token where it wants none, workers could not answer us.
    """
    if address is not None:
        return {}
    return {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}


@contextlib.contextmanager
def _environment(wanted: dict[str, str]) -> Iterator[None]:
    """Set variables for as long as the cluster lives: its processes inherit them."""
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep Ray's remarks about its processes from standard output, where results go."""
    nowhere = open(os.devnull, "w")  # noqa: PTH123, SIM115  # catalyst: blocking(no disk is asked)
    with nowhere, contextlib.redirect_stdout(nowhere):
        yield


def _own_folder() -> str:
    """Return a new folder in one that only this user may enter: Ray opens its own to all."""
    parent = tempfile.gettempdir()
    if len(parent) > LONGEST_TMP:
        parent = "/tmp"  # noqa: S108 - mkdtemp makes it ours alone
    outer = Path(tempfile.mkdtemp(prefix="catalyst-", dir=parent))
    (outer / "ray").mkdir()
    return str(outer / "ray")
