"""Passwords: argon2id in a small pool of its own, so that a crowd at the door stalls nobody."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from ai_catalyst.assistant.problems import Busy

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Passwords"]

T = TypeVar("T")

THREADS = 2
"""More would take the cores from the event loop: 32 threads stall it for seconds."""
QUEUE = 64
_SECONDS_EACH = 0.1
_MEMORY_KIB = 19 * 1024
_ROUNDS = 2


class Passwords:
    """Hashes and verifies passwords off the loop, a bounded number waiting.

    Parameters are OWASP's first choice for argon2id: 19 MiB, two rounds, one lane.
    """

    def __init__(self, *, threads: int = THREADS, queue: int = QUEUE) -> None:
        """Start nothing yet."""
        from argon2 import PasswordHasher

        self._hasher = PasswordHasher(
            time_cost=_ROUNDS, memory_cost=_MEMORY_KIB, parallelism=1, hash_len=32, salt_len=16
        )
        self._threads = ThreadPoolExecutor(threads, "catalyst-password")
        self._width = threads
        self._places = queue + threads
        self._waiting = 0
        self._nobody: str | None = None

    async def hash(self, password: str) -> str:
        """Return the encoded hash. Raises `Busy` when too many wait already."""
        return await self._run(lambda: self._hasher.hash(password))

    async def verify(self, encoded: str | None, password: str) -> bool:
        """Tell whether a password is right; with None, take as long and say no.

        Raises `Busy` when too many wait already.
        """
        return await self._run(lambda: self._verify(encoded, password))

    def outdated(self, encoded: str) -> bool:
        """Tell whether a hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(encoded)

    def close(self) -> None:
        """Let the threads end."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _verify(self, encoded: str | None, password: str) -> bool:
        from argon2.exceptions import InvalidHashError, VerificationError

        if self._nobody is None:
            self._nobody = self._hasher.hash("nobody's password")
        try:
            return self._hasher.verify(encoded or self._nobody, password) and encoded is not None
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, work: Callable[[], T]) -> T:
        if self._waiting >= self._places:
            raise Busy(
                "too many people are signing in at once",
                retry_after_s=self._waiting * _SECONDS_EACH / self._width,
            )
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1
