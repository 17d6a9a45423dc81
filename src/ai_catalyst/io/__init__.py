"""The doors: everything that crosses the machine's border goes through here."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ai_catalyst.engine.monitor import AsyncOperationMonitor, OperationMonitor
    from ai_catalyst.io.connections import AsyncConnectionManager, Health
    from ai_catalyst.io.downloads import download
    from ai_catalyst.io.failures import FetchError, FetchTimeout, HttpStatusError
    from ai_catalyst.io.fetch import Fetched, batch_fetch, fetch_json
    from ai_catalyst.io.files import (
        AtomicWriter,
        append_log,
        append_log_async,
        read_file,
        read_file_async,
        read_files,
        read_files_async,
        write_atomic,
        write_file,
        write_file_async,
    )
    from ai_catalyst.io.http import HttpClient
    from ai_catalyst.io.images import (
        process_array,
        process_array_async,
        process_image,
        process_image_async,
    )
    from ai_catalyst.io.offload import AsyncLibraryWrapper, LibraryWrapper
    from ai_catalyst.io.redis import AsyncRedisManager
    from ai_catalyst.io.repository import Repository, open_repository
    from ai_catalyst.io.response import Response
    from ai_catalyst.io.robust import robust_async_operation
    from ai_catalyst.io.servers import ServerSettings
    from ai_catalyst.io.sync_connections import ConnectionManager
    from ai_catalyst.io.sync_redis import RedisManager
    from ai_catalyst.io.uploads import upload

__all__ = [
    "AsyncConnectionManager",
    "AsyncLibraryWrapper",
    "AsyncOperationMonitor",
    "AsyncRedisManager",
    "AtomicWriter",
    "ConnectionManager",
    "FetchError",
    "FetchTimeout",
    "Fetched",
    "Health",
    "HttpClient",
    "HttpStatusError",
    "LibraryWrapper",
    "OperationMonitor",
    "RedisManager",
    "Repository",
    "Response",
    "ServerSettings",
    "append_log",
    "append_log_async",
    "batch_fetch",
    "download",
    "fetch_json",
    "open_repository",
    "process_array",
    "process_array_async",
    "process_image",
    "process_image_async",
    "read_file",
    "read_file_async",
    "read_files",
    "read_files_async",
    "robust_async_operation",
    "upload",
    "write_atomic",
    "write_file",
    "write_file_async",
]

_HOMES = {
    "ai_catalyst.engine.monitor": ("AsyncOperationMonitor", "OperationMonitor"),
    "ai_catalyst.io.connections": ("AsyncConnectionManager", "Health"),
    "ai_catalyst.io.downloads": ("download",),
    "ai_catalyst.io.failures": ("FetchError", "FetchTimeout", "HttpStatusError"),
    "ai_catalyst.io.fetch": ("Fetched", "batch_fetch", "fetch_json"),
    "ai_catalyst.io.files": (
        "AtomicWriter",
        "append_log",
        "append_log_async",
        "read_file",
        "read_file_async",
        "read_files",
        "read_files_async",
        "write_atomic",
        "write_file",
        "write_file_async",
    ),
    "ai_catalyst.io.http": ("HttpClient",),
    "ai_catalyst.io.images": (
        "process_array",
        "process_array_async",
        "process_image",
        "process_image_async",
    ),
    "ai_catalyst.io.offload": ("AsyncLibraryWrapper", "LibraryWrapper"),
    "ai_catalyst.io.redis": ("AsyncRedisManager",),
    "ai_catalyst.io.repository": ("Repository", "open_repository"),
    "ai_catalyst.io.response": ("Response",),
    "ai_catalyst.io.robust": ("robust_async_operation",),
    "ai_catalyst.io.servers": ("ServerSettings",),
    "ai_catalyst.io.sync_connections": ("ConnectionManager",),
    "ai_catalyst.io.sync_redis": ("RedisManager",),
    "ai_catalyst.io.uploads": ("upload",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for: aiohttp alone costs half a second."""
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOME_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names, imported or not."""
    return sorted(__all__)
