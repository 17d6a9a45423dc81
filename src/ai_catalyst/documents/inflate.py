"""Gzip, inflated piece by piece under caps; a bomb and a torn file are errors, not surprises."""

from __future__ import annotations

import io
import zlib
from typing import Any, BinaryIO, cast

from ai_catalyst.errors import FileError

__all__ = ["GZIP_MAGIC", "inflate_head", "open_gzip"]

GZIP_MAGIC = b"\x1f\x8b"
RATIO_FROM = 32 * 2**20
"""Below this many bytes a high ratio is no danger: an empty log compresses a thousandfold."""
_PIECE = 64 * 1024


class _Gzip(io.RawIOBase):
    """A readable stream over one or more gzip members."""

    def __init__(self, raw: BinaryIO, name: str, decoded_cap: int, ratio: int) -> None:
        self._raw = raw
        self._name = name
        self._decoded_cap = decoded_cap
        self._ratio = ratio
        self._inflater = zlib.decompressobj(wbits=31)
        self._pending = b""
        self._taken = 0
        self._given = 0

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        self._raw.close()
        super().close()

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer)
        data = self._next(len(view))
        view[: len(data)] = data
        return len(data)

    def _next(self, size: int) -> bytes:
        while True:
            if self._inflater.eof and not self._next_member():
                return b""
            torn = not self._pending and not self._feed()
            if data := self._inflate(size):  # zlib may hold output back after its last input
                return data
            if torn and not self._inflater.eof:
                raise FileError("the compressed data ends too early (a torn .gz)")

    def _feed(self) -> bool:
        self._pending = self._raw.read(_PIECE) or b""
        self._taken += len(self._pending)
        return bool(self._pending)

    def _inflate(self, size: int) -> bytes:
        try:
            data = self._inflater.decompress(self._pending, size)
        except zlib.error as error:
            raise FileError("the compressed data is damaged") from error
        inflater = self._inflater
        self._pending = inflater.unused_data if inflater.eof else inflater.unconsumed_tail
        self._given += len(data)
        self._check()
        return data

    def _check(self) -> None:
        too_dense = self._given > RATIO_FROM and self._given > self._taken * self._ratio
        if too_dense or self._given > self._decoded_cap:
            raise FileError("inflates to far more than it should (a gzip bomb?)", kind="too_large")

    def _next_member(self) -> bool:
        """Start the member that follows; trailing zeros and junk end the stream, as in gzip(1)."""
        pending = self._pending.lstrip(b"\0") or (self._raw.read(_PIECE) or b"").lstrip(b"\0")
        self._taken += len(pending)
        if not pending.startswith(GZIP_MAGIC):
            return False
        self._pending = pending
        self._inflater = zlib.decompressobj(wbits=31)
        return True


def open_gzip(raw: BinaryIO, name: str, decoded_cap: int, ratio: int) -> BinaryIO:
    """Return a stream of the decoded bytes of ``raw``, which it closes with itself.

    Reading raises `FileError` when the data is torn, damaged, or inflates past ``decoded_cap``
    bytes or past ``ratio`` times its size.
    """
    return cast(BinaryIO, _Gzip(raw, name, decoded_cap, ratio))


def inflate_head(data: bytes, size: int) -> bytes:
    """Return up to ``size`` decoded bytes of the beginning of gzip ``data``; b"" if it is none."""
    try:
        return zlib.decompressobj(wbits=31).decompress(data, size)
    except zlib.error:
        return b""
