"""Restore a stream whose pieces cut placeholders anywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import re
    from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator

__all__ = ["StreamRestorer"]


class StreamRestorer:
    """Turns placeholders back in one stream, holding no more than may still become one.

    ``feed(piece)`` returns what can be shown now (maybe ``""``), ``finish()`` the rest.
    ``held`` is what is waiting: never longer than the longest placeholder of the vault.
    """

    __slots__ = ("_head", "_longest", "_restore", "held")

    def __init__(
        self, restore: Callable[[str], str], longest: Callable[[], int], head: re.Pattern[str]
    ) -> None:
        """Restore with a function; ``head`` matches a tail that may become a placeholder."""
        self._restore = restore
        self._longest = longest
        self._head = head
        self.held = ""

    def feed(self, piece: str) -> str:
        """Take the next piece and return what is certain by now."""
        if not self.held and "<" not in piece:
            return piece
        text = self.held + piece
        at = text.rfind("<")
        if at >= 0 and len(text) - at < self._longest() and self._head.match(text, at):
            self.held = text[at:]
            return self._restore(text[:at])
        self.held = ""
        return self._restore(text)

    def finish(self) -> str:
        """Return what is left when the stream has ended."""
        text, self.held = self.held, ""
        return self._restore(text)

    def over(self, pieces: Iterable[str]) -> Iterator[str]:
        """Restore a plain iterable; empty pieces are not handed on."""
        for piece in pieces:
            if self.held or "<" in piece:
                piece = self.feed(piece)
            if piece:
                yield piece
        if self.held:
            yield self.finish()

    async def over_async(self, pieces: AsyncIterable[str]) -> AsyncIterator[str]:
        """Restore an async iterable; empty pieces are not handed on."""
        async for piece in pieces:
            if self.held or "<" in piece:
                piece = self.feed(piece)
            if piece:
                yield piece
        if self.held:
            yield self.finish()
