"""Undo a content encoding piece by piece, so that a bomb never unfolds in memory."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from typing import Any, Protocol

__all__ = ["ACCEPT_ENCODING", "Decoder", "decoder_for"]

PIECE = 256 * 1024
"""The largest piece handed out at a time, in bytes."""
MAX_MEMBERS = 100
"""Concatenated gzip members read from one body; honest servers send one."""


class Decoder(Protocol):
    """Turns encoded bytes into pieces of at most 256 KB; raises `ValueError` on damaged data."""

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """Decode what ``data`` completes."""
        ...

    def finish(self) -> Iterator[bytes]:
        """Hand out what is left; raises when the data ended early."""
        ...


class _Plain:
    """Bytes as they are."""

    def pieces(self, data: bytes) -> Iterator[bytes]:
        yield data

    def finish(self) -> Iterator[bytes]:
        return iter(())


class _Inflate:
    """gzip and deflate, and the ways servers get them wrong.

    A body that claims to be gzip and is not passes as it is; deflate may lack its zlib header.
    """

    def __init__(self, gzip: bool) -> None:
        self._gzip = gzip
        self._stream: Any = None
        self._held = b""
        self._members = 0
        self._passing = False

    def pieces(self, data: bytes) -> Iterator[bytes]:
        if self._stream is None:
            data = self._held + data
            if len(data) < 2:  # two bytes tell the format
                self._held = data
                return
            self._held = b""
            self._begin(data)
        if self._passing:
            yield data
            return
        yield from self._inflate(data)

    def _begin(self, data: bytes) -> None:
        if self._gzip:
            self._passing = data[:2] != b"\x1f\x8b"
            self._stream = zlib.decompressobj(zlib.MAX_WBITS | 16)
        else:
            wrapped = data[0] & 0x0F == 8 and (data[0] << 8 | data[1]) % 31 == 0
            self._stream = zlib.decompressobj(zlib.MAX_WBITS if wrapped else -zlib.MAX_WBITS)

    def _inflate(self, data: bytes) -> Iterator[bytes]:
        while data:
            if self._stream.eof and not self._next_member(data):
                return
            try:
                piece = self._stream.decompress(data, PIECE)
            except zlib.error as error:
                raise ValueError(str(error)) from None
            if piece:
                yield piece
            data = self._stream.unused_data if self._stream.eof else self._stream.unconsumed_tail
        # The window may still hold output when the input is used up.
        while not self._stream.eof and (piece := self._stream.decompress(b"", PIECE)):
            yield piece

    def _next_member(self, data: bytes) -> bool:
        """Start the next gzip member; what follows the last one is padding."""
        self._members += 1
        if not self._gzip or data[:2] != b"\x1f\x8b":
            return False
        if self._members >= MAX_MEMBERS:
            raise ValueError("more gzip members than any honest server sends")
        self._stream = zlib.decompressobj(zlib.MAX_WBITS | 16)
        return True

    def finish(self) -> Iterator[bytes]:
        if self._stream is None:
            yield self._held
        elif not (self._passing or self._stream.eof):
            raise ValueError("the encoded data ends early")


class _Brotli:
    """Brotli, where the library is installed."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._begun = False

    def pieces(self, data: bytes) -> Iterator[bytes]:
        self._begun = self._begun or bool(data)
        try:
            piece = self._stream.process(data, output_buffer_limit=PIECE)
            while piece:
                yield piece
                piece = self._stream.process(b"", output_buffer_limit=PIECE)
        except Exception as error:  # noqa: BLE001 - the library's error type differs by version
            raise ValueError(str(error)) from None

    def finish(self) -> Iterator[bytes]:
        if self._begun and not self._stream.is_finished():
            raise ValueError("the encoded data ends early")
        return iter(())


@cache
def _brotli() -> Any:
    """Return the brotli module when it can be told where to stop, else None."""
    try:
        brotli: Any = import_module("brotli")
        brotli.Decompressor().process(b"", output_buffer_limit=1)
    except (ImportError, AttributeError, TypeError):
        return None
    return brotli


def accept_encoding() -> str:
    """Return what a request may offer to understand."""
    return "gzip, deflate, br" if _brotli() else "gzip, deflate"


ACCEPT_ENCODING = accept_encoding()


def decoder_for(encoding: str) -> Decoder | None:
    """Return a fresh decoder for a Content-Encoding header, or None when it cannot be undone."""
    encoding = encoding.strip().lower()
    if encoding in {"", "identity", "none"}:
        return _Plain()
    if encoding in {"gzip", "x-gzip", "deflate"}:
        return _Inflate(gzip=encoding != "deflate")
    if encoding == "br" and (module := _brotli()):
        return _Brotli(module.Decompressor())
    return None
