"""Restore a stream whose pieces cut placeholders anywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator

__all__ = ["StreamRestorer"]


class StreamRestorer:
    """Turns placeholders back in one stream, holding no more than may still become one.

    ``feed(piece)`` returns what can be shown now (maybe ``""``), ``finish()`` the rest.
    ``held`` is what is waiting: never longer than the longest placeholder of the vault.
    """

    __slots__ = ("_mark", "_restore", "_tail", "held")

    def __init__(
        self, restore: Callable[[str], str], tail: Callable[[str], int], mark: str = ""
    ) -> None:
        """Restore with a function; ``tail`` says where a text's end begins that must wait.

        A piece without ``mark`` needs neither, while nothing is held.
        """
        self._restore = restore
        self._tail = tail
        self._mark = mark
        self.held = ""

    def feed(self, piece: str) -> str:
        """Take the next piece and return what is certain by now."""
        if not self.held and self._mark and self._mark not in piece:
            return piece
        text = self.held + piece
        at = self._tail(text)
        self.held = text[at:]
        return self._restore(text[:at])

    def finish(self) -> str:
        """Return what is left when the stream has ended."""
        text, self.held = self.held, ""
        return self._restore(text)

    def over(self, pieces: Iterable[str]) -> Iterator[str]:
        """Restore a plain iterable; empty pieces are not handed on."""
        mark = self._mark
        for piece in pieces:
            shown = piece if mark and not self.held and mark not in piece else self.feed(piece)
            if shown:
                yield shown
        if self.held:
            yield self.finish()

    async def over_async(self, pieces: AsyncIterable[str]) -> AsyncIterator[str]:
        """Restore an async iterable; empty pieces are not handed on."""
        mark = self._mark
        async for piece in pieces:
            shown = piece if mark and not self.held and mark not in piece else self.feed(piece)
            if shown:
                yield shown
        if self.held:
            yield self.finish()
