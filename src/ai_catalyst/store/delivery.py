"""How a thread answers those who wait on event loops: one wake-up a loop, however many answers."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

__all__ = ["Letter", "deliver"]

T = TypeVar("T")


@dataclass(slots=True, eq=False)
class Letter(Generic[T]):
    """An answer under way to a future of some event loop."""

    loop: asyncio.AbstractEventLoop | None
    future: asyncio.Future[T] | None
    value: T | None = None
    error: BaseException | None = None

    @classmethod
    def here(cls) -> Letter[T]:
        """Make one for the running loop."""
        loop = asyncio.get_running_loop()
        return cls(loop, loop.create_future())

    @classmethod
    def nobody(cls) -> Letter[T]:
        """Make one that nobody waits for."""
        return cls(None, None)

    async def answer(self) -> T:
        """Wait for it, on its own loop; returns the value or raises the error."""
        assert self.future is not None, "nobody waits for this one"
        return await self.future

    @property
    def failed(self) -> bool:
        """Whether it brings an error."""
        return self.error is not None

    def fill(self, value: T) -> None:
        """Put the value in."""
        self.value = value

    def fail(self, error: BaseException) -> None:
        """Put an error in; a future takes no `StopIteration`."""
        if isinstance(error, StopIteration):
            error = RuntimeError(f"raised {error!r}")
        self.error = error

    def empty(self) -> None:
        """Take out what was put in."""
        self.value = self.error = None

    def open(self) -> None:
        """Hand it over, on its loop; who was cancelled meanwhile does not want it any more."""
        if self.future is None or self.future.done():
            return
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.value)  # type: ignore[arg-type]


def deliver(letters: Iterable[Letter[Any]]) -> None:
    """Send letters to their loops; a loop that is closed meanwhile gets none."""
    by_loop: dict[asyncio.AbstractEventLoop, list[Letter[Any]]] = {}
    for letter in letters:
        if letter.loop is not None:
            by_loop.setdefault(letter.loop, []).append(letter)
    for loop, own in by_loop.items():
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(_open, own)


def _open(letters: list[Letter[Any]]) -> None:
    for letter in letters:
        letter.open()
